-- Uploads of rows: how far each is, in numbers alone. The rows themselves pass through and are not kept, but for the wrong ones.
create table imports (
  id uuid primary key,
  kind text not null,
  source text not null,
  state text not null,
  rows bigint not null default 0,
  accepted bigint not null default 0,
  repeated bigint not null default 0,
  failed bigint not null default 0,
  bytes bigint not null default 0,
  detail text,
  started_at timestamptz not null,
  updated_at timestamptz not null,
  wrapped_key bytea,
  header bytea
) with (fillfactor = 50);
create index imports_with_keys on imports (started_at) where wrapped_key is not null;

-- Rows that did not go in. Their cells are personal, and sealed with a key of the upload that is destroyed after some days.
create table import_errors (
  import uuid not null,
  row bigint not null,
  column_name text not null,
  reason text not null,
  sealed bytea,
  primary key (import, row)
);
