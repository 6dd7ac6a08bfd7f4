-- Versions of cuts and models by which customers are scored, numbered without gaps. One is never changed; the last is in force.
create table score_versions (
  version bigint primary key check (version > 0),
  document text not null
);
