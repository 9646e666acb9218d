"""The cache over workers, hosts and Redis: what a commit made untrue is served nowhere a second later; a thousand misses load once."""
import concurrent.futures
import os
import signal
import time
import unittest

from harness import procs
from harness.procs import until
from harness.sim import request

from .small import Case


class Shared(Case):
    """Two workers on one host and two on another, the same database."""
    options = {"redis": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.small.second_host()
        cls.addClassCleanup(cls.other.stop)
        cls.other.start()
        cls.hosts = (cls.small.host, cls.other)

    def setUp(self):
        until(lambda: all(host.is_ready() for host in self.hosts), 20, "both hosts are ready")
        self.small.sql("TRUNCATE probe_kept")

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.other.findings(), [])

    def ask(self, host, path, tenant=None):
        status, _, body = request(host.port, "GET", f"/probe/{tenant or self.small.tenant}/{path}", timeout=10)
        self.assertEqual(status, 200, body)
        return body.decode()

    def keep(self, n, host=None, k="a"):
        host = host or self.small.host
        status = request(host.port, "POST", f"/probe/{self.small.tenant}/keep?k={k}&n={n}", b"", timeout=10)[0]
        self.assertEqual(status, 200)

    def answers(self, k="a", tries=24, tenant=None):
        """{(host, process): values} of every worker that answered."""
        found = {}
        for _ in range(tries):
            for host in self.hosts:
                value, pid = self.ask(host, f"kept?k={k}", tenant).split()
                found.setdefault((host.name, pid), set()).add(value)
        return found

    def warm(self, value):
        def all_workers():
            found = self.answers()
            return len(found) == 4 and all(values == {value} for values in found.values())
        until(all_workers, 20, f"all four workers have kept {value}", lambda: str(self.answers()))

    def metric(self, host, name):
        text = request(host.admin_port, "GET", "/metrics")[2].decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    def no_old_value(self, value):
        """One second after the commit, in no worker of no host."""
        time.sleep(1)  # what is promised
        found = self.answers()
        self.assertEqual({v for values in found.values() for v in values}, {value}, found)

    def test_a_commit_is_seen_by_every_worker_within_a_second(self):
        self.keep(1)
        self.warm("1")
        hits = self.metric(self.small.host, 'wakala_cache_hits_total{level="l1"}')
        for n in (2, 3):
            self.keep(n, self.hosts[n % 2])
            self.no_old_value(str(n))
        until(lambda: self.metric(self.small.host, 'wakala_cache_hits_total{level="l1"}') > hits + 20, 5, "answers came from memory")

    def test_without_redis_the_log_tells(self):
        self.keep(1)
        self.warm("1")
        self.small.redis.kill()
        until(lambda: all('"redis"' in request(h.admin_port, "GET", "/readyz")[2].decode() for h in self.hosts), 5, "Redis is named")
        try:
            for n in (4, 5):
                self.warm(str(n - 3) if n == 4 else "4")
                self.keep(n, self.hosts[n % 2])
                self.no_old_value(str(n))
            self.assertTrue(all(host.is_ready() for host in self.hosts))  # degraded, not out
        finally:
            self.small.redis.start()
        self.keep(6)
        self.no_old_value("6")

    def test_a_mute_redis_costs_little_and_loses_nothing(self):
        self.keep(1)
        self.warm("1")
        self.small.redis.freeze()
        try:
            began = time.monotonic()
            self.keep(7)
            for i in range(20):
                self.ask(self.small.host, f"dear?key=mute{i}&ms=0")
            self.assertLess(time.monotonic() - began, 3)
            self.no_old_value("7")
        finally:
            self.small.redis.thaw()
        self.no_old_value("7")  # what lies in Redis since before is not believed

    def test_a_lost_message_is_made_good(self):
        self.keep(1)
        self.warm("1")
        # A commit whose worker dies before it can tell anybody: the event is in the log, nothing is in Redis.
        self.small.sql("UPDATE probe_kept SET n = 8; INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) VALUES (0, 5, gen_random_uuid(), "
                       f"'{self.small.tenant}', wakala.now(), 'cache.invalidated', 'kept', '{{\"pattern\":\"kept\",\"timestamp\":0}}')")
        self.no_old_value("8")

    def test_the_operator_tells_of_a_change_by_sql(self):
        self.keep(1)
        self.warm("1")
        self.small.sql("UPDATE probe_kept SET n = 9")
        self.small.host.cli("cache", "forget", "Demo A", "kept")
        self.no_old_value("9")
        status, out = self.small.host.cli("cache", "forget", "Demo A", "Not A Tag", check=False)
        self.assertNotEqual(status, 0)
        self.assertIn("allowed are", out)
        status, out = self.small.host.cli("cache", "forget", "Nobody", "kept", check=False)
        self.assertIn("tenant.unknown", out)

    def test_a_dead_worker_tells_through_the_log(self):
        self.keep(1)
        self.warm("1")
        for n in range(10, 14):
            pid = int(self.ask(self.small.host, "kept?k=a").split()[1])
            with concurrent.futures.ThreadPoolExecutor() as pool:
                commit = pool.submit(request, self.small.host.port, "POST", f"/probe/{self.small.tenant}/keep?k=a&n={n}", b"", None, 10)
                procs.send(pid, signal.SIGKILL)
                commit.exception()
            now = self.small.sql("SELECT n FROM probe_kept")[0][0]
            self.small.steady()
            self.no_old_value(now)

    def test_a_thousand_misses_load_once(self):
        key = f"stampede{os.getpid()}"
        loads = sum(self.metric(host, "wakala_probe_loads") for host in self.hosts)
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            made = set(pool.map(lambda i: self.ask(self.hosts[i % 2], f"dear?key={key}&ms=400"), range(1000)))
        self.assertEqual(len(made), 1, made)
        until(lambda: sum(self.metric(host, "wakala_probe_loads") for host in self.hosts) == loads + 1, 5, "it was loaded once",
              lambda: str([self.metric(host, "wakala_probe_loads") for host in self.hosts]))

    def test_tenants_share_nothing(self):
        self.keep(1)
        self.warm("1")
        found = self.answers(tries=6, tenant=self.small.tenants["Demo B"])
        self.assertEqual({v for values in found.values() for v in values}, {"none"})

    def test_the_operator_sees_it(self):
        self.keep(1)
        self.warm("1")
        text = request(self.small.host.admin_port, "GET", "/metrics")[2].decode()
        for name in ("wakala_cache_bytes{worker=\"0\"}", "wakala_cache_invalidations_total{from=\"call\"}", "wakala_cache_loads_total", "wakala_redis_commands_total"):
            self.assertIn(name, text)
        self.assertGreater(self.metric(self.small.host, "wakala_cache_bytes"), 0)


