-- Coupons that were honoured though they had been used before, for somebody to look at.
create table over_redemptions (
  coupon uuid not null,
  request text not null,
  campaign text not null,
  at timestamptz not null,
  customer uuid,
  caller text not null,
  store text,
  receipt text,
  primary key (coupon, request)
);
create index over_redemptions_at on over_redemptions (at);

-- What became of a campaign's coupons, counted as it happens. A transaction adds to the slot of its lowest partition.
create table coupon_figures (
  campaign text not null,
  slot smallint not null,
  issued bigint not null default 0,
  viewed bigint not null default 0,
  reserved bigint not null default 0,
  redeemed bigint not null default 0,
  over bigint not null default 0,
  expired bigint not null default 0,
  voided bigint not null default 0,
  primary key (campaign, slot)
) with (fillfactor = 50);

create table coupon_discounts (
  campaign text not null,
  currency text not null,
  slot smallint not null,
  minor bigint not null,
  primary key (campaign, currency, slot)
) with (fillfactor = 50);
