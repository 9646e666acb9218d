-- What the simulator was told and has promised: a table per promise, so that killing either side loses nothing.

-- Everything here belongs to one tenant, made with the tables: the simulator's database has no other.
INSERT INTO wakala.tenant (id, name, shard) VALUES ('00000000-0000-4000-8000-000000000001', 'Simulator', 17) ON CONFLICT DO NOTHING;

-- Orders what one person gets: the row is locked while a message is stored, so numbers become visible in their order.
CREATE SEQUENCE sim_whatsapp_n;
GRANT USAGE ON SEQUENCE sim_whatsapp_n TO wakala_app;
CREATE TABLE sim_whatsapp_person (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  person    text NOT NULL,
  n         bigint NOT NULL,
  PRIMARY KEY (tenant_id, person)
) WITH (fillfactor = 50);
SELECT wakala.protect('sim_whatsapp_person');

-- Messages taken from businesses.
CREATE TABLE sim_whatsapp_message (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  n         bigint NOT NULL,
  id        text NOT NULL,              -- wamid
  person    text NOT NULL,              -- phone, or the user id of somebody whose phone is not known
  user_id   text NOT NULL DEFAULT '',
  address   text NOT NULL,              -- phone_number_id
  callback  text,                       -- biz_opaque_callback_data
  body      text NOT NULL,              -- as received
  at        timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, n)
);
CREATE INDEX sim_whatsapp_message_person ON sim_whatsapp_message (tenant_id, person, n);
CREATE INDEX sim_whatsapp_message_user ON sim_whatsapp_message (tenant_id, user_id, n) WHERE user_id <> '';
CREATE INDEX sim_whatsapp_message_callback ON sim_whatsapp_message (tenant_id, callback) WHERE callback IS NOT NULL;
SELECT wakala.protect('sim_whatsapp_message');

-- Messages said by people: who they are, and the 24 hours window of a pair.
CREATE TABLE sim_whatsapp_inbound (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  id        text NOT NULL,              -- wamid
  phone     text NOT NULL DEFAULT '',
  user_id   text NOT NULL DEFAULT '',
  name      text NOT NULL DEFAULT '',
  address   text NOT NULL,
  is_copied boolean NOT NULL DEFAULT false, -- its duplicates are under way
  at        timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX sim_whatsapp_inbound_phone ON sim_whatsapp_inbound (tenant_id, address, phone, at);
CREATE INDEX sim_whatsapp_inbound_user ON sim_whatsapp_inbound (tenant_id, address, user_id, at);
SELECT wakala.protect('sim_whatsapp_inbound');

-- Updates that wait for their 200. Each is also an event in the log, which does the work; the rows are there to be counted.
CREATE TABLE sim_whatsapp_due (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  id        uuid NOT NULL,
  at        timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id)
);
SELECT wakala.protect('sim_whatsapp_due');

-- Every post to the callback address and its answer; 0: none.
CREATE TABLE sim_whatsapp_post (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  id        uuid NOT NULL,
  status    integer NOT NULL,
  updates   integer NOT NULL,
  at        timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id)
);
SELECT wakala.protect('sim_whatsapp_post');

CREATE TABLE sim_whatsapp_refused (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  code      integer NOT NULL,
  times     bigint NOT NULL,
  PRIMARY KEY (tenant_id, code)
);
SELECT wakala.protect('sim_whatsapp_refused');

CREATE TABLE sim_whatsapp_rule (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  body      text NOT NULL,
  PRIMARY KEY (tenant_id)
);
SELECT wakala.protect('sim_whatsapp_rule');
