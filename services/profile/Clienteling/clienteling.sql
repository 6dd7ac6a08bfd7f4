-- Every lookup at a till or tablet: who asked, when, in which way, and whom they were shown; never what was typed. A lookup that found
-- nobody has no customer.
create table clienteling_lookups (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  caller text not null,
  way text not null,
  customer uuid
);
create index clienteling_lookups_customer on clienteling_lookups (customer, id desc) where customer is not null;
