-- Tables of names for RFM cells, as they were put, numbered without gaps. One is never changed and never deleted: the last counts. Before the first
-- the names of the settings count.
create table rfm_cell_tables (
  revision int primary key check (revision > 0),
  rows text[] not null,
  put_at timestamptz not null,
  put_by text not null
);

create function rfm_cell_tables_stay() returns trigger language plpgsql as $$
begin
  raise exception 'a table of RFM cells never changes' using errcode = 'PT409';
end $$;
create trigger rfm_cell_tables_stay before update or delete on rfm_cell_tables for each row execute function rfm_cell_tables_stay();
