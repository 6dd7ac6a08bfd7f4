-- By whose key a send was asked for, where that customer was merged into another meanwhile.
alter table outbox add column origin uuid;
create index outbox_customer on outbox (customer);
