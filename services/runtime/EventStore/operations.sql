-- The lives of this store before it was restored from a backup, each with the last position that this life still shares with it.
create table former_lives (
  store_epoch uuid not null,
  partition smallint not null,
  position bigint not null,
  ended_at timestamptz not null default now(),
  primary key (store_epoch, partition)
);

-- Positions are published once in each life of the log.
alter table relay add column incarnation uuid;

-- Restored stores of others that an operator of this service accepted, with the loss of what they no longer know.
create table accepted_lives (
  topic text not null,
  store_epoch uuid not null,
  who text not null,
  why text not null,
  accepted_at timestamptz not null default now(),
  primary key (topic, store_epoch)
);

-- Where a reader went over to such a life: 'reached' was applied, and what lies above 'shared' of it is not known to the store any more.
create table crossings (
  topic text not null,
  partition smallint not null,
  store_epoch uuid not null,
  former_epoch uuid not null,
  shared bigint not null,
  reached bigint not null,
  crossed_at timestamptz not null default now(),
  primary key (topic, partition, store_epoch)
);

-- Records that an operator leaves out of a projection, in every generation of it.
create table projection_skips (
  name text not null,
  source text not null,
  partition smallint not null,
  position bigint not null,
  reason text not null,
  who text not null,
  why text not null,
  skipped_at timestamptz not null default now(),
  primary key (name, source, partition, position)
);
