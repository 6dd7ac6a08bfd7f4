-- Erasures that were asked for; written in the transaction of the event that closes the customer, so that one is never forgotten half-way.
create table erasures (
  id uuid primary key,
  customer uuid not null,
  aliases uuid[] not null,
  reason text not null,
  reference text not null,
  asked_by text not null,
  asked_at timestamptz not null,
  removed text,
  done_here_at timestamptz,
  completed_at timestamptz
);
create index erasures_of_customer on erasures (customer);
create index erasures_running on erasures (asked_at) where completed_at is null;

-- Which services have said that they applied one.
create table erasure_confirmations (
  erasure uuid not null references erasures,
  service text not null,
  removed text not null,
  confirmed_at timestamptz not null,
  primary key (erasure, service)
);

-- Identifiers go by customer when one is erased.
create index identifiers_of_customer on identifiers (customer);

-- The ids that were erased, where no database of its own is configured for them. It keeps nothing over a restore of this one.
create schema if not exists erased_register;
create table if not exists erased_register.customers (
  customer uuid primary key,
  erasure uuid not null,
  erased_with uuid not null,
  reason text not null,
  reference text not null,
  asked_by text not null,
  erased_at timestamptz not null default now()
);

-- How far the topic of touchpoints was taken, and when: what is older is deleted there. Offsets mean nothing in another life of the log.
create table ingest_marks (
  taken_at timestamptz not null,
  partition smallint not null,
  incarnation uuid not null,
  next_offset bigint not null,
  primary key (taken_at, partition)
);
