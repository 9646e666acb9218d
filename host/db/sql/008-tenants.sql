-- How a tenant begins, changes and ends: the functions that the command line and the workers call, both as wakala_host. docs/design/tenants.md.

ALTER TABLE wakala.tenant
  ADD COLUMN trial_until  timestamptz,                   -- of status trial
  ADD COLUMN is_ready     boolean NOT NULL DEFAULT true, -- false: its schema is not made yet; nobody sees such a tenant
  ADD COLUMN suspended_at timestamptz,
  ADD COLUMN reason       text NOT NULL DEFAULT '',      -- why it is suspended
  ADD COLUMN was_suspended boolean NOT NULL DEFAULT false, -- before it was deleted
  ADD COLUMN delete_at    timestamptz,                   -- it is being deleted: suspended until then, and gone after it
  ADD COLUMN gone_at      timestamptz;                   -- its data is removed; the row stays, because the log names it
-- Who asks twice with the same request id gets the same tenant. A row without done_at is work that a crash, or a missing right, has interrupted.
CREATE TABLE wakala.tenant_job (
  request_id text PRIMARY KEY CHECK (length(request_id) BETWEEN 1 AND 100),
  tenant_id  uuid NOT NULL REFERENCES wakala.tenant,
  asked      text NOT NULL, -- what was asked for: the same id with something else is a mistake
  made_at    timestamptz NOT NULL DEFAULT wakala.now(),
  done_at    timestamptz
);
CREATE INDEX tenant_job_open ON wakala.tenant_job (tenant_id) WHERE done_at IS NULL;
GRANT SELECT, INSERT, UPDATE ON wakala.tenant_job TO wakala_host;
CREATE INDEX tenant_name ON wakala.tenant (name);

-- A rule says no: becomes the error `code` (BUSINESS) with this text.
CREATE FUNCTION wakala.refuse(code text, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'wakala.expect=%: %', code, what USING ERRCODE = 'P0001';
END $$;

CREATE FUNCTION wakala.tenant_tell(p_id uuid, p_lane int, p_type text, p_payload jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO wakala.event (class, lane, version, id, tenant_id, at, type, key, payload)
    SELECT 1, p_lane, 1, wakala.uuid7(n.at), p_id, n.at, p_type, p_id::text, (jsonb_build_object('tenant_id', p_id) || p_payload)::text
      FROM (SELECT wakala.now() AS at) n $$;

CREATE FUNCTION wakala.tenant_note(p_id uuid, p_who jsonb, p_action text, p_detail jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO wakala.audit (tenant_id, subject, role, action, object, detail, trace)
    VALUES (p_id, coalesce(p_who->>'subject', '-'), coalesce(p_who->>'role', '-'), p_action, p_id::text, p_detail, coalesce(p_who->>'trace', '-')) $$;

CREATE FUNCTION wakala.rfc3339(t timestamptz) RETURNS text LANGUAGE sql IMMUTABLE
  AS $$ SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') $$;

-- A tenant as people and the REST API see it.
CREATE FUNCTION wakala.tenant_json(p_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', t.id, 'name', t.name, 'tier', t.tier, 'status', t.status, 'isolation', t.isolation, 'shard', t.shard,
      'state', CASE WHEN NOT t.is_ready THEN 'provisioning' WHEN t.gone_at IS NOT NULL THEN 'deleted' WHEN t.delete_at IS NOT NULL THEN 'deleting' ELSE 'ready' END,
      'trial_until', wakala.rfc3339(t.trial_until), 'delete_at', wakala.rfc3339(t.delete_at), 'reason', t.reason,
      'created_at', wakala.rfc3339(t.created_at), 'updated_at', wakala.rfc3339(t.updated_at),
      'config', jsonb_build_object('language', t.language, 'currency', t.currency, 'currency_exponent', t.currency_exponent, 'timezone', t.timezone,
        'numbers', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.address, 'waba', a.account) ORDER BY a.address), '[]')
                      FROM wakala.address a WHERE a.tenant_id = t.id AND a.channel = 'whatsapp'),
        'limits', (SELECT coalesce(jsonb_object_agg(CASE s.key WHEN 'max_products' THEN 'maxProducts' WHEN 'max_orders' THEN 'maxOrders' ELSE 'maxUsers' END,
                     s.value::bigint), '{}') FROM wakala.tenant_setting s
                    WHERE s.tenant_id = t.id AND s.plugin = 'tenants' AND s.key IN ('max_products', 'max_orders', 'max_users') AND s.value ~ '^[0-9]{1,10}$'),
        'features', (SELECT coalesce(jsonb_object_agg(s.plugin, s.value = 'true'), '{}') FROM wakala.tenant_setting s
                      WHERE s.tenant_id = t.id AND s.key = 'enabled')))
    FROM wakala.tenant t WHERE t.id = p_id $$;

