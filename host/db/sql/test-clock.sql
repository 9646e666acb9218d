-- Only in a database made with --test-clock: tests move the one clock that decides. Workers learn of it by notification.
CREATE TABLE IF NOT EXISTS wakala.test_clock (shift interval NOT NULL);
INSERT INTO wakala.test_clock SELECT '0' WHERE NOT EXISTS (SELECT FROM wakala.test_clock);
GRANT SELECT ON wakala.test_clock TO wakala_app, wakala_host, wakala_search;
CREATE OR REPLACE FUNCTION wakala.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
  AS 'SELECT clock_timestamp() + (SELECT shift FROM wakala.test_clock)';
CREATE OR REPLACE FUNCTION wakala.advance(by interval) RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
  UPDATE wakala.test_clock SET shift = shift + by;
  PERFORM pg_notify('wakala_clock', '');
  RETURN wakala.now();
END $$;
