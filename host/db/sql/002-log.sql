-- The log, once per server: events, who has read how far, what failed, what is due. docs/design/log.md.

CREATE SEQUENCE wakala.event_seq;
-- Readers follow (xid, seq), not seq: a transaction may take its seq late and commit early, and a reader that moved on by seq alone would
-- skip the lower seq of a writer still at work. Every xid below the snapshot's xmin is finished, so that order has no holes.
CREATE TABLE wakala.event (
  seq       bigint NOT NULL DEFAULT nextval('wakala.event_seq'),
  xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
  class     smallint NOT NULL,
  lane      smallint NOT NULL,
  version   smallint NOT NULL DEFAULT 1,
  id        uuid NOT NULL,
  tenant_id uuid NOT NULL,
  at        timestamptz NOT NULL,
  type      text NOT NULL,
  key       text NOT NULL,
  payload   text NOT NULL,
  trace     text
) PARTITION BY RANGE (seq);
CREATE INDEX event_lane ON wakala.event (class, lane, xid, seq);
CREATE INDEX event_seq_only ON wakala.event (seq);
ALTER TABLE wakala.event ENABLE ROW LEVEL SECURITY;
ALTER TABLE wakala.event FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON wakala.event FOR INSERT TO wakala_app WITH CHECK (tenant_id = wakala.tenant_id());
CREATE POLICY host ON wakala.event TO wakala_host USING (true) WITH CHECK (true);
GRANT INSERT ON wakala.event TO wakala_app;
GRANT SELECT, INSERT ON wakala.event TO wakala_host;
GRANT USAGE ON SEQUENCE wakala.event_seq TO wakala_app, wakala_host;

-- What was already stored from outside, for 8 days (senders retry for 7): by the day of the message's own time, so that a retry meets its first
-- copy in the same partition. k is the first half of SHA-256 over channel, address and the sender's id.
CREATE TABLE wakala.seen (
  day date NOT NULL,
  k   uuid NOT NULL,
  PRIMARY KEY (day, k)
) PARTITION BY RANGE (day);
CREATE TABLE wakala.seen_other PARTITION OF wakala.seen DEFAULT; -- times that cannot be right
GRANT SELECT, INSERT ON wakala.seen TO wakala_host;

