"""The log: every event once per subscriber, in order per key, whatever dies; parked, dead, requeued; timers by the clock that tests move."""
import os
import random
import signal
import unittest

from harness import procs
from harness.procs import until

from .small import Case, Session


class Log(Case):
    def done(self, n, seconds=40):
        def all_seen():
            seen = self.small.counts()["seen"]
            return seen.get("a") == [n, n] and seen.get("b") == [n, n]
        until(all_seen, seconds, f"a and b have seen {n} events once", lambda: str(self.small.counts()) + "\n" + self.small.host.tail())
        self.assertEqual(self.small.counts()["out_of_order"], 0)

    def setUp(self):
        self.small.sql("TRUNCATE probe_seen")

    def test_each_event_once_and_in_order_per_key(self):
        for i in range(10):
            self.assertEqual(self.small.publish(n=50, first=i * 50, keys=7), 202)
        self.done(500)

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

    def test_failed_events_wait_in_order_and_die_after_three_tries(self):
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


if __name__ == "__main__":
    unittest.main()
