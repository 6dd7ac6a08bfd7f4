-- A slot is a store partition. Each transaction adds to one slot only, that of its lowest partition.
create table figures (
  slot int primary key,
  members bigint not null,
  earned bigint not null,
  settled bigint not null,
  reversed bigint not null,
  clawback bigint not null,
  expired bigint not null,
  redeemed bigint not null,
  open_returns bigint not null
);

create table members_by_tier (
  slot int not null,
  tier text not null,
  members bigint not null,
  primary key (slot, tier)
);
