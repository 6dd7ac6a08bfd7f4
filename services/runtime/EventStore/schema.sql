-- One schema per service. Every table name is resolved through the connection's search path.

create table store (
  only_row boolean primary key default true check (only_row),
  epoch uuid not null,
  partitions smallint not null,
  created_at timestamptz not null default now()
);

-- The head of a partition is locked by whoever appends to it, so position order is commit order.
create table heads (
  partition smallint primary key,
  position bigint not null default 0
) with (fillfactor = 50);

create table events (
  partition smallint not null,
  position bigint not null,
  stream uuid not null,
  customer uuid not null,
  version int not null,
  type text not null,
  time timestamptz not null,
  data text not null,
  metadata text,
  key uuid,
  primary key (partition, position)
);
create unique index events_stream_version on events (stream, version);
create unique index events_key on events (key) where key is not null;

-- The state that the next decision needs, written in the transaction of the events that lead to it.
create table streams (
  stream uuid primary key,
  customer uuid not null,
  partition smallint not null,
  kind text not null,
  version int not null,
  shape int not null,
  state text not null
) with (fillfactor = 70);
create index streams_of_customer on streams (customer) where stream <> customer;

create table timers (
  stream uuid not null,
  name text not null,
  due timestamptz not null,
  customer uuid not null,
  partition smallint not null,
  primary key (stream, name)
);
create index timers_due on timers (due);

create table leases (
  partition smallint primary key,
  owner uuid,
  epoch bigint not null default 0,
  expires_at timestamptz not null default '-infinity'
);

create table instances (
  id uuid primary key,
  expires_at timestamptz not null
);

-- How far the store is published. 'previous' is the last position that became a fact on the retained topic.
create table relay (
  partition smallint primary key,
  position bigint not null default 0,
  previous bigint not null default 0,
  epoch bigint not null default 0
) with (fillfactor = 50);

create table offsets (
  topic text not null,
  partition smallint not null,
  next_offset bigint not null default 0,
  store_epoch uuid,
  position bigint not null default 0,
  reader_epoch bigint not null default 0,
  incarnation uuid,
  primary key (topic, partition)
) with (fillfactor = 50);

-- Ids grow in the order in which a customer's records have to be applied. Offsets do not name a row: they start again with the log.
create table parked (
  id bigint generated always as identity primary key,
  topic text not null,
  partition smallint not null,
  record_offset bigint not null,
  customer uuid not null,
  record bytea not null,
  reason text not null,
  parked_at timestamptz not null default now()
);
create index parked_customers on parked (partition, customer);

-- Parked records that an operator gave up, and why.
create table discarded (
  id bigint primary key,
  topic text not null,
  partition smallint not null,
  record_offset bigint not null,
  customer uuid not null,
  reason text not null,
  who text not null,
  why text not null,
  discarded_at timestamptz not null default now()
);

-- Ends the transaction of a reader or relay that no longer owns its partition.
create function fenced_unless(moved bigint, expected bigint) returns void language plpgsql as $$
begin
  if moved <> expected then
    raise exception 'fenced: % of % positions moved', moved, expected using errcode = 'PT409';
  end if;
end $$;

insert into store (epoch, partitions) values (gen_random_uuid(), current_setting('patron.partitions')::smallint);
insert into heads (partition) select generate_series(0, current_setting('patron.partitions')::int - 1);
insert into relay (partition) select generate_series(0, current_setting('patron.partitions')::int - 1);
insert into leases (partition) select generate_series(0, current_setting('patron.partitions')::int - 1);
