-- People, the names channels know them by, and where each of them is in the dialogue.

CREATE TABLE conversation_user (
  tenant_id    uuid NOT NULL DEFAULT wakala.tenant_id(),
  id           uuid NOT NULL,
  name         text,
  language     text NOT NULL DEFAULT '',          -- '' = the tenant's
  roles        text NOT NULL DEFAULT '',          -- space-separated: vendor driver staff
  opted_out_at timestamptz,                       -- gets no offers since
  muted_at     timestamptz,                       -- said STOP twice: is only answered
  created_at   timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at   timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id)
);
SELECT wakala.protect('conversation_user');

-- A person is not a phone number: business-scoped ids and phones both lead to the user.
CREATE TABLE conversation_alias (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  kind       text NOT NULL CHECK (kind IN ('bsuid', 'phone')),
  value      text NOT NULL CHECK (length(value) BETWEEN 1 AND 200),
  user_id    uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, kind, value),
  FOREIGN KEY (tenant_id, user_id) REFERENCES conversation_user
);
CREATE INDEX conversation_alias_user ON conversation_alias (tenant_id, user_id);
SELECT wakala.protect('conversation_alias');

CREATE TABLE conversation_state (
  tenant_id       uuid NOT NULL DEFAULT wakala.tenant_id(),
  user_id         uuid NOT NULL,
  channel         text NOT NULL,                  -- where the person last wrote, and to which of our addresses
  address         text NOT NULL,
  user_key        text NOT NULL,
  state           text NOT NULL DEFAULT 'IDLE',
  node            text NOT NULL DEFAULT '',       -- '' = idle
  stack           text NOT NULL DEFAULT '',       -- nodes that BACK leads to, oldest first
  ctx             jsonb NOT NULL DEFAULT '{}',
  last_menu       text NOT NULL DEFAULT '',       -- JSON of the menu whose numbers count
  misses          smallint NOT NULL DEFAULT 0,
  typed_numbers   smallint NOT NULL DEFAULT 0,
  is_plain        boolean NOT NULL DEFAULT false, -- numbered texts instead of buttons
  is_greeted      boolean NOT NULL DEFAULT false,
  version         bigint NOT NULL DEFAULT 1,
  last_inbound_at timestamptz,                    -- NULL: never wrote
  updated_at      timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES conversation_user
) WITH (fillfactor = 70); -- updated at every turn: room for the new version on the same page; no index on what a turn changes
SELECT wakala.protect('conversation_state');

-- Notices that are told once.
CREATE TABLE conversation_notice (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  user_id   uuid NOT NULL,
  dedup     text NOT NULL,
  at        timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, user_id, dedup)
);
SELECT wakala.protect('conversation_notice');
