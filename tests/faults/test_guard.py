"""A peer outside that is slow, resets, answers garbage, half-answers or nonsense: the chat answers meanwhile, calls fail at once, the breaker heals by
itself. Retries, limits over workers, penalties; and Meta away for a while: everybody gets their answer once."""
import concurrent.futures
import json
import re
import time
import unittest
import urllib.parse

from harness import demo_values
from harness.inbox import Message
from harness.peer import Peer
from harness.procs import until
from harness.sim import request
from harness.stack import plugin_of_tests, write
from sdk.test_out_of_tree import OwnPlugins

from .small import message

ADDRESS = "100000000000001"
GUARD = 'guard = { target_calls = 8; breaker_failures = 3; breaker_delay = "1s"; breaker_delay_max = "2s"; };\n'


class Guarded(OwnPlugins):
    def configure(self):
        super().configure()
        with open(self.host.conf, encoding="utf-8") as f:
            write(self.host.conf, f.read() + GUARD)


class Guards(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.peer = Peer()
        cls.addClassCleanup(cls.peer.close)
        cls.stack = Guarded(redis=True)
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start()
        conf = f"{cls.stack.dir}/29-t-asks.conf"
        write(conf, f'enabled = true;\npeer = "{cls.peer.url}";\n')
        cls.stack.drop(plugin_of_tests("t-asks"), conf)
        cls.stack.host.cli("reload", timeout=120)

    def setUp(self):
        self.peer.healed.clear()

    def tearDown(self):
        self.assertEqual(self.stack.findings(), [])

    def get(self, what, within=30, **query):
        status, _, body = request(self.stack.host.port, "GET", f"/asks/{what}?{urllib.parse.urlencode(query)}", timeout=within)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def ask(self, target, path, **query):
        return self.get("peer", target=target, path=path, **query)

    def state(self, target):
        text = request(self.stack.host.admin_port, "GET", "/metrics")[2].decode()
        match = re.search(rf'^wakala_breaker_state{{target="{target}"}} (\d)$', text, re.M)
        return int(match.group(1)) if match else None

    def heals(self, target, path):
        """Open, asked in vain at once, half-open after its time, closed again."""
        self.assertEqual(self.state(target), 2)
        refused = self.ask(target, path)
        self.assertEqual((refused["ok"], refused["code"]), (False, "target.open"))
        self.assertTrue(0 < refused["retry_after"] <= 2500, refused)
        self.assertLess(refused["ms"], 200)
        before = self.peer.asked[path]
        self.ask(target, path)
        self.assertEqual(self.peer.asked[path], before, "it was asked while its breaker was open")
        self.peer.healed.set()
        until(lambda: self.ask(target, path)["ok"], 10, f"{target} is asked again")
        for _ in range(3):
            self.ask(target, path)
        self.assertEqual(self.state(target), 0)
        line = next(line for line in self.stack.host.cli("status").splitlines() if f"  {target} " in line)
        self.assertRegex(line, r"closed, opened \d+ times, last because: ")
        return line

    def broken(self, path, failures, code, cause, **query):
        target = f"peer-{path}"
        for i in range(failures):
            self.assertEqual(self.state(target) or 0, 0, f"open after {i}")
            said = self.ask(target, path, **query)
            self.assertIn(said["code"], code, said)
        self.assertIn(cause, self.heals(target, path))

    def test_a_peer_that_resets(self):
        self.broken("reset", 6, ["http.unknown"], "broken answers")

    def test_a_peer_that_speaks_no_http(self):
        self.broken("garbage", 6, ["http.unknown"], "broken answers")

    def test_a_peer_that_answers_half(self):
        self.broken("half", 6, ["http.unknown"], "broken answers")

    def test_a_peer_that_stops_in_the_middle(self):
        self.broken("stall", 3, ["http.unknown"], "timed out", timeout=300)

    def test_a_peer_that_fails(self):
        self.broken("broken", 6, ["t-asks.refused"], "broken answers")

    def test_a_peer_that_answers_nonsense(self):
        self.broken("nonsense", 6, [""], "broken answers")

    def test_a_peer_that_says_no_is_alive(self):
        for _ in range(30):
            self.assertEqual(self.ask("peer-teapot", "teapot")["status"], 429)
        self.assertEqual(self.state("peer-teapot"), 0)

    def test_targets_without_a_name_are_no_label(self):
        for _ in range(3):
            self.get("peer", path="good")
        text = request(self.stack.host.admin_port, "GET", "/metrics")[2].decode()
        self.assertNotIn(self.peer.url, text)
        self.assertIn(self.peer.url, self.stack.host.cli("status"))

    def answers(self, number, after):
        return [m for m in (Message(m) for m in self.stack.sim.messages(number, after)) if m.n > after]

    def test_a_slow_peer_does_not_stop_the_chat(self):
        slow = [f"2782000{i:04}" for i in range(2000, 2080)]
        for number in slow:
            self.stack.sim.say(number, ADDRESS, text="ask slow")
        until(lambda: self.peer.asked["slow"] >= 8, 10, "the peer is asked")
        time.sleep(0.7)  # all have asked or were refused, and none has run into its two seconds: the peer would count those that we gave up
        at_once, waits = self.peer.at_once["slow"], []
        for i in range(8):  # others write meanwhile
            number, began = f"2782000{3000 + i}", time.monotonic()
            self.stack.sim.say(number, ADDRESS, text="hi")
            until(lambda number=number: self.answers(number, 0), 10, "the chat answers", self.stack.host.tail)
            waits.append(time.monotonic() - began)
        self.assertLess(sorted(waits)[len(waits) // 2], 1.5, waits)
        self.assertLess(max(waits), 4, waits)
        until(lambda: self.state("chat-peer") == 2, 20, "the breaker opens")
        self.assertLessEqual(at_once, 8 * 2, "more under way than two workers may have")
        told = until(lambda: all(self.answers(number, 0) for number in slow), 60, "everybody is told", self.stack.host.tail)
        self.assertTrue(told)
        for number in slow:
            texts = [m.text for m in self.answers(number, 0)]
            self.assertEqual(len(texts), 1, texts)
            self.assertRegex(texts[0], r"^We're experiencing technical difficulties. Please try again later. \(Reference: [0-9a-f]{8}\)$")
        self.peer.healed.set()
        until(lambda: self.state("chat-peer") == 1 or self.state("chat-peer") == 0 or self.heal_by_chat(), 20, "it is asked again")

    def heal_by_chat(self):
        number = "27820004000"
        self.stack.sim.say(number, ADDRESS, text="ask slow")
        return any("the peer said 200" in m.text for m in self.answers(number, 0))

    def test_machines_tell_each_other_through_redis(self):
        for _ in range(6):
            self.ask("peer-shared", "reset")
        self.assertEqual(self.state("peer-shared"), 2)
        until(lambda: "cmdstat_publish" in self.stack.redis.cli("INFO", "commandstats"), 5, "it is published")
        self.peer.healed.set()
        self.assertTrue(self.ask("peer-elsewhere", "good")["ok"])
        for news in ("nonsense", "60000", "60000 0 peer-elsewhere", "-5 1 peer-elsewhere", "9999999999999999999999 1", "5 1 " + "x" * 300):
            self.stack.redis.cli("PUBLISH", "wakala:breaker", news)
        self.assertTrue(self.ask("peer-elsewhere", "good")["ok"])
        self.stack.redis.cli("PUBLISH", "wakala:breaker", "1500 2 peer-elsewhere")  # as another machine says it
        until(lambda: self.state("peer-elsewhere") == 2, 5, "it is heard")
        self.assertEqual(self.ask("peer-elsewhere", "good")["code"], "target.open")
        until(lambda: self.ask("peer-elsewhere", "good")["ok"], 10, "our own probes close it")
        for _ in range(3):
            self.ask("peer-elsewhere", "good")
        self.assertEqual(self.state("peer-elsewhere"), 0)

    def test_retries_do_not_multiply(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda _: self.ask("peer-retry", "teapot", retry=1), range(200)))
        self.assertEqual({one["status"] for one in said}, {429})
        tries = [one["tries"] for one in said]
        self.assertLessEqual(max(tries), 3)
        self.assertGreater(max(tries), 1, "nobody tried again")
        repeated = sum(1 for one in tries if one > 1) + sum(1 for one in tries if one > 2)
        # 3 and a tenth of the calls per ten seconds, repeated ones included; the test may lie in two such windows
        self.assertLessEqual(repeated, 2 * 3 + (200 + repeated) // 10 + 2)

    def test_a_limit_is_shared_by_the_workers(self):
        began = time.monotonic()

        def take(_):
            return self.get("limit", name="n", rate=20, burst=5)["ok"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:  # connections of their own: both workers
            taken = sum(pool.map(take, range(300)))
        seconds = time.monotonic() - began
        self.assertLessEqual(taken, 5 + 20 * seconds + 1)
        self.assertGreaterEqual(taken, 5)

    def test_penalties_are_shared_and_forgotten(self):
        self.assertEqual(self.get("penalty", kind=1, key="k-1", points=10), {"counted": True, "left_ms": 0})
        blocked = self.get("penalty", kind=1, key="k-1", points=1)
        self.assertTrue(0 < blocked["left_ms"] <= 6000, blocked)
        for _ in range(8):  # whichever worker is asked
            self.assertGreater(self.get("penalty", kind=1, key="k-1")["left_ms"], 0)
        self.assertEqual(self.get("penalty", kind=1, key="k-2")["left_ms"], 0)

    def webhook(self, number, wamid, text, secret=demo_values.APP_SECRET):
        import hashlib
        import hmac
        body = json.dumps(message(ADDRESS, wamid, text, number)).encode()
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return request(self.stack.host.port, "POST", "/webhooks/whatsapp", body, {"X-Hub-Signature-256": signature, "Content-Type": "application/json"})[0]

    def test_two_forged_posts_per_real_one_hurt_no_real_one(self):
        for i in range(60):
            for k in range(2):
                self.assertEqual(self.webhook("27820005000", f"wamid.forged.{i}.{k}", "hi", "somebody else's"), 401)
            self.assertEqual(self.webhook("27820005000", f"wamid.real.{i}", "hi"), 200)

    def test_while_meta_is_away_nothing_is_lost_or_sent_twice(self):
        numbers = [f"2782000{6000 + i}" for i in range(10)]
        for number in numbers:  # Meta only lets us answer who wrote to us
            self.stack.sim.say(number, ADDRESS, text="hi")
        seen = {number: until(lambda number=number: self.answers(number, 0), 20, "an answer")[-1].n for number in numbers}
        self.stack.sim_host.stop()
        for number in numbers:
            self.assertEqual(self.webhook(number, f"wamid.away.{number}", "hi"), 200)
        until(lambda: self.state("whatsapp") == 2, 20, "the breaker of the Graph API opens", self.stack.host.tail)
        time.sleep(3)  # open, half-open, open again: what waits must not count its attempts
        rows = self.stack.sql(f"SELECT state, attempts FROM wakala.outbound WHERE recipient IN ({', '.join(repr(n) for n in numbers)})")
        attempts = [int(row[1]) for row in rows if row[0] == "sending"]  # those who were refused at the gate have promised nothing, and have no row
        self.assertEqual(len(rows) - len(attempts), 10, "a message was settled while nobody was there to take it")
        self.assertLessEqual(sum(attempts), 3 + 4 * 3 + 2 * 8, attempts)  # those before it opened, and the probes
        self.stack.sim_host.start()
        for number in numbers:
            until(lambda number=number: self.answers(number, seen[number]), 40, f"{number} is answered", self.stack.host.tail)
        until(lambda: self.state("whatsapp") == 0, 20, "the breaker closes")
        time.sleep(1)
        for number in numbers:
            self.assertEqual(len(self.answers(number, seen[number])), 1)


if __name__ == "__main__":
    unittest.main()
