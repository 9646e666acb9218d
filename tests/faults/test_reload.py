"""What cannot serve is refused with its reason, and the generation that serves goes on as if nobody had asked."""
import os
import re
import unittest

from harness.procs import until
from harness.stack import plugin_of_tests

from .small import Case


class Refused(Case):
    """A reload that must be refused: by which problem, exactly, and with what the old generation did meanwhile."""

    def setUp(self):
        self.pids = self.small.steady()
        self.own = []

    def tearDown(self):
        """Everything as it was: and that goes through."""
        for path in self.own:
            os.remove(path)
        self.small.install("probe")
        self.small.conf("probe", "enabled = true;\n", 21)
        status, out = self.small.host.cli("reload", timeout=90, check=False)
        self.assertEqual(status, 0, out)
        super().tearDown()

    def with_plugin(self, name, conf="enabled = true;\n"):
        """One of tests/plugins, installed and enabled. That it was built is not in question: who misses it fails here."""
        self.small.install(name, plugin_of_tests(name))
        self.small.conf(name, conf, 80)
        self.own += [f"{self.small.host.dir}/plugins/{name}.so", f"{self.small.host.dir}/wakala.d/80-{name}.conf"]

    def with_bytes(self, change):
        """The probe, its file replaced by change(its bytes)."""
        with open(f"{self.small.build}/plugins/probe.so", "rb") as f:
            data = f.read()
        path = f"{self.small.dir}/changed.so"
        with open(path, "wb") as f:
            f.write(change(data))
        self.small.install("probe", path)
        return data

    def problems(self):
        """Reload; the problems of the verdict. The same processes serve as before, and all of them do."""
        status, out = self.small.host.cli("reload", timeout=90, check=False)
        self.assertEqual(status, 1, out)
        self.assertEqual(self.small.host.workers(), self.pids)
        seen = set()
        until(lambda: seen.add(int(self.small.request("GET", "/probe/pid")[1])) or len(seen) == 2, 10, "both old workers answer")
        self.assertEqual(seen, set(self.pids))
        *problems, verdict = out.splitlines()
        self.assertRegex(verdict, r"^wakala: reload refused; generation \d+ serves on unchanged$")
        return problems

    def refused(self, *patterns):
        problems = self.problems()
        self.assertEqual(len(problems), len(patterns), problems)
        for problem, pattern in zip(problems, patterns):
            self.assertRegex(problem, f"^{pattern}$")

    def conf_of(self, name):
        return re.escape(f"{self.small.host.dir}/wakala.d/{name}")

    def test_a_truncated_plugin(self):
        data = self.with_bytes(lambda data: data[:len(data) // 2])
        self.refused(rf"{self.conf_of('21-probe.conf')}: probe\.so: the file is truncated \({len(data) // 2} of \d+ bytes\): copy it again, to another name, and rename")

    def test_a_plugin_of_less_than_a_header(self):
        self.with_bytes(lambda data: data[:10])
        self.refused(rf"{self.conf_of('21-probe.conf')}: probe\.so: the file is truncated \(10 bytes, not even the ELF header\): copy it again")

    def test_garbage(self):
        self.with_bytes(lambda data: b"this is no shared object\n" * 1000)
        self.refused(rf"{self.conf_of('21-probe.conf')}: probe\.so: is not an ELF shared object: rebuild or reinstall the plugin")

    def test_another_abi(self):
        self.with_plugin("t-old-major")
        self.refused(rf"{self.conf_of('80-t-old-major.conf')}: t-old-major\.so: built for plugin ABI 0\.9, this host has \d+\.\d+: build it again with this host's SDK")

    def test_a_newer_abi(self):
        self.with_plugin("t-new-minor")
        self.refused(rf"{self.conf_of('80-t-new-minor.conf')}: t-new-minor\.so: needs plugin ABI 1\.200, this host has \d+\.\d+: upgrade the host, or build it with this SDK")

    def test_a_crash_in_a_constructor(self):
        self.with_plugin("t-ctor-crash")
        self.refused(r"plugin t-ctor-crash 1\.0\.0: the worker died in load: SIGKILL")

    def test_a_crash_in_open(self):
        self.with_plugin("t-open-crash")
        self.refused(r"plugin t-open-crash 1\.0\.0: the worker died in open: SIGKILL")

    def test_a_failing_open(self):
        """It needs greet/1, so t-good is there as well: else it would be refused for that, and open() would never run."""
        self.with_plugin("t-good")
        self.with_plugin("t-open-fails")
        self.refused(r"plugin\.open: t-open-fails 1\.0\.0 did not open: t-open-fails\.mood: not today")

    def test_a_missing_need(self):
        self.with_plugin("t-open-fails")
        self.refused(rf"{self.conf_of('80-t-open-fails.conf')}: t-open-fails needs greet/1, which no plugin here provides: install and enable one, or disable t-open-fails")

    def test_an_unknown_setting(self):
        self.small.conf("probe", "enabled = true;\ngreting = 1;\n", 21)
        self.refused(rf"{self.conf_of('21-probe.conf')}:2: greting: unknown setting; allowed: enabled, required")

    def test_an_unknown_setting_that_is_nearly_one(self):
        self.with_plugin("t-good", "enabled = true;\n\ngreting = \"hi\";\n")
        self.refused(rf"{self.conf_of('80-t-good.conf')}:3: greting: unknown setting; did you mean \"greeting\"\?")

    def test_a_file_of_no_plugin(self):
        self.small.conf("prob", "enabled = true;\n", 70)
        self.own.append(f"{self.small.host.dir}/wakala.d/70-prob.conf")
        self.refused(rf"{self.conf_of('70-prob.conf')}: there is no plugin prob\.so in .*; did you mean \"probe\"\?",
                     rf"{self.conf_of('70-prob.conf')}: .*/prob\.so: cannot be read: No such file or directory")

    def test_all_problems_at_once(self):
        self.small.conf("probe", "enabled = true;\ngreting = 1;\n", 21)
        self.with_plugin("t-good", "enabled = true;\nretries = 10;\n")
        problems = "\n".join(self.problems())
        self.assertRegex(problems, r"21-probe\.conf:2: greting")
        self.assertRegex(problems, r"80-t-good\.conf:2: retries.*9")


if __name__ == "__main__":
    unittest.main()