CREATE TABLE wakala.subscription (
  name       text PRIMARY KEY, -- "<plugin>.<name>"
  pattern    text NOT NULL,
  start_xid  xid8 NOT NULL,    -- events before this are not its business
  created_at timestamptz NOT NULL DEFAULT wakala.now()
);
CREATE TABLE wakala.cursor (
  name  text NOT NULL,
  class smallint NOT NULL,
  lane  smallint NOT NULL,
  xid   xid8 NOT NULL,
  seq   bigint NOT NULL,
  PRIMARY KEY (name, class, lane)
) WITH (fillfactor = 50);
-- Handlers that wrote, ahead of the cursor: inserted by the handler's own commit, removed when the cursor has passed.
CREATE TABLE wakala.mark (
  name  text NOT NULL,
  class smallint NOT NULL,
  lane  smallint NOT NULL,
  seq   bigint NOT NULL,
  PRIMARY KEY (class, lane, name, seq)
);
-- A lane has one owner; whoever takes it raises the epoch, and a writer with an old epoch writes no cursor.
CREATE TABLE wakala.lane (
  lane  smallint PRIMARY KEY CHECK (lane BETWEEN 0 AND 63),
  epoch bigint NOT NULL DEFAULT 0,
  owner text NOT NULL DEFAULT ''
);
INSERT INTO wakala.lane (lane) SELECT generate_series(0, 63);
-- A failed event and those of its key behind it. next_at NULL: waits for the one before it.
CREATE TABLE wakala.parked (
  name      text NOT NULL,
  class     smallint NOT NULL,
  lane      smallint NOT NULL,
  xid       xid8 NOT NULL,
  seq       bigint NOT NULL,
  tenant_id uuid NOT NULL,
  key       text NOT NULL,
  attempts  integer NOT NULL DEFAULT 0,
  next_at   timestamptz,
  first_at  timestamptz,
  last_at   timestamptz,
  code      text,
  error     text,
  PRIMARY KEY (name, seq)
);
CREATE INDEX parked_lane ON wakala.parked (class, lane, name, tenant_id, key, xid, seq);
CREATE TABLE wakala.dead (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name      text NOT NULL,
  class     smallint NOT NULL,
  lane      smallint NOT NULL,
  seq       bigint NOT NULL,
  event_id  uuid NOT NULL,
  tenant_id uuid NOT NULL,
  type      text NOT NULL,
  key       text NOT NULL,
  payload   text NOT NULL,
  attempts  integer NOT NULL,
  code      text NOT NULL,
  error     text NOT NULL,
  first_at  timestamptz NOT NULL,
  last_at   timestamptz NOT NULL DEFAULT wakala.now(),
  state     text NOT NULL DEFAULT 'dead' CHECK (state IN ('dead', 'requeued'))
);
CREATE INDEX dead_open ON wakala.dead (id) WHERE state = 'dead';
GRANT SELECT, INSERT, UPDATE, DELETE ON wakala.subscription, wakala.cursor, wakala.mark, wakala.parked, wakala.dead TO wakala_host;
GRANT SELECT, UPDATE ON wakala.lane TO wakala_host;
GRANT INSERT ON wakala.mark TO wakala_app;
-- A parked event is done when its handler's commit removes it.
GRANT SELECT, DELETE ON wakala.parked TO wakala_app;
ALTER TABLE wakala.parked ENABLE ROW LEVEL SECURITY;
ALTER TABLE wakala.parked FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON wakala.parked TO wakala_app USING (tenant_id = wakala.tenant_id());
CREATE POLICY host ON wakala.parked TO wakala_host USING (true) WITH CHECK (true);

CREATE TABLE wakala.timer (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  key       text NOT NULL,
  name      text NOT NULL,
  due       timestamptz NOT NULL,
  class     smallint NOT NULL,
  lane      smallint NOT NULL,
  type      text NOT NULL,
  version   smallint NOT NULL DEFAULT 1,
  payload   text NOT NULL,
  PRIMARY KEY (tenant_id, key, name)
);
CREATE INDEX timer_due ON wakala.timer (due);
ALTER TABLE wakala.timer ENABLE ROW LEVEL SECURITY;
ALTER TABLE wakala.timer FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON wakala.timer TO wakala_app USING (tenant_id = wakala.tenant_id()) WITH CHECK (tenant_id = wakala.tenant_id());
CREATE POLICY host ON wakala.timer TO wakala_host USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON wakala.timer TO wakala_app, wakala_host;

-- What we told people, and what became of it. Statuses are merged here in bulk by the host.
CREATE TABLE wakala.outbound (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  id         uuid NOT NULL, -- the id of the event that asked for it; comes back as callback data
  channel    text NOT NULL,
  address    text NOT NULL,
  recipient  text NOT NULL,
  body       text NOT NULL,
  state      text NOT NULL CHECK (state IN ('sending', 'sent', 'failed')),
  rank       smallint NOT NULL DEFAULT 0, -- 1 sent 2 delivered 3 read 4 played
  attempts   integer NOT NULL DEFAULT 1,
  wamid      text,
  error_code integer,
  sent_at    timestamptz NOT NULL DEFAULT wakala.now(), -- last attempt
  created_at timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 80);
CREATE INDEX outbound_wamid ON wakala.outbound (wamid) WHERE wamid IS NOT NULL;
ALTER TABLE wakala.outbound ENABLE ROW LEVEL SECURITY;
ALTER TABLE wakala.outbound FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON wakala.outbound TO wakala_app USING (tenant_id = wakala.tenant_id()) WITH CHECK (tenant_id = wakala.tenant_id());
CREATE POLICY host ON wakala.outbound TO wakala_host USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON wakala.outbound TO wakala_app;
GRANT SELECT, UPDATE ON wakala.outbound TO wakala_host;

