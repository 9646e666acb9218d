"""Reloads of the whole service with every plugin, under load: nobody notices, new code really runs, memory does not grow; and what of all
those plugins must be refused is refused. (What is refused because of one plugin's file: test_reload.py.)

20 reloads, long 100 (WAKALA_LONG). Alone: PYTHONPATH=tests python3 -m unittest tests/faults/test_service_reload.py
"""
import glob
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import unittest

from harness import demo_values, procs
from harness.sim import request
from harness.stack import ROOT, Stack

LONG = bool(os.environ.get("WAKALA_LONG"))
RELOADS = 100 if LONG else 20
REST = 60 if LONG else 5
PAUSE = 1.2 if LONG else 0  # between reloads, so that those who rest a minute rest through many and speak between others
NEW_CODE_EVERY = 5          # reloads: the others change nothing
GROWTH = 1.05               # memory after the last reload against that after the tenth
QUERY = f"/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=4711&hub.verify_token={demo_values.VERIFY_TOKEN}"
REQUESTS = ((f"GET {QUERY} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), rb"4711"), (b"GET /probe/hello HTTP/1.1\r\nHost: x\r\n\r\n", rb"hello|code \d+"))


class Client:
    """One keep-alive connection that notices everything a client can notice."""

    def __init__(self, port):
        self.port, self.sock, self.requests, self.failures, self.reconnects = port, None, 0, [], 0

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None

    def ask(self):
        """One request; a failure is an answer that is missing, cut or not 200. `Connection: close` is none."""
        request, expected = REQUESTS[self.requests % len(REQUESTS)]
        self.requests += 1
        try:
            if not self.sock:
                self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=15)
                self.reconnects += 1
            self.sock.sendall(request)
            data = b""
            while b"\r\n\r\n" not in data:
                more = self.sock.recv(65536)
                if not more:
                    raise ConnectionError(f"closed after {len(data)} bytes")
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            length = int(re.search(rb"content-length: (\d+)", head, re.I).group(1))
            while len(body) < length:
                more = self.sock.recv(65536)
                if not more:
                    raise ConnectionError("body cut")
                body += more
            if not head.startswith(b"HTTP/1.1 200") or not re.fullmatch(expected, body.strip()):
                raise ConnectionError(f"answered {head[:40]!r} {body[:40]!r}")
            if re.search(rb"connection: close", head, re.I):
                self.close()
        except (OSError, ConnectionError, AttributeError) as why:
            self.failures.append(f"request {self.requests}: {why!r}")
            self.close()


class Reload(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(workers=2, sim=False)
        # AddressSanitizer keeps freed memory back, 256 MB of it: memory that a master frees at each reload would look like a leak.
        cls.stack.host.env["ASAN_OPTIONS"] += ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
        try:
            cls.with_probe()
            cls.stack.start_hosts()
        except BaseException:
            cls.stack.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        findings = cls.stack.findings()
        cls.stack.stop()
        if findings:
            raise AssertionError("\n".join(findings[:40]))

    @classmethod
    def with_probe(cls):
        """Every plugin from a folder of this test, where files may be replaced; the probe, whose code will change, among them."""
        cls.stack.prepare()
        cls.plugins = f"{cls.stack.dir}/plugins"
        shutil.copytree(f"{cls.stack.build}/plugins", cls.plugins)
        with open(cls.stack.host.conf, encoding="utf-8") as f:
            text = f.read()
        cls.put_back(cls.stack.host.conf, text.replace(f'plugin_dir = "{cls.stack.build}/plugins"', f'plugin_dir = "{cls.plugins}"'))
        cls.put_back(f"{cls.stack.host.dir}/wakala.d/90-probe.conf", "enabled = true;\n")
        cls.stack.host.cli("migrate", "--test-clock", timeout=120)

    def install_probe(self, text):
        """The probe with another greeting, built from its source, under the same path: written beside and renamed, as a package manager does."""
        folder, target = f"{self.stack.dir}/src", f"{self.plugins}/probe.so"
        os.makedirs(folder, exist_ok=True)
        with open(f"{ROOT}/tests/plugins/probe/probe.c", encoding="utf-8") as f:
            code = f.read()
        changed = code.replace('"hello\\n", 6', f'"{text}\\n", {len(text) + 1}')
        self.assertNotEqual(changed, code)
        with open(f"{folder}/probe.c", "w", encoding="utf-8") as f:
            f.write(changed)
        subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-fPIC", "-shared", "-fvisibility=hidden", "-fstack-clash-protection", "-Wl,-z,defs,-z,now",
                        f"-I{ROOT}/sdk/include", f"{folder}/probe.c", "-o", f"{target}.new", "-ljansson"], check=True)
        os.chmod(f"{target}.new", 0o755)
        os.replace(f"{target}.new", target)

    def greeting(self):
        """By a new connection."""
        return request(self.stack.host.port, "GET", "/probe/hello", timeout=5)[2].strip().decode()

    def load(self, stop):
        """Busy connections, resting ones, and a new one per request; all stop when `stop` is set."""
        clients, threads = [], []

        def run(client, pause, is_new):
            draw = random.Random(id(client))
            while not stop.is_set():
                client.ask()
                if is_new:
                    client.close()
                stop.wait(pause(draw))
            client.ask()  # who rested through the last reload still has a connection
            client.close()
        kinds = [(lambda d: 0.002, False)] * 4 + [(lambda d: d.uniform(1, REST), False)] * 24 + [(lambda d: 0.01, True)] * 2
        for pause, is_new in kinds:
            clients.append(Client(self.stack.host.port))
            threads.append(threading.Thread(target=run, args=(clients[-1], pause, is_new)))
            threads[-1].start()
        return clients, threads

    def resident_kb(self):
        """Of the master and the two workers that serve, once no other is left: the median over two seconds of their life under load."""
        procs.until(lambda: len(procs.children(self.stack.host.process.pid)) == 2, 60, "old generations are gone")
        pids, sums = [self.stack.host.process.pid] + self.stack.host.workers(), []
        for _ in range(10):
            total = 0
            for pid in pids:
                with open(f"/proc/{pid}/statm", encoding="ascii") as f:
                    total += int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
            sums.append(total)
            time.sleep(0.2)  # the distance of samples, not a wait
        return statistics.median(sums)

    def test_nobody_notices_reloads(self):
        """Busy connections, resting ones, new ones: no request fails; every fifth reload brings new code under the same path, and it runs."""
        stop, early, codes = threading.Event(), 0, 0
        clients, threads = self.load(stop)
        try:
            for n in range(1, RELOADS + 1):
                if n % NEW_CODE_EVERY == 0:
                    codes += 1
                    self.install_probe(f"code {codes}")
                ok, verdict = self.stack.reload()
                self.assertTrue(ok, verdict)
                self.assertRegex(verdict, r"generation \d+ serves")
                if n % NEW_CODE_EVERY == 0:
                    procs.until(lambda: self.greeting() == f"code {codes}", 5, f"the code of reload {n} answers", self.greeting)
                if n == 10:
                    early = self.resident_kb()
                time.sleep(PAUSE)
            late = self.resident_kb()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        failures = [f for c in clients for f in c.failures]
        asked = sum(c.requests for c in clients)
        print(f"{RELOADS} reloads, {asked} requests, {len(failures)} failed; memory after reload 10: {early} KB, after the last: {late} KB "
              f"({late / early - 1:+.1%})", file=sys.stderr)
        self.assertEqual(failures, [], f"{len(failures)} of {asked} requests failed")
        self.assertGreater(asked, 100 * RELOADS)
        self.assertTrue(all(c.requests >= 2 for c in clients), "somebody only asked once: the reloads were over too soon")
        self.assertLess(late, early * GROWTH, "memory grows with reloads")

    # what must be refused

    def refused(self, *parts):
        before = procs.until(lambda: len(self.stack.host.workers()) == 2 and self.stack.host.workers(), 20, "both workers are there")
        ok, verdict = self.stack.reload()
        self.assertFalse(ok, f"it went through: {verdict}")
        for part in parts:
            self.assertIn(part, verdict)
        self.assertTrue(self.stack.host.serves())
        self.assertEqual(self.stack.host.workers(), before, "the old generation did not stay as it was")

    def edit(self, name, change):
        path = glob.glob(f"{self.stack.host.dir}/wakala.d/*-{name}.conf")[0]
        with open(path, encoding="utf-8") as f:
            old = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(change(old))
        return path, lambda: self.put_back(path, old)

    @staticmethod
    def put_back(path, old):
        with open(path, "w", encoding="utf-8") as f:
            f.write(old)

    def test_value_out_of_range_is_refused(self):
        path, undo = self.edit("orders", lambda text: re.sub(r"^fee_base = .*$", "fee_base = -5;", text, flags=re.M))
        try:
            self.refused(f"{path}:", "fee_base")
        finally:
            undo()

    def test_file_of_no_plugin_is_refused(self):
        path = f"{self.stack.host.dir}/wakala.d/90-order.conf"
        self.put_back(path, "enabled = true;\n")
        try:
            self.refused(path, "orders")
        finally:
            os.remove(path)

    def with_plugins(self, change):
        """Let the host read its plugins from a copy, changed."""
        copy = f"{self.stack.dir}/plugins-changed"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.plugins, copy)
        change(copy)
        with open(self.stack.host.conf, encoding="utf-8") as f:
            old = f.read()
        self.put_back(self.stack.host.conf, old.replace(f'plugin_dir = "{self.plugins}"', f'plugin_dir = "{copy}"'))
        return lambda: self.put_back(self.stack.host.conf, old)

    def test_missing_plugin_is_refused(self):
        undo = self.with_plugins(lambda folder: os.remove(f"{folder}/catalog.so"))
        try:
            self.refused("catalog")
        finally:
            undo()

    def test_truncating_the_live_file_harms_nobody(self):
        undo = self.with_plugins(lambda folder: None)
        try:
            ok, verdict = self.stack.reload()
            self.assertTrue(ok, verdict)
            pids = procs.until(lambda: len(self.stack.host.workers()) == 2 and self.stack.host.workers(), 20, "both workers are there")
            for path in glob.glob(f"{self.stack.dir}/plugins-changed/*.so"):
                os.truncate(path, 100)
            for _ in range(50):
                self.assertTrue(self.stack.host.serves())
            self.assertEqual(self.stack.host.workers(), pids)
        finally:
            undo()
        ok, verdict = self.stack.reload()
        self.assertTrue(ok, verdict)

    def test_storm_of_signals_is_few_reloads_and_ends_in_one_service(self):
        procs.until(lambda: len(procs.children(self.stack.host.process.pid)) == 2, 60, "old generations are gone")
        before = self.stack.host.text().count("reload: generation")
        for _ in range(50):
            procs.send(self.stack.host.process.pid, 1)
            time.sleep(random.random() / 100)  # the shape of the storm, not a wait
        procs.until(lambda: len(procs.children(self.stack.host.process.pid)) == 2 and self.stack.host.is_ready(), 60,
                    "the storm is over and two workers serve")
        self.assertTrue(self.stack.host.serves())
        self.assertIn(self.stack.host.text().count("reload: generation") - before, range(1, 10))


if __name__ == "__main__":
    unittest.main()
