-- Locks the heads in ascending order and ends the transaction of a lane that remembers them wrongly, or that must not pass over parked records.
create function heads_unmoved(numbers smallint[], remembered bigint[], asks_parked boolean) returns void language plpgsql as $$
begin
  if (
    select array_agg(position order by partition) from (
      select partition, position from heads where partition = any(numbers) order by partition for update) locked
  ) is distinct from remembered then
    raise exception 'a head has moved' using errcode = 'PT410';
  end if;
  if asks_parked and exists (select from parked where partition = any(numbers)) then
    raise exception 'records are parked' using errcode = 'PT423';
  end if;
end $$;
