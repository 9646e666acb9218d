"""The log: every event once per subscriber, in order per key, whatever dies; parked, dead, requeued; timers by the clock that tests move."""
import os
import random
import signal
import threading
import time
import unittest
import uuid

from harness import procs
from harness.procs import until

from .small import Case, Session, message


def lane_of(tenant, key):
    """host/call/lane.c, written a second time."""
    h = 14695981039346656037
    for byte in uuid.UUID(tenant).bytes + key.encode():
        h = (h ^ byte) * 1099511628211 % 2**64
    h ^= h >> 33
    h = h * 0xff51afd7ed558ccd % 2**64
    return (h ^ h >> 33) % 64


class Log(Case):
    def done(self, n, seconds=40):
        def all_seen():
            seen = self.small.counts()["seen"]
            return seen.get("a") == [n, n] and seen.get("b") == [n, n]
        until(all_seen, seconds, f"a and b have seen {n} events once", lambda: str(self.small.counts()) + "\n" + self.small.host.tail())
        self.assertEqual(self.small.counts()["out_of_order"], 0)

    def setUp(self):
        self.small.sql("TRUNCATE probe_seen; TRUNCATE wakala.dead")

    def test_each_event_once_and_in_order_per_key(self):
        for i in range(10):
            self.assertEqual(self.small.publish(n=50, first=i * 50, keys=7), 202)
        self.done(500)

    def test_events_of_one_transaction_stand_in_the_log_as_they_were_published(self):
        """They go as one statement, up to 500 at a time, and an event alone as its own: the rows are the same."""
        for key, n in (("one", 1), ("two", 2), ("most", 499), ("brim", 500), ("over", 501), ("all", 1000)):
            self.assertEqual(self.small.publish(n=n, first=10, key=key, type="probe.light"), 202)
            rows = self.small.sql("SELECT payload::json->>'n', xid, class, lane, version, tenant_id, type, id, trace, at > wakala.now() - interval '1 minute' "
                                  f"FROM wakala.event WHERE key = '{key}' ORDER BY seq")
            self.assertEqual([int(row[0]) for row in rows], list(range(10, 10 + n)))
            self.assertEqual({tuple(row[1:7]) for row in rows},
                             {(rows[0][1], "1", str(lane_of(self.small.tenant, key)), "1", self.small.tenant, "probe.light")})
            self.assertEqual(len({row[7] for row in rows}), n)
            self.assertTrue(all(row[7][14] == "7" and row[8] == rows[0][8] and len(row[8]) == 32 and row[9] == "t" for row in rows))
        self.assertEqual(self.small.publish(n=1001, key="more", type="probe.light"), 500)
        self.assertEqual(self.small.sql("SELECT count(*) FROM wakala.event WHERE key = 'more'"), [["0"]])

    def test_kill_9_of_workers_loses_and_repeats_nothing(self):
        seed = int(os.environ.get("WAKALA_TEST_SEED", "1"))
        dice = random.Random(seed)
        accepted = 0
        for i in range(12):
            if self.small.publish(n=25, first=i * 25, keys=5, fail=int(i % 4 == 0)) == 202:
                accepted += 25
            if dice.random() < 0.4:
                procs.send(dice.choice(self.small.host.workers()), signal.SIGKILL)
                until(lambda: self.small.request("GET", "/probe/hello")[0] == 200, 5, "others are served")
        self.done(accepted, 90)
        until(lambda: self.small.sql("SELECT count(*) FROM wakala.mark") == [["0"]], 10, "marks go with the cursors")

    def test_a_slow_writer_is_not_passed_over(self):
        # Takes a low seq, commits late: a reader that follows seq alone would have moved on.
        event = ("INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) SELECT 1, lane, gen_random_uuid(), tenant_id, "
                 "wakala.now(), 'probe.work', 'slow', '{\"n\":7,\"fail\":0}' FROM wakala.event WHERE type = 'probe.work' ORDER BY seq DESC LIMIT 1")
        self.small.publish(n=1, first=0)
        self.done(1)
        slow = Session(self.small.pg)
        try:
            slow.say(f"BEGIN; {event};")
            for i in range(1, 6):
                self.small.publish(n=4, first=i * 10)
            slow.say("COMMIT;")
        finally:
            slow.close()
        self.done(22)

    def test_failed_events_wait_in_order_and_die_after_three_retries(self):
        self.small.publish(n=1, first=1, fail=1)
        self.small.publish(n=1, first=2)
        self.done(2)
        self.small.publish(n=1, first=3, fail=9)
        self.small.publish(n=1, first=4)

        def dead():
            self.small.advance(6)
            return len(self.small.sql("SELECT id FROM wakala.dead WHERE name IN ('probe.a', 'probe.b') AND state = 'dead'")) == 2
        until(dead, 30, "two dead letters", self.small.host.tail)
        self.done(3)  # the dead letter freed the key
        for row in self.small.sql("SELECT id FROM wakala.dead WHERE state = 'dead' AND name LIKE 'probe.%'"):
            self.assertIn("probe.asked", self.small.host.cli("dead", "show", row[0]))
            self.small.host.cli("dead", "requeue", row[0])

        def back():
            self.small.advance(6)
            return len(self.small.sql("SELECT id FROM wakala.dead WHERE name IN ('probe.a', 'probe.b') AND state = 'dead'")) == 2
        until(back, 30, "asked again, they failed again", self.small.host.tail)

    def test_a_timer_fires_when_the_clock_says_so(self):
        self.small.request("POST", f"/probe/{self.small.tenant}/timer?in_ms=3600000&name=hour")
        self.assertEqual(self.small.sql("SELECT count(*) FROM wakala.timer WHERE name = 'hour'"), [["1"]])
        self.small.advance(3700)
        self.done(1, 5)

    def test_waiting_inside_a_transaction_is_refused(self):
        self.assertEqual(self.small.request("POST", f"/probe/{self.small.tenant}/wait-in-tx")[0], 500)
        self.assertIn("call.wait_in_tx", self.small.host.text())
        self.assertEqual(self.small.counts()["seen"], {})  # rolled back

    def parked(self, sub="probe.a"):
        return int(self.small.sql(f"SELECT count(*) FROM wakala.parked WHERE name = '{sub}'")[0][0])

    def test_a_long_queue_behind_a_failed_event_is_parked_whole(self):
        pids = self.small.host.workers()
        self.small.publish(n=900, fail=1, first_fails=1, key="long")  # parking them takes longer than the clean-up of the failed call may
        self.done(900, 120)
        self.assertEqual(self.small.host.workers(), pids, self.small.host.tail())

    def test_what_comes_behind_a_parked_event_does_not_hold_the_lane(self):
        self.small.publish(n=1, first=0, key="patient", later_ms=3600000)
        until(lambda: self.parked() == 1, 5, "the event of the far time is parked", self.small.host.tail)
        for i in range(1, 21):
            self.small.publish(n=1, first=i, key="patient")
        until(lambda: self.parked() == 21, 5, "the others are parked behind it", lambda: str(self.parked()))
        behind = self.small.sql("SELECT count(*) FROM wakala.event e JOIN wakala.cursor c ON c.name = 'probe.a' AND c.class = e.class AND c.lane = e.lane "
                                "WHERE e.key = 'patient' AND (e.xid, e.seq) > (c.xid, c.seq)")
        self.assertLessEqual(int(behind[0][0]), 21)
        until(lambda: self.small.sql("SELECT count(*) FROM wakala.event e JOIN wakala.cursor c ON c.name = 'probe.a' AND c.class = e.class AND "
                                     "c.lane = e.lane WHERE e.key = 'patient' AND (e.xid, e.seq) > (c.xid, c.seq)") == [["0"]], 5, "the cursor passes")
        self.small.advance(3700)
        self.done(21)
        self.assertEqual(self.parked(), 0)

    def test_a_short_wait_moves_out_of_the_way_of_a_full_lane(self):
        """wk_later() for less than 90 s waits in memory, and the cursor with it: not when hundreds pile up behind."""
        lane = lane_of(self.small.tenant, "waiter")
        other = next(f"o{i}" for i in range(10000) if lane_of(self.small.tenant, f"o{i}") == lane)
        self.small.publish(n=1, first=0, key="waiter", later_ms=60000)
        for i in range(12):
            self.small.publish(n=100, first=1 + i * 100, key=other)
        until(lambda: self.small.counts()["seen"].get("a", [0])[0] == 1200, 40, "the lane goes on", lambda: str(self.small.counts()))
        self.small.advance(70)
        self.done(1201)

    def test_a_timer_that_is_moved_takes_the_new_type_with_its_class(self):
        def timer():
            return self.small.sql("SELECT type, class FROM wakala.timer WHERE name = 'moved'")
        self.small.request("POST", f"/probe/{self.small.tenant}/timer?in_ms=3600000&name=moved")
        self.assertEqual(timer(), [["probe.work", "1"]])
        self.small.request("POST", f"/probe/{self.small.tenant}/timer?in_ms=7200000&name=moved&type=probe.high")
        self.assertEqual(timer(), [["probe.high", "0"]])
        self.small.request("POST", f"/probe/{self.small.tenant}/timer?in_ms=9000000&name=moved&lazy=1")
        self.assertEqual(timer(), [["probe.high", "0"]])  # an earlier one stays
        self.small.request("POST", f"/probe/{self.small.tenant}/timer?in_ms=1800000&name=moved&lazy=1")
        self.assertEqual(timer(), [["probe.work", "1"]])
        self.small.sql("DELETE FROM wakala.timer")

    def test_partitions_are_crossed_and_made_while_a_backup_reads(self):
        first = int(self.small.sql("SELECT max(last) FROM wakala.event_part")[0][0])
        self.small.sql(f"SELECT setval('wakala.event_seq', {first - 5000000 - 15})")
        for i in range(3):
            self.assertEqual(self.small.publish(n=10, first=i * 10, keys=3), 202)
        self.done(30)
        backup = Session(self.small.pg)
        try:
            backup.say("BEGIN; LOCK TABLE wakala.event, wakala.seen, wakala.seen_other IN ACCESS SHARE MODE;")
            until(lambda: int(self.small.sql("SELECT max(last) FROM wakala.event_part")[0][0]) > first, 15, "the next one is made ahead",
                  self.small.host.tail)
            self.small.publish(n=5, first=100)
        finally:
            backup.close()
        self.done(35)
        tables = self.small.sql("SELECT count(DISTINCT tableoid) FROM wakala.event WHERE seq >= " + str(first - 5000000 - 15))
        self.assertEqual(tables, [["2"]])

    def test_lanes_that_lag_catch_up_in_order(self):
        """More than a lane holds in memory, in two lanes, and a little in all others: the two fall behind the tail and come back to it."""
        tenant = self.small.tenant
        keys = [("fat0", 700), ("fat1", 700)] + [(f"thin{i}", 5) for i in range(60)]
        for key, count in keys:
            self.small.sql("INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) SELECT 1, "
                           f"{lane_of(tenant, key)}, gen_random_uuid(), '{tenant}', wakala.now(), 'probe.work', '{key}', "
                           f"json_build_object('n', i, 'fail', 0)::text FROM generate_series(0, {count - 1}) i")
        self.done(1700, 120)
        self.small.publish(n=20, first=0, keys=20)  # at the tail again
        self.done(1720)

    def test_the_cursor_of_a_lane_at_rest_follows_a_log_that_goes_on(self):
        self.small.publish(n=64, first=0, keys=64)
        self.done(64)
        self.small.sql("SELECT setval('wakala.event_seq', last_value + 200000) FROM wakala.event_seq")
        self.small.publish(n=1, first=64)
        self.done(65)
        until(lambda: self.small.sql("SELECT count(*) FROM wakala.cursor WHERE name = 'probe.a' AND xid > (SELECT xid FROM wakala.event ORDER BY seq DESC LIMIT 1)")
              == [["192"]], 10, "64 lanes of three classes", lambda: str(self.small.sql("SELECT count(*) FROM wakala.cursor WHERE name = 'probe.a'")))

    def test_a_tenant_made_while_the_directory_is_read_is_known_at_once(self):
        for i in range(20):
            number = 700000000000000 + i
            self.small.sql(f"WITH t AS (INSERT INTO wakala.tenant (id, name, shard) VALUES (gen_random_uuid(), 'Quick {i}', 1) RETURNING id) "
                           f"INSERT INTO wakala.address (channel, address, account, tenant_id) SELECT 'whatsapp', '{number}', '{number}', id FROM t")
        until(lambda: all(self.known(n) for n in (700000000000000, 700000000000019)), 5, "all are known", self.small.host.tail)

    def known(self, number):
        before = self.small.sql("SELECT count(*) FROM wakala.quarantine")
        for i in range(6):  # every worker
            self.small.webhook(message(str(number), f"wamid.quick.{number}.{os.urandom(6).hex()}"))
        return self.small.sql("SELECT count(*) FROM wakala.quarantine") == before

    def test_lanes_stay_with_their_owners(self):
        def epochs():
            return int(self.small.sql("SELECT sum(epoch) FROM wakala.lane")[0][0])
        self.small.steady()
        procs.send(self.small.host.workers()[0], signal.SIGKILL)
        last = [epochs(), time.monotonic()]

        def calm():
            if epochs() != last[0]:
                last[:] = [epochs(), time.monotonic()]
            shares = self.small.sql("SELECT count(*) FROM wakala.lane GROUP BY owner")  # of one owner until the new worker is there
            return time.monotonic() - last[1] > 4 and shares == [["32"], ["32"]]
        until(calm, 40, "lanes stop moving, and each worker has half", lambda: str(self.small.sql("SELECT owner, count(*), max(epoch) FROM wakala.lane GROUP BY 1")))

    def test_events_are_handled_during_a_reload(self):
        late, stop = [], threading.Event()

        def one(i):
            begin = time.monotonic()
            if self.small.publish(n=1, first=i, key=f"r{i}") != 202:
                return
            until(lambda: self.small.sql(f"SELECT 1 FROM probe_seen WHERE sub = 'a' AND n = {i} AND key = 'r{i}'"), 20, f"event {i} is handled")
            late.append(time.monotonic() - begin)

        def many():
            i = 1000
            while not stop.is_set():
                one(i)
                i += 1
        threads = [threading.Thread(target=many)]
        threads[0].start()
        try:
            for _ in range(3):
                self.small.host.cli("reload", timeout=60)
        finally:
            stop.set()
            threads[0].join()
        self.assertGreater(len(late), 10)
        self.assertLess(max(late), 3, sorted(late)[-5:])


if __name__ == "__main__":
    unittest.main()
