-- What every webhook writes stands side by side: dedupe keys of one hour, and one index of the log instead of two. docs/design/inbox.md, log.md.

-- What was already stored from outside, for 8 days (senders retry for 7). k begins with the hour of the message's own time (4 bytes, seconds), then
-- comes the first part of SHA-256 over channel, address and the sender's id: a retry meets its first copy in the same place, a day is a range of k, and
-- the keys of a day are not all over its index: after each checkpoint the WAL gets every page that is touched whole. Not the second itself: who makes
-- a message anew to send it again may give it another.
-- Nothing was released with keys of the earlier shape; they cannot be turned into this one, for they do not hold the time.
DROP TABLE wakala.seen;
CREATE TABLE wakala.seen (k uuid PRIMARY KEY) PARTITION BY RANGE (k);
CREATE TABLE wakala.seen_other PARTITION OF wakala.seen DEFAULT; -- days that have no table of their own
GRANT SELECT, INSERT ON wakala.seen TO wakala_host;

-- The log is scanned in its order by everybody, whatever the lane, and mostly at its end: one range of this index. An index by lane had 64 places to
-- grow at and was looked into 64 times for one reading. Whoever names an event names its place: (xid, seq).
CREATE INDEX event_order ON wakala.event (xid, seq);
DROP INDEX wakala.event_lane, wakala.event_seq_only;
ALTER TABLE wakala.dead ADD COLUMN xid xid8;
UPDATE wakala.dead d SET xid = e.xid FROM wakala.event e WHERE e.seq = d.seq;

CREATE FUNCTION wakala.seen_from(d date) RETURNS uuid LANGUAGE sql IMMUTABLE
  AS $$ SELECT (lpad(to_hex(extract(epoch FROM d)::bigint), 8, '0') || '-0000-0000-0000-000000000000')::uuid $$;

-- Partitions are made ahead and old ones dropped here, by any worker, every ten seconds; one at a time. At 20,000 events a second the two that
-- are always ahead last more than eight minutes. They are made beside the table and attached: CREATE TABLE .. PARTITION OF would lock the parent
-- against everybody and wait behind a backup, with all writers of the log waiting behind it.
CREATE OR REPLACE FUNCTION wakala.maintain() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '500ms' AS $$
DECLARE
  size constant bigint := 5000000;
  made bigint;
  at_seq bigint;
  d date;
  today date := (wakala.now() AT TIME ZONE 'UTC')::date;
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
    FOR p IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'wakala.seen'::regclass AND c.relname ~ '^seen_[0-9]{8}$'
               AND c.relname < 'seen_' || to_char(today - 8, 'YYYYMMDD') LOOP
      SET LOCAL lock_timeout = '50ms'; -- this one does lock the parent
      EXECUTE format('DROP TABLE wakala.%I', p.relname);
    END LOOP;
  EXCEPTION WHEN lock_not_available THEN
    NULL;
  END;
END $$;
SELECT wakala.maintain();
