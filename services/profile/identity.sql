-- With how many persons an identifier was named: one that many share finds nobody.
alter table identifiers add column persons smallint not null default 1;

-- Customers who are known by a device only, and who took that device over since: the first who does keeps it.
create table anonymous (
  node uuid primary key,
  taken_by uuid
);

-- Where the events of merged customers belong. An identifier keeps the customer it was first linked to; the root is read through this.
create table aliases (
  node uuid primary key,
  parent uuid not null,
  root uuid not null,
  link uuid not null
);
create index aliases_of_parent on aliases (parent);
create index aliases_of_root on aliases (root);

-- Every merge there ever was, for people: who decided is kept, the reason is in a sealed event.
create table merges (
  link uuid primary key,
  customer uuid not null,
  into_customer uuid not null,
  version bigint not null,
  cause smallint not null,
  who text not null,
  merged_at timestamptz not null,
  undone_at timestamptz,
  undone_by text
);
create index merges_of_customer on merges (customer);
create index merges_into_customer on merges (into_customer);

-- Pairs of customers whom events named together, but not surely enough to merge them.
create table conflicts (
  id uuid primary key,
  one uuid not null,
  other uuid not null,
  kind smallint not null,
  cause smallint not null,
  found_at timestamptz not null,
  decision text,
  decided_by text,
  decided_at timestamptz,
  unique (one, other)
);
create index conflicts_waiting on conflicts (found_at, id) where decision is null;
