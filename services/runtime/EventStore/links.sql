-- How often a customer of the partition was merged into another or split off: tells every instance, under the head's lock, whether what it
-- remembers of the partition's links is all there is.
alter table heads add column links bigint not null default 0;

-- Every merge of a customer into another and every undoing of one; of a customer's rows the one with the highest version holds.
create table links (
  customer uuid not null,
  version bigint not null,
  other uuid not null,
  link uuid not null,
  away boolean not null,
  partition smallint not null,
  change bigint not null,
  primary key (customer, version)
);
create index links_of_other on links (other);
create index links_by_change on links (partition, change);

-- The customer to whom everything of this one belongs now; mostly itself.
create function root_of(who uuid) returns uuid stable language sql as $$
  with recursive up (customer, depth) as (
    select who, 0
    union all
    select l.other, u.depth + 1 from up u
    cross join lateral (select x.other, x.away from links x where x.customer = u.customer order by x.version desc limit 1) l
    where l.away and u.depth < 64)
  select customer from up order by depth desc limit 1
$$;

-- The customer and all that are merged into them, directly or by way of others.
create function members_of(who uuid) returns setof uuid stable language sql as $$
  with recursive down (customer) as (
    select who
    union
    select l.customer from down d join links l on l.other = d.customer and l.away
    where not exists (select from links x where x.customer = l.customer and x.version > l.version))
  select customer from down
$$;

-- As before, and also where customers of a partition were merged or split since: a command of theirs may belong to another stream now.
drop function heads_unmoved(smallint[], bigint[], boolean);
create function heads_unmoved(numbers smallint[], remembered bigint[], remembered_links bigint[], asks_parked boolean)
returns void language plpgsql as $$
declare
  positions bigint[];
  changes bigint[];
begin
  select array_agg(position order by partition), array_agg(links order by partition) into positions, changes from (
    select partition, position, links from heads where partition = any(numbers) order by partition for update) locked;
  if positions is distinct from remembered or changes is distinct from remembered_links then
    raise exception 'a head has moved' using errcode = 'PT410';
  end if;
  if asks_parked and exists (select from parked where partition = any(numbers)) then
    raise exception 'records are parked' using errcode = 'PT423';
  end if;
end $$;
