-- What is kept how long, and how it goes: docs/design/lifetimes.md. The lifetimes themselves stand in wakala.conf.

-- Events whose type has a time to live, and those that nobody handled before they went, are dead letters like any other. An operator's order
-- (requeue, replay) is carried out whatever the event's age.
ALTER TABLE wakala.parked ADD COLUMN is_asked boolean NOT NULL DEFAULT false;
ALTER TABLE wakala.dead DROP CONSTRAINT dead_state_check;
ALTER TABLE wakala.dead ADD CONSTRAINT dead_state_check CHECK (state IN ('dead', 'requeued', 'dropped'));

-- A subscription that no running host has is frozen: its cursors stay where they are. What went before it came back is counted here.
ALTER TABLE wakala.subscription ADD COLUMN active_at timestamptz NOT NULL DEFAULT wakala.now(), ADD COLUMN lost bigint NOT NULL DEFAULT 0;

-- What a handler must do once, whatever it is called: wk_once().
CREATE TABLE wakala.once (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  owner     text NOT NULL, -- plugin
  key       text NOT NULL,
  at        timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, owner, key)
);
ALTER TABLE wakala.once ENABLE ROW LEVEL SECURITY;
ALTER TABLE wakala.once FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON wakala.once TO wakala_app USING (tenant_id = wakala.tenant_id()) WITH CHECK (tenant_id = wakala.tenant_id());
CREATE POLICY host ON wakala.once TO wakala_host USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON wakala.once TO wakala_app;
GRANT SELECT, DELETE ON wakala.once TO wakala_host;

-- Old rows are found by the order in which they were written, which costs a writer next to nothing.
CREATE INDEX once_at ON wakala.once USING brin (at) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX outbound_created ON wakala.outbound USING brin (created_at) WITH (pages_per_range = 16, autosummarize = on);
GRANT DELETE ON wakala.outbound TO wakala_host;
GRANT SELECT, DELETE ON wakala.seen_other TO wakala_host;

-- From a time to the log's order: every transaction that began after `at` has an xid that is not below. One row in ten minutes.
CREATE TABLE wakala.moment (
  at  timestamptz PRIMARY KEY,
  xid xid8 NOT NULL
);
GRANT SELECT, INSERT, DELETE ON wakala.moment TO wakala_host;
GRANT SELECT ON wakala.event_part TO wakala_host;
GRANT SELECT ON SEQUENCE wakala.event_seq TO wakala_host;
-- Times lie up to five seconds (the longest transaction) beside the order of xids; a minute is safe.
CREATE FUNCTION wakala.xid_from(t timestamptz) RETURNS xid8 LANGUAGE sql STABLE
  AS $$ SELECT coalesce((SELECT xid FROM wakala.moment WHERE at <= t - interval '1 minute' ORDER BY at DESC LIMIT 1), '0'::xid8) $$;
CREATE FUNCTION wakala.xid_until(t timestamptz) RETURNS xid8 LANGUAGE sql STABLE
  AS $$ SELECT coalesce((SELECT xid FROM wakala.moment WHERE at >= t + interval '1 minute' ORDER BY at LIMIT 1), '9223372036854775807'::xid8) $$;

-- Does a subscription take a type? "order.created", "order.*"; "*.incoming" is the host's own.
CREATE FUNCTION wakala.matches(pattern text, type text) RETURNS boolean LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE WHEN pattern LIKE '%*' THEN starts_with(type, left(pattern, -1)) WHEN pattern LIKE '*%' THEN type LIKE '%' || substr(pattern, 2) ELSE type = pattern END $$;

