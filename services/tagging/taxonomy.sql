-- Branches and tags, as they were put, numbered without gaps over all of them. A row is never changed and never deleted: the last of an id
-- counts. Those that ship have none until somebody changes them.
create table taxonomy_nodes (
  revision bigint primary key check (revision > 0),
  id text not null,
  node text not null,
  put_at timestamptz not null,
  put_by text not null
);

create function taxonomy_nodes_stay() returns trigger language plpgsql as $$
begin
  raise exception 'a revision of the taxonomy never changes' using errcode = 'PT409';
end $$;
create trigger taxonomy_nodes_stay before update or delete on taxonomy_nodes for each row execute function taxonomy_nodes_stay();
