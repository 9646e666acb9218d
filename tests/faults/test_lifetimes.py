"""What ends, and what is left of it: events past their time, the log by days, everything that outlives its lifetime; by the clock that tests move."""
import time
import unittest

from harness.procs import Late, until

from .small import Case
from .test_log import lane_of

DAY = 86400
FIRST_RETRY_S = 2


class Lifetimes(Case):
    def setUp(self):
        self.small.sql("TRUNCATE probe_seen; TRUNCATE wakala.dead")

    def number(self, query):
        return int(self.small.sql(query)[0][0])

    def until_sql(self, query, value, seconds, what):
        until(lambda: self.small.sql(query) == [[str(value)]], seconds, what, lambda: f"{self.small.sql(query)}\n{self.small.host.tail()}")

    def seen(self, key):
        return self.number(f"SELECT count(*) FROM probe_seen WHERE key = '{key}'")

    def test_a_cleanup_that_came_too_late_is_not_the_last_of_its_job(self):
        self.small.sql("DELETE FROM wakala.timer WHERE name = 'host.cleanup' AND key = 'quarantine'; "
                       "INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) VALUES (2, 7, gen_random_uuid(), "
                       "'00000000-0000-0000-0000-000000000000', wakala.now() - interval '2 days', 'host.cleanup', 'quarantine', '{}')")
        self.until_sql("SELECT count(*) FROM wakala.dead WHERE key = 'quarantine' AND code = 'event.expired'", 1, 10, "it is listed")
        self.until_sql("SELECT count(*) FROM wakala.timer WHERE name = 'host.cleanup' AND key = 'quarantine'", 1, 10, "the next one is due")

    def insert(self, kind, key, n=0):
        """An event whose publisher may be disabled."""
        self.small.sql("INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) SELECT 1, "
                       f"{lane_of(self.small.tenant, key)}, gen_random_uuid(), '{self.small.tenant}', wakala.now(), '{kind}', '{key}', "
                       f"'{{\"n\":{n},\"fail\":0}}'")

    def metric(self, name):
        return self.small.host.metrics().get(name, 0)

    # events

    def test_an_event_past_its_time_is_a_dead_letter_and_runs_when_asked_for(self):
        self.small.publish(type="probe.short", key="late", fail=1)  # the retry comes after its minute
        self.until_sql("SELECT count(*) FROM wakala.parked WHERE name = 'probe.short'", 1, 10, "the failed event is parked")
        self.small.advance(120)
        self.until_sql("SELECT count(*) FROM wakala.dead WHERE name = 'probe.short' AND code = 'event.expired'", 1, 15, "it expired")
        self.assertEqual(self.seen("late"), 0)
        number = self.small.sql("SELECT id FROM wakala.dead WHERE name = 'probe.short'")[0][0]
        self.assertIn("event.expired", self.small.host.cli("dead", "list"))
        until(lambda: self.metric("wakala_events_expired_total") >= 1, 5, "it is counted")
        self.small.publish(type="probe.short", key="late", first=1)  # its key is free
        self.until_sql("SELECT count(*) FROM probe_seen WHERE key = 'late' AND n = 1", 1, 10, "the next of the key is handled")
        self.small.host.cli("dead", "requeue", number)
        self.small.advance(FIRST_RETRY_S)  # it fails once, as it was told
        until(lambda: self.small.advance(FIRST_RETRY_S) or self.seen("late") == 2, 20, "it ran, whatever its age", self.small.host.tail)

    def test_three_retries_then_a_dead_letter_with_all_there_is_to_know(self):
        self.small.publish(key="never", fail=9)
        until(lambda: self.small.advance(10) or self.number("SELECT count(*) FROM wakala.dead WHERE key = 'never'") == 2, 40, "dead", self.small.host.tail)
        rows = self.small.sql("SELECT name, attempts, code, error LIKE '%attempt 4%', last_at - first_at > interval '8 seconds' FROM wakala.dead WHERE key = 'never' ORDER BY 1")
        self.assertEqual(rows, [["probe.a", "4", "probe.asked", "t", "t"], ["probe.b", "4", "probe.asked", "t", "t"]])

    # the log

    def conf(self, enabled):
        self.small.conf("probe", f"enabled = {'true' if enabled else 'false'};\n", 21)
        self.small.host.cli("reload", timeout=60)

    def test_a_disabled_plugin_finds_what_it_missed_and_what_went_is_counted(self):
        self.small.publish(key="frozen", n=1)
        self.until_sql("SELECT count(*) FROM probe_seen WHERE key = 'frozen'", 2, 10, "a and b have seen the first")
        self.conf(False)
        try:
            for i in range(1, 4):
                self.insert("probe.work", "frozen", i)
            time.sleep(1.5)  # others' cursors are written
            self.assertEqual(self.seen("frozen"), 2)
        finally:
            self.conf(True)
        self.until_sql("SELECT count(*) FROM probe_seen WHERE key = 'frozen'", 8, 20, "the frozen cursors go on where they stood")
        self.assertEqual(self.small.sql("SELECT string_agg(n::text, '' ORDER BY id) FROM probe_seen WHERE key = 'frozen' AND sub = 'a'"), [["0123"]])

        self.conf(False)
        try:
            for i in range(4, 6):
                self.insert("probe.work", "frozen", i)
            self.pass_days(20)
            self.hours_until(lambda: self.small.sql("SELECT name, lost FROM wakala.subscription WHERE name IN ('probe.a', 'probe.b') ORDER BY 1") ==
                             [["probe.a", "2"], ["probe.b", "2"]], "the old partitions go, and what was in them is counted", 3700)
            self.assertRegex(self.small.host.cli("lanes", "--subscriptions"), r"probe\.a\tprobe\.work\tfrozen\t0\t0\t0\t2\n")
        finally:
            self.conf(True)
        self.small.publish(key="frozen", n=1, first=9)
        self.until_sql("SELECT count(*) FROM probe_seen WHERE key = 'frozen' AND n = 9", 2, 20, "it goes on with what is there")
        until(lambda: "probe.a\tprobe.work\tactive\t0\t0\t0\t2\n" in self.small.host.cli("lanes", "--subscriptions"), 10, "the cursors are written")

    def hours_until(self, condition, what, step):
        """Clean-ups come by the hour. Not too fast: one that has to wait for a day is past its own time."""
        for _ in range(20):
            self.small.advance(step)
            try:
                until(condition, 3, what)
                return
            except Late:
                continue
        raise Late(f"not in {20 * step} s of the database's clock: {what}\n{self.small.host.tail()}")

    def pass_days(self, days):
        """Day by day, with something happening on each."""
        for _ in range(days):
            self.small.advance(DAY)
            self.insert("probe.none", "day")
            until(lambda: self.small.sql("SELECT wakala.maintain(); SELECT 1 FROM wakala.event_part WHERE (begun_at AT TIME ZONE 'UTC')::date = "
                                         "(wakala.now() AT TIME ZONE 'UTC')::date")[-1:] == [["1"]], 5, "the day has begun")  # a worker may be at it

    def test_the_log_is_cut_by_days_and_what_waited_in_an_old_one_is_a_dead_letter(self):
        self.small.publish(key="waits", later_ms=60 * DAY * 1000)
        self.until_sql("SELECT count(*) FROM wakala.parked WHERE key = 'waits'", 2, 10, "the event of the far time is parked")
        self.pass_days(5)
        self.assertEqual(self.number("SELECT count(*) FROM wakala.event_part WHERE (begun_at AT TIME ZONE 'UTC')::date > (wakala.now() AT TIME ZONE 'UTC')::date - 5"), 5)
        parts = self.number("SELECT count(*) FROM wakala.event_part")
        self.pass_days(15)
        self.hours_until(lambda: self.number("SELECT count(*) FROM wakala.dead WHERE key = 'waits' AND code = 'event.expired'") == 2,
                         "what waited is listed, with its payload", 3700)
        self.assertEqual(self.small.sql("SELECT DISTINCT payload LIKE '%until%' FROM wakala.dead WHERE key = 'waits'"), [["t"]])
        self.assertEqual(self.number("SELECT count(*) FROM wakala.parked WHERE key = 'waits'"), 0)
        self.assertLess(self.number("SELECT count(*) FROM wakala.event_part"), parts + 15)
        self.hours_until(lambda: self.number("SELECT count(*) FROM wakala.event WHERE at < wakala.now() - interval '16 days'") == 0,
                         "the others go with it, or a minute later if somebody is in the way", 70)
        until(lambda: self.metric('wakala_cleaned_total{what="events"}') > 0, 5, "counted")

    def test_a_subscription_that_is_behind_keeps_the_log(self):
        slow = "INSERT INTO wakala.subscription (name, pattern, start_xid, active_at) VALUES ('other.host', 'probe.none', '0', 'infinity')"
        self.small.sql(slow)
        try:
            first = self.number("SELECT min(first) FROM wakala.event_part")
            self.pass_days(20)
            self.hours_until(lambda: self.metric('wakala_cleaned_blocked{what="events"}') == 1, "it is said", 3700)
            self.assertEqual(self.number("SELECT min(first) FROM wakala.event_part"), first)
            until(lambda: "because other.host is behind" in self.small.host.text(), 5, "and who")
        finally:
            self.small.sql("DELETE FROM wakala.subscription WHERE name = 'other.host'")
        self.hours_until(lambda: self.number("SELECT min(first) FROM wakala.event_part") > first, "then it goes", 70)

    # everything else

    def test_what_outlives_its_lifetime_goes_and_what_does_not_stays(self):
        made = {
            "outbound": "INSERT INTO wakala.outbound (tenant_id, id, channel, address, recipient, body, state, created_at) "
                        "SELECT '{tenant}', gen_random_uuid(), 'whatsapp', 'a', 'r', '{{}}', 'sent', wakala.now() FROM generate_series(1, {n})",
            "quarantine": "INSERT INTO wakala.quarantine (channel, why, body) SELECT 'whatsapp', 'test', '' FROM generate_series(1, {n})",
            "orphan_status": "INSERT INTO wakala.orphan_status (tenant_id, wamid, rank) SELECT '{tenant}', 'w', 1 FROM generate_series(1, {n})",
            "once": "INSERT INTO wakala.once (tenant_id, owner, key) SELECT '{tenant}', 'probe', gen_random_uuid()::text FROM generate_series(1, {n})",
            "dead": "INSERT INTO wakala.dead (name, class, lane, seq, event_id, tenant_id, type, key, payload, attempts, code, error, first_at) "
                    "SELECT 'probe.a', 1, 1, 0, gen_random_uuid(), '{tenant}', 'probe.work', 'k', '{{}}', 4, 'probe.asked', '', wakala.now() FROM generate_series(1, {n})",
            "seen_other": "INSERT INTO wakala.seen SELECT ('00000000' || substr(gen_random_uuid()::text, 9))::uuid FROM generate_series(1, {n})",
        }
        days = {"outbound": 30, "quarantine": 30, "orphan_status": 7, "once": 30, "dead": 90, "seen_other": 8}
        for table in made:
            self.small.sql(f"DELETE FROM wakala.{table}")
            self.small.sql(made[table].format(tenant=self.small.tenant, n=12000))  # several steps
        def left(table): # days that pass at once make dead letters of their own
            return self.number(f"SELECT count(*) FROM wakala.{table}" + (" WHERE name = 'probe.a'" if table == "dead" else ""))

        half = {table: lifetime * DAY // 2 for table, lifetime in days.items()}
        now = 0
        for table, moment in sorted(half.items(), key=lambda item: item[1]):
            self.advance_with_moments(moment - now)
            now = moment
            self.small.sql(made[table].format(tenant=self.small.tenant, n=10))
        for table, lifetime in sorted(days.items(), key=lambda item: item[1]):
            if lifetime * DAY + 7200 > now:
                self.advance_with_moments(lifetime * DAY + 7200 - now)
                now = lifetime * DAY + 7200
            self.hours_until(lambda: left(table) <= 10, f"old rows of {table} go", 300)  # one that expired on the way comes again within the hour
            if half[table] + lifetime * DAY > now + 7200:
                self.assertEqual(left(table), 10, f"young rows of {table} went too")
        for what in ("dead_letters", "dedupe_keys", "once_keys", "outbound", "quarantine", "orphan_statuses"):
            until(lambda: self.metric(f'wakala_cleaned_total{{what="{what}"}}') > 0, 5, f"{what} are counted")

    def advance_with_moments(self, seconds):
        """Time and the log's order are tied together every ten minutes: also when days pass at once, there is one in each day."""
        while seconds > 0:
            self.small.advance(min(seconds, DAY))
            self.small.sql("SELECT wakala.maintain()")
            seconds -= DAY

    # once, timers

    def test_once_is_once_also_at_the_same_moment_and_after_a_rollback(self):
        def ask(key, fail=0):
            status, body, _ = self.small.request("POST", f"/probe/{self.small.tenant}/once?key={key}&fail={fail}")
            return status, body
        self.assertEqual(ask("a", 1)[0], 422)  # rolled back
        self.assertEqual([ask("a") for _ in range(3)], [(200, b"first"), (200, b"again"), (200, b"again")])
        self.assertEqual(ask("b"), (200, b"first"))
        self.assertEqual(ask("")[0], 500)
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: ask("race")[1], range(64)))
        self.assertEqual((answers.count(b"first"), answers.count(b"again")), (1, 63))

    def test_timers_are_listed_in_order(self):
        for name, seconds in (("second", 7200), ("first", 3600)):
            self.small.request("POST", f"/probe/{self.small.tenant}/timer?in_ms={seconds * 1000}&name={name}")
        status, body, _ = self.small.request("GET", f"/probe/{self.small.tenant}/timers")
        self.assertEqual((status, [line.split()[:2] for line in body.decode().splitlines()]), (200, [["first", "probe.work"], ["second", "probe.work"]]))
        lines = [line.split("\t") for line in self.small.host.cli("timers", self.small.tenant).splitlines()]
        self.assertEqual([line[3:] for line in lines], [["first", "probe.work"], ["second", "probe.work"]])
        self.small.sql("DELETE FROM wakala.timer WHERE key = 'timer'")

    def test_a_hundred_thousand_pending_timers_are_at_most_a_second_late(self):
        many, due = 100000, 4000
        self.small.sql("INSERT INTO wakala.timer (tenant_id, key, name, due, class, lane, type, payload) SELECT "
                       f"'{self.small.tenant}', 'k' || i, 'far', wakala.now() + interval '1 day' + i * interval '1 ms', 1, i % 64, 'probe.light', '{{}}' "
                       f"FROM generate_series(1, {many - due}) i")
        self.small.sql("INSERT INTO wakala.timer (tenant_id, key, name, due, class, lane, type, payload) SELECT "
                       f"'{self.small.tenant}', 'k' || i, 'near', wakala.now() + interval '3 seconds' + i * interval '1 ms', 1, i % 64, 'probe.light', "
                       f"json_build_object('due', extract(epoch FROM wakala.now() + interval '3 seconds' + i * interval '1 ms'))::text FROM generate_series(1, {due}) i")
        self.until_sql("SELECT count(*) FROM wakala.event WHERE type = 'probe.light' AND payload LIKE '%due%'", due, 30, "all have fired")
        late = self.small.sql("SELECT max(l), percentile_cont(0.99) WITHIN GROUP (ORDER BY l), min(l) FROM (SELECT extract(epoch FROM at) - (payload::json->>'due')::float8 AS l "
                              "FROM wakala.event WHERE type = 'probe.light' AND payload LIKE '%due%') t")[0]
        print(f"lateness with {many} pending: max {float(late[0]) * 1000:.0f} ms, p99 {float(late[1]) * 1000:.0f} ms")
        self.assertGreaterEqual(float(late[2]), -0.001)
        self.assertLess(float(late[0]), 1.0)
        self.small.sql("DELETE FROM wakala.timer WHERE key LIKE 'k%'")


if __name__ == "__main__":
    unittest.main()
