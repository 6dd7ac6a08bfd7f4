-- What brands declare of attributes: every declaration stays, the newest version of a key counts.
create table attribute_definitions (
  key text not null,
  version int not null,
  document text not null,
  declared_by text not null,
  declared_at timestamptz not null default now(),
  primary key (key, version)
);

-- What people are shown when they are asked. Rows are added and never changed.
create table consent_wordings (
  wording text not null,
  version int not null,
  language text not null,
  title text not null,
  body text not null,
  added_by text not null,
  added_at timestamptz not null default now(),
  primary key (wording, version, language)
);
insert into consent_wordings (wording, version, language, title, body, added_by) values
  ('patron-marketing', 1, 'en', 'News and offers',
   'I would like to hear about new products, offers and events. I can stop this here at any time.', 'patron'),
  ('patron-marketing', 1, 'zh-Hans', '新品与优惠',
   '我愿意接收有关新品、优惠和活动的消息，并可随时在此取消。', 'patron'),
  ('patron-marketing', 1, 'zh-Hant', '新品與優惠',
   '我願意接收有關新品、優惠和活動的資訊，並可隨時在此取消。', 'patron'),
  ('patron-feedback', 1, 'en', 'Questions about my visits',
   'I would like to be asked now and then how I liked a purchase or a visit. I can stop this here at any time.', 'patron'),
  ('patron-feedback', 1, 'zh-Hans', '购物体验调查',
   '我愿意偶尔就购物或到店体验接受询问，并可随时在此取消。', 'patron'),
  ('patron-feedback', 1, 'zh-Hant', '購物體驗調查',
   '我願意偶爾就購物或到店體驗接受詢問，並可隨時在此取消。', 'patron');
