"""The simulator in a host and a PostgreSQL of its own, seen from both sides: as the shop that gets its webhooks and sends, and as the people.

    PYTHONPATH=tests WAKALA_BUILD=build/dev python3 tests/unit/sim/live.py
"""
import hashlib
import hmac
import http.server
import json
import os
import shutil
import tempfile
import threading
import time
import unittest

from harness import procs
from harness.postgres import Postgres
from harness.sim import request
from harness.stack import reachable_build

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.path.abspath(os.environ.get("WAKALA_BUILD", f"{ROOT}/build/dev"))
CONF = """host = {{ name = "wakala-sim"; workers = 1; listen = "127.0.0.1:{port}"; admin = "127.0.0.1:{admin}"; run_dir = "run";
  cache_dir = "cache"; plugin_dir = "{build}/plugins"; share_dir = "{build}/share"; conf_dir = "sim.d"; }};
database = {{ app = "{app}"; host = "{host}"; owner = "{owner}"; }};
"""
NUMBER, OTHER = "100000000000001", "100000000000002"
AMINA = "27820000001"


class Shop(http.server.ThreadingHTTPServer):
    """Where webhooks go: remembers each post, answers what `status(n, body)` says."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.lock, self.posts, self.status = threading.Lock(), [], lambda n, body: 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def took(self, signature, body):
        good = signature == "sha256=" + hmac.new(b"demo-app-secret", body, hashlib.sha256).hexdigest()
        with self.lock:
            status = self.status(len(self.posts), body)
            self.posts.append((time.monotonic(), status, good, body))
        return status

    def updates(self):
        """[(time, our status, id or id/status, number, account)] in the order of the posts."""
        found = []
        with self.lock:
            posts = list(self.posts)
        for at, status, _, body in posts:
            for entry in json.loads(body)["entry"]:
                for change in entry["changes"]:
                    value = change["value"]
                    number = value["metadata"]["phone_number_id"]
                    for m in value.get("messages", []):
                        found.append((at, status, m["id"], number, entry["id"]))
                    for s in value.get("statuses", []):
                        found.append((at, status, f"{s['id']}/{s['status']}", number, entry["id"]))
        return found


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802, the library's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.took(self.headers.get("X-Hub-Signature-256"), body))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = procs.make_dir(tempfile.mkdtemp(prefix="wakala-sim-"), 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.dir, True)
        global BUILD  # servers run as their own user, who may not reach a checkout below /root
        BUILD = reachable_build(BUILD, cls.dir)
        cls.port, admin, shop = procs.free_ports(3)
        cls.pg = Postgres(f"{cls.dir}/pg")
        cls.pg.start()
        cls.addClassCleanup(cls.pg.stop)
        cls.pg.create_database("wakala_sim")
        procs.make_dir(f"{cls.dir}/sim")
        procs.make_dir(f"{cls.dir}/sim/sim.d")
        cls.conf = f"{cls.dir}/sim/wakala.conf"
        cls.write(cls.conf, CONF.format(port=cls.port, admin=admin, build=BUILD, **{
            role: cls.pg.conninfo("wakala_sim", user)
            for role, user in (("app", "wakala_app"), ("host", "wakala_host"), ("owner", "postgres"))}))
        cls.shop_port = shop
        cls.set_throughput(200)
        status, out = procs.run([f"{BUILD}/wakala", "-c", cls.conf, "migrate", "--test-clock"], timeout=60)
        assert status == 0, out
        cls.shop = Shop(shop)
        cls.addClassCleanup(cls.shop.shutdown)
        cls.start()
        cls.addClassCleanup(lambda: procs.end(cls.process))

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        procs.own(path)

    @classmethod
    def set_throughput(cls, per_second):
        cls.write(f"{cls.dir}/sim/sim.d/10-sim-whatsapp.conf",
                  f'enabled = true;\ncallback_url = "http://127.0.0.1:{cls.shop_port}/webhooks/whatsapp";\nthroughput = {per_second};\n')

    @classmethod
    def start(cls):
        cls.process = procs.spawn([f"{BUILD}/wakala", "-c", cls.conf, "run"], f"{cls.dir}/sim/log")

        def answers():
            try:
                return request(cls.port, "GET", "/sim/whatsapp/stats", timeout=5)[0] == 200
            except OSError:
                return False
        procs.until(answers, 30, "the simulator answers", lambda: open(f"{cls.dir}/sim/log", encoding="utf-8").read()[-3000:])

    def setUp(self):
        self.assertEqual(self.call("DELETE", "/rules")[0], 200)
        self.quiet()
        self.shop.status = lambda n, body: 200
        self.shop.posts.clear()

    def call(self, method, path, value=None, headers=None, raw=None):
        body = raw if raw is not None else None if value is None else json.dumps(value).encode()
        status, _, out = request(self.port, method, "/sim/whatsapp" + path, body, {"Content-Type": "application/json", **(headers or {})}, 40)
        return status, json.loads(out) if out[:1] in b"{[" and out[-1:] in b"}]" else out

    def get(self, path):
        status, value = self.call("GET", path)
        self.assertEqual(status, 200, value)
        return value

    def rules(self, **value):
        status, now = self.call("POST", "/rules", value)
        self.assertEqual(status, 200, now)

    def say(self, sender=AMINA, **what):
        said = {"from": sender, "name": "Amina", "to": NUMBER, **what}
        status, value = self.call("POST", "/say", {k: v for k, v in said.items() if v is not None})
        self.assertEqual(status, 200, value)
        return value["id"]

    def send(self, to="+" + AMINA, number=NUMBER, token="demo-access-token", **what):
        body = {"messaging_product": "whatsapp", **({"to": to} if to else {}), **(what or {"text": {"body": "hello"}})}
        return self.call("POST", f"/v23.0/{number}/messages", body, {"Authorization": f"Bearer {token}"})

    def messages(self, to=AMINA, **query):
        return self.get(f"/messages?to={to}" + "".join(f"&{k}={v}" for k, v in query.items()))

    def quiet(self):
        procs.until(lambda: self.get("/stats")["pending"] == 0, 15, "all webhooks are delivered")

    def kill(self):
        left = procs.descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        procs.until(lambda: not any(procs.is_alive(pid) for pid in left), 10, "workers ended with their master")

    # webhooks

    def test_a_webhook_is_signed_and_shaped_and_escaped(self):
        wamid = self.say(text="hi ä/é", user_id="ZA.777")
        self.quiet()
        _, _, good, body = self.shop.posts[0]
        self.assertTrue(good)
        self.assertIn(b'"hi \\u00e4\\/\\u00e9"', body)
        value = json.loads(body)["entry"][0]["changes"][0]["value"]
        self.assertEqual(value["contacts"], [{"profile": {"name": "Amina"}, "wa_id": AMINA, "user_id": "ZA.777"}])
        message = value["messages"][0]
        self.assertEqual((message["id"], message["from"], message["from_user_id"], message["type"]), (wamid, AMINA, "ZA.777", "text"))
        self.assertAlmostEqual(int(message["timestamp"]), self.now(), delta=5)

    def now(self):
        return int(float(self.pg.sql("SELECT extract(epoch FROM wakala.now())", "wakala_sim")[0][0]))

    def test_every_kind_of_saying_arrives(self):
        self.say(choice={"id": "a:b", "title": "Yes", "kind": "button"}, context="wamid.menu")
        self.say(choice={"id": "r", "title": "Row", "kind": "list", "description": "more"})
        self.say(location={"latitude": -26.24, "longitude": 27.9})
        self.say(raw={"type": "reaction", "reaction": {"message_id": "wamid.x", "emoji": "👍"}, "id": "wamid.own", "timestamp": "7"})
        self.quiet()
        said = [json.loads(p[3])["entry"][0]["changes"][0]["value"]["messages"][0] for p in self.shop.posts]
        self.assertEqual(said[0]["interactive"], {"type": "button_reply", "button_reply": {"id": "a:b", "title": "Yes"}})
        self.assertEqual(said[0]["context"], {"from": "15550000001", "id": "wamid.menu"})
        self.assertEqual(said[1]["interactive"]["list_reply"], {"id": "r", "title": "Row", "description": "more"})
        self.assertEqual(said[2]["location"], {"latitude": -26.24, "longitude": 27.9})
        self.assertEqual((said[3]["id"], said[3]["timestamp"], said[3]["from"]), ("wamid.own", "7", AMINA))

    def test_anything_but_200_is_tried_again_and_a_person_keeps_the_order(self):
        before = self.get("/stats")
        self.shop.status = lambda n, body: (500, 404, 204, 302)[n] if n < 4 else 200
        one, two, other = self.say(text="1"), self.say(text="2"), self.say("27820000099", text="3")
        self.quiet()
        seen = self.shop.updates()
        taken = [u for u in seen if u[1] == 200]
        self.assertEqual(sorted(u[2] for u in taken), sorted([one, two, other]))
        first = next(u[0] for u in taken if u[2] == one)
        self.assertTrue(all(u[0] >= first for u in seen if u[2] == two), "the second was posted before the first had its 200")
        after = self.get("/stats")
        self.assertEqual(after["webhooks_retried"] - before["webhooks_retried"], 4)
        self.assertEqual(after["webhooks_delivered"] - before["webhooks_delivered"], 3)

    def test_nothing_is_lost_when_both_sides_are_down(self):
        self.shop.status = lambda n, body: 503
        self.rules(delay_ms=[0, 0], statuses="shuffled")
        ids = [self.say(text=str(i)) for i in range(5)]
        procs.until(lambda: self.shop.posts, 10, "a first try")
        self.kill()
        self.shop.posts.clear()
        self.shop.status = lambda n, body: 200
        self.start()
        self.quiet()
        self.assertEqual([u[2] for u in self.shop.updates()], ids)
        self.assertEqual(self.get("/rules")["statuses"], "shuffled")

    def test_copies_race_with_the_message_but_never_overtake_an_earlier_one(self):
        self.rules(duplicate=3, delay_ms=[0, 500], seed=5)
        ids = [self.say(text=str(i)) for i in range(5)]
        self.quiet()
        seen = [u[2] for u in self.shop.updates()]
        self.assertEqual(list(dict.fromkeys(seen)), ids)
        self.assertEqual(sorted(seen), sorted(ids * 3))
        self.assertEqual(max(p[3].count(ids[0].encode()) for p in self.shop.posts), 1, "a copy has a post of its own")

    def test_times_is_for_one_saying(self):
        once, thrice = self.say(text="1"), self.say(text="3", times=3)
        self.quiet()
        seen = [u[2] for u in self.shop.updates()]
        self.assertEqual((seen.count(once), seen.count(thrice)), (1, 3))

    def test_updates_that_wait_share_a_post(self):
        self.shop.status = lambda n, body: 503
        people = [f"2782001{i:04d}" for i in range(60)]
        ids = [self.say(p, text="x") for p in people]
        self.shop.posts.clear()
        self.shop.status = lambda n, body: 200
        self.quiet()
        self.assertEqual(sorted(u[2] for u in self.shop.updates()), sorted(ids))
        self.assertLess(len(self.shop.posts), 40)

    def test_posts_mix_tenants_when_asked(self):
        self.rules(mix_with_other_tenants=True)
        wamid = self.say(text="x")
        self.quiet()
        self.assertEqual({u[3] for u in self.shop.updates()}, {NUMBER, OTHER})
        self.assertEqual(len(json.loads(self.shop.posts[0][3])["entry"]), 2)
        self.assertEqual([u[2] for u in self.shop.updates()].count(wamid), 1)

    def test_reorder_lets_messages_overtake(self):
        self.rules(reorder=True, delay_ms=[0, 600], seed=3)
        ids = [self.say(text=str(i)) for i in range(8)]
        self.quiet()
        seen = [u[2] for u in self.shop.updates()]
        self.assertEqual(sorted(seen), sorted(ids))
        self.assertNotEqual(seen, ids)

    # the Graph API

    def test_a_message_is_taken_kept_as_it_came_and_gets_its_statuses(self):
        self.say(text="hi")
        self.quiet()
        self.shop.posts.clear()
        last = max([m["n"] for m in self.messages()], default=0)
        raw = '{"to": "%s", "messaging_product":"whatsapp",  "text":{"body":"\\u00e4 ä"},"biz_opaque_callback_data":"out:9"}' % AMINA
        status, answer = self.call("POST", f"/v23.0/{NUMBER}/messages", raw=raw.encode(), headers={"Authorization": "Bearer demo-access-token"})
        self.assertEqual(status, 200, answer)
        wamid = answer["messages"][0]["id"]
        self.assertEqual(answer["contacts"], [{"input": AMINA, "wa_id": AMINA}])
        self.assertEqual([(m["id"], m["body"]) for m in self.messages(after=last)], [(wamid, json.loads(raw))])
        status, _, text = request(self.port, "GET", f"/sim/whatsapp/messages?to={AMINA}&after={last}")
        self.assertIn(raw.encode(), text)
        self.quiet()
        self.assertEqual([u[2] for u in self.shop.updates()], [f"{wamid}/{word}" for word in ("sent", "delivered", "read")])
        self.assertIn(b'"biz_opaque_callback_data":"out:9"', self.shop.posts[0][3])
        stats = self.get("/stats")
        self.assertEqual((stats["sends_per_callback"]["out:9"], stats["duplicates_by_callback"]), (1, []))

    def test_refusals(self):
        self.say(text="hi")
        cases = [(401, 190, self.send(token="bad")), (400, 100, self.send(number="999999999999999")),
                 (400, 131008, self.send(type="image", image={})), (400, 131051, self.send(type="hologram")),
                 (400, 131047, self.send(to="27829999999")), (400, 131047, self.send(number=OTHER)), (400, 131021, self.send(to="15550000001")),
                 (400, 131009, self.send(to=None, status="read", message_id="wamid.unknown"))]
        for status, code, (got, value) in cases:
            self.assertEqual((got, value["error"]["code"]), (status, code), value)
        self.assertEqual(cases[1][2][1]["error"]["error_subcode"], 33)
        status, value = self.call("POST", f"/v23.0/{NUMBER}/messages", raw=b"{", headers={"Authorization": "Bearer demo-access-token"})
        self.assertEqual((status, value["error"]["code"]), (400, 100))
        refused = self.get("/stats")["refused_by_code"]
        self.assertTrue({"190", "100", "131008", "131009", "131021", "131047", "131051"} <= set(refused), refused)

    def test_receipts(self):
        wamid = self.say(text="hi")
        self.assertEqual(self.send(to=None, status="read", message_id=wamid, typing_indicator={"type": "text"}), (200, {"success": True}))

    def test_pair_rate(self):
        self.say("27820000500", text="hi")
        answers = [self.send(to="27820000500")[0] for _ in range(48)]
        self.assertEqual((answers[:45], set(answers[46:])), ([200] * 45, {400}))
        self.assertEqual(self.send(to="27820000500")[1]["error"]["code"], 131056)

    def restart(self, throughput):
        self.set_throughput(throughput)
        self.kill()
        self.start()

    def test_throughput_of_a_number_counts_both_ways(self):
        people = [f"2782000{i:04d}" for i in range(1000, 1030)]
        number = "110000000000003"
        for who in people:
            self.say(who, text="hi", to=number)
        self.quiet()
        self.restart(5)
        self.addCleanup(self.restart, 200)
        answers = [self.send(to=who, number=number) for who in people]
        self.assertEqual([status for status, _ in answers[:5]], [200] * 5)
        refused = [value for status, value in answers if status != 200]
        self.assertTrue(refused, "30 messages went out at 5 a second without one refusal")
        self.assertEqual({value["error"]["code"] for value in refused}, {130429})
        self.say(text="hi")
        self.assertEqual(self.send()[0], 200)  # another number has its own rate
        procs.until(lambda: self.send(to=people[0], number=number)[0] == 200, 5, "the number may send again")

        def is_held_up_by_people():
            for who in people[:8]:
                self.say(who, text="again", to=number)
            return self.send(to=people[1], number=number)[1].get("error", {}).get("code") == 130429
        procs.until(is_held_up_by_people, 20, "what people write counts too")

    def test_people_without_a_phone(self):
        wamid = self.say(None, user_id="ZA.12345", text="hi")
        status, answer = self.send(to=None, recipient="ZA.12345", text={"body": "hello"})
        self.assertEqual((status, answer["contacts"]), (200, [{"input": "ZA.12345", "user_id": "ZA.12345"}]))
        self.assertEqual(len(self.messages("ZA.12345")), 1)
        self.quiet()
        body = next(json.loads(p[3]) for p in self.shop.posts if wamid.encode() in p[3])
        self.assertNotIn("from", body["entry"][0]["changes"][0]["value"]["messages"][0])
        self.say("27820000600", user_id="ZA.600", text="hi")  # known by both: what is sent to one is found under the other
        self.assertEqual(self.send(to=None, recipient="ZA.600", text={"body": "hello"})[0], 200)
        self.assertEqual(self.messages("27820000600"), self.messages("ZA.600"))

    def test_errors_and_lost_answers_on_demand(self):
        self.say("27820000700", text="hi")
        to = "27820000700"
        self.rules(errors=[{"code": 131056, "times": 1, "to": to}, {"code": 131026, "to": to, "by_status": True}])
        self.assertEqual(self.send(to=to)[1]["error"]["code"], 131056)
        self.assertEqual(self.send(to=to)[0], 200)
        self.quiet()
        self.assertEqual([u[2].split("/")[1] for u in self.shop.updates() if "/" in u[2]], ["failed"])
        for how, status in (("cut", 200), ("500", 500)):
            before = len(self.messages(to))
            self.rules(reply_loss={"times": 1, "how": how})
            got, body = self.send(to=to)
            self.assertEqual(got, status)
            self.assertNotIn(b"wamid", body)
            self.assertEqual(len(self.messages(to)), before + 1)
        self.assertEqual(self.send(to=to)[0], 200)

    def test_long_poll(self):
        self.say("27820000800", text="hi")
        timer = threading.Timer(0.5, self.send, kwargs={"to": "27820000800"})
        timer.start()
        begin = time.monotonic()
        self.assertEqual(len(self.messages("27820000800", after=0, wait_ms=10000)), 1)
        self.assertLess(time.monotonic() - begin, 5)
        timer.join()
        self.assertEqual(self.messages("27829999998", wait_ms=200), [])
        self.assertEqual(self.call("GET", "/messages?to=27829999998&wait_ms=15001")[0], 400)  # the shop's forward would give up before it

    def test_window_closes_after_24_hours_but_not_for_templates(self):
        self.say("27820000900", text="hi")
        self.assertEqual(self.send(to="27820000900")[0], 200)
        self.pg.sql("SELECT wakala.advance('24 hours')", "wakala_sim")
        procs.until(lambda: self.send(to="27820000900")[1].get("error", {}).get("code") == 131047, 15, "the window is closed")
        self.assertEqual(self.send(to="27820000900", type="template", template={"name": "order_update", "language": {"code": "en"}})[0], 200)
        self.say("27820000900", text="again")
        self.assertEqual(self.send(to="27820000900")[0], 200)

    # steering

    def test_a_body_of_ones_own_is_signed_as_asked(self):
        for query, good in (("", True), ("?secret=wrong", False), ("?secret=none", False)):
            self.shop.posts.clear()
            self.assertEqual(self.call("POST", "/webhook" + query, raw=b"not json"), (200, {"status": 200}))
            self.assertEqual(self.shop.posts[0][2:], (good, b"not json"))

    def test_nonsense_is_refused(self):
        for path, raw in (("/say", b"{"), ("/say", b"[]"), ("/say", b'{"from":"27820000001","to":"999999999999999","text":"x"}'),
                          ("/say", b'{"from":"1","to":"100000000000001","text":"x"}'), ("/rules", b'{"dup":1}'), ("/rules", b"7")):
            status, value = self.call("POST", path, raw=raw)
            self.assertEqual(status, 400, (path, raw, value))
            self.assertTrue(value["error"])
        for query in ("", "?to=x", f"?to={AMINA}&after=-1", f"?to={AMINA}&limit=0", f"?to={AMINA}&wait_ms=1e3"):
            self.assertEqual(self.call("GET", "/messages" + query)[0], 400, query)

    def test_the_page_is_there_and_loads_nothing_from_elsewhere(self):
        for path, kind in (("/sim/", "text/html"), ("/sim/chat.js", "text/javascript"), ("/sim/chat.css", "text/css")):
            status, headers, body = request(self.port, "GET", path)
            self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, kind))
            self.assertIn("script-src 'self'", headers["Content-Security-Policy"])
            self.assertNotIn(b"innerHTML", body)
            self.assertNotIn(b"//cdn", body)


if __name__ == "__main__":
    unittest.main()
