-- What profile's own store tells of a customer beside purchases and behaviour, which come back to it as facts with their origin: few events
-- each, read newest first. Purchases and the catalogue are left out, so that recording them costs nothing here.
create index events_of_identity on events (stream, time desc, position desc)
  where type not in (
    'profile.purchase-recorded.v1', 'profile.anonymous-purchase-recorded.v1', 'profile.behaviour-recorded.v1',
    'profile.product-described.v1', 'profile.product-priced.v1', 'profile.stock-counted.v1', 'profile.store-described.v1');
