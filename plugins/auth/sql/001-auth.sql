-- Accounts of people who work for a tenant, their sessions, and keys of programs. Secrets lie here only as hashes.
CREATE TABLE auth_user (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  id         uuid NOT NULL,
  role       text NOT NULL CHECK (role IN ('owner', 'staff', 'vendor', 'driver', 'agent')),
  name       text NOT NULL CHECK (length(name) <= 200),
  status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  created_at timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX auth_user_role ON auth_user (tenant_id, role, id);
SELECT wakala.protect('auth_user');

-- What a person is known by. The user id is the identity: a number may change hands.
CREATE TABLE auth_alias (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  kind      text NOT NULL CHECK (kind IN ('phone')),
  value     text NOT NULL,
  user_id   uuid NOT NULL,
  PRIMARY KEY (tenant_id, kind, value),
  FOREIGN KEY (tenant_id, user_id) REFERENCES auth_user (tenant_id, id)
);
CREATE INDEX auth_alias_user ON auth_alias (tenant_id, user_id);
SELECT wakala.protect('auth_alias');

-- One per number that asked, whether it has an account or not (user_id NULL), so that both are answered by the same statements.
CREATE TABLE auth_code (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  phone      text NOT NULL,
  user_id    uuid,
  salt       bytea NOT NULL,
  hash       bytea NOT NULL,
  tries      bigint NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, phone)
);
CREATE INDEX auth_code_expires ON auth_code (tenant_id, expires_at);
SELECT wakala.protect('auth_code');

CREATE TABLE auth_session (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  id         uuid NOT NULL,
  user_id    uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT wakala.now(),
  expires_at timestamptz NOT NULL,
  ended_at   timestamptz,
  ended_why  text,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX auth_session_user ON auth_session (tenant_id, user_id) WHERE ended_at IS NULL;
CREATE INDEX auth_session_expires ON auth_session (tenant_id, expires_at);
SELECT wakala.protect('auth_session');

-- A session's refresh tokens, used ones too: who comes with one of those again ends the session.
CREATE TABLE auth_refresh (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  hash       text NOT NULL CHECK (length(hash) = 64), -- SHA-256 in hex
  session_id uuid NOT NULL,
  parent     text,           -- hash of the one it replaced
  used_at    timestamptz,
  is_dropped boolean NOT NULL DEFAULT false, -- replaced without having been used: its answer was lost
  made_at    timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX auth_refresh_session ON auth_refresh (tenant_id, session_id, parent);
SELECT wakala.protect('auth_refresh');

CREATE TABLE auth_key (
  tenant_id    uuid NOT NULL DEFAULT wakala.tenant_id(),
  id           uuid NOT NULL,
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  hash         bytea NOT NULL, -- SHA-256
  role         text NOT NULL,  -- the creator's: a key never may more than that role
  scopes       text NOT NULL,  -- separated by blanks
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT wakala.now(),
  expires_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
SELECT wakala.protect('auth_key');
