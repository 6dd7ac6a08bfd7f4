-- The kinds of behaviour that come with Patron: the e-commerce names of Segment's specification (version 2), and what its other calls become.
-- A brand adds its own fields by registering a further version. Open fields name products, amounts and places in the shop, never a person.
with field (name, types, open) as (values
  ('product_id', '{string,integer}'::text[], true), ('sku', '{string,integer}', true), ('category', '{string}', true), ('name', '{string}', false),
  ('brand', '{string}', true), ('variant', '{string}', true), ('price', '{number}', true), ('quantity', '{number}', true),
  ('coupon', '{string}', false), ('position', '{integer}', true), ('url', '{string}', false), ('image_url', '{string}', false),
  ('currency', '{string}', true), ('value', '{number}', true), ('list_id', '{string,integer}', true), ('filters', '{array}', false),
  ('sorts', '{array}', false), ('query', '{string}', false), ('promotion_id', '{string,integer}', true), ('creative', '{string}', true),
  ('cart_id', '{string,integer}', true), ('checkout_id', '{string,integer}', true), ('step', '{integer}', true),
  ('shipping_method', '{string}', true), ('payment_method', '{string}', true), ('order_id', '{string,integer}', true),
  ('affiliation', '{string}', true), ('total', '{number}', true), ('subtotal', '{number}', true), ('revenue', '{number}', true),
  ('shipping', '{number}', true), ('tax', '{number}', true), ('discount', '{number}', true), ('coupon_id', '{string,integer}', true),
  ('coupon_name', '{string}', false), ('reason', '{string}', false), ('wishlist_id', '{string,integer}', true), ('wishlist_name', '{string}', false),
  ('share_via', '{string}', true), ('share_message', '{string}', false), ('recipient', '{string}', false), ('review_id', '{string,integer}', true),
  ('rating', '{number}', true), ('review_body', '{string}', false), ('path', '{string}', false), ('referrer', '{string}', false),
  ('search', '{string}', false), ('title', '{string}', false), ('keywords', '{array}', false), ('group_id', '{string,integer}', false),
  ('products', '{array}', false)),
list (product, orders, checkout) as (values (
  '{product_id,sku,category,name,brand,variant,price,quantity,coupon,position,url,image_url}'::text[],
  '{order_id,checkout_id,affiliation,total,subtotal,revenue,shipping,tax,discount,coupon,currency,products}'::text[],
  '{checkout_id,step,shipping_method,payment_method}'::text[])),
