-- Whether the aliases say more about the identifier's customer. Most were never merged, and are found without a second search.
alter table identifiers add column merged boolean not null default false;
update identifiers i set merged = true where exists (select from aliases a where a.node = i.customer);

-- All that finding a customer needs is in the index, so that a look-up reads one page of it and none of the table.
alter table identifiers drop constraint identifiers_pkey;
alter table identifiers add primary key (kind, hash) include (customer, persons, merged);
