-- Versions of the programme's document, as they were sent. One is never changed and never deleted: ledgers name it in what they booked.
create table programme_versions (
  version int primary key check (version > 0),
  effective_from timestamptz not null,
  document text not null,
  put_at timestamptz not null,
  put_by text not null
);

create function programme_versions_stay() returns trigger language plpgsql as $$
begin
  raise exception 'a version of the programme never changes' using errcode = 'PT409';
end $$;
create trigger programme_versions_stay before update or delete on programme_versions for each row execute function programme_versions_stay();
