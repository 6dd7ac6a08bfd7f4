-- Sends that are not at their end. 'attempt' is set while the mail server is being called.
create table outbox (
  send uuid primary key,
  customer uuid not null,
  partition smallint not null,
  purpose text not null,
  template text not null,
  data text not null,
  deadline timestamptz not null,
  claimed_at timestamptz not null,
  deferrals int not null default 0,
  attempt uuid,
  message_id text,
  recipient text
) with (fillfactor = 70);
create index outbox_waiting on outbox (partition, claimed_at);
create index outbox_calling on outbox (recipient) where attempt is not null;

-- Current contact state of customers, sealed with their keys as profile published it.
create table contacts (
  customer uuid primary key,
  version bigint not null,
  given_name text not null,
  family_name text not null,
  email text not null,
  language text not null
);

-- The newest consent of a customer for a purpose of this channel.
create table consents (
  customer uuid not null,
  purpose text not null,
  granted boolean not null,
  version bigint not null,
  changed_at timestamptz not null,
  primary key (customer, purpose)
);

-- Addresses (keyed hash) whose owner withdrew by a mail's own link. Only a newer and later grant of that customer opens the gate again.
create table suppressions (
  recipient text not null,
  purpose text not null,
  customer uuid not null,
  consent_version bigint not null,
  since timestamptz not null,
  primary key (recipient, purpose)
);

-- Withdrawals that profile has not accepted yet.
create table untold (
  notice uuid primary key,
  customer uuid not null,
  purpose text not null,
  recipient text not null,
  since timestamptz not null
);
