-- What followers of a WeChat official account do, as the channel of that name tells it.
with kind (name, fields, description) as (values
  ('WeChat Followed', '{scene}'::text[], 'Somebody follows the account; the scene is that of the QR code by which they came.'),
  ('WeChat Unfollowed', '{}', 'Somebody follows the account no longer.'),
  ('WeChat QR Scanned', '{scene}', 'A follower scanned a QR code of the account.'),
  ('WeChat Menu Clicked', '{menu_key}', 'A follower clicked an entry of the account''s menu.'),
  ('WeChat Article Viewed', '{url,article}', 'A follower opened an article; its name is the last part of the address.'),
  ('WeChat Message Received', '{}', 'A follower wrote to the account.'))
insert into event_types (name, version, schema, registered_at, registered_by)
select k.name, 1, json_strip_nulls(json_build_object(
    '$schema', 'https://json-schema.org/draft/2020-12/schema',
    'description', k.description,
    'type', 'object',
    'properties', coalesce((select json_object_agg(f.name, json_strip_nulls(json_build_object(
      'type', array['string', 'null'], 'x-patron-personal', case when f.name <> 'url' then false end)) order by f.place)
      from unnest(k.fields) with ordinality f (name, place)), '{}')))::text,
  '2024-01-01T00:00:00Z', 'patron'
from kind k;