class Alone(Case):
    """One host, no Redis."""

    def test_each_worker_loads_once_and_forgets_at_the_commit(self):
        def is_warm():  # doubt when the log begins to be read empties a worker once
            before = self.loads()
            for _ in range(20):
                self.small.request("GET", f"/probe/{self.small.tenant}/dear?key=first&ms=0")
            time.sleep(0.1)
            return self.loads() == before
        until(is_warm, 20, "both workers keep what they load")
        loads = self.loads()
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            made = set(pool.map(lambda _: self.small.request("GET", f"/probe/{self.small.tenant}/dear?key=alone&ms=300")[1], range(300)))
        self.assertLessEqual(len(made), 2)
        until(lambda: loads < self.loads() <= loads + 2, 5, "each worker loaded once", lambda: str(self.loads()))
        for n in range(1, 6):
            self.assertEqual(self.small.request("POST", f"/probe/{self.small.tenant}/keep?k=a&n={n}")[0], 200)
            for _ in range(10):  # both workers of the machine, at once: the cells are theirs together
                self.assertEqual(self.small.request("GET", f"/probe/{self.small.tenant}/kept?k=a")[1].split()[0], str(n).encode())

    def loads(self):
        text = request(self.small.host.admin_port, "GET", "/metrics")[2].decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith("wakala_probe_loads"))


if __name__ == "__main__":
    unittest.main()
