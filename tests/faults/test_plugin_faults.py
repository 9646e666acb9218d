"""A plugin that crashes, loops, overflows or leaks is named in the log and in status; everybody else is served on."""
import http.client
import re
import unittest

from harness.procs import until

from .small import Case


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
        until(lambda: re.search(pattern, self.small.host.text()), seconds, f"the log says {pattern}", self.small.host.tail)

    def test_a_null_pointer_ends_one_worker_and_names_plugin_and_hook(self):
        self.assertEqual(self.ask("crash"), 0)
        self.served()
        self.blamed(r'died: (SIG\w+|exit 1).*Blame: probe 1\.0\.0.*"hook":"/probe/crash"')
        self.assertIn("probe", self.small.host.cli("status"))

    def test_a_stack_overflow_does_not_reach_the_neighbour(self):
        self.assertEqual(self.ask("overflow"), 0)
        self.served()
        self.blamed(r'Blame: probe 1\.0\.0.*"hook":"/probe/overflow"')

    def test_an_endless_loop_is_ended_and_named(self):
        self.assertEqual(self.ask("loop"), 0)
        self.served()
        self.blamed(r"stands still for 2\d\d\d ms in plugin probe, /probe/loop")

    def test_a_leak_is_recycled_at_the_limit(self):
        pids = set(self.small.host.workers())
        for _ in range(1000):
            self.ask("leak")
        until(lambda: pids - set(self.small.host.workers()), 20, "a worker above its memory is replaced", self.small.host.tail)
        self.served()
        self.blamed(r"memory")

    def test_an_event_that_ends_its_worker_is_set_aside(self):
        self.small.publish(type="probe.poison")
        until(lambda: self.small.sql("SELECT 1 FROM wakala.dead WHERE name = 'probe.poison' AND code = 'plugin.crashed'"), 20,
              "the event is a dead letter", self.small.host.tail)
        self.small.publish(n=3, first=500)
        until(lambda: self.small.counts()["seen"].get("a", [0])[0] >= 3, 10, "other events are handled")


if __name__ == "__main__":
    unittest.main()