-- UUIDv7: the database's time in milliseconds in front, so that an id leads to its place in the log.
CREATE FUNCTION wakala.uuid7(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE
  AS $$ SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid $$;

-- The log is cut by days, or nothing could be dropped for weeks where little happens. A partition is a range of seq and is never cut while it is
-- written: with the day's first look the sequence jumps to the next one, which stands there already. Who drew a number before still has room.
ALTER TABLE wakala.event_part ADD COLUMN begun_at timestamptz;

-- Partitions are made ahead here, by any worker, every ten seconds; one at a time. At 20,000 events a second the two that are always ahead last more
-- than eight minutes. They are made beside the table and attached: CREATE TABLE .. PARTITION OF would lock the parent against everybody and wait
-- behind a backup, with all writers of the log waiting behind it. Old ones are dropped by the clean-up, not here.
CREATE OR REPLACE FUNCTION wakala.maintain() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '500ms' AS $$
DECLARE
  size constant bigint := 5000000;
  made bigint;
  at_seq bigint;
  is_drawn boolean;
  d date;
  t timestamptz := wakala.now();
  today date := (wakala.now() AT TIME ZONE 'UTC')::date;
  part wakala.event_part;
BEGIN
  IF NOT pg_try_advisory_xact_lock(7310001) THEN
    RETURN;
  END IF;
  INSERT INTO wakala.moment SELECT t, pg_snapshot_xmax(pg_current_snapshot())
    WHERE NOT EXISTS (SELECT FROM wakala.moment WHERE at > t - interval '10 minutes' AND at <= t) ON CONFLICT DO NOTHING;
  SELECT coalesce(max(last), 0) INTO made FROM wakala.event_part;
  SELECT last_value, is_called INTO at_seq, is_drawn FROM wakala.event_seq;
  SELECT * INTO part FROM wakala.event_part WHERE first <= at_seq AND last > at_seq;
  IF part.begun_at IS NULL THEN
    UPDATE wakala.event_part SET begun_at = t WHERE first = part.first;
  ELSIF is_drawn AND (part.begun_at AT TIME ZONE 'UTC')::date < today AND EXISTS (SELECT FROM wakala.event_part WHERE first = part.last) THEN
    at_seq := part.last;
    PERFORM setval('wakala.event_seq', at_seq, false);
    UPDATE wakala.event_part SET begun_at = t WHERE first = at_seq;
  END IF;
  WHILE made < at_seq + 2 * size LOOP
    EXECUTE format('CREATE TABLE wakala.event_%s (LIKE wakala.event INCLUDING DEFAULTS)', made / size);
    EXECUTE format('ALTER TABLE wakala.event ATTACH PARTITION wakala.event_%s FOR VALUES FROM (%s) TO (%s)', made / size, made, made + size);
    INSERT INTO wakala.event_part VALUES (made, made + size);
    made := made + size;
  END LOOP;
  -- Days: whoever holds one of these tables for long (a backup) stops only this block, and for half a second; two days are ahead.
  BEGIN
    FOR i IN -8..2 LOOP
      d := today + i;
      IF to_regclass(format('wakala.seen_%s', to_char(d, 'YYYYMMDD'))) IS NULL THEN
        EXECUTE format('CREATE TABLE wakala.seen_%s (LIKE wakala.seen INCLUDING DEFAULTS)', to_char(d, 'YYYYMMDD'));
        -- Keys of this day that came before it had a table: nobody may add one between the move and the attachment.
        LOCK TABLE wakala.seen_other IN SHARE ROW EXCLUSIVE MODE;
        EXECUTE format('WITH m AS (DELETE FROM wakala.seen_other WHERE k >= wakala.seen_from(%L) AND k < wakala.seen_from(%L) RETURNING k) '
                       'INSERT INTO wakala.seen_%s SELECT k FROM m', d, d + 1, to_char(d, 'YYYYMMDD'));
        EXECUTE format('ALTER TABLE wakala.seen ATTACH PARTITION wakala.seen_%s FOR VALUES FROM (%L) TO (%L)', to_char(d, 'YYYYMMDD'),
                       wakala.seen_from(d), wakala.seen_from(d + 1));
      END IF;
    END LOOP;
  EXCEPTION WHEN lock_not_available THEN
    NULL;
  END;
END $$;

-- Dropping locks the parent for a moment; who would have to wait for it (a backup) is not waited for: NULL, try later.
CREATE FUNCTION wakala.drop_seen(keep interval) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '50ms' AS $$
DECLARE
  n bigint := 0;
  p record;
BEGIN
  FOR p IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = 'wakala.seen'::regclass AND c.relname ~ '^seen_[0-9]{8}$'
             AND c.relname < 'seen_' || to_char((wakala.now() - keep) AT TIME ZONE 'UTC', 'YYYYMMDD') ORDER BY 1 LIMIT 1 LOOP
    EXECUTE format('DROP TABLE wakala.%I', p.relname);
    n := n + 1;
  END LOOP;
  RETURN n;
EXCEPTION WHEN lock_not_available THEN
  RETURN NULL;
END $$;
-- The oldest partition of the log, when it is the one that begins there and nobody draws from it any more.
CREATE FUNCTION wakala.drop_events(part_first bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '50ms' AS $$
DECLARE
  n bigint;
BEGIN
  DELETE FROM wakala.event_part WHERE first = part_first AND first = (SELECT min(first) FROM wakala.event_part)
    AND last <= (SELECT last_value FROM wakala.event_seq) RETURNING 1 INTO n;
  IF n = 1 THEN
    EXECUTE format('DROP TABLE wakala.event_%s', part_first / 5000000);
  END IF;
  RETURN coalesce(n, 0);
EXCEPTION WHEN lock_not_available THEN
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION wakala.drop_seen(interval), wakala.drop_events(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wakala.drop_seen(interval), wakala.drop_events(bigint) TO wakala_host;
SELECT wakala.maintain();
