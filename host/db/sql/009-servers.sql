-- Several servers, each with tenants of its own; a tenant that moves from one to another. docs/design/servers.md.

-- Who has left this server, and to which. From the commit that writes the row on, nothing of the tenant is written here any more.
CREATE TABLE wakala.moved (
  tenant_id uuid PRIMARY KEY REFERENCES wakala.tenant,
  server    text NOT NULL,
  at        timestamptz NOT NULL DEFAULT wakala.now()
);
ALTER TABLE wakala.moved ENABLE ROW LEVEL SECURITY;
ALTER TABLE wakala.moved FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON wakala.moved FOR SELECT TO wakala_app USING (tenant_id = wakala.tenant_id());
CREATE POLICY host ON wakala.moved TO wakala_host USING (true) WITH CHECK (true);
GRANT SELECT ON wakala.moved TO wakala_app;
GRANT SELECT, INSERT, DELETE ON wakala.moved TO wakala_host;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON wakala.moved FOR EACH STATEMENT EXECUTE FUNCTION wakala.directory_changed();
-- On the server it comes to, while its rows arrive and until it is served there: where it comes from.
ALTER TABLE wakala.tenant ADD COLUMN comes_from text;
-- Since it came (the last time): its events of before are not handled here, for what was not handled went along when it left.
ALTER TABLE wakala.tenant ADD COLUMN since_xid xid8 NOT NULL DEFAULT '0';

-- Who is on the way from here, or to here: their timers do not fire. From here only while the command that moves them lives (it holds the fence).
CREATE TABLE wakala.moving (
  tenant_id uuid PRIMARY KEY REFERENCES wakala.tenant,
  arrives   boolean NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON wakala.moving TO wakala_host;
CREATE FUNCTION wakala.is_leaving(p_tenant uuid) RETURNS boolean LANGUAGE sql VOLATILE AS $$
  SELECT EXISTS (SELECT FROM wakala.moving m WHERE m.tenant_id = p_tenant AND NOT m.arrives AND EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory'
    AND l.classid = 7310010 AND l.objid = (hashtext(p_tenant::text)::bigint & 4294967295)::oid AND l.objsubid = 2 AND l.mode = 'ExclusiveLock')) $$;
CREATE FUNCTION wakala.is_moving(p_tenant uuid) RETURNS boolean LANGUAGE sql VOLATILE AS $$
  SELECT EXISTS (SELECT FROM wakala.moving m WHERE m.tenant_id = p_tenant AND m.arrives) OR wakala.is_leaving(p_tenant) $$;

-- Which server makes the tenants of a shard is configuration (servers.NAME.shards); where a tenant is, its row says by being there.
DROP TABLE wakala.shard_map;

