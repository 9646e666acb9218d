"""A plugin that crashes, loops, overflows or leaks is named in the log and in status; everybody else is served on."""
import http.client
import json
import re
import threading
import time
import unittest

from harness import procs
from harness.procs import until

from .small import Case

DEADLINE = 2.0  # host.heartbeat_deadline: a worker that hangs is gone by then
SLACK = 0.2     # of our clock: it starts before the request leaves and ends up to a poll's step after the death, on a machine that is shared


class PluginFaults(Case):
    expects_findings = True  # a crash is what these tests are about; in dev builds the sanitizer reports it
    options = {"memory": "350M"}

    def ask(self, what):
        try:
            return self.small.request("POST", f"/probe/{what}", timeout=10)[0]
        except (OSError, http.client.HTTPException):
            return 0

    def served(self):
        return until(lambda: self.small.request("GET", "/probe/hello")[0] == 200, 5, "others are served")

    def blamed(self, pattern, seconds=6):
        return until(lambda: re.search(pattern, self.small.host.text()), seconds, f"the log says {pattern}", self.small.host.tail)

    def status(self):
        return json.loads(self.small.host.cli("status", "--json"))

    def crash_of(self, pid):
        return until(lambda: [c for c in self.status()["crashes"] if c["pid"] == pid], 6, f"status knows of the end of {pid}", self.small.host.tail)[0]

    def ended_by(self, what, reason):
        """The one worker that /probe/{what} ends: named with plugin and hook in status, as JSON and as people read it."""
        before = self.small.steady()
        self.assertEqual(self.ask(what), 0)
        self.served()
        dead = until(lambda: [pid for pid in before if not procs.is_alive(pid)], 5, "a worker ended")
        self.assertEqual(len(dead), 1, "the neighbour ended as well")
        crash = self.crash_of(dead[0])
        self.assertEqual((crash["plugin"], crash["plugin_version"], crash["hook"]), ("probe", "1.0.0", f"/probe/{what}"))
        self.assertRegex(crash["reason"], reason)
        self.assertRegex(self.small.host.cli("status"), rf"pid {dead[0]}, generation \d+: [^\n]*\n *blame: probe 1\.0\.0, /probe/{what} ")
        return dead[0]

    def test_a_null_pointer_ends_one_worker_and_names_plugin_and_hook(self):
        pid = self.ended_by("crash", r"SIG\w+|exit 1")
        self.blamed(rf'worker {pid} \([^)]*\) died: (SIG\w+|exit 1).*Blame: probe 1\.0\.0.*"hook":"/probe/crash"')

    def test_a_stack_overflow_does_not_reach_the_neighbour(self):
        pid = self.ended_by("overflow", r"SIG\w+|exit 1")
        self.blamed(rf'worker {pid} \([^)]*\) died: .*Blame: probe 1\.0\.0.*"hook":"/probe/overflow"')

    def test_an_endless_loop_is_named(self):
        pid = self.ended_by("loop", r"SIGKILL, its loop stood still")
        stood = int(self.blamed(rf"worker {pid} stands still for (\d+) ms in plugin probe, /probe/loop").group(1))
        self.assertLessEqual(stood, DEADLINE * 1000)

    def test_an_endless_loop_is_ended_within_two_seconds(self):
        """From the request on, three times: the loop begins at any moment between two beats."""
        for _ in range(3):
            before = self.small.steady()
            asker = threading.Thread(target=self.ask, args=("loop",))
            begin = time.monotonic()
            asker.start()
            until(lambda: not all(procs.is_alive(pid) for pid in before), 10, "the hung worker is ended")
            took = time.monotonic() - begin
            asker.join()
            self.assertLessEqual(took, DEADLINE + SLACK)
            self.served()

    def test_a_leak_is_recycled_at_the_limit(self):
        pids = self.small.steady()
        for _ in range(1000):
            self.assertEqual(self.ask("leak"), 200)
        until(lambda: set(pids) - set(self.small.host.workers()), 20, "a worker above its memory is replaced", self.small.host.tail)
        self.served()
        self.blamed(r"uses \d+ MB, above host.worker_memory_max: replacing it. Suspect: plugin probe\b")
        status = self.status()
        self.assertGreaterEqual(status["recycles_total"], 1)
        first = status["recycles"][-1]
        self.assertIn(first["pid"], pids)
        self.assertEqual((first["suspect"], first["reason"], first["max_bytes"]), ("probe", "above host.worker_memory_max", 350 << 20))
        self.assertGreater(first["rss_bytes"], 350 << 20)
        self.assertGreater(first["kept_bytes"], 50 << 20)
        self.assertRegex(first["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual([c for c in status["crashes"] if c["pid"] == first["pid"]], [], "a recycled worker is no crash")
        self.assertRegex(self.small.host.cli("status"), rf"pid {first['pid']}, generation \d+: \d+ MB, above host.worker_memory_max \(350 MB\)\n"
                                                        r" *suspect: plugin probe, kept \d+ MB\n")

    def test_an_event_that_ends_its_worker_is_set_aside(self):
        self.small.publish(type="probe.poison")
        until(lambda: self.small.sql("SELECT 1 FROM wakala.dead WHERE name = 'probe.poison' AND code = 'plugin.crashed'"), 20,
              "the event is a dead letter", self.small.host.tail)
        self.small.publish(n=3, first=500)
        until(lambda: self.small.counts()["seen"].get("a", [0])[0] >= 3, 10, "other events are handled")


if __name__ == "__main__":
    unittest.main()
