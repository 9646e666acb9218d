-- The ground every plugin's SQL stands on: the clock, the tenant of a transaction, row-level security.

-- The only clock that decides. A database made with --test-clock replaces it by one with an offset (test-clock.sql).
CREATE FUNCTION wakala.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT clock_timestamp()';

-- The tenant of this transaction; NULL without one, and then row-level security shows nothing. nullif, because the setting is '' after
-- the first transaction that set it.
CREATE FUNCTION wakala.tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;

-- Behind a queued statement whose count of rows matters: raises, so that the COMMIT sent with it cannot happen.
CREATE FUNCTION wakala.expect(got bigint, wanted bigint, otherwise text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF got <> wanted THEN
    RAISE EXCEPTION 'wakala.expect=%', otherwise USING ERRCODE = 'P0001';
  END IF;
END $$;

-- Make a tenant table: only rows of the transaction's tenant are seen or written, also by the owner.
CREATE FUNCTION wakala.protect(table_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t regclass := table_name::regclass;
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('CREATE POLICY tenant ON %s TO wakala_app USING (tenant_id = wakala.tenant_id()) WITH CHECK (tenant_id = wakala.tenant_id())', t);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO wakala_app', t);
END $$;

-- Make a search function: it runs as wakala_search, which bypasses row-level security, because operators of text search and trigrams are not
-- leakproof and would lose their index under it. It must filter by wakala.tenant_id() itself and return ids only. It may read the tables of
-- its own plugin (first word of its name).
CREATE FUNCTION wakala.search_function(signature text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f regprocedure := signature::regprocedure;
  home text := (SELECT n.nspname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = f);
  prefix text := split_part((SELECT proname FROM pg_proc WHERE oid = f), '_', 1);
  t text;
BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = home AND tablename LIKE prefix || '\_%' LOOP
    EXECUTE format('GRANT SELECT ON %I.%I TO wakala_search', home, t);
  END LOOP;
  EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
  EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO wakala_app', f);
  EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', f);
  EXECUTE format('ALTER FUNCTION %s OWNER TO wakala_search', f);
END $$;

CREATE TABLE wakala.tenant (
  id                uuid PRIMARY KEY,
  name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  tier              text NOT NULL DEFAULT 'basic' CHECK (tier IN ('basic', 'premium', 'enterprise')),
  status            text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'trial')),
  isolation         text NOT NULL DEFAULT 'pooled' CHECK (isolation IN ('pooled', 'schema')),
  schema_name       text NOT NULL DEFAULT 'pool',
  shard             smallint NOT NULL CHECK (shard BETWEEN 1 AND 32),
  language          text NOT NULL DEFAULT 'en',
  currency          text NOT NULL DEFAULT 'ZAR' CHECK (currency ~ '^[A-Z]{3}$'),
  currency_exponent smallint NOT NULL DEFAULT 2 CHECK (currency_exponent BETWEEN 0 AND 4),
  timezone          text NOT NULL DEFAULT 'Africa/Johannesburg',
  config            jsonb NOT NULL DEFAULT '{}',
  created_at        timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at        timestamptz NOT NULL DEFAULT wakala.now()
);
-- Our side of a channel (phone_number_id) and the account it belongs to (WABA): how a webhook finds its tenant.
CREATE TABLE wakala.address (
  channel   text NOT NULL,
  address   text NOT NULL,
  account   text NOT NULL DEFAULT '',
  tenant_id uuid NOT NULL REFERENCES wakala.tenant,
  PRIMARY KEY (channel, address)
);
CREATE INDEX address_account ON wakala.address (channel, account);
CREATE INDEX address_tenant ON wakala.address (tenant_id);
CREATE TABLE wakala.tenant_setting (
  tenant_id uuid NOT NULL REFERENCES wakala.tenant,
  plugin    text NOT NULL,
  key       text NOT NULL,
  value     text NOT NULL,
  PRIMARY KEY (tenant_id, plugin, key)
);
-- AES-256-GCM; tenant, plugin and key are the associated data, so a row copied elsewhere does not open.
CREATE TABLE wakala.tenant_secret (
  tenant_id uuid NOT NULL REFERENCES wakala.tenant,
  plugin    text NOT NULL,
  key       text NOT NULL,
  sealed    bytea NOT NULL,
  key_id    text NOT NULL,
  PRIMARY KEY (tenant_id, plugin, key)
);
-- Which server holds a shard; a tenant row may not override it yet. Version is checked on every use.
CREATE TABLE wakala.shard_map (
  shard   smallint PRIMARY KEY CHECK (shard BETWEEN 1 AND 32),
  server  text NOT NULL DEFAULT 'main',
  version bigint NOT NULL DEFAULT 1
);
INSERT INTO wakala.shard_map (shard) SELECT generate_series(1, 32);

GRANT SELECT, INSERT, UPDATE ON wakala.tenant, wakala.address, wakala.tenant_setting, wakala.tenant_secret TO wakala_host;
GRANT DELETE ON wakala.address, wakala.tenant_setting, wakala.tenant_secret TO wakala_host;
GRANT SELECT ON wakala.shard_map TO wakala_host;

-- The directory is read whole by every worker and read again when this fires.
CREATE FUNCTION wakala.directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('wakala_directory', '');
  RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON wakala.tenant FOR EACH STATEMENT EXECUTE FUNCTION wakala.directory_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON wakala.address FOR EACH STATEMENT EXECUTE FUNCTION wakala.directory_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON wakala.tenant_setting FOR EACH STATEMENT EXECUTE FUNCTION wakala.directory_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON wakala.tenant_secret FOR EACH STATEMENT EXECUTE FUNCTION wakala.directory_changed();
