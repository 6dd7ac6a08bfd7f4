-- Customers whose erasure this service has applied, and what was deleted for it: later facts of them are dropped. Ids alone say nothing.
create table erased (
  customer uuid primary key,
  partition smallint not null,
  removed text not null,
  erased_at timestamptz not null default now()
);
create index erased_partition on erased (partition);
