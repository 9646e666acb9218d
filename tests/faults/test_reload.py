"""Reloads under busy, resting and new connections fail no request; new code really runs; what cannot serve is refused with its reason."""
import http.client
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import unittest

from harness import procs
from harness.procs import until

from .small import ROOT, Case

LONG = os.environ.get("WAKALA_LONG") == "1"
RELOADS = 100 if LONG else 12


class Client(threading.Thread):
    """One client: asks, rests, asks again; counts what failed. A kept connection that the server closed while it was idle may be opened again
    only when the request could not have been read: that is a failure here, for hand-over promises that it never happens."""

    def __init__(self, port, rest, keep=True):
        super().__init__(daemon=True)
        self.port, self.rest, self.keep = port, rest, keep
        self.requests, self.failures, self.ends = 0, [], threading.Event()

    def run(self):
        c = None
        while not self.ends.is_set():
            try:
                if not c or not self.keep:
                    if c:
                        c.close()
                    c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                c.request("GET", "/probe/hello")
                answer = c.getresponse()
                body = answer.read()
                if answer.status != 200 or body != b"hello\n":
                    self.failures.append(f"{answer.status} {body[:100]}")
                self.requests += 1
            except (OSError, http.client.HTTPException) as why:
                self.failures.append(f"{type(why).__name__}: {why}")
                c = None
            self.ends.wait(self.rest())
        if c:
            c.close()


class Reload(Case):
    options = {"drain": "30s"}

    def verdict(self):
        status, out = self.small.host.cli("reload", timeout=90, check=False)
        return status, out

    def refused(self, pattern):
        status, out = self.verdict()
        self.assertNotEqual(status, 0, out)
        self.assertRegex(out, pattern)
        self.assertEqual(self.small.request("GET", "/probe/hello")[0], 200)

    def rss(self):
        total = 0
        for pid in [self.small.host.process.pid] + self.small.host.workers():
            with open(f"/proc/{pid}/statm", encoding="ascii") as f:
                total += int(f.read().split()[1]) * 4096
        return total

    def test_reloads_in_a_row_fail_no_request(self):
        dice = random.Random(1)
        clients = [Client(self.small.host.port, lambda: 0.002) for _ in range(8)]
        clients += [Client(self.small.host.port, lambda: dice.uniform(1, 60 if LONG else 6)) for _ in range(24)]
        clients += [Client(self.small.host.port, lambda: 0.01, keep=False) for _ in range(4)]
        for c in clients:
            c.start()
        early = None
        for i in range(RELOADS):
            status, out = self.verdict()
            self.assertEqual(status, 0, out)
            if i == 9:
                until(lambda: len(self.small.host.workers()) == 2, 40, "the old generation is gone")
                early = self.rss()
        until(lambda: len(self.small.host.workers()) == 2, 40, "the old generation is gone")
        late = self.rss()
        for c in clients:
            c.ends.set()
        for c in clients:
            c.join(70)
        failures = [f for c in clients for f in c.failures]
        requests = sum(c.requests for c in clients)
        print(f"{RELOADS} reloads, {requests} requests, {len(failures)} failed; memory after reload 10: {early >> 20} MB, after the last: {late >> 20} MB",
              file=sys.stderr)
        self.assertEqual(failures, [])
        self.assertGreater(requests, 100)
        self.assertLess(late, early * 1.05 + (4 << 20))

    def build_probe(self, text):
        """The probe plugin once more, with another greeting."""
        source, out = f"{self.small.dir}/src", f"{self.small.dir}/probe.so"
        os.makedirs(source, exist_ok=True)
        with open(f"{ROOT}/tests/plugins/probe/probe.c", encoding="utf-8") as f:
            code = f.read().replace('"hello\\n", 6', f'"{text}\\n", {len(text) + 1}')
        with open(f"{source}/probe.c", "w", encoding="utf-8") as f:
            f.write(code)
        subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-fPIC", "-shared", "-fvisibility=hidden", "-Wl,-z,defs", f"-I{ROOT}/sdk/include",
                        f"{source}/probe.c", "-o", out, "-ljansson"], check=True)
        return out

    def test_the_same_path_runs_new_code(self):
        self.small.install("probe", self.build_probe("other"))
        self.assertEqual(self.verdict()[0], 0)
        until(lambda: self.small.request("GET", "/probe/hello")[1] == b"other\n", 5, "the new code answers")
        self.small.install("probe")
        self.assertEqual(self.verdict()[0], 0)
        until(lambda: self.small.request("GET", "/probe/hello")[1] == b"hello\n", 5, "the old code is back")

    def test_what_cannot_serve_is_refused_and_the_old_serves_on(self):
        whole = f"{self.small.build}/plugins/probe.so"
        with open(whole, "rb") as f:
            data = f.read()
        broken = f"{self.small.dir}/broken.so"

        def install(content):
            with open(broken, "wb") as f:
                f.write(content)
            self.small.install("probe", broken)
        try:
            install(data[:len(data) // 2])
            self.refused(r"(?i)probe.*truncated|truncated.*probe")
            install(b"not a library")
            self.refused(r"(?i)probe")
            note = data.index(b"Wakala\0\0") + 8
            install(data[:note] + (99).to_bytes(2, "little") + data[note + 2:])
            self.refused(r"(?i)probe.*ABI")
            for name, pattern in (("t-ctor-crash", "(?i)load|constructor|SIG|died"), ("t-open-fails", "(?i)open")):
                built = f"{self.small.build}/tests/plugins/so/{name}.so"
                if not os.path.exists(built):
                    continue
                self.small.install(name, built)
                self.small.conf(name, "enabled = true;\n", 80)
                self.small.install("probe")
                self.refused(pattern)
                os.remove(f"{self.small.host.dir}/wakala.d/80-{name}.conf")
        finally:
            self.small.install("probe")
        self.small.conf("probe", "enabled = true;\ngreting = 1;\n", 21)
        self.refused(r"21-probe\.conf:2.*greting")
        self.small.conf("probe", "enabled = true;\n", 21)
        self.small.conf("prob", "enabled = true;\n", 70)
        self.refused(r"70-prob\.conf.*probe")
        os.remove(f"{self.small.host.dir}/wakala.d/70-prob.conf")
        self.assertEqual(self.verdict()[0], 0)

    def test_a_storm_of_signals_is_few_reloads(self):
        before = int(self.small.host.text().count("reload: generation"))
        for _ in range(30):
            os.kill(self.small.host.process.pid, 1)
            time.sleep(0.01)
        until(lambda: self.small.host.text().count("reload: generation") > before and len(self.small.host.workers()) == 2, 30, "they went through")
        self.assertLess(self.small.host.text().count("reload: generation") - before, 10)
        self.assertEqual(self.small.request("GET", "/probe/hello")[0], 200)


if __name__ == "__main__":
    unittest.main()
