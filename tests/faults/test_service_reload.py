"""Reloads of the whole service with every plugin, under load: nobody notices; and what must be refused is refused, with its reason.

20 reloads, long 100 (WAKALA_LONG). Alone: PYTHONPATH=tests python3 -m unittest tests/faults/test_service_reload.py
"""
import glob
import os
import random
import re
import shutil
import socket
import threading
import time
import unittest

from harness import demo_values, procs
from harness.stack import Stack

LONG = bool(os.environ.get("WAKALA_LONG"))
RELOADS = 100 if LONG else 20
REST = 60 if LONG else 5
QUERY = f"/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=4711&hub.verify_token={demo_values.VERIFY_TOKEN}"
REQUEST = f"GET {QUERY} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


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
        self.requests += 1
        try:
            if not self.sock:
                self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=15)
                self.reconnects += 1
            self.sock.sendall(REQUEST)
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
            if not head.startswith(b"HTTP/1.1 200") or body != b"4711":
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
        try:
            cls.stack.start()
        except BaseException:
            cls.stack.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        findings = cls.stack.findings()
        cls.stack.stop()
        if findings:
            raise AssertionError("\n".join(findings[:40]))

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
        kinds = [(lambda d: 0.002, False)] * 4 + [(lambda d: d.uniform(0.2, REST), False)] * 16 + [(lambda d: 0.01, True)] * 2
        for pause, is_new in kinds:
            clients.append(Client(self.stack.host.port))
            threads.append(threading.Thread(target=run, args=(clients[-1], pause, is_new)))
            threads[-1].start()
        return clients, threads

    def resident_kb(self):
        """Of the master and the serving workers, shared pages counted once each by their share."""
        total = 0
        for pid in [self.stack.host.process.pid] + self.stack.host.workers():
            try:
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                    total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
            except (OSError, AttributeError):
                pass
        return total

    def test_nobody_notices_reloads(self):
        stop, early, verdict = threading.Event(), 0, None
        clients, threads = self.load(stop)
        try:
            for n in range(1, RELOADS + 1):
                ok, verdict = self.stack.reload()
                self.assertTrue(ok, verdict)
                if n == 10:
                    early = self.resident_kb()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        failures = [f for c in clients for f in c.failures]
        self.assertEqual(failures, [], f"{len(failures)} of {sum(c.requests for c in clients)} requests failed")
        self.assertGreater(sum(c.requests for c in clients), 10 * RELOADS)
        self.assertRegex(verdict, r"generation \d+ serves")
        procs.until(lambda: len(procs.children(self.stack.host.process.pid)) == 2, 40, "old generations are gone")
        if not os.environ.get("ASAN_OPTIONS", "").count("abort_on_error"):  # the sanitizer keeps freed memory back
            self.assertLess(self.resident_kb(), early * 1.05, "memory grows with reloads")

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

    def put_back(self, path, old):
        with open(path, "w", encoding="utf-8") as f:
            f.write(old)

    def test_unknown_setting_is_refused_with_its_place(self):
        path, undo = self.edit("orders", lambda text: text + "\nfee_bass = 1;\n")
        try:
            self.refused(f"{path}:", "fee_bass", "fee_base")
        finally:
            undo()
        ok, verdict = self.stack.reload()
        self.assertTrue(ok, verdict)

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
        shutil.copytree(f"{self.stack.build}/plugins", copy)
        change(copy)
        with open(self.stack.host.conf, encoding="utf-8") as f:
            old = f.read()
        self.put_back(self.stack.host.conf, old.replace(f'plugin_dir = "{self.stack.build}/plugins"', f'plugin_dir = "{copy}"'))
        return lambda: self.put_back(self.stack.host.conf, old)

    def test_truncated_plugin_is_refused(self):
        def cut(folder):
            os.truncate(f"{folder}/catalog.so", os.path.getsize(f"{folder}/catalog.so") // 2)
        undo = self.with_plugins(cut)
        try:
            self.refused("catalog")
        finally:
            undo()

    def test_garbage_instead_of_a_plugin_is_refused(self):
        def spoil(folder):
            with open(f"{folder}/catalog.so", "wb") as f:
                f.write(b"this is no shared object\n" * 1000)
        undo = self.with_plugins(spoil)
        try:
            self.refused("catalog")
        finally:
            undo()

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

    def test_storm_of_signals_ends_in_one_service(self):
        for _ in range(50):
            procs.send(self.stack.host.process.pid, 1)
            time.sleep(random.random() / 100)  # the shape of the storm, not a wait
        procs.until(lambda: len(procs.children(self.stack.host.process.pid)) == 2 and self.stack.host.is_ready(), 60,
                    "the storm is over and two workers serve")
        self.assertTrue(self.stack.host.serves())


if __name__ == "__main__":
    unittest.main()
