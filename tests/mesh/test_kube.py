"""Registration through the Kubernetes API, against a stand-in that fails in every way the real one does: whatever happens on the way, the mesh comes to
the state that `wakala export istio` prints, and stays there."""
import os
import random
import signal
import threading
import time
import unittest

from harness import procs, yaml_text
from harness.kube import Kube
from harness.procs import until

from . import foreign
from .rig import NAMES, SHARED, Rig

SEED = int(os.environ.get("WAKALA_SEED") or random.randrange(1 << 31))
LABELS = {"app.kubernetes.io/managed-by": "wakala", "app.kubernetes.io/instance": "wakala"}


def checker():
    """The CRDs refuse what does not fit, where they can be had."""
    try:
        schemas, _ = foreign.istio_schemas()
    except unittest.SkipTest:
        return None

    def check(body):
        schema = schemas[(body["apiVersion"], body["kind"])]
        wrong = foreign.problems(schema, {"spec": body["spec"]}, schema)
        if wrong:
            raise ValueError("; ".join(wrong))
    return check


class Registered(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}", flush=True)
        cls.random = random.Random(SEED)
        cls.rig = Rig(workers=2)
        try:
            cls.kube = Kube(cls.rig.dir, NAMES, check=checker()).__enter__()
            cls.addClassCleanup(cls.kube.stop)
            cls.rig.mesh = cls.settings()
            cls.rig.__enter__()
        finally:
            cls.addClassCleanup(cls.rig.stop)
        cls.domains = {}

    @classmethod
    def settings(cls, **more):
        return dict({"register": True, "api_server": cls.kube.url, "token_file": cls.kube.token_file, "ca_file": cls.kube.ca, "interval": "300ms",
                     "request_deadline": "3s"}, **more)

    def setUp(self):
        """Each test begins with the mesh as it shall be: two domains of one tenant."""
        self.kube.faults.clear()
        self.kube.hold = None
        self.rig.pg.sql("DELETE FROM wakala.address WHERE channel = 'domain' AND address NOT IN ('a.example', 'b.example')", "wakala")
        for domain in ("a.example", "b.example"):
            self.rig.host.cli("tenant", "address", "add", "Demo A", "domain", domain)
        self.settle()

    def tearDown(self):
        self.assertEqual(self.rig.host.findings(), [])

    # helpers

    def export(self):
        plural = {kind: name for name, (_, kind) in NAMES.items()}
        return {(plural[one["kind"]], one["metadata"]["name"]): one for one in yaml_text.documents(self.rig.host.cli("export", "istio"))}

    def difference(self, wanted):
        have = self.kube.objects()
        if {key: one for key, one in have.items() if one["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "wakala"} == wanted:
            return None
        return sorted(set(have) ^ set(wanted)) or [key for key in wanted if have[key] != wanted[key]]

    def settle(self, seconds=40):
        """What is there becomes what is exported, and one more round changes nothing."""
        wanted = self.export()
        until(lambda: not self.difference(wanted), seconds, "the mesh is as it shall be",
              lambda: f"differs in {self.difference(wanted)}; last requests {[e[:5] for e in self.kube.log[-8:]]}\n{self.rig.host.tail(6)}")
        return wanted

    def quiet(self):
        """Rounds go on and write nothing."""
        begin, gets = len(self.kube.log), self.kube.count("GET")
        until(lambda: self.kube.count("GET") >= gets + 2 * len(NAMES), 20, "two more rounds", self.rig.host.tail)
        self.assertEqual(self.kube.count("PATCH", begin) + self.kube.count("DELETE", begin), 0, [e[:5] for e in self.kube.log[begin:]])

    def spoil(self):
        """Something to do for the next round: one object more, one less, one changed."""
        name = f"{self.random.choice('cdefgh')}{self.random.randrange(10**6)}.example"
        remove, add = ("a.example", "b.example")[self.random.randrange(2)], name
        self.rig.host.cli("tenant", "address", "add", "Demo B", "domain", add)
        self.rig.host.cli("tenant", "address", "remove", "Demo A", "domain", remove, check=False)  # again in one test: it may be gone
        self.kube.edit("virtualservices", "wakala", {"spec": {"hosts": ["*.elsewhere.example"]}})

    # what happens without faults

    def test_the_mesh_has_what_is_exported_and_then_nothing_more_is_written(self):
        wanted = self.settle()
        self.assertEqual({key for key in wanted if key[1] == "wakala"}, SHARED)
        self.quiet()

    def test_a_change_is_there_without_waiting_for_the_interval(self):
        self.rig.mesh = self.settings(interval="10m")
        self.rig.configure()
        self.assertTrue(self.rig.host.cli("reload", timeout=60))
        try:
            self.settle()
            begin = time.monotonic()
            self.rig.host.cli("tenant", "address", "add", "Demo B", "domain", "soon.example")
            self.settle(10)
            self.assertLess(time.monotonic() - begin, 8)
            self.rig.host.cli("tenant", "address", "remove", "Demo B", "domain", "soon.example")
            self.settle(10)
        finally:
            self.rig.mesh = self.settings()
            self.rig.configure()
            self.rig.host.cli("reload", timeout=60)

    def test_a_tenant_that_gets_a_server_moves_there(self):
        self.rig.own_server("Demo B")
        wanted = self.settle()
        self.assertIn(("destinationrules", "wakala-s-eu1"), wanted)
        self.rig.host.cli("tenant", "move", "Demo B", "--server", "main", timeout=60)
        self.rig.sql("UPDATE wakala.tenant SET isolation = 'pooled' WHERE name = 'Demo B'")
        self.assertNotIn(("destinationrules", "wakala-s-eu1"), self.settle())

    def test_a_thousand_pooled_tenants_add_nothing(self):
        before, requests = self.settle(), len(self.kube.log)
        self.rig.pg.sql("INSERT INTO wakala.tenant (id, name, shard) SELECT gen_random_uuid(), 'Pooled ' || i, 1 + i % 32 FROM generate_series(1, 1000) i", "wakala")
        self.quiet()
        self.assertEqual(self.settle(), before)
        self.assertEqual(self.kube.count("PATCH", requests), 0)
        self.rig.pg.sql("DELETE FROM wakala.tenant WHERE name LIKE 'Pooled %'", "wakala")

    # others in the mesh

    def test_fields_that_somebody_else_sets_are_taken_back_and_what_we_do_not_say_stays(self):
        self.kube.edit("virtualservices", "wakala", {"spec": {"hosts": ["*.mine.example"]}, "metadata": {"annotations": {"note": "by hand"}}}, "kubectl-edit")
        begin = len(self.kube.log)
        until(lambda: self.kube.objects()[("virtualservices", "wakala")]["spec"]["hosts"] == ["*.shops.example"], 20, "the hosts are ours again", self.rig.host.tail)
        patches = [(e[2], e[3]) for e in self.kube.log[begin:] if e[0] == "PATCH"]
        self.assertEqual(patches[:2], [("fieldManager=wakala&force=false", 409), ("fieldManager=wakala&force=true", 200)])
        self.assertEqual(self.kube.objects()[("virtualservices", "wakala")]["metadata"]["annotations"], {"note": "by hand"})
        self.assertEqual(self.kube.owners("virtualservices", "wakala")["kubectl-edit"], ["metadata.annotations.note"])
        self.assertIn("taking fields back", self.rig.host.text())
        self.quiet()
        with self.kube.lock:
            self.kube.store.pop(("virtualservices", "wakala"))
        self.settle()

    def test_conflicts_may_be_left_and_the_rest_goes_on(self):
        self.rig.mesh = self.settings(conflicts="leave")
        self.rig.configure()
        self.rig.host.cli("reload", timeout=60)
        try:
            self.settle()
            self.kube.edit("destinationrules", "wakala", {"spec": {"host": "canary"}})
            self.rig.host.cli("tenant", "address", "add", "Demo B", "domain", "left.example")
            name = ("virtualservices", f"wakala-t-{self.rig.tenants['Demo B']}")
            until(lambda: name in self.kube.objects(), 20, "the rest is applied", self.rig.host.tail)
            until(lambda: "left as it is: DestinationRule wakala" in self.rig.host.text(), 20, "the log says what was left", self.rig.host.tail)
            self.assertEqual(self.kube.objects()[("destinationrules", "wakala")]["spec"]["host"], "canary")
            self.assertFalse(any("force=true" in e[2] for e in self.kube.log[-60:] if e[1].endswith("/destinationrules/wakala")))
        finally:
            self.rig.mesh = self.settings()
            self.rig.configure()
            self.rig.host.cli("reload", timeout=60)
            self.rig.host.cli("tenant", "address", "remove", "Demo B", "domain", "left.example")
        self.settle()

    def test_what_is_not_ours_is_neither_changed_nor_deleted(self):
        self.kube.create("gateways", "theirs", {"spec": {"selector": {"a": "b"}, "servers": []}, "metadata": {"labels": dict(LABELS, **{
            "app.kubernetes.io/instance": "another"})}})
        self.kube.create("gateways", f"wakala-t-{self.rig.tenants['Demo B']}", {"spec": {"selector": {"by": "hand"}, "servers": []}})
        theirs = {key: self.kube.objects()[key] for key in self.kube.objects() if key[0] == "gateways" and key[1] in ("theirs", f"wakala-t-{self.rig.tenants['Demo B']}")}
        self.rig.host.cli("tenant", "address", "add", "Demo B", "domain", "foreign.example")
        until(lambda: '"mesh-istio.foreign"' in self.rig.host.text(), 20, "the operator is told", self.rig.host.tail)
        until(lambda: ("virtualservices", f"wakala-t-{self.rig.tenants['Demo B']}") in self.kube.objects(), 20, "the rest is applied", self.rig.host.tail)
        for key, one in theirs.items():
            self.assertEqual(self.kube.objects()[key], one)
        with self.kube.lock:
            for key in theirs:
                self.kube.store.pop(key)
        self.settle(70)
        self.rig.host.cli("tenant", "address", "remove", "Demo B", "domain", "foreign.example")
        self.settle()

    # faults: the same final state from each

    def fault(self, prepare, after=None):
        self.kube.hold = threading.Event()
        self.spoil()
        prepare()
        self.kube.hold.set()
        self.kube.hold = None
        if after:
            after()
        self.settle(60)
        self.assertEqual(self.kube.faults, [], "the fault was met")
        self.quiet()

    def test_too_many_requests_are_waited_for(self):
        begin = len(self.kube.log)
        self.fault(lambda: self.kube.fail("429", 2))
        times = [e[5] for e in self.kube.log[begin:] if e[4] == "429" or e[0]]
        first = next(i for i, e in enumerate(self.kube.log[begin:]) if e[4] == "429")
        self.assertGreaterEqual(times[first + 1] - times[first], 0.95, "Retry-After was not waited for")

    def test_the_api_fails(self):
        self.fault(lambda: self.kube.fail("500", 5))

    def test_the_answer_of_an_apply_is_lost(self):
        self.fault(lambda: self.kube.fail("lost", 2, "PATCH"))

    def test_the_answer_of_a_delete_is_lost(self):
        self.rig.host.cli("tenant", "address", "add", "Demo B", "domain", "gone.example")
        self.settle()
        self.kube.fail("lost", 1, "DELETE")
        for row in self.rig.host.cli("tenant", "address", "list", "Demo B").splitlines():
            if row.startswith("domain\t"):
                self.rig.host.cli("tenant", "address", "remove", "Demo B", "domain", row.split("\t")[1])
        wanted = self.settle()
        self.assertNotIn(("gateways", f"wakala-t-{self.rig.tenants['Demo B']}"), wanted)
        self.assertEqual(self.kube.faults, [])

    def test_connections_are_cut(self):
        self.fault(lambda: self.kube.fail("cut", 4))

    def test_an_answer_is_no_json(self):
        self.fault(lambda: self.kube.fail("garbage", 2, "GET"))

    def test_the_token_is_replaced(self):
        def rotate():
            self.kube.rotate(f"token-{self.random.randrange(10**9)}")
        self.fault(rotate)
        self.fault(lambda: self.kube.fail("401", 2))

    def test_pages_expire(self):
        tenants = "INSERT INTO wakala.tenant (id, name, shard) SELECT gen_random_uuid(), 'Paged ' || i, 1 + i % 32 FROM generate_series(1, 120) i"
        self.rig.pg.sql(f"{tenants}; INSERT INTO wakala.address (channel, address, account, tenant_id) SELECT 'domain', 'paged-' || substr(name, 7) || '.example', '', id "
                        "FROM wakala.tenant WHERE name LIKE 'Paged %'", "wakala")
        self.settle(90)
        self.kube.expire_pages(2)
        self.kube.edit("virtualservices", "wakala", {"spec": {"hosts": ["*.elsewhere.example"]}})
        self.settle()
        until(lambda: not self.kube.faults, 20, "the expired pages were met", self.rig.host.tail)
        self.assertTrue(any(e[3] == 410 for e in self.kube.log))
        self.rig.pg.sql("DELETE FROM wakala.address WHERE channel = 'domain' AND address LIKE 'paged-%'; DELETE FROM wakala.tenant WHERE name LIKE 'Paged %'", "wakala")
        self.settle(90)

    def test_the_cluster_forgets_everything(self):
        def restart():
            self.kube.stop()
            self.kube.lose_everything()

        def back():
            time.sleep(1)
            self.kube.start()
        self.kube.hold = None
        self.settle()
        restart()
        back()
        self.settle(90)
        self.quiet()

    def test_the_database_of_the_keeper_is_gone_for_a_while(self):
        self.rig.pg.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7310006 AND granted", "wakala")
        self.spoil()
        self.settle(60)
        rows = self.rig.pg.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7310006 AND granted", "wakala")
        until(lambda: self.rig.pg.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7310006 AND granted", "wakala")[0][0] == "1", 10,
              f"there is one keeper, not {rows}", self.rig.host.tail)

    def test_the_keeper_is_killed_in_the_middle_of_a_round(self):
        for _ in range(3):
            until(lambda: len(self.rig.host.workers()) == 2, 20, "two workers", self.rig.host.tail)
            waiting = len(self.kube.waiting)
            self.kube.hold = threading.Event()
            self.spoil()
            until(lambda: len(self.kube.waiting) > waiting, 20, "a round stands in a request", self.rig.host.tail)
            keepers = [pid for pid in self.rig.host.workers() if self.has_port(pid, self.kube.waiting[-1])]
            self.assertEqual(len(keepers), 1)
            procs.send(keepers[0], signal.SIGKILL)
            until(lambda: not procs.is_alive(keepers[0]), 5, "it is dead")
            self.kube.hold.set()
            self.kube.hold = None
            self.settle(60)
        self.quiet()

    @staticmethod
    def has_port(pid, port):
        """Is its end of a connection that port?"""
        fds = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        for table in ("tcp", "tcp6"):
            with open(f"/proc/{pid}/net/{table}", encoding="ascii") as f:
                for line in f.read().splitlines()[1:]:
                    part = line.split()
                    if part[3] == "01" and int(part[1].rpartition(":")[2], 16) == port and f"socket:[{part[9]}]" in fds:
                        return True
        return False

    def test_killed_at_drawn_moments(self):
        for _ in range(3):
            self.spoil()
            self.kube.fail(self.random.choice(("429", "500", "lost", "cut")), self.random.randrange(1, 3))
            time.sleep(self.random.random() * 1.5)
            for pid in self.rig.host.workers():
                procs.send(pid, signal.SIGKILL)
            until(lambda: len(self.rig.host.workers()) == 2, 20, "two workers again", self.rig.host.tail)
        self.settle(90)
        self.quiet()

    def test_another_certificate_is_refused(self):
        self.rig.mesh = self.settings(ca_file="/etc/ssl/certs/ca-certificates.crt")
        self.rig.configure()
        self.rig.host.cli("reload", timeout=60)
        try:
            begin = len(self.kube.log)
            until(lambda: "SSL" in self.rig.host.tail(20) or "certificate" in self.rig.host.tail(20), 20, "the certificate is refused", self.rig.host.tail)
            self.assertEqual(len(self.kube.log), begin)
        finally:
            self.rig.mesh = self.settings()
            self.rig.configure()
            self.rig.host.cli("reload", timeout=60)


if __name__ == "__main__":
    unittest.main()