-- Authentic, but nobody's or not understood: kept for a person to look at, never answered.
CREATE TABLE wakala.quarantine (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL DEFAULT wakala.now(),
  channel text NOT NULL,
  address text NOT NULL DEFAULT '',
  why     text NOT NULL,
  body    bytea NOT NULL
);
-- Statuses that fit no message of ours (yet).
CREATE TABLE wakala.orphan_status (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT wakala.now(),
  tenant_id  uuid NOT NULL,
  wamid      text NOT NULL,
  callback   text,
  rank       smallint NOT NULL,
  error_code integer
);
GRANT SELECT, INSERT, DELETE ON wakala.quarantine, wakala.orphan_status TO wakala_host;

-- Partitions are made ahead and old ones dropped here, by any worker, every ten seconds; one at a time. At 20,000 events a second the two that
-- are always ahead last more than eight minutes. They are made beside the table and attached: CREATE TABLE .. PARTITION OF would lock the parent
-- against everybody and wait behind a backup, with all writers of the log waiting behind it.
CREATE TABLE wakala.event_part (
  first bigint PRIMARY KEY,
  last  bigint NOT NULL
);
CREATE FUNCTION wakala.maintain() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  size constant bigint := 5000000;
  made bigint;
  at_seq bigint;
  d date;
  p record;
BEGIN
  IF NOT pg_try_advisory_xact_lock(7310001) THEN
    RETURN;
  END IF;
  SELECT coalesce(max(last), 0) INTO made FROM wakala.event_part;
  SELECT last_value INTO at_seq FROM wakala.event_seq;
  WHILE made < at_seq + 2 * size LOOP
    EXECUTE format('CREATE TABLE wakala.event_%s (LIKE wakala.event INCLUDING DEFAULTS)', made / size);
    EXECUTE format('ALTER TABLE wakala.event ATTACH PARTITION wakala.event_%s FOR VALUES FROM (%s) TO (%s)', made / size, made, made + size);
    INSERT INTO wakala.event_part VALUES (made, made + size);
    made := made + size;
  END LOOP;
  -- Days: whoever holds one of these tables for long (a backup) stops only this block, and for half a second; two days are ahead.
  BEGIN
    FOR i IN -8..2 LOOP
      d := (wakala.now() AT TIME ZONE 'UTC')::date + i;
      IF to_regclass(format('wakala.seen_%s', to_char(d, 'YYYYMMDD'))) IS NULL
         AND NOT EXISTS (SELECT FROM wakala.seen_other WHERE day = d) THEN
        EXECUTE format('CREATE TABLE wakala.seen_%s (LIKE wakala.seen INCLUDING DEFAULTS)', to_char(d, 'YYYYMMDD'));
        EXECUTE format('ALTER TABLE wakala.seen ATTACH PARTITION wakala.seen_%s FOR VALUES FROM (%L) TO (%L)', to_char(d, 'YYYYMMDD'), d, d + 1);
      END IF;
    END LOOP;
    FOR p IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'wakala.seen'::regclass AND c.relname ~ '^seen_[0-9]{8}$'
               AND c.relname < 'seen_' || to_char((wakala.now() AT TIME ZONE 'UTC')::date - 8, 'YYYYMMDD') LOOP
      SET LOCAL lock_timeout = '50ms'; -- this one does lock the parent
      EXECUTE format('DROP TABLE wakala.%I', p.relname);
    END LOOP;
  EXCEPTION WHEN lock_not_available THEN
    NULL;
  END;
END $$;
REVOKE ALL ON FUNCTION wakala.maintain() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wakala.maintain() TO wakala_host;
SELECT wakala.maintain();
