-- Products as they are now, for lists and search; 'search' holds code, names and brand in one case and width.
create table products (
  product uuid primary key,
  code text collate "C" not null unique,
  names text not null,
  category text collate "C" not null,
  brand text not null,
  since timestamptz not null,
  version int not null,
  search text not null
) with (fillfactor = 80);

-- What each product was from when on: every instance keeps it in memory to enrich purchases, and follows it in the order of the store.
create table product_versions (
  partition smallint not null,
  position bigint not null,
  code text not null,
  since timestamptz not null,
  category text not null,
  brand text not null,
  primary key (partition, position)
);

-- The prices of each channel as they are known now, those of the past and of the future too.
create table product_prices (
  product uuid not null,
  code text collate "C" not null,
  channel text not null,
  currency text not null,
  amount_minor bigint not null,
  valid_from timestamptz,
  valid_until timestamptz,
  promotion text
);
create index product_prices_of on product_prices (product, channel);
create index product_prices_by_code on product_prices (currency, code);

create table stores (
  store uuid primary key,
  code text collate "C" not null unique,
  since timestamptz not null,
  version int not null,
  description text not null
) with (fillfactor = 80);