kind (name, fields, required, description) as (select k.* from list, lateral (values
  ('Products Searched', '{query}'::text[], '{}'::text[], 'A visitor searched for products.'),
  ('Product List Viewed', '{list_id,category,products}', '{}', 'A visitor saw a list or category of products.'),
  ('Product List Filtered', '{list_id,category,filters,sorts,products}', '{}', 'A visitor filtered or sorted a list of products.'),
  ('Promotion Viewed', '{promotion_id,creative,name,position}', '{}', 'A visitor saw a promotion of the shop.'),
  ('Promotion Clicked', '{promotion_id,creative,name,position}', '{}', 'A visitor clicked a promotion of the shop.'),
  ('Product Clicked', product || '{currency,value}'::text[], '{}', 'A visitor clicked a product.'),
  ('Product Viewed', product || '{currency,value}'::text[], '{}', 'A visitor saw a product''s details.'),
  ('Product Added', '{cart_id,currency,value}'::text[] || product, '{}', 'A product was put into the cart.'),
  ('Product Removed', '{cart_id,currency,value}'::text[] || product, '{}', 'A product was taken out of the cart.'),
  ('Cart Viewed', '{cart_id,currency,value,products}', '{}', 'A visitor looked at the cart.'),
  ('Checkout Started', '{cart_id,value}'::text[] || orders, '{}', 'A visitor began to check out.'),
  ('Checkout Step Viewed', checkout, '{}', 'A visitor saw a step of the checkout.'),
  ('Checkout Step Completed', checkout, '{}', 'A visitor completed a step of the checkout.'),
  ('Payment Info Entered', '{order_id}'::text[] || checkout, '{}', 'A visitor entered how to pay.'),
  ('Order Updated', orders, '{}', 'An order was changed.'),
  ('Order Completed', orders, '{order_id,products}', 'An order was placed. Told by a Segment SDK it becomes a purchase.'),
  ('Order Refunded', orders, '{order_id}', 'Goods of an order were given back. Told by a Segment SDK it becomes a return.'),
  ('Order Cancelled', orders, '{}', 'An order was cancelled.'),
  ('Coupon Entered', '{order_id,cart_id,coupon_id,coupon}', '{}', 'A visitor entered a coupon.'),
  ('Coupon Applied', '{order_id,cart_id,coupon_id,coupon,coupon_name,discount}', '{}', 'A coupon lowered the price of a cart or an order.'),
  ('Coupon Denied', '{order_id,cart_id,coupon_id,coupon,coupon_name,reason}', '{}', 'A coupon was refused.'),
  ('Coupon Removed', '{order_id,cart_id,coupon_id,coupon,coupon_name,discount}', '{}', 'A coupon was taken off a cart or an order.'),
  ('Product Added to Wishlist', '{wishlist_id,wishlist_name}'::text[] || product, '{}', 'A product was put on a wish list.'),
  ('Product Removed from Wishlist', '{wishlist_id,wishlist_name}'::text[] || product, '{}', 'A product was taken off a wish list.'),
  ('Wishlist Product Added to Cart', '{wishlist_id,wishlist_name,cart_id}'::text[] || product, '{}', 'A product went from a wish list into the cart.'),
  ('Product Shared', '{share_via,share_message,recipient}'::text[] || product, '{}', 'A visitor told somebody of a product.'),
  ('Cart Shared', '{share_via,share_message,recipient,cart_id,products}', '{}', 'A visitor showed somebody the cart.'),
  ('Product Reviewed', '{product_id,review_id,rating,review_body}', '{}', 'A customer reviewed a product.'),
  ('Page Viewed', '{category,name,path,referrer,search,title,url,keywords}', '{}', 'A visitor saw a page of a website.'),
  ('Screen Viewed', '{category,name}', '{}', 'A visitor saw a screen of an app.'),
  ('Group Joined', '{group_id}', '{}', 'A person was named as a member of a group, such as a company.')) k (name, fields, required, description)),
-- A field that is not required may also be null, as many senders write what they do not know.
rule (kind, name, place, rule) as (
  select k.name, f.name, l.place, json_strip_nulls(json_build_object(
    'type', case when f.name = any (k.required) then f.types else f.types || array['null'] end,
    'items', case when f.name = 'products' then '{"$ref": "#/$defs/product"}'::json end,
    'minItems', case when f.name = 'products' and f.name = any (k.required) then 1 end,
    'x-patron-personal', case when f.open then false end))
  from (select name, fields, required from kind union all select 'product', product, '{}' from list) k
  cross join unnest(k.fields) with ordinality l (name, place) join field f on f.name = l.name)
insert into event_types (name, version, schema, registered_at, registered_by)
select k.name, 1, json_strip_nulls(json_build_object(
    '$schema', 'https://json-schema.org/draft/2020-12/schema',
    'description', k.description,
    'type', 'object',
    'required', case when k.required <> '{}' then k.required end,
    'properties', (select json_object_agg(r.name, r.rule order by r.place) from rule r where r.kind = k.name),
    '$defs', case when 'products' = any (k.fields) then json_build_object('product', json_build_object(
      'type', 'object', 'properties', (select json_object_agg(r.name, r.rule order by r.place) from rule r where r.kind = 'product'))) end))::text,
  '2024-01-01T00:00:00Z', 'patron'
from kind k;
