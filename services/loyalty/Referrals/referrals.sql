-- Referrals that wait for a person; the customer is who referred the friend.
create table held_referrals (
  friend uuid primary key,
  customer uuid not null,
  reason text not null,
  at timestamptz not null
);
create index held_referrals_customer on held_referrals (customer);
