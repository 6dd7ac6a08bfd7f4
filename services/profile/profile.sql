-- Who is known by what. The hash is keyed; the values themselves are only in sealed events.
create table identifiers (
  kind smallint not null,
  hash uuid not null,
  customer uuid not null,
  primary key (kind, hash)
);

-- Figures over all customers, one row for each first partition of a transaction, whose head that transaction holds; row -1 counts repeats.
create table counters (
  slot smallint primary key,
  customers bigint not null default 0,
  purchases bigint not null default 0,
  anonymous_purchases bigint not null default 0,
  returns bigint not null default 0,
  sale_lines bigint not null default 0,
  return_lines bigint not null default 0,
  fee_lines bigint not null default 0,
  adjustment_lines bigint not null default 0,
  consents bigint not null default 0,
  conflicts bigint not null default 0,
  repeats bigint not null default 0
) with (fillfactor = 50);

-- How far the topic of touchpoints has been taken; moved after the commands of its records are durable, which a repeat does not change.
create table ingest_offsets (
  partition smallint primary key,
  incarnation uuid not null,
  next_offset bigint not null
) with (fillfactor = 50);

create table quarantine (
  id uuid primary key,
  topic text not null,
  partition smallint not null,
  record_offset bigint not null,
  taken_at timestamptz not null,
  key_day date not null,
  reasons text not null,
  sealed bytea,
  state text not null default 'waiting',
  settled_at timestamptz
);
create index quarantine_waiting on quarantine (key_day) where state = 'waiting';

create table quarantine_keys (
  day date primary key,
  wrapped bytea not null
);

-- Apart from the data, so that its backups can be kept for a shorter time. A destroyed key leaves its row, so that it is not made again.
create schema if not exists vault;
create table if not exists vault.customer_keys (
  customer uuid primary key,
  wrapped bytea,
  created_at timestamptz not null default now(),
  destroyed_at timestamptz
);
