"""What every bus must do, by the same code for all: test_log.py and test_rabbitmq.py run it. The effect of an event is a row that its subscriber writes."""
import os
import threading
import time

from harness import procs
from harness.procs import until

from .bed import LONG, random

EVENTS = 10000 if LONG else 2000
BACKLOG = 1000000 if LONG else 50000


class Suite:
    """Mixed into a unittest.TestCase; `pair` is the class's bed."""
    pair = None
    flood = 100000 if LONG else 25000

    def setUp(self):
        self.pair.heal()
        self.pair.clear()

    def tearDown(self):
        findings = [f for host in self.pair.hosts() for f in host.findings()]
        self.assertEqual(findings, [])

    def check(self, seconds=60):
        self.pair.wait_all(seconds)
        wanted, missing, doubled, disordered = self.pair.audit()
        self.assertEqual((missing, doubled, disordered), (0, 0, 0), self.pair.bus_words())
        return wanted

    def dead(self, *names):
        names = ", ".join(f"'{name}'" for name in names)
        return self.pair.sql(f"SELECT key, attempts FROM wakala.dead WHERE state = 'dead' AND name IN ({names}) ORDER BY key")

    def test_a_order_per_key(self):
        for i in range(10):
            self.assertTrue(self.pair.post(n=50, first=i * 50, keys=7, host=self.pair.hosts()[i % 2]))
        self.assertEqual(self.check(), 1000)

    def test_b_different_keys_run_side_by_side(self):
        """Ten of a key take ten times as long as one; ten keys of one event each do not."""
        begin = time.monotonic()
        for i in range(10):
            self.assertTrue(self.pair.post(n=1, first=i, key=f"side{i}", sleep_ms=300))
        self.check()
        beside = time.monotonic() - begin
        begin = time.monotonic()
        self.assertTrue(self.pair.post(n=6, first=0, key="row", sleep_ms=300))
        self.check()
        self.assertGreaterEqual(time.monotonic() - begin, 1.8)
        self.assertLess(beside, 2.5, "ten events of different keys, 0.3 s each")

    def test_c_both_hosts_share_the_lanes_and_both_handle(self):
        self.pair.wait_shared()
        until(lambda: sorted(self.pair.owners().values()) == [32, 32], 20, "even shares", lambda: str(self.pair.owners()))
        before = [self.pair.metrics(host).get("wakala_events_handled_total", 0) for host in self.pair.hosts()]
        self.assertTrue(self.pair.post(n=400, keys=200))
        self.check()

        def gained():
            now = [self.pair.metrics(host).get("wakala_events_handled_total", 0) for host in self.pair.hosts()]
            return [b - a for a, b in zip(before, now)]
        until(lambda: sum(gained()) >= 800, 5, "counters have come")
        self.assertGreater(min(gained()), 100, gained())

    def test_d_retries_keep_the_order_of_their_key_and_let_others_pass(self):
        self.assertTrue(self.pair.post(n=1, first=1, key="slow", fail=1))
        self.assertTrue(self.pair.post(n=20, first=2, key="slow"))
        self.assertTrue(self.pair.post(n=20, first=0, key="quick"))
        until(lambda: self.pair.sql("SELECT count(*) FROM probe_seen WHERE key = 'quick'") == [["40"]], 3, "the other key passes")
        self.assertEqual(self.check(), 82)
        self.assertEqual(self.pair.sql("SELECT DISTINCT attempt FROM probe_seen WHERE key = 'slow' AND n = 1"), [["2"]])

    def test_e_what_always_fails_becomes_a_dead_letter_and_frees_its_key(self):
        self.assertTrue(self.pair.post(n=1, first=1, key="bad", fail=9))
        self.assertTrue(self.pair.post(n=5, first=2, key="bad"))

        def buried():
            self.pair.advance(6)
            return len(self.dead("probe.a", "probe.b")) == 2
        until(buried, 30, "two dead letters", self.pair.host.tail)
        until(lambda: self.pair.sql("SELECT count(*) FROM probe_seen WHERE key = 'bad'") == [["10"]], 10, "the key is free")
        self.assertEqual(self.dead("probe.a", "probe.b"), [["bad", "4"], ["bad", "4"]])
        self.assertEqual(self.pair.audit()[2:], [0, 0])

    def test_f_what_kills_its_worker_is_set_aside(self):
        self.assertTrue(self.pair.post(n=1, type="probe.poison", key="killer"))
        until(lambda: self.dead("probe.poison"), 60, "the poison lies with the dead letters", self.pair.host.tail)
        self.pair.heal()
        for host in self.pair.hosts():  # what was asked for is no finding
            self.assertEqual([f for f in host.findings() if "ERROR" in f and "SEGV" not in f], [])
            os.truncate(host.log, 0)
        self.assertTrue(self.pair.post(n=20, keys=5))
        self.assertEqual(self.check(), 40)

    def high(self, i):
        """Seconds from the post of one high event to its effect."""
        begin = time.monotonic()
        self.assertTrue(self.pair.post(n=1, first=i, type="probe.high", key=f"high{i}"))
        until(lambda: self.pair.sql(f"SELECT 1 FROM probe_seen WHERE key = 'high{i}'"), 20, f"high event {i} takes effect")
        return time.monotonic() - begin

    def test_g_a_flood_of_low_does_not_delay_high(self):
        alone = sorted(self.high(i) for i in range(9))
        self.assertTrue(self.pair.post(n=100, keys=100, type="probe.low"))
        self.pair.flood("probe.low", 2, self.flood)
        flooded = sorted(self.high(100 + i) for i in range(9))
        left = int(self.pair.sql("SELECT (SELECT count(*) FROM wakala.event WHERE type = 'probe.low') - (SELECT count(*) FROM probe_seen s JOIN wakala.event e "
                                 "ON e.id = s.event_id WHERE e.type = 'probe.low')")[0][0])
        print(f"  high alone {alone[4] * 1000:.0f} ms, in the flood {flooded[4] * 1000:.0f} ms, worst {flooded[-1] * 1000:.0f} ms; {left} low events left", flush=True)
        self.assertGreater(left, 500, "the flood was over before the last high event")
        # Both share two cores with the load; a high event that queued behind the flood would take seconds.
        self.assertLess(flooded[4], 8 * alone[4] + 0.1)
        until(lambda: self.pair.sql("SELECT count(DISTINCT event_id) = (SELECT count(*) FROM wakala.event WHERE type = 'probe.low') FROM probe_seen s "
                                    "JOIN wakala.event e ON e.id = s.event_id WHERE e.type = 'probe.low'") == [["t"]], 240, "the flood is handled")

    def test_h_whatever_dies_nothing_is_lost_or_doubled(self):
        seed = int(os.environ.get("WAKALA_TEST_SEED") or random.SystemRandom().randrange(1 << 30))
        dice = random.Random(seed)
        print(f"  WAKALA_TEST_SEED={seed}", flush=True)
        batches, acknowledged, sent, struck = EVENTS // 25, 0, 0, []
        # Every part dies at least once, at drawn places.
        strikes = self.pair.parts() + [dice.choice(self.pair.parts()) for _ in range(1 if not LONG else 10)]
        at = {}
        for what in strikes:
            at.setdefault(dice.randrange(batches // 10, batches), []).append(what)
        while acknowledged < EVENTS and sent < 4 * batches:
            for what in at.pop(sent, []):
                struck.append(what)
                self.pair.strike(what, dice)
            if self.pair.post(n=25, first=sent * 25, keys=20, host=dice.choice(self.pair.hosts()), fail=int(dice.random() < 0.02), first_fails=1):
                acknowledged += 25
            sent += 1
            if sent == batches:  # what was drawn for later happens while the rest is handled
                for rest in [what for n in sorted(at) for what in at.pop(n)]:
                    struck.append(rest)
                    self.pair.strike(rest, dice)
            if sent % 40 == 0:
                time.sleep(dice.random())
        self.assertGreaterEqual(acknowledged, EVENTS, f"seed {seed}: {struck}")
        self.pair.heal()
        wanted = self.check(240)
        self.assertGreaterEqual(wanted, 2 * acknowledged, f"seed {seed}: acknowledged events are not in the log")
        print(f"  {acknowledged} acknowledged, {wanted // 2} in the log, struck: {', '.join(struck)}", flush=True)

    def rss_mb(self):
        return sum(procs.resident(pid) for host in self.pair.hosts() for pid in host.workers()) / (1 << 20)

    def test_i_a_backlog_is_drained_with_flat_memory(self):
        def handled():
            return self.pair.total("wakala_events_handled_total")
        self.assertTrue(self.pair.post(n=100, keys=50, type="probe.lone"))
        time.sleep(1.5)
        before, begin = handled(), time.monotonic()
        first, sizes, stop = self.rss_mb(), [], threading.Event()

        def watch():
            while not stop.wait(0.1):
                try:
                    sizes.append((handled() - before, self.rss_mb()))
                except OSError:  # the host's metrics, not now
                    continue
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            self.pair.flood("probe.lone", 1, BACKLOG)
            stored = time.monotonic() - begin
            until(lambda: handled() - before >= BACKLOG, 120 + BACKLOG / 1000, "the backlog is handled", lambda: f"{handled() - before} {self.pair.bus_words()}")
        finally:
            stop.set()
            watcher.join()
        seconds = time.monotonic() - begin
        early = max((mb for n, mb in sizes if n <= BACKLOG / 3), default=first)
        late = max((mb for n, mb in sizes if n > BACKLOG / 3), default=first)
        print(f"  {BACKLOG} events stored in {stored:.1f} s, handled after {seconds:.1f} s: {BACKLOG / seconds:.0f}/s; workers {first:.0f} MB, "
              f"{early:.0f} in the first third, {late:.0f} later", flush=True)
        self.assertEqual(handled() - before, BACKLOG)
        # Readers fill what they may hold (500 events a lane and class), and then it is all the same how much is left.
        # A sanitizer keeps what was freed, 256 MB a process.
        self.assertLess(early, first + 200 + 256 * sum(len(host.workers()) for host in self.pair.hosts()))
        self.assertLess(late, 1.15 * early + 30, "memory grows with the backlog")