-- --- the fence ----------------------------------------------------------------------------------------------------------------
-- Every transaction that writes for a tenant holds this lock shared; a move holds it alone, from before its snapshot until the tenant is elsewhere.
-- Tried, not waited for: who comes during a move is told so. The two questions must be two statements, each with a snapshot of its own: a move that
-- ends between them has committed its row in wakala.moved.
CREATE FUNCTION wakala.enter(p_tenant text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('app.tenant', p_tenant, true);
  IF p_tenant <> '' THEN
    IF NOT pg_try_advisory_xact_lock_shared(7310010, hashtext(p_tenant)) THEN
      RAISE EXCEPTION 'wakala.expect=tenant.moving' USING ERRCODE = 'P0001';
    END IF;
    PERFORM FROM wakala.moved WHERE tenant_id = p_tenant::uuid;
    IF FOUND THEN
      RAISE EXCEPTION 'wakala.expect=tenant.moving' USING ERRCODE = 'P0001';
    END IF;
  END IF;
END $$;

CREATE FUNCTION wakala.enter_all(p_tenants uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  t uuid;
BEGIN
  FOREACH t IN ARRAY p_tenants LOOP
    IF NOT pg_try_advisory_xact_lock_shared(7310010, hashtext(t::text)) THEN
      RAISE EXCEPTION 'wakala.expect=tenant.moving' USING ERRCODE = 'P0001';
    END IF;
  END LOOP;
  PERFORM FROM wakala.moved WHERE tenant_id = ANY (p_tenants);
  IF FOUND THEN
    RAISE EXCEPTION 'wakala.expect=tenant.moving' USING ERRCODE = 'P0001';
  END IF;
END $$;

-- What the host keeps of a tenant is written by commands and functions as wakala_host, of many tenants at once perhaps: one lock for all of them, which a
-- move waits for once its row is in wakala.moving. What a tenant left behind may be removed.
CREATE FUNCTION wakala.fenced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  id uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.tenant_id ELSE NEW.tenant_id END;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7310012);
  IF wakala.is_leaving(id) OR (TG_OP <> 'DELETE' AND EXISTS (SELECT FROM wakala.moved WHERE tenant_id = id)) THEN
    RAISE EXCEPTION 'wakala.expect=tenant.moving' USING ERRCODE = 'P0001';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER fenced BEFORE INSERT OR UPDATE OR DELETE ON wakala.address FOR EACH ROW EXECUTE FUNCTION wakala.fenced();
CREATE TRIGGER fenced BEFORE INSERT OR UPDATE OR DELETE ON wakala.tenant_setting FOR EACH ROW EXECUTE FUNCTION wakala.fenced();
CREATE TRIGGER fenced BEFORE INSERT OR UPDATE OR DELETE ON wakala.tenant_secret FOR EACH ROW EXECUTE FUNCTION wakala.fenced();

-- Events that came with a tenant lie behind every reader (their xid is 0): only the parked rows that lead to them do. So nobody begins before it.
UPDATE wakala.subscription SET start_xid = '1' WHERE start_xid = '0';

-- --- a tenant's life, on several servers --------------------------------------------------------------------------------------
-- Who is elsewhere, or still on the way here, is not known here.
CREATE FUNCTION wakala.tenant_is_here(p_id uuid) RETURNS boolean LANGUAGE sql VOLATILE AS $$
  SELECT EXISTS (SELECT FROM wakala.tenant WHERE id = p_id AND (is_ready OR comes_from IS NULL)) AND NOT EXISTS (SELECT FROM wakala.moved WHERE tenant_id = p_id) $$;

CREATE OR REPLACE FUNCTION wakala.tenant_lock(p_id uuid) RETURNS wakala.tenant LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant;
BEGIN
  IF NOT wakala.tenant_is_here(p_id) THEN
    PERFORM wakala.refuse('tenant.unknown', 'there is no such tenant');
  END IF;
  PERFORM wakala.enter_all(ARRAY[p_id]);
  SELECT * INTO t FROM wakala.tenant WHERE id = p_id FOR UPDATE;
  RETURN t;
END $$;

CREATE OR REPLACE FUNCTION wakala.tenant_page(p_after uuid, p_limit int) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH page AS (SELECT id FROM wakala.tenant t WHERE (p_after IS NULL OR id > p_after) AND (is_ready OR comes_from IS NULL)
                  AND NOT EXISTS (SELECT FROM wakala.moved m WHERE m.tenant_id = t.id) ORDER BY id LIMIT p_limit + 1),
       shown AS (SELECT id FROM page ORDER BY id LIMIT p_limit)
  SELECT jsonb_build_object('items', (SELECT coalesce(jsonb_agg(wakala.tenant_json(id) ORDER BY id), '[]') FROM shown),
                            'next', CASE WHEN (SELECT count(*) FROM page) > p_limit THEN (SELECT id FROM shown ORDER BY id DESC LIMIT 1) END) $$;

-- A name and numbers belong to one tenant over all servers: asked of each before another one writes them (one writer at a time: host/tenant/life.c).
CREATE FUNCTION wakala.tenant_taken(p_id uuid, p_asked jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  m record;
BEGIN
  SELECT t.id INTO m FROM wakala.tenant t WHERE t.name = p_asked->>'name' AND t.id <> p_id AND wakala.tenant_is_here(t.id) LIMIT 1;
  IF FOUND THEN
    PERFORM wakala.refuse('tenant.name_taken', format('a tenant is called %s already: %s', left(p_asked->>'name', 80), m.id));
  END IF;
  FOR m IN SELECT a.address FROM wakala.address a WHERE a.channel = 'whatsapp' AND a.tenant_id <> p_id AND wakala.tenant_is_here(a.tenant_id)
             AND a.address IN (SELECT value->>'id' FROM jsonb_array_elements(CASE jsonb_typeof(p_asked->'config'->'numbers') WHEN 'array' THEN p_asked->'config'->'numbers' ELSE '[]' END)) LOOP
    PERFORM wakala.refuse('tenant.number_taken', format('phone number id %s belongs to another tenant', m.address));
  END LOOP;
  RETURN NULL;
END $$;

-- Before a tenant is made on another server: what the same request made here, or NULL.
CREATE FUNCTION wakala.tenant_elsewhere(p_id uuid, p_shard int, p_lane int, p_asked jsonb, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM wakala.tenant_check(p_asked);
  IF EXISTS (SELECT FROM wakala.tenant_job j WHERE j.request_id = coalesce(p_asked->>'request_id', 'name:' || md5(p_asked->>'name')) AND wakala.tenant_is_here(j.tenant_id))
     OR (NOT p_asked ? 'request_id' AND EXISTS (SELECT FROM wakala.tenant t WHERE t.name = p_asked->>'name' AND wakala.tenant_is_here(t.id))) THEN
    RETURN wakala.tenant_create(p_id, p_shard, p_lane, p_asked, p_who);
  END IF;
  RETURN wakala.tenant_taken(p_id, p_asked);
END $$;

-- To another shard of the same server: a routing fact, nothing moves.
CREATE OR REPLACE FUNCTION wakala.tenant_move(p_id uuid, p_lane int, p_shard int, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant := wakala.tenant_lock(p_id);
BEGIN
  IF p_shard IS NULL OR p_shard NOT BETWEEN 1 AND 32 THEN
    PERFORM wakala.refuse('tenant.invalid', 'shard: 1 to 32');
  END IF;
  IF t.shard <> p_shard THEN
    UPDATE wakala.tenant SET shard = p_shard, updated_at = wakala.now() WHERE id = p_id;
    PERFORM wakala.tenant_tell(p_id, p_lane, 'tenant.changed', jsonb_build_object('members', jsonb_build_array('shard')));
    PERFORM wakala.tenant_note(p_id, p_who, 'tenant.moved', jsonb_build_object('from', t.shard, 'to', p_shard));
  END IF;
  RETURN wakala.tenant_json(p_id);
END $$;

-- The end of a move: once, by the command, or by a worker when the command was killed behind the commit that decides.
CREATE FUNCTION wakala.tenant_arrive(p_id uuid, p_lane int, p_to text, p_who jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  came_from text := (SELECT comes_from FROM wakala.tenant WHERE id = p_id FOR UPDATE);
BEGIN
  IF came_from IS NOT NULL THEN
    UPDATE wakala.tenant SET is_ready = true, comes_from = NULL, updated_at = wakala.now() WHERE id = p_id;
    PERFORM wakala.tenant_tell(p_id, p_lane, 'tenant.changed', jsonb_build_object('members', jsonb_build_array('server')));
    PERFORM wakala.tenant_note(p_id, p_who, 'tenant.moved', jsonb_build_object('from', came_from, 'to', p_to));
    DELETE FROM wakala.moving WHERE tenant_id = p_id;
  END IF;
END $$;

-- What several servers add or see differently; the rest is as it was.
ALTER FUNCTION wakala.tenant_do(text, uuid, int, int, jsonb, jsonb) RENAME TO tenant_do_here;
CREATE FUNCTION wakala.tenant_do(p_what text, p_id uuid, p_shard int, p_lane int, p_asked jsonb, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  CASE p_what
    WHEN 'elsewhere' THEN RETURN wakala.tenant_elsewhere(p_id, p_shard, p_lane, p_asked, p_who);
    WHEN 'taken' THEN RETURN wakala.tenant_taken(p_id, p_asked);
    WHEN 'get' THEN
      IF NOT wakala.tenant_is_here(p_id) THEN
        PERFORM wakala.refuse('tenant.unknown', 'there is no such tenant');
      END IF;
    ELSE NULL;
  END CASE;
  RETURN wakala.tenant_do_here(p_what, p_id, p_shard, p_lane, p_asked, p_who);
END $$;

DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'wakala'::regnamespace AND p.proname IN ('tenant_is_here', 'tenant_taken', 'tenant_elsewhere', 'tenant_arrive', 'tenant_do', 'enter_all') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO wakala_host', f);
  END LOOP;
END $$;
