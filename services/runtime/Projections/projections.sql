-- The generations of every projection. One generation is live; at most one is built beside it.
create table projections (
  name text not null,
  generation int not null,
  version int not null,
  state text not null check (state in ('building', 'live', 'retired')),
  created_at timestamptz not null default now(),
  primary key (name, generation)
);
create unique index projections_one_live on projections (name) where state = 'live';
create unique index projections_one_building on projections (name) where state = 'building';

-- Which instance builds a projection. The epoch rises with every taking and fences the earlier owner.
create table projection_owners (
  name text primary key,
  owner uuid,
  epoch bigint not null default 0,
  expires_at timestamptz not null default '-infinity'
);
