-- Definitions of segments, as they were put, numbered without gaps over all segments. One is never changed and never deleted: the last of a
-- name counts. Segments that ship have none until somebody changes them.
create table segment_definitions (
  revision bigint primary key check (revision > 0),
  name text not null,
  title text not null,
  rule text not null,
  put_at timestamptz not null,
  put_by text not null
);

create function segment_definitions_stay() returns trigger language plpgsql as $$
begin
  raise exception 'a definition of a segment never changes' using errcode = 'PT409';
end $$;
create trigger segment_definitions_stay before update or delete on segment_definitions for each row execute function segment_definitions_stay();
