-- Referrals that wait for a person.
create table held_referrals (
  friend uuid primary key,
  referrer uuid not null,
  reason text not null,
  at timestamptz not null
);
create index held_referrals_referrer on held_referrals (referrer);