CREATE FUNCTION wakala.tenant_page(p_after uuid, p_limit int) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH page AS (SELECT id FROM wakala.tenant WHERE p_after IS NULL OR id > p_after ORDER BY id LIMIT p_limit + 1),
       shown AS (SELECT id FROM page ORDER BY id LIMIT p_limit)
  SELECT jsonb_build_object('items', (SELECT coalesce(jsonb_agg(wakala.tenant_json(id) ORDER BY id), '[]') FROM shown),
                            'next', CASE WHEN (SELECT count(*) FROM page) > p_limit THEN (SELECT id FROM shown ORDER BY id DESC LIMIT 1) END) $$;

-- --- what is asked for --------------------------------------------------------------------------------------------------------

CREATE FUNCTION wakala.tenant_members(p_object jsonb, p_where text, p_allowed text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  k text;
BEGIN
  IF jsonb_typeof(p_object) IS DISTINCT FROM 'object' THEN
    PERFORM wakala.refuse('tenant.invalid', p_where || ': a JSON object');
  END IF;
  FOR k IN SELECT jsonb_object_keys(p_object) LOOP
    IF NOT k = ANY (p_allowed) THEN
      PERFORM wakala.refuse('tenant.invalid', format('%s.%s: there is no such member; allowed are %s', p_where, left(k, 40), array_to_string(p_allowed, ', ')));
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION wakala.tenant_word(p_value jsonb, p_where text, p_pattern text, p_allowed text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_value IS NOT NULL AND (jsonb_typeof(p_value) <> 'string' OR p_value #>> '{}' !~ p_pattern) THEN
    PERFORM wakala.refuse('tenant.invalid', format('%s: %s', p_where, p_allowed));
  END IF;
END $$;

-- Of a creation and of a change alike: what is there must be right.
CREATE FUNCTION wakala.tenant_check(p_asked jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  c jsonb := p_asked->'config';
  m record;
BEGIN
  PERFORM wakala.tenant_members(p_asked, 'tenant', '{request_id,name,tier,isolation,status,trial_days,config}');
  IF p_asked ? 'name' AND (jsonb_typeof(p_asked->'name') <> 'string' OR length(trim(p_asked->>'name')) = 0 OR length(p_asked->>'name') > 200) THEN
    PERFORM wakala.refuse('tenant.invalid', 'name: 1 to 200 characters');
  END IF;
  PERFORM wakala.tenant_word(p_asked->'request_id', 'request_id', '^[!-~]{1,100}$', '1 to 100 characters without spaces');
  PERFORM wakala.tenant_word(p_asked->'tier', 'tier', '^(basic|premium|enterprise)$', 'allowed are basic, premium, enterprise');
  PERFORM wakala.tenant_word(p_asked->'isolation', 'isolation', '^(pooled|schema)$', 'allowed are pooled, schema');
  PERFORM wakala.tenant_word(p_asked->'status', 'status', '^(active|trial)$', 'allowed are active, trial; a tenant is suspended after it is made');
  IF p_asked ? 'trial_days' AND (jsonb_typeof(p_asked->'trial_days') <> 'number' OR p_asked->>'trial_days' !~ '^[0-9]{1,3}$' OR
                                 (p_asked->>'trial_days')::int NOT BETWEEN 1 AND 365) THEN
    PERFORM wakala.refuse('tenant.invalid', 'trial_days: 1 to 365');
  END IF;
  IF c IS NULL THEN
    RETURN;
  END IF;
  PERFORM wakala.tenant_members(c, 'config', '{language,currency,currency_exponent,timezone,numbers,limits,features}');
  PERFORM wakala.tenant_word(c->'language', 'config.language', '^(en|sw|zu|af|fr|pcm)$', 'allowed are en, sw, zu, af, fr, pcm');
  PERFORM wakala.tenant_word(c->'currency', 'config.currency', '^[A-Z]{3}$', 'three letters of ISO 4217, as in ZAR');
  IF c ? 'currency_exponent' AND (jsonb_typeof(c->'currency_exponent') <> 'number' OR c->>'currency_exponent' !~ '^[0-4]$') THEN
    PERFORM wakala.refuse('tenant.invalid', 'config.currency_exponent: 0 to 4 digits after the point');
  END IF;
  IF c ? 'timezone' AND (jsonb_typeof(c->'timezone') <> 'string' OR NOT EXISTS (SELECT FROM pg_timezone_names WHERE name = c->>'timezone')) THEN
    PERFORM wakala.refuse('tenant.invalid', 'config.timezone: an IANA name, as in Africa/Johannesburg');
  END IF;
  IF c ? 'numbers' THEN
    IF jsonb_typeof(c->'numbers') <> 'array' OR jsonb_array_length(c->'numbers') > 100 THEN
      PERFORM wakala.refuse('tenant.invalid', 'config.numbers: an array of at most 100 {"id", "waba"}');
    END IF;
    FOR m IN SELECT value AS number FROM jsonb_array_elements(c->'numbers') LOOP
      PERFORM wakala.tenant_members(m.number, 'config.numbers', '{id,waba}');
      IF jsonb_typeof(m.number->'id') IS DISTINCT FROM 'string' OR m.number->>'id' !~ '^[0-9]{1,64}$' THEN
        PERFORM wakala.refuse('tenant.invalid', 'config.numbers.id: phone number ids (not phone numbers), digits only');
      END IF;
      IF jsonb_typeof(m.number->'waba') IS DISTINCT FROM 'string' OR m.number->>'waba' !~ '^[0-9]{1,64}$' THEN
        PERFORM wakala.refuse('tenant.invalid', 'config.numbers.waba: the WhatsApp business account id, digits only');
      END IF;
    END LOOP;
  END IF;
  IF c ? 'limits' THEN
    PERFORM wakala.tenant_members(c->'limits', 'config.limits', '{maxProducts,maxOrders,maxUsers}');
    FOR m IN SELECT key, value FROM jsonb_each(c->'limits') LOOP
      IF m.value <> 'null'::jsonb AND m.value::text !~ '^[0-9]{1,9}$' THEN
        PERFORM wakala.refuse('tenant.invalid', format('config.limits.%s: 0 to 999999999, or null: what the tier has', m.key));
      END IF;
    END LOOP;
  END IF;
  IF c ? 'features' THEN
    IF jsonb_typeof(c->'features') <> 'object' THEN
      PERFORM wakala.refuse('tenant.invalid', 'config.features: a JSON object of plugin names');
    END IF;
    FOR m IN SELECT key, value FROM jsonb_each(c->'features') LOOP
      IF m.key !~ '^[a-z][a-z0-9-]{0,30}$' OR m.value NOT IN ('true', 'false', 'null') THEN
        PERFORM wakala.refuse('tenant.invalid', format('config.features.%s: a plugin''s name with true, false, or null: as the operator has it', left(m.key, 40)));
      END IF;
    END LOOP;
  END IF;
END $$;

-- --- writing it ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION wakala.tenant_configure(p_id uuid, c jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  m record;
BEGIN
  FOR m IN SELECT DISTINCT value->>'id' AS number, value->>'waba' AS waba FROM jsonb_array_elements(coalesce(c->'numbers', '[]')) LOOP
    INSERT INTO wakala.address AS a (channel, address, account, tenant_id) VALUES ('whatsapp', m.number, m.waba, p_id)
      ON CONFLICT (channel, address) DO UPDATE SET account = excluded.account WHERE a.tenant_id = excluded.tenant_id;
    IF NOT FOUND THEN
      PERFORM wakala.refuse('tenant.number_taken', format('phone number id %s belongs to another tenant', m.number));
    END IF;
  END LOOP;
  FOR m IN SELECT 'tenants' AS plugin, CASE key WHEN 'maxProducts' THEN 'max_products' WHEN 'maxOrders' THEN 'max_orders' ELSE 'max_users' END AS key, value
             FROM jsonb_each(coalesce(c->'limits', '{}'))
           UNION ALL SELECT key, 'enabled', value FROM jsonb_each(coalesce(c->'features', '{}')) LOOP
    IF m.value = 'null'::jsonb THEN
      DELETE FROM wakala.tenant_setting s WHERE s.tenant_id = p_id AND s.plugin = m.plugin AND s.key = m.key;
    ELSE
      INSERT INTO wakala.tenant_setting (tenant_id, plugin, key, value) VALUES (p_id, m.plugin, m.key, m.value::text)
        ON CONFLICT (tenant_id, plugin, key) DO UPDATE SET value = excluded.value;
    END IF;
  END LOOP;
END $$;

-- The timers of a trial: the notices, and its end. Those that are past already are not set.
CREATE FUNCTION wakala.tenant_trial(p_id uuid, p_lane int, p_until timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM wakala.timer WHERE tenant_id = p_id AND key = p_id::text AND name IN ('trial-7', 'trial-1', 'trial-end');
  IF p_until IS NOT NULL THEN
    INSERT INTO wakala.timer (tenant_id, key, name, due, class, lane, type, version, payload)
      SELECT p_id, p_id::text, t.name, p_until - t.days * interval '1 day', 1, p_lane, t.type, 1,
             jsonb_build_object('tenant_id', p_id, 'trial_until', wakala.rfc3339(p_until), 'days_left', t.days)::text
        FROM (VALUES ('trial-7', 7, 'tenant.trial_ending'), ('trial-1', 1, 'tenant.trial_ending'), ('trial-end', 0, 'tenant.trial_ended')) t(name, days, type)
       WHERE t.days = 0 OR p_until - t.days * interval '1 day' > wakala.now();
  END IF;
END $$;

-- The last step: from here on everybody sees it.
CREATE FUNCTION wakala.tenant_ready(p_id uuid, p_lane int, p_who jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant;
BEGIN
  UPDATE wakala.tenant_job SET done_at = wakala.now() WHERE tenant_id = p_id AND done_at IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE wakala.tenant SET is_ready = true, updated_at = wakala.now() WHERE id = p_id RETURNING * INTO t;
  PERFORM wakala.tenant_trial(p_id, p_lane, t.trial_until);
  PERFORM wakala.tenant_tell(p_id, p_lane, 'tenant.created', jsonb_build_object('name', t.name, 'tier', t.tier));
  PERFORM wakala.tenant_note(p_id, p_who, 'tenant.created', jsonb_build_object('name', t.name, 'tier', t.tier, 'isolation', t.isolation));
  RETURN true;
END $$;

-- p_id, p_shard, p_lane: of a tenant that is new. Without a request id the name is one. Pooled tenants are whole at once; one with a schema of its own
-- waits for it (is_ready), because only wakala_owner's rights make a schema.
CREATE FUNCTION wakala.tenant_create(p_id uuid, p_shard int, p_lane int, p_asked jsonb, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  request text;
  j wakala.tenant_job;
  known uuid;
  c jsonb := coalesce(p_asked->'config', '{}');
  v_tier text := coalesce(p_asked->>'tier', 'basic');
  v_isolation text;
BEGIN
  PERFORM wakala.tenant_check(p_asked);
  IF NOT p_asked ? 'name' THEN
    PERFORM wakala.refuse('tenant.invalid', 'name: is missing');
  END IF;
  request := coalesce(p_asked->>'request_id', 'name:' || md5(p_asked->>'name'));
  v_isolation := coalesce(p_asked->>'isolation', CASE v_tier WHEN 'enterprise' THEN 'schema' ELSE 'pooled' END);
  -- One creator at a time: two of the same name would both find none.
  PERFORM pg_advisory_xact_lock(7310003);
  SELECT * INTO j FROM wakala.tenant_job WHERE request_id = request;
  IF FOUND AND p_asked ? 'request_id' AND j.asked <> md5(p_asked::text) THEN
    PERFORM wakala.refuse('tenant.request_used', format('request_id %s made another tenant, or this one with other details: use a new one', request));
  END IF;
  SELECT id INTO known FROM wakala.tenant WHERE name = p_asked->>'name' AND id IS DISTINCT FROM j.tenant_id ORDER BY id LIMIT 1;
  IF known IS NOT NULL AND p_asked ? 'request_id' THEN
    PERFORM wakala.refuse('tenant.name_taken', format('a tenant is called %s already: %s', left(p_asked->>'name', 80), known));
  END IF;
  known := coalesce(j.tenant_id, known);
  IF known IS NOT NULL THEN
    IF NOT p_asked ? 'request_id' THEN
      PERFORM wakala.tenant_configure(known, jsonb_build_object('numbers', coalesce(c->'numbers', '[]')));
    END IF;
    RETURN jsonb_build_object('is_new', false, 'tenant', wakala.tenant_json(known));
  END IF;
  INSERT INTO wakala.tenant (id, name, tier, status, isolation, schema_name, shard, language, currency, currency_exponent, timezone, trial_until, is_ready)
    VALUES (p_id, p_asked->>'name', v_tier, CASE WHEN p_asked ? 'trial_days' THEN 'trial' ELSE coalesce(p_asked->>'status', 'active') END, v_isolation,
            CASE v_isolation WHEN 'schema' THEN 't_' || replace(p_id::text, '-', '') ELSE 'pool' END, p_shard, coalesce(c->>'language', 'en'),
            coalesce(c->>'currency', 'ZAR'), coalesce((c->>'currency_exponent')::int, 2), coalesce(c->>'timezone', 'Africa/Johannesburg'),
            CASE WHEN p_asked->>'status' = 'trial' OR p_asked ? 'trial_days'
                 THEN wakala.now() + coalesce((p_asked->>'trial_days')::int, 14) * interval '1 day' END, false);
  PERFORM wakala.tenant_configure(p_id, c);
  INSERT INTO wakala.tenant_job (request_id, tenant_id, asked) VALUES (request, p_id, md5(p_asked::text));
  IF v_isolation = 'pooled' THEN
    PERFORM wakala.tenant_ready(p_id, p_lane, p_who);
  END IF;
  RETURN jsonb_build_object('is_new', true, 'tenant', wakala.tenant_json(p_id));
END $$;

-- The row of a tenant that is to be changed, locked.
CREATE FUNCTION wakala.tenant_lock(p_id uuid) RETURNS wakala.tenant LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant;
BEGIN
  SELECT * INTO t FROM wakala.tenant WHERE id = p_id FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM wakala.refuse('tenant.unknown', 'there is no such tenant');
  END IF;
  RETURN t;
END $$;

-- What is left out stays; numbers are added; a limit or feature that is null goes back to the tier's or the operator's.
CREATE FUNCTION wakala.tenant_change(p_id uuid, p_lane int, p_asked jsonb, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant := wakala.tenant_lock(p_id);
  c jsonb := coalesce(p_asked->'config', '{}');
BEGIN
  PERFORM wakala.tenant_check(p_asked);
  IF p_asked ? 'request_id' THEN
    PERFORM wakala.refuse('tenant.invalid', 'request_id: only for a new tenant');
  END IF;
  IF p_asked ? 'isolation' AND p_asked->>'isolation' <> t.isolation THEN
    PERFORM wakala.refuse('tenant.invalid', format('isolation: this tenant is %s, and that does not change', t.isolation));
  END IF;
  IF p_asked ? 'name' AND EXISTS (SELECT FROM wakala.tenant WHERE name = p_asked->>'name' AND id <> p_id) THEN
    PERFORM wakala.refuse('tenant.name_taken', format('a tenant is called %s already', left(p_asked->>'name', 80)));
  END IF;
  IF p_asked ? 'status' OR (p_asked ? 'trial_days' AND t.status <> 'trial') THEN
    PERFORM wakala.refuse('tenant.invalid', CASE WHEN p_asked ? 'status' THEN 'status: changed by suspend and resume' ELSE 'trial_days: this tenant is in no trial' END);
  END IF;
  UPDATE wakala.tenant SET name = coalesce(p_asked->>'name', name), tier = coalesce(p_asked->>'tier', tier), language = coalesce(c->>'language', language),
         currency = coalesce(c->>'currency', currency), currency_exponent = coalesce((c->>'currency_exponent')::int, currency_exponent),
         timezone = coalesce(c->>'timezone', timezone),
         trial_until = CASE WHEN p_asked ? 'trial_days' THEN wakala.now() + (p_asked->>'trial_days')::int * interval '1 day' ELSE trial_until END,
         updated_at = wakala.now() WHERE id = p_id RETURNING * INTO t;
  PERFORM wakala.tenant_configure(p_id, c);
  IF p_asked ? 'trial_days' THEN
    PERFORM wakala.tenant_trial(p_id, p_lane, t.trial_until);
  END IF;
  PERFORM wakala.tenant_tell(p_id, p_lane, 'tenant.changed', jsonb_build_object('members', (SELECT coalesce(jsonb_agg(k), '[]') FROM jsonb_object_keys(p_asked) k)));
  PERFORM wakala.tenant_note(p_id, p_who, 'tenant.changed', p_asked);
  RETURN wakala.tenant_json(p_id);
END $$;

-- Twice is once.
CREATE FUNCTION wakala.tenant_suspend(p_id uuid, p_lane int, p_reason text, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant := wakala.tenant_lock(p_id);
BEGIN
  IF t.status <> 'suspended' THEN
    UPDATE wakala.tenant SET status = 'suspended', suspended_at = wakala.now(), reason = left(coalesce(p_reason, ''), 200), updated_at = wakala.now() WHERE id = p_id;
    PERFORM wakala.tenant_tell(p_id, p_lane, 'tenant.suspended', jsonb_build_object('reason', left(coalesce(p_reason, ''), 200)));
    PERFORM wakala.tenant_note(p_id, p_who, 'tenant.suspended', jsonb_build_object('reason', p_reason));
  END IF;
  RETURN wakala.tenant_json(p_id);
END $$;

-- Back to its trial, when that has not ended.
CREATE FUNCTION wakala.tenant_resume(p_id uuid, p_lane int, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant := wakala.tenant_lock(p_id);
BEGIN
  IF t.delete_at IS NOT NULL THEN
    PERFORM wakala.refuse('tenant.deleting', 'this tenant is being deleted: undelete it first');
  END IF;
  IF t.status <> 'active' AND NOT (t.status = 'trial' AND t.trial_until > wakala.now()) THEN
    UPDATE wakala.tenant SET status = CASE WHEN trial_until > wakala.now() THEN 'trial' ELSE 'active' END, reason = '', suspended_at = NULL,
           trial_until = CASE WHEN trial_until > wakala.now() THEN trial_until END, updated_at = wakala.now() WHERE id = p_id RETURNING * INTO t;
    PERFORM wakala.tenant_trial(p_id, p_lane, t.trial_until);
    PERFORM wakala.tenant_tell(p_id, p_lane, 'tenant.resumed', jsonb_build_object('status', t.status));
    PERFORM wakala.tenant_note(p_id, p_who, 'tenant.resumed', jsonb_build_object('status', t.status));
  END IF;
  RETURN wakala.tenant_json(p_id);
END $$;

-- By the trial's timer: it may come late, twice, or after somebody has paid.
CREATE FUNCTION wakala.tenant_trial_end(p_id uuid, p_lane int, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant := wakala.tenant_lock(p_id);
BEGIN
  IF t.status <> 'trial' OR t.trial_until > wakala.now() THEN
    RETURN wakala.tenant_json(p_id);
  END IF;
  RETURN wakala.tenant_suspend(p_id, p_lane, 'the trial has ended', p_who);
END $$;

-- Suspended at once, and gone after the grace time; until then it can be undone.
CREATE FUNCTION wakala.tenant_delete(p_id uuid, p_lane int, p_grace_s bigint, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant := wakala.tenant_lock(p_id);
BEGIN
  IF t.delete_at IS NULL THEN
    PERFORM wakala.tenant_suspend(p_id, p_lane, 'deleted', p_who);
    UPDATE wakala.tenant SET delete_at = wakala.now() + p_grace_s * interval '1 second', was_suspended = t.status = 'suspended', updated_at = wakala.now() WHERE id = p_id RETURNING * INTO t;
    PERFORM wakala.tenant_tell(p_id, p_lane, 'tenant.deleting', jsonb_build_object('delete_at', wakala.rfc3339(t.delete_at)));
    PERFORM wakala.tenant_note(p_id, p_who, 'tenant.deleting', jsonb_build_object('delete_at', wakala.rfc3339(t.delete_at)));
  END IF;
  RETURN wakala.tenant_json(p_id);
END $$;

CREATE FUNCTION wakala.tenant_undelete(p_id uuid, p_lane int, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant := wakala.tenant_lock(p_id);
BEGIN
  IF t.gone_at IS NOT NULL THEN
    PERFORM wakala.refuse('tenant.deleting', 'this tenant is deleted: its data is removed already');
  END IF;
  IF t.delete_at IS NOT NULL THEN
    UPDATE wakala.tenant SET delete_at = NULL, updated_at = wakala.now() WHERE id = p_id;
    PERFORM wakala.tenant_note(p_id, p_who, 'tenant.undeleted', NULL);
    IF NOT t.was_suspended THEN
      RETURN wakala.tenant_resume(p_id, p_lane, p_who);
    END IF;
  END IF;
  RETURN wakala.tenant_json(p_id);
END $$;

-- After its time is up, and when its rows in the plugins' tables are removed (host/tenant/dump.c): what the host has of it. Its name is free again.
CREATE FUNCTION wakala.tenant_gone(p_id uuid, p_lane int, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant := wakala.tenant_lock(p_id);
BEGIN
  IF t.delete_at IS NULL OR t.delete_at > wakala.now() THEN
    PERFORM wakala.refuse('tenant.deleting', 'its time is not up');
  END IF;
  IF t.gone_at IS NULL THEN
    DELETE FROM wakala.address WHERE tenant_id = p_id;
    DELETE FROM wakala.tenant_setting WHERE tenant_id = p_id;
    DELETE FROM wakala.tenant_secret WHERE tenant_id = p_id;
    DELETE FROM wakala.timer WHERE tenant_id = p_id;
    DELETE FROM wakala.outbound WHERE tenant_id = p_id;
    DELETE FROM wakala.once WHERE tenant_id = p_id;
    UPDATE wakala.tenant SET gone_at = wakala.now(), name = 'deleted ' || p_id, config = '{}', updated_at = wakala.now() WHERE id = p_id;
    PERFORM wakala.tenant_tell(p_id, p_lane, 'tenant.deleted', '{}');
    PERFORM wakala.tenant_note(p_id, p_who, 'tenant.deleted', NULL);
  END IF;
  RETURN wakala.tenant_json(p_id);
END $$;

-- To another shard of the same server: a routing fact, nothing moves. One that lies elsewhere is refused: its rows would have to move, too.
CREATE FUNCTION wakala.tenant_move(p_id uuid, p_lane int, p_shard int, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  t wakala.tenant := wakala.tenant_lock(p_id);
BEGIN
  IF p_shard IS NULL OR p_shard NOT BETWEEN 1 AND 32 THEN
    PERFORM wakala.refuse('tenant.invalid', 'shard: 1 to 32');
  END IF;
  IF (SELECT server FROM wakala.shard_map WHERE shard = p_shard) IS DISTINCT FROM (SELECT server FROM wakala.shard_map WHERE shard = t.shard) THEN
    PERFORM wakala.refuse('tenant.invalid', format('shard %s lies on another server than shard %s: this host moves tenants inside one server', p_shard, t.shard));
  END IF;
  IF t.shard <> p_shard THEN
    UPDATE wakala.tenant SET shard = p_shard, updated_at = wakala.now() WHERE id = p_id;
    PERFORM wakala.tenant_tell(p_id, p_lane, 'tenant.changed', jsonb_build_object('members', jsonb_build_array('shard')));
    PERFORM wakala.tenant_note(p_id, p_who, 'tenant.moved', jsonb_build_object('from', t.shard, 'to', p_shard));
  END IF;
  RETURN wakala.tenant_json(p_id);
END $$;

-- All of it, for the one statement that workers and the command line have. p_asked: reason of suspend, grace_s of delete, shard of move, after and limit of page.
CREATE FUNCTION wakala.tenant_do(p_what text, p_id uuid, p_shard int, p_lane int, p_asked jsonb, p_who jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  CASE p_what
    WHEN 'create' THEN RETURN wakala.tenant_create(p_id, p_shard, p_lane, p_asked, p_who);
    WHEN 'ready' THEN RETURN to_jsonb(wakala.tenant_ready(p_id, p_lane, p_who));
    WHEN 'change' THEN RETURN wakala.tenant_change(p_id, p_lane, p_asked, p_who);
    WHEN 'suspend' THEN RETURN wakala.tenant_suspend(p_id, p_lane, p_asked->>'reason', p_who);
    WHEN 'resume' THEN RETURN wakala.tenant_resume(p_id, p_lane, p_who);
    WHEN 'trial_end' THEN RETURN wakala.tenant_trial_end(p_id, p_lane, p_who);
    WHEN 'delete' THEN RETURN wakala.tenant_delete(p_id, p_lane, coalesce((p_asked->>'grace_s')::bigint, 30 * 86400), p_who);
    WHEN 'gone' THEN RETURN wakala.tenant_gone(p_id, p_lane, p_who);
    WHEN 'move' THEN RETURN wakala.tenant_move(p_id, p_lane, (p_asked->>'shard')::int, p_who);
    WHEN 'undelete' THEN RETURN wakala.tenant_undelete(p_id, p_lane, p_who);
    WHEN 'page' THEN RETURN wakala.tenant_page((p_asked->>'after')::uuid, (p_asked->>'limit')::int);
    WHEN 'get' THEN
      IF NOT EXISTS (SELECT FROM wakala.tenant WHERE id = p_id) THEN
        PERFORM wakala.refuse('tenant.unknown', 'there is no such tenant');
      END IF;
      RETURN wakala.tenant_json(p_id);
  END CASE;
END $$;

DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'wakala'::regnamespace AND (p.proname LIKE 'tenant\_%' AND p.proname <> 'tenant_id') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO wakala_host', f);
  END LOOP;
END $$;
