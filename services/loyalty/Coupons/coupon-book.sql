-- What every instance has to know of campaigns, batches, public codes, rewards and offers. Written in the transaction of the events, which
-- all have the same partition.
create table coupon_book (
  position bigint primary key,
  type text not null,
  data text not null
);
