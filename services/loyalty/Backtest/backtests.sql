-- Backtests, each with what it has come to. One that its instance died over goes on from its last page in another.
create table backtests (
  id uuid primary key,
  document text not null,
  begins timestamptz not null,
  ends timestamptz not null,
  state text not null check (state in ('waiting', 'running', 'done', 'cancelled', 'failed')),
  put_at timestamptz not null,
  put_by text not null,
  owner uuid,
  alive_at timestamptz,
  customers bigint not null default 0,
  done bigint not null default 0,
  after_stream uuid not null default '00000000-0000-0000-0000-000000000000',
  tally text,
  fault text
);
create index backtests_to_do on backtests (put_at) where state in ('waiting', 'running');
