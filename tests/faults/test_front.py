"""The front door under bad input, a mute database and kill -9: what is acknowledged is stored, what is not leaves nothing.

No simulator: bodies are made here and signed with the demo's secret. Run by ctest; alone:
    PYTHONPATH=tests python3 -m unittest tests/faults/test_front.py
"""
import concurrent.futures
import glob
import itertools
import json
import os
import shutil
import signal
import threading
import time
import unittest
import uuid

from harness import demo_values, meta, procs
from harness.ledger import Ledger
from harness.sim import request
from harness.stack import ROOT, Stack

A, B = demo_values.TENANTS[0][1][0], demo_values.TENANTS[1][1][0]
UNKNOWN = "999999999999999"


class Front(unittest.TestCase):
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

    def post(self, body, **more):
        return meta.post(self.stack.host.port, body, **more)

    def stored(self, wamid):
        """How often a message is in the log."""
        return sum(count for found, _, count in Ledger.incoming(self.stack.sql) if found == wamid)

    def is_handled(self, text):
        """The event whose payload has this text: its handler has committed, so it has its mark, or its lane's cursor has passed it already."""
        return self.stack.sql(f"SELECT 1 FROM wakala.event e WHERE e.payload LIKE '%{text}%' AND e.type = 'whatsapp.incoming' AND "
                              "(EXISTS (SELECT FROM wakala.mark m WHERE m.name = 'host.message' AND m.class = e.class AND m.lane = e.lane AND m.seq = e.seq) OR "
                              "EXISTS (SELECT FROM wakala.cursor c WHERE c.name = 'host.message' AND c.class = e.class AND c.lane = e.lane AND "
                              "(e.xid, e.seq) <= (c.xid, c.seq)))")

    def quarantined(self):
        return int(self.stack.sql("SELECT count(*) FROM wakala.quarantine")[0][0])

    # verification

    def test_subscription_is_verified(self):
        port = self.stack.host.port
        query = f"hub.mode=subscribe&hub.challenge=1158%2D201&hub.verify_token={demo_values.VERIFY_TOKEN}"
        status, _, body = request(port, "GET", f"/webhooks/whatsapp?{query}")
        self.assertEqual((status, body), (200, b"1158-201"))
        status, _, _ = request(port, "GET", "/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong")
        self.assertTrue(400 <= status < 500, status)

    def test_only_signed_bodies_are_stored(self):
        body = meta.envelope(meta.change(A, [meta.text_message("wamid.unsigned", "27820000099", "hi")]))
        for signature in (False, meta.sign(body, "another secret"), "sha256=00", "sha1=" + "0" * 40, meta.sign(body + b" "), "sha256="):
            with self.subTest(signature=signature):
                self.assertEqual(self.post(body, signature=signature)[0], 401)
        self.assertEqual(self.stored("wamid.unsigned"), 0)

    # what arrives once is stored once

    def test_a_message_twice_is_stored_once(self):
        body = meta.envelope(meta.change(A, [meta.text_message("wamid.twice", "27820000099", "hi")]))
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(self.post(body)[0])) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 8)
        self.assertEqual(self.stored("wamid.twice"), 1)

    def test_order_inside_a_post_is_kept(self):
        messages = [meta.text_message(f"wamid.order.{i}", "27820000099", "hi") for i in range(20)]
        self.assertEqual(self.post(meta.envelope(meta.change(A, messages)))[0], 200)
        rows = self.stack.sql("SELECT payload::json->'message'->>'id' FROM wakala.event WHERE payload LIKE '%wamid.order.%' AND type = 'whatsapp.incoming' "
                              "ORDER BY seq")
        self.assertEqual([row[0] for row in rows], [f"wamid.order.{i}" for i in range(20)])

    def test_the_same_id_again_days_later_is_the_same_message(self):
        """By the message's own time, also when the day it comes in is another; a time that cannot be right is a day as well."""
        now = int(self.stack.sql("SELECT extract(epoch FROM wakala.now())::bigint")[0][0])
        for name, at in (("old", now - 5 * 86400), ("ancient", now - 900 * 86400), ("future", now + 400 * 86400), ("none", 0)):
            message = dict(meta.text_message(f"wamid.day.{name}", "27820000099", "hi"), timestamp=str(at))
            for _ in range(2):
                self.assertEqual(self.post(meta.envelope(meta.change(A, [message])))[0], 200)
            self.assertEqual(self.stored(f"wamid.day.{name}"), 1, name)

    def test_new_messages_among_known_ones_are_stored_in_their_order(self):
        """A flush that meets a known key is sent again in the form that asks for each: repeats of before, repeats in the same post, and new ones between."""
        def some(*numbers):
            return meta.envelope(meta.change(A, [meta.text_message(f"wamid.among.{i}", "27820000099", str(i)) for i in numbers]))
        for body in (some(1, 2, 3), some(2, 4, 3, 4, 5, 1), some(5, 6, 6, 6), some(7), some(1, 2, 3, 4, 5, 6, 7, 8)):
            self.assertEqual(self.post(body)[0], 200)
        rows = self.stack.sql("SELECT payload::json->'message'->>'id' FROM wakala.event WHERE payload LIKE '%wamid.among.%' AND type = 'whatsapp.incoming' "
                              "ORDER BY seq")
        self.assertEqual([row[0] for row in rows], [f"wamid.among.{i}" for i in range(1, 9)])

    def test_a_message_made_again_with_another_second_is_the_same_message(self):
        at = int(time.time()) // 3600 * 3600 + 1800
        for second in (0, 7):
            self.assertEqual(self.post(meta.envelope(meta.change(A, [meta.text_message("wamid.second", "27820000099", "hi", at + second)])))[0], 200)
        self.assertEqual(self.stored("wamid.second"), 1)

    def test_statuses_merge_the_same_in_any_order(self):
        tenant = Ledger.addresses(self.stack.sql)[A]
        for number, (names, wanted) in enumerate(
                [(order, ["sent", "2"]) for order in itertools.permutations(("sent", "delivered", "failed"))] +
                [(order, ["failed", "1"]) for order in itertools.permutations(("sent", "failed"))] +
                [(order, ["sent", "3"]) for order in itertools.permutations(("sent", "delivered", "read"))]):
            own, wamid = str(uuid.uuid4()), f"wamid.merge.{number}"
            self.stack.sql(f"INSERT INTO wakala.outbound (tenant_id, id, channel, address, recipient, body, state) VALUES "
                           f"('{tenant}', '{own}', 'whatsapp', '{A}', '27820000099', '{{}}', 'sending')")
            for i, name in enumerate(names):
                status = {"id": wamid, "status": name, "timestamp": str(int(time.time())), "recipient_id": "27820000099"}
                if i % 2 == 0:  # the first has our id, and teaches us theirs
                    status["biz_opaque_callback_data"] = own
                if name == "failed":
                    status["errors"] = [{"code": 131026, "title": "Undeliverable"}]
                self.assertEqual(self.post(meta.envelope(meta.change(A, statuses=[status])))[0], 200)
            self.assertEqual(self.stack.sql(f"SELECT state, rank FROM wakala.outbound WHERE id = '{own}'"), [wanted], names)

    def test_a_senders_trace_goes_on_in_the_event(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        for wamid, header in (("wamid.trace.a", f"00-{trace}-00f067aa0ba902b7-01"), ("wamid.trace.b", "00-no-trace-01")):
            body = meta.envelope(meta.change(A, [meta.text_message(wamid, "27820000099", "hi")]))
            self.assertEqual(self.post(body, headers={"traceparent": header})[0], 200)
        rows = self.stack.sql("SELECT coalesce(trace, 'none') FROM wakala.event WHERE payload LIKE '%wamid.trace.%' AND type = 'whatsapp.incoming' ORDER BY seq")
        self.assertEqual(rows, [[trace], ["none"]])

    def test_what_is_nobodys_is_said_aloud(self):
        self.post(meta.envelope(meta.change(UNKNOWN, [meta.text_message("wamid.aloud", "27820000099", "hi")])))
        procs.until(lambda: "went into quarantine" in self.stack.host.text() and "nobody's address" in self.stack.host.text(), 15, "the operator is told",
                    self.stack.host.tail)
        self.assertNotIn(UNKNOWN, self.stack.host.text())  # masked: of other channels it is a phone number

    def test_one_post_for_two_tenants(self):
        body = meta.envelope(meta.change(A, [meta.text_message("wamid.mixed.a", "27820000099", "hi")]),
                             meta.change(B, [meta.text_message("wamid.mixed.b", "27820000099", "hi")]))
        self.assertEqual(self.post(body)[0], 200)
        tenants = Ledger.addresses(self.stack.sql)
        rows = sorted(row for row in Ledger.incoming(self.stack.sql) if row[0].startswith("wamid.mixed."))
        self.assertEqual(rows, [("wamid.mixed.a", tenants[A], 1), ("wamid.mixed.b", tenants[B], 1)])

    def test_one_post_for_somebody_and_nobody(self):
        before = self.quarantined()
        body = meta.envelope(meta.change(A, [meta.text_message("wamid.half.a", "27820000099", "hi")]),
                             meta.change(UNKNOWN, [meta.text_message("wamid.half.b", "27820000099", "hi")]))
        self.assertEqual(self.post(body)[0], 200)
        self.assertEqual((self.stored("wamid.half.a"), self.stored("wamid.half.b"), self.quarantined()), (1, 0, before + 1))

    def test_samples_are_accepted(self):
        paths = sorted(glob.glob(f"{ROOT}/tests/samples/whatsapp/*.json"))
        self.assertEqual(len(paths), 20)
        for path in paths:
            with open(path, "rb") as f:
                self.assertEqual(self.post(f.read())[0], 200, path)

    # hostile, but signed: stored or set aside, 200, and everybody else is served

    def test_hostile_bodies(self):
        deep = b'{"object":"whatsapp_business_account","entry":' + b"[" * 10000 + b"]" * 10000 + b"}"
        good = meta.envelope(meta.change(A, [meta.text_message("wamid.x", "27820000099", "hi")]))
        bodies = {
            "10,000 deep": deep,
            "empty": b"",
            "no JSON": b"hello",
            "truncated": good[:len(good) // 2],
            "bad UTF-8": good.replace(b"hi", b"\xff\xfe\xc0"),
            "lone surrogate": good.replace(b"hi", b"\\ud800 \\udc00"),
            "NUL escape": good.replace(b"hi", b"a\\u0000b"),
            "raw NUL": good.replace(b"hi", b"a\0b"),
            "unknown type": good.replace(b'"type":"text"', b'"type":"hologram"'),
            "no type": good.replace(b'"type":"text",', b""),
            "unknown field": good.replace(b'"field":"messages"', b'"field":"telepathy"'),
            "unknown number": good.replace(A.encode(), UNKNOWN.encode()),
            "an array": b"[" + good + b"]",
            "a number": b"12345678901234567890123456789012345678901234567890",
            "duplicate keys": b'{"object":"x","object":"whatsapp_business_account","entry":[],"entry":[]}',
            "huge number": good.replace(b'"timestamp":"', b'"timestamp":"9999999999999999999'),
        }
        # What a sender may really have meant is an event; what is nobody's or no webhook is kept in quarantine; an empty list holds nothing.
        events = {"lone surrogate", "NUL escape", "unknown type", "no type", "huge number"}
        other = {"unknown field", "duplicate keys"}
        pids = procs.until(lambda: len(self.stack.host.workers()) == 2 and self.stack.host.workers(), 20, "both workers are there")
        for n, (name, body) in enumerate(bodies.items()):
            wamid = f"wamid.hostile.{n}."
            before = self.quarantined()
            with self.subTest(name):
                self.assertEqual(self.post(body.replace(b"wamid.x", wamid.encode()))[0], 200)
                stored = int(self.stack.sql(f"SELECT count(*) FROM wakala.event WHERE type = 'whatsapp.incoming' AND payload LIKE '%{wamid}%'")[0][0])
                if name not in other:
                    self.assertEqual((stored, self.quarantined() - before), (1, 0) if name in events else (0, 1))
                if name in events:
                    procs.until(lambda: self.is_handled(wamid), 15, f"{name} is handled", self.stack.host.tail)
        self.assertEqual(self.post(meta.envelope(meta.change(A, [meta.text_message("wamid.hostile.later", "27820000074", "hi")])))[0], 200)
        procs.until(lambda: self.stack.sql("SELECT 1 FROM wakala.event WHERE type = 'whatsapp.outgoing' AND key = '27820000074'"), 15,
                    "who writes afterwards is answered", self.stack.host.tail)
        self.assertEqual(self.stack.sql("SELECT name, type, code, error FROM wakala.dead"), [])
        self.assertEqual(self.stack.host.workers(), pids, "a worker died of it")
        self.assertTrue(self.stack.host.serves())

    def test_what_is_not_understood_is_kept_whole(self):
        good = meta.envelope(meta.change(A, [meta.text_message("wamid.kept", "27820000099", "hi")]))
        bodies = [b'{"object":"whatsapp_business_account","entry":' + b"[" * 10000 + b"]" * 10000 + b"}", good[:-20], b"{}", b"hello", b"[]",
                  b"\x00\x01\x02", good.replace(b"hi", b"\xff\xfe\xc0")]
        for body in bodies:
            before = self.quarantined()
            self.assertEqual(self.post(body)[0], 200)
            self.assertEqual(self.quarantined(), before + 1, body[:60])
            self.assertEqual(self.stack.sql("SELECT encode(body, 'hex') FROM wakala.quarantine ORDER BY id DESC LIMIT 1")[0][0], body.hex())
        self.assertEqual(self.stored("wamid.kept"), 0)

    def test_what_the_log_cannot_take_is_503_not_quarantine(self):
        """The log has no partition for the next events: the sender must come again, for the message is a good one."""
        before = self.quarantined()
        body = meta.envelope(meta.change(A, [meta.text_message("wamid.nowhere", "27820000099", "hi")]))
        last = int(self.stack.sql("SELECT max(last) FROM wakala.event_part")[0][0])
        self.stack.sql(f"SELECT setval('wakala.event_seq', {last + 1000})")
        self.assertEqual(self.post(body)[0], 503)
        self.assertEqual(self.quarantined(), before)
        procs.until(lambda: meta.try_post(self.stack.host.port, body) == 200, 25, "the partition is made and the sender's retry is stored")
        self.assertEqual((self.stored("wamid.nowhere"), self.quarantined()), (1, before))

    def test_a_suspended_tenants_messages_are_kept_and_get_a_notice(self):
        tenant = Ledger.addresses(self.stack.sql)[A]

        def answers(person):
            return int(self.stack.sql(f"SELECT count(*) FROM wakala.event WHERE type = 'whatsapp.outgoing' AND key = '{person}'")[0][0])

        def write(wamid, person):
            self.assertEqual(self.post(meta.envelope(meta.change(A, [meta.text_message(wamid, person, "hi")])))[0], 200)
            procs.until(lambda: self.is_handled(wamid), 15, f"{wamid} is handled", self.stack.host.tail)
        write("wamid.status.active", "27820000071")
        self.assertGreater(answers("27820000071"), 0)
        self.stack.host.cli("tenant", "suspend", tenant)
        try:
            time.sleep(1.5)  # until every worker has read it
            write("wamid.status.suspended", "27820000072")
            write("wamid.status.again", "27820000072")
            self.assertEqual((self.stored("wamid.status.suspended"), answers("27820000072")), (1, 1), "one notice, whatever is written")
        finally:
            self.stack.host.cli("tenant", "resume", tenant)
        time.sleep(1.5)
        write("wamid.status.resumed", "27820000073")
        self.assertGreater(answers("27820000073"), 0)

    def test_what_belongs_to_nobody_is_set_aside(self):
        before = self.quarantined()
        body = meta.envelope(meta.change(UNKNOWN, [meta.text_message("wamid.nobody", "27820000099", "hi")]), waba="999999999999998")
        self.assertEqual(self.post(body)[0], 200)
        self.assertEqual(self.quarantined(), before + 1)
        self.assertEqual(self.stored("wamid.nobody"), 0)

    def test_three_megabytes_and_not_more(self):
        message = meta.text_message("wamid.large", "27820000099", "hi")
        body = meta.envelope(meta.change(A, [dict(message, padding="x" * (3 * 1024 * 1024 - 1000))]))
        self.assertLessEqual(len(body), 3 * 1024 * 1024)
        self.assertEqual(self.post(body)[0], 200)
        self.assertEqual(self.stored("wamid.large"), 1)
        body = meta.envelope(meta.change(A, [dict(message, id="wamid.larger", padding="x" * (3 * 1024 * 1024 + 1000))]))
        try:
            self.assertEqual(self.post(body)[0], 413)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused by its Content-Length while we still wrote; the answer may be lost with the connection
        self.assertEqual(self.stored("wamid.larger"), 0)

    def test_slow_headers_are_cut(self):
        def pieces():
            yield b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\n"
            while True:
                yield b"X-A: b\r\n"
        took = meta.trickle(self.stack.host.port, pieces(), 25)
        self.assertIsNotNone(took, "a client that never ends its headers was not cut")
        self.assertLess(took, 15)

    def test_slow_bodies_are_cut(self):
        def pieces():
            yield b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
            while True:
                yield b"x"
        took = meta.trickle(self.stack.host.port, pieces(), 40)
        self.assertIsNotNone(took, "a client that sends four bytes a second was not cut")

    # faults

    def healed(self, body):
        """Seconds until every worker accepts again: so many posts in a row that each worker had some."""
        begin = time.monotonic()
        procs.until(lambda: all(meta.try_post(self.stack.host.port, body) == 200 for _ in range(20)), 15, "webhooks are accepted again")
        return time.monotonic() - begin

    def test_mute_database_gives_503_in_time_and_nothing_half_stored(self):
        body = meta.envelope(meta.change(A, [meta.text_message("wamid.mute", "27820000099", "hi")]))
        self.stack.pg.freeze()
        try:
            for _ in range(3):
                begin = time.monotonic()
                status, headers, _ = self.post(body)
                took = time.monotonic() - begin
                self.assertEqual(status, 503)
                self.assertLess(took, 3.0)
                self.assertTrue(any(name.lower() == "retry-after" for name in headers), headers)
            status, _, _ = request(self.stack.host.admin_port, "GET", "/healthz", timeout=2)
            self.assertEqual(status, 200)
        finally:
            self.stack.pg.thaw()
        self.healed(body)
        self.assertEqual(self.stored("wamid.mute"), 1)

    def test_many_at_once_to_a_mute_database_are_all_told_in_time(self):
        bodies = [meta.envelope(meta.change(A, [meta.text_message(f"wamid.mutes.{i}", "27820000099", "hi")])) for i in range(8)]
        self.stack.pg.freeze()
        try:
            begin = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(self.post, bodies))
            self.assertLess(time.monotonic() - begin, 3.3)
            self.assertEqual({status for status, _, _ in answers}, {503})
        finally:
            self.stack.pg.thaw()
        for body in bodies:  # the sender's retry
            procs.until(lambda body=body: meta.try_post(self.stack.host.port, body) == 200, 15, "stored after the database is back")
        self.assertEqual([self.stored(f"wamid.mutes.{i}") for i in range(8)], [1] * 8)

    def test_dead_database_gives_503_and_heals_without_restart(self):
        pids = self.stack.host.workers()
        body = meta.envelope(meta.change(A, [meta.text_message("wamid.dead", "27820000099", "hi")]))
        self.stack.pg.kill()
        try:
            begin = time.monotonic()
            self.assertEqual(self.post(body)[0], 503)
            self.assertLess(time.monotonic() - begin, 3.0)
        finally:
            self.stack.pg.start()
        self.assertLess(self.healed(body), 5.0)
        self.assertEqual(self.stored("wamid.dead"), 1)
        self.assertEqual(self.stack.host.workers(), pids, "workers were replaced for a fault that is not theirs")

    def flood(self, seconds, acknowledged, errors):
        """Post messages of their own until the time is over; what was answered 200 goes to the book."""
        end, n, me = time.monotonic() + seconds, 0, threading.get_ident()
        while time.monotonic() < end:
            wamid = f"wamid.flood.{me}.{n}"
            n += 1
            body = meta.envelope(meta.change(A, [meta.text_message(wamid, "27820000098", "hi")]))
            status = meta.try_post(self.stack.host.port, body, timeout=5)
            if status == 200:
                acknowledged.append(wamid)
            else:
                errors.append(status)

    def check_flood(self, fault, seconds=4):
        acknowledged, errors = [], []
        threads = [threading.Thread(target=self.flood, args=(seconds, acknowledged, errors)) for _ in range(4)]
        for thread in threads:
            thread.start()
        fault()
        for thread in threads:
            thread.join()
        procs.until(self.stack.host.serves, 20, "the host serves again")
        self.assertGreater(len(acknowledged), 20)
        stored = {wamid: count for wamid, _, count in Ledger.incoming(self.stack.sql)}
        self.assertEqual([w for w in acknowledged if w not in stored], [], "acknowledged and lost")
        self.assertEqual([w for w, count in stored.items() if count > 1], [], "stored twice")
        return errors

    def test_killed_worker_loses_nothing_acknowledged(self):
        def fault():
            for _ in range(3):
                time.sleep(0.7)  # the moment of the fault, not a wait
                self.stack.kill("worker")
        self.check_flood(fault)

    def test_killed_master_loses_nothing_acknowledged(self):
        def fault():
            time.sleep(0.7)  # the moment of the fault, not a wait
            self.stack.kill("master")
        self.check_flood(fault, 6)

    def test_killed_database_loses_nothing_acknowledged(self):
        def fault():
            time.sleep(0.7)  # the moment of the fault, not a wait
            self.stack.kill("postgres")
        self.check_flood(fault, 6)

    def test_terminated_host_finishes_what_it_has(self):
        def fault():
            time.sleep(0.7)  # the moment of the fault, not a wait
            process = self.stack.host.process
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(40), 0, self.stack.host.tail())
            self.stack.host.start()
        self.check_flood(fault, 6)

    def test_decode_needs_no_server(self):
        path = f"{ROOT}/tests/samples/whatsapp/01-text.json"
        with open(path, "rb") as f:
            message = json.load(f)["entry"][0]["changes"][0]["value"]["messages"][0]
        copy = f"{self.stack.dir}/01-text.json"  # commands run as the servers' user, who may not reach the checkout
        shutil.copy(path, copy)
        os.chmod(copy, 0o644)
        out = self.stack.host.cli("whatsapp", "decode", copy)
        self.assertEqual(len(out.strip().splitlines()), 1)
        self.assertIn(message["id"], out)


if __name__ == "__main__":
    os.chdir(ROOT)
    unittest.main()
