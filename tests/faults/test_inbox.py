"""Webhooks: signed or refused, hostile bodies kept and answered, nothing acknowledged is lost, never later than three seconds."""
import concurrent.futures
import json
import os
import socket
import time
import unittest

from harness.procs import until

from .small import ROOT, Case, message

A, B = "100000000000001", "100000000000002"


class Inbox(Case):
    def count(self, where):
        return int(self.small.sql(f"SELECT count(*) FROM {where}")[0][0])

    def incoming(self, prefix):
        return self.count(f"wakala.event WHERE type = 'whatsapp.incoming' AND payload LIKE '%{prefix}%'")

    def heals(self):
        """Both workers store again: one may have seen the database come back before the other."""
        until(lambda: all(self.small.webhook(message(A, f"wamid.back{i}"))[0] == 200 for i in range(12)), 10, "ingest heals", self.small.host.tail)

    def test_a_wrong_or_missing_signature_is_401_and_not_stored(self):
        self.assertEqual(self.small.webhook(message(A, "wamid.forged1"), secret="wrong")[0], 401)
        self.assertEqual(self.small.request("POST", "/webhooks/whatsapp", json.dumps(message(A, "wamid.forged2")))[0], 401)
        self.assertEqual(self.incoming("wamid.forged"), 0)
        self.assertEqual(self.count("wakala.quarantine WHERE position('forged'::bytea IN body) > 0"), 0)

    def test_the_same_message_ten_times_at_once_is_one_event(self):
        body = message(A, "wamid.same")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            self.assertEqual({status for status, _, _ in pool.map(lambda _: self.small.webhook(body), range(10))}, {200})
        self.assertEqual(self.incoming("wamid.same"), 1)

    def test_one_post_with_two_tenants_and_an_unknown_number(self):
        body = message(A, "wamid.mix1")
        body["entry"] += message(B, "wamid.mix2")["entry"] + message("999999999999999", "wamid.mix3")["entry"]
        self.assertEqual(self.small.webhook(body)[0], 200)
        rows = self.small.sql("SELECT tenant_id FROM wakala.event WHERE payload LIKE '%wamid.mix%' ORDER BY seq")
        self.assertEqual([row[0] for row in rows], [self.small.tenants["Demo A"], self.small.tenants["Demo B"]])
        self.assertEqual(self.count("wakala.quarantine WHERE position('wamid.mix3'::bytea IN body) > 0"), 1)

    def test_order_inside_a_post_is_kept(self):
        body = message(A, "wamid.order0")
        messages = body["entry"][0]["changes"][0]["value"]["messages"]
        messages += [dict(messages[0], id=f"wamid.order{i}") for i in range(1, 20)]
        self.assertEqual(self.small.webhook(body)[0], 200)
        rows = self.small.sql("SELECT payload::json->'message'->>'id' FROM wakala.event WHERE payload LIKE '%wamid.order%' ORDER BY seq")
        self.assertEqual([row[0] for row in rows], [f"wamid.order{i}" for i in range(20)])

    def test_hostile_bodies_are_kept_and_answered_200(self):
        before = self.count("wakala.quarantine")
        whole = json.dumps(message(A, "wamid.hostile")).encode()
        bodies = {
            "deep": b'{"object":"whatsapp_business_account","entry":' + b"[" * 10000 + b"]" * 10000 + b"}",
            "bad UTF-8": whole.replace(b"Amina", b"Am\xff\xfena"), "truncated": whole[:-20], "empty": b"{}", "not JSON": b"hello", "array": b"[]",
            "NUL": b"\x00\x01\x02",
        }
        for name, body in bodies.items():
            with self.subTest(name):
                self.assertEqual(self.small.webhook(body)[0], 200)
        self.assertEqual(self.count("wakala.quarantine") - before, len(bodies))
        for name, text in {"lone surrogate": "\\ud800", "NUL escape": "a\\u0000b"}.items():
            with self.subTest(name):
                body = whole.replace(b'"body": "hi"', b'"body": "' + text.encode() + b'"').replace(b"wamid.hostile", b"wamid." + name.encode())
                self.assertEqual(self.small.webhook(body)[0], 200)
        self.assertEqual(self.small.webhook(message(A, "wamid.newtype", kind={"type": "hologram", "hologram": {}}))[0], 200)
        self.assertEqual(self.incoming("wamid.newtype"), 1)

    def test_three_megabytes_are_taken_and_more_is_413(self):
        body = json.dumps(message(A, "wamid.big")).encode()
        padded = body[:-1] + b" " * (3 * 1024 * 1024 - len(body)) + body[-1:]
        self.assertEqual(len(padded), 3 * 1024 * 1024)
        self.assertEqual(self.small.webhook(padded, timeout=20)[0], 200)
        try:
            self.assertEqual(self.small.webhook(padded + b" ", timeout=20)[0], 413)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answered before the body was sent
        self.assertEqual(self.incoming("wamid.big"), 1)

    def test_all_samples_are_taken(self):
        folder = f"{ROOT}/tests/samples/whatsapp"
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
        self.assertEqual(len(names), 20)
        for name in names:
            with open(f"{folder}/{name}", "rb") as f:
                self.assertEqual(self.small.webhook(f.read())[0], 200, name)

    def test_a_header_dripped_byte_by_byte_is_cut(self):
        with socket.create_connection(("127.0.0.1", self.small.host.port)) as s:
            s.settimeout(1)
            begin = time.monotonic()
            gone = False
            for byte in b"GET /probe/hello HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 100:
                try:
                    s.send(bytes([byte]))
                    time.sleep(0.1)
                except OSError:
                    gone = True
                    break
            self.assertTrue(gone)
            self.assertLess(time.monotonic() - begin, 6)

    def test_a_mute_database_is_503_within_three_seconds_and_nothing_is_half_stored(self):
        self.small.pg.freeze()
        try:
            begin = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda i: self.small.webhook(message(A, f"wamid.mute{i}")), range(8)))
            self.assertLess(time.monotonic() - begin, 3.3)
            self.assertEqual({status for status, _, _ in answers}, {503})
            self.assertTrue(all("Retry-After" in headers for _, _, headers in answers))
        finally:
            self.small.pg.thaw()
        self.heals()
        for i in range(8):  # the sender's retry
            until(lambda i=i: self.small.webhook(message(A, f"wamid.mute{i}"))[0] == 200, 10, "stored after the database is back")
        self.assertEqual(self.incoming("wamid.mute"), 8)

    def test_kill_9_of_the_database_loses_nothing_acknowledged(self):
        acknowledged, i = set(), 0
        for _ in range(3):
            end = time.monotonic() + 1
            while time.monotonic() < end:
                if self.small.webhook(message(A, f"wamid.ack.{i}."))[0] == 200:
                    acknowledged.add(f"wamid.ack.{i}.")
                i += 1
            self.small.pg.kill()
            self.assertEqual(self.small.webhook(message(A, "wamid.while.down"))[0], 503)
            self.small.pg.start()
            self.heals()
        rows = self.small.sql("SELECT payload::json->'message'->>'id', count(*) FROM wakala.event WHERE payload LIKE '%wamid.ack.%' GROUP BY 1")
        stored = {row[0]: row[1] for row in rows}
        self.assertEqual(acknowledged - set(stored), set())
        self.assertEqual({k for k, v in stored.items() if v != "1"}, set())
        self.assertGreater(len(acknowledged), 20)


if __name__ == "__main__":
    unittest.main()
