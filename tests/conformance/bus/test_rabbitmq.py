"""RabbitMQ carries: the same suite, and what only a broker can do wrong."""
import os
import re
import shutil
import subprocess
import threading
import time
import unittest

from harness.procs import until
from harness.stack import temp_folder

from .bed import LONG, RabbitPair
from .suite import Suite


class RabbitBus(Suite, unittest.TestCase):
    flood = 100000 if LONG else 15000

    @classmethod
    def setUpClass(cls):
        cls.pair = RabbitPair().__enter__()
        cls.addClassCleanup(cls.pair.stop)
        cls.pair.start_other()

    def setUp(self):
        super().setUp()
        self.pair.wait_carried()
        self.before = {name: self.pair.total(name) for name in ("wakala_bus_delivered_total", "wakala_events_read_total", "wakala_bus_gaps_total")}

    def gained(self, name):
        return self.pair.total(name) - self.before[name]

    def test_a_order_per_key(self):
        super().test_a_order_per_key()
        until(lambda: self.gained("wakala_bus_delivered_total") >= 500, 5, "they came by the broker", lambda: str(self.pair.bus_words()))
        self.assertLess(self.gained("wakala_events_read_total"), 50, "they were read from the log")

    def test_n_outsiders_get_every_event_with_the_headers_of_cloudevents(self):
        self.assertTrue(self.pair.post(n=200, keys=9))
        self.check()
        rows = {row[0]: row[1:] for row in self.pair.sql("SELECT id, key, payload, tenant_id, xid || '/' || seq, version FROM wakala.event WHERE type = 'probe.work'")}
        got = {}

        def all_there():
            with self.pair.amqp() as a:
                while (one := a.get("wakala.out.all")) is not None:
                    got.setdefault(one[0]["message_id"], []).append(one)
            return set(rows) <= set(got)
        until(all_there, 20, "200 events lie in the outsiders' queue", lambda: str(len(got)))
        for message_id in rows:
            properties, body = got[message_id][0]
            h, (key, payload, tenant, at, version) = properties["headers"], rows[message_id]
            self.assertEqual(body.decode(), payload)
            self.assertEqual({k: h[f"cloudEvents_{k}"] for k in ("id", "source", "type", "specversion", "subject", "tenantid", "partitionkey")},
                             {"id": message_id, "source": "wakala", "type": "probe.work", "specversion": "1.0", "subject": key, "tenantid": tenant,
                              "partitionkey": f"{tenant}/{key}"})
            self.assertRegex(h["cloudEvents_time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
            self.assertRegex(h["cloudEvents_traceparent"], r"^00-[0-9a-f]{32}-[0-9a-f]{16}-01$")
            self.assertEqual((h["x-wakala-at"], str(h["x-wakala-version"])), (at, version))
            self.assertRegex(h["x-wakala-before"], r"^\d+/\d+$")
            self.assertEqual({k: properties[k] for k in ("content_type", "delivery_mode", "type")},
                             {"content_type": "application/json", "delivery_mode": 2, "type": "probe.work"})
            self.assertTrue(re.fullmatch(r"\d{10}", str(properties["timestamp"])))
            self.assertNotIn("expiration", properties)

    def lane_of(self, key):
        return self.pair.sql(f"SELECT class, lane FROM wakala.event WHERE key = '{key}' LIMIT 1")[0]

    def test_o_a_purged_queue_loses_nothing_also_when_nothing_follows(self):
        self.assertTrue(self.pair.post(n=1, first=0, key="purged"))
        self.check()
        lane = self.lane_of("purged")[1]
        # More than a prefetch: the rest stays in the queue, and is thrown away there. No later event comes.
        for i in range(6):
            self.assertTrue(self.pair.post(n=50, first=1 + i * 50, key="purged", sleep_ms=12))
        with self.pair.amqp() as a:
            until(lambda: a.count(f"wakala.normal.{lane}")[0] > 50, 10, "messages lie in the queue")
            thrown = a.purge(f"wakala.normal.{lane}")
        self.assertGreater(thrown, 50)
        self.assertEqual(self.check(), 602)
        until(lambda: self.gained("wakala_bus_gaps_total") > 0, 5, "the gap was seen")

    def test_p_a_deleted_queue_is_declared_again(self):
        self.assertTrue(self.pair.post(n=1, first=0, key="deleted"))
        self.check()
        with self.pair.amqp() as a:
            a.delete(f"wakala.normal.{self.lane_of('deleted')[1]}")
        for i in range(1, 6):
            self.assertTrue(self.pair.post(n=10, first=i * 10, key="deleted"))
        self.assertEqual(self.check(), 102)
        self.pair.wait_carried()

    def test_q_strangers_messages_in_a_lanes_queue_change_nothing(self):
        self.assertTrue(self.pair.post(n=1, first=0, key="strange"))
        self.check()
        lane = self.lane_of("strange")[1]
        utf8 = b"\x0bx-wakala-atS\x00\x00\x00\x19999999999999999999999999x"
        with self.pair.amqp() as a:
            for headers in (b"", utf8, b"\x0ecloudEvents_idS\x00\x00\x00\x02no"):
                for body in (b"", b"{}", b"\0" * 5000):
                    a.put("wakala.events", f"normal.{lane}.probe.work", body, headers)
        self.assertTrue(self.pair.post(n=20, first=1, key="strange"))
        self.assertEqual(self.check(), 42)
        with self.pair.amqp() as a:
            until(lambda: a.count(f"wakala.normal.{lane}")[0] == 0, 10, "the queue is empty")

    def stop_and_go(self, down, up, seconds):
        """Events at a steady rate, the broker away for so long: acknowledged all the time, and all in order."""
        late, stop, count = [], threading.Event(), [0]

        def load():
            while not stop.is_set():
                begin = time.monotonic()
                self.assertTrue(self.pair.post(n=5, first=count[0] * 5, keys=10, host=self.pair.hosts()[count[0] % 2]))
                late.append(time.monotonic() - begin)
                count[0] += 1
                stop.wait(0.05)
        thread = threading.Thread(target=load)
        thread.start()
        try:
            time.sleep(1)
            down()
            time.sleep(4)
            behind = self.pair.sql("SELECT count(*) FROM wakala.event e WHERE type = 'probe.work' AND at < wakala.now() - interval '3.5 seconds' AND "
                                   "NOT EXISTS (SELECT FROM probe_seen s WHERE s.event_id = e.id AND s.sub = 'a')")
            time.sleep(seconds - 4)
            up()
            time.sleep(2)
        finally:
            stop.set()
            thread.join()
        self.check(120)
        print(f"  {count[0] * 5} events, publishing took {sorted(late)[len(late) // 2] * 1000:.0f} ms in the middle, {max(late) * 1000:.0f} ms at most", flush=True)
        self.assertEqual(behind, [["0"]], "while the broker is away the log is read")
        self.assertLess(max(late), 3)
        self.assertGreater(count[0] * 5, 20 * seconds)
        self.pair.wait_carried(60)

    def fresh(self):
        self.pair.broker.wipe()
        self.pair.broker.start()

    def test_r_the_broker_is_killed_under_load_and_comes_back_after_a_while_with_an_empty_disk(self):
        self.stop_and_go(self.pair.broker.kill, self.fresh, 60 if LONG else 15)

    @unittest.skipUnless(LONG, "long")
    def test_r_the_broker_is_stopped_under_load(self):
        self.stop_and_go(self.pair.broker.kill, self.pair.broker.start, 60)

    @unittest.skipUnless(LONG, "long")
    def test_s_the_broker_stands_still_under_load(self):
        """Alive and mute: nothing is closed, nothing answers. The loops must not notice."""
        self.stop_and_go(self.pair.broker.freeze, self.pair.broker.thaw, 30 if LONG else 8)
        for host in self.pair.hosts():
            self.assertNotIn("heartbeat", "\n".join(line for line in host.text().splitlines() if '"level":"error"' in line))

    @unittest.skipUnless(LONG, "long")
    def test_u_the_broker_takes_nothing_for_its_memory_alarm(self):
        """Who publishes is not read any more: no loop stands still, and when the alarm is over all goes on."""
        pids = [host.workers() for host in self.pair.hosts()]
        self.stop_and_go(lambda: self.pair.broker.alarm(True), lambda: self.pair.broker.alarm(False), 30)
        self.assertEqual([host.workers() for host in self.pair.hosts()], pids, "a worker was ended")

    @unittest.skipUnless(LONG, "long")
    def test_t_a_broker_that_comes_back_empty_loses_nothing(self):
        self.assertTrue(self.pair.post(n=100, first=0, keys=10))
        for i in range(4):
            self.assertTrue(self.pair.post(n=100, first=100 + i * 100, keys=10, sleep_ms=5))
        self.pair.broker.kill()
        self.assertTrue(self.pair.post(n=100, first=500, keys=10))
        self.fresh()
        self.assertTrue(self.pair.post(n=100, first=600, keys=10))
        self.assertEqual(self.check(), 1400)
        self.pair.wait_carried(60)


def certificate(folder):
    """(ca, certificate, key) files of a broker called localhost, and a CA that has nothing to do with it."""
    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    for name in ("ca", "stranger"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "csr.pem")
    openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", "cert.pem")
    for name in ("ca", "stranger", "cert"):
        os.chmod(f"{folder}/{name}.pem", 0o644)
    os.chmod(f"{folder}/key.pem", 0o600)
    return f"{folder}/ca.pem", f"{folder}/cert.pem", f"{folder}/key.pem", f"{folder}/stranger.pem"


@unittest.skipUnless(LONG, "long")
class Tls(unittest.TestCase):
    """Encrypted; a broker that cannot prove its name is none."""

    def test_only_who_proves_the_name_is_spoken_to(self):
        folder = temp_folder("wakala-tls-")
        self.addCleanup(shutil.rmtree, folder, True)
        *files, stranger = certificate(folder)
        pair = RabbitPair(tls=files)
        self.addCleanup(pair.stop)
        pair.tls = f'tls = true;\ntls_ca = "{files[0]}";\n'
        pair.nodes = f"127.0.0.1:1 localhost:{pair.broker.tls_port}"  # the first of the cluster is away
        pair.__enter__()
        self.assertTrue(pair.post(n=50, keys=5))
        pair.wait_all(20)
        self.assertEqual(pair.audit(), [100, 0, 0, 0])
        until(lambda: pair.metrics()["wakala_bus_confirmed_total"] >= 50, 5, "they went by the broker", lambda: str(pair.bus_words()))
        first = 0
        for ca, node, why in ((stranger, f"localhost:{pair.broker.tls_port}", "certificate"), (files[0], f"127.0.0.1:{pair.broker.tls_port}", "hostname")):
            pair.tls, pair.nodes = f'tls = true;\ntls_ca = "{ca}";\n', node
            pair.conf("rabbitmq", "", 22)
            pair.host.cli("reload")
            os.truncate(pair.host.log, 0)
            until(lambda: pair.metrics().get('wakala_dependency_up{dependency="rabbitmq"}') == 0, 20, f"{why}: not connected", pair.host.tail)
            first += 50
            self.assertTrue(pair.post(n=10, first=first, keys=5))
            pair.wait_all(20)
        self.assertEqual(pair.audit(), [140, 0, 0, 0])
        self.assertEqual(pair.host.findings(), [])


if __name__ == "__main__":
    unittest.main()
