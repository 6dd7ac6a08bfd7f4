-- A mail that asks for confirmation goes out as long as the request stands, whatever else the customer agreed to.
alter table outbox add column opt_in boolean not null default false;
alter table consents add column pending boolean not null default false;
