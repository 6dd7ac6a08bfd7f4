-- Definitions of personas as they were put, and what was measured each day. Neither is ever changed: the last version of a name counts, and a
-- measurement names the version that it is of.
create table persona_definitions (
  name text not null,
  version int not null check (version > 0),
  document text not null,
  put_at timestamptz not null,
  put_by text not null,
  primary key (name, version)
);

create table persona_measurements (
  name text not null,
  day date not null,
  version int not null,
  document text not null,
  primary key (name, day),
  foreign key (name, version) references persona_definitions
);

create function personas_stay() returns trigger language plpgsql as $$
begin
  raise exception 'a persona''s version and what was measured of it never change' using errcode = 'PT409';
end $$;
create trigger persona_definitions_stay before update or delete on persona_definitions for each row execute function personas_stay();
create trigger persona_measurements_stay before update or delete on persona_measurements for each row execute function personas_stay();
