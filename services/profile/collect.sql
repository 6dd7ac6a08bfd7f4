-- Kinds of behaviour and the schemas of their properties. What events were checked by stays as it was.
create table event_types (
  name text not null,
  version int not null,
  schema text not null,
  registered_at timestamptz not null,
  registered_by text not null,
  primary key (name, version)
);

create function event_types_stay() returns trigger language plpgsql as $$
begin
  raise exception 'a version of an event type never changes' using errcode = 'PT409';
end $$;
create trigger event_types_stay before update or delete on event_types for each row execute function event_types_stay();

-- The known type of a record, what the record is recognised by when it is put aside twice, and who did what with it.
alter table quarantine
  add column type text,
  add column fingerprint uuid,
  add column corrected bytea,
  add column corrected_at timestamptz,
  add column corrected_by text,
  add column settled_by text;
create unique index quarantine_fingerprint on quarantine (fingerprint) where fingerprint is not null;

alter table counters add column behaviours bigint not null default 0;
