"""The gateway in front of real routes: limits, kept answers, Idempotency-Key, CORS, compression; with Redis stopped, workers killed, PostgreSQL away."""
import concurrent.futures
import gzip
import http.client
import http.server
import json
import signal
import threading
import time
import unittest
import urllib.parse

from harness import procs
from harness.procs import until
from harness.sim import request

from .small import Case, Small

CONF = """enabled = true; rate = {rate}; address_rate = {address_rate}; host_share = {share}; route_rates = "/v1/few=5/5 POST:/v1/few=7";
cors_origins = "https://shop.example https://*.shop.example"; cors_max_age = "60s"; routes = {routes}; """


class Gateway(Small):
    def __init__(self, rate=100000, address_rate=0, share=100, routes='""', **options):
        self.rates = {"rate": rate, "address_rate": address_rate, "share": share, "routes": routes}
        super().__init__(plugins=("api", "gate"), **options)

    def configure(self):
        super().configure()
        self.conf("api", CONF.format(**self.rates))

    def who(self, subject="amina", role="staff", tenant="Demo A"):
        return {"X-Who": f"{subject} {role} {self.tenants[tenant]}"}

    def ask(self, method, path, body=None, headers=None, who=True, timeout=10):
        return self.request(method, path, body, dict(self.who() if who is True else who or {}, **(headers or {})), timeout)

    def metric(self, name):
        text = request(self.host.admin_port, "GET", "/metrics")[2].decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    def names(self):
        return [row[0] for row in self.sql("SELECT name FROM gate_item ORDER BY name")]


class ApiCase(Case):
    gateway = {}

    @classmethod
    def setUpClass(cls):
        cls.small = Gateway(**cls.gateway).__enter__()
        cls.addClassCleanup(cls.small.stop)
        cls.ask, cls.metric = cls.small.ask, cls.small.metric

    def code(self, answer):
        return answer[0], json.loads(answer[1])["code"]


class Edge(ApiCase):
    def test_a_request_id_is_given_or_kept(self):
        given = self.ask("GET", "/v1/ping")[2]["X-Request-Id"]
        self.assertRegex(given, "^[0-9a-f]{32}$")
        self.assertEqual(self.ask("GET", "/v1/ping", headers={"X-Request-Id": "mine-1:a.b_c"})[2]["X-Request-Id"], "mine-1:a.b_c")
        for bad in ("a b", "x" * 129, "<script>", ""):
            self.assertRegex(self.ask("GET", "/v1/ping", headers={"X-Request-Id": bad})[2]["X-Request-Id"], "^[0-9a-f]{32}$")
        status, _, headers = self.ask("GET", "/v1/ping", who=None, headers={"X-Request-Id": "of-a-refusal"})
        self.assertEqual((status, headers["X-Request-Id"]), (401, "of-a-refusal"))

    def preflight(self, origin, method="POST", path="/v1/items"):
        return self.ask("OPTIONS", path, who=None, headers={"Origin": origin, "Access-Control-Request-Method": method})

    def test_a_preflight_is_answered_before_anybody_signs_in(self):
        status, body, headers = self.preflight("https://a.shop.example")
        self.assertEqual((status, body, headers["Access-Control-Allow-Origin"], headers["Access-Control-Max-Age"]), (204, b"", "https://a.shop.example", "60"))
        self.assertIn("DELETE", headers["Access-Control-Allow-Methods"])
        self.assertIn("Idempotency-Key", headers["Access-Control-Allow-Headers"])
        self.assertIn("Origin", headers["Vary"])
        for origin in ("https://evil.example", "https://shop.example.evil.example", "null"):
            status, _, headers = self.preflight(origin)
            self.assertEqual((status, headers.get("Access-Control-Allow-Origin")), (204, None))
        self.assertEqual(sorted(self.preflight("https://shop.example", "DELETE")[2]["Allow"].split(", ")), ["GET", "HEAD", "POST"])  # no such route: what there is
        self.assertEqual(self.preflight("https://shop.example", path="/nowhere")[0], 404)

    def test_answers_and_refusals_may_be_read_by_the_page(self):
        for who, status in ((True, 200), (None, 401)):
            answer = self.ask("GET", "/v1/ping", who=who, headers={"Origin": "https://shop.example"})
            self.assertEqual((answer[0], answer[2]["Access-Control-Allow-Origin"]), (status, "https://shop.example"))
            self.assertIn("Retry-After", answer[2]["Access-Control-Expose-Headers"])
        answer = self.ask("GET", "/v1/ping", headers={"Origin": "https://evil.example"})
        self.assertEqual((answer[0], answer[2].get("Access-Control-Allow-Origin"), answer[2]["Vary"]), (200, None, "Origin"))

    def test_options_of_a_path_says_what_there_is(self):
        status, _, headers = self.ask("OPTIONS", "/v1/items", who=None)
        self.assertEqual((status, sorted(headers["Allow"].split(", "))), (204, ["GET", "HEAD", "POST"]))

    def test_what_is_text_and_large_is_compressed(self):
        plain = self.ask("GET", "/v1/text?size=5000", who=None)
        self.assertEqual((len(plain[1]), plain[2]["Vary"], plain[2]["ETag"]), (5000, "Origin, Accept-Encoding", '"of-the-route"'))
        for size in (5000, 200000):
            small = self.ask("GET", f"/v1/text?size={size}", who=None, headers={"Accept-Encoding": "br, gzip;q=0.5"})
            self.assertEqual((small[2]["Content-Encoding"], small[2]["ETag"]), ("gzip", 'W/"of-the-route"'))
            self.assertLess(len(small[1]), size / 10)
            self.assertEqual(gzip.decompress(small[1]), (b"wakala " * size)[:size])
        for path, accept in (("/v1/text?size=5000", "gzip;q=0"), ("/v1/text?size=900", "gzip"), ("/v1/text?size=5000&type=image/png", "gzip")):
            answer = self.ask("GET", path, who=None, headers={"Accept-Encoding": accept})
            self.assertNotIn("Content-Encoding", answer[2])


class Limits(ApiCase):
    gateway = {"rate": 200, "redis": True, "share": 50}

    def hammer(self, seconds, threads=24, tenant="Demo A", ports=None, before=lambda: None):
        """How many of all requests were let through, between the first and the last of them."""
        ports = ports or [self.small.host.port]
        who, stop, counts, odd = self.small.who(tenant=tenant), threading.Event(), [0] * threads, []

        def one(i):
            c = http.client.HTTPConnection("127.0.0.1", ports[i % len(ports)], timeout=10)
            while not stop.is_set():
                c.request("GET", "/v1/ping", headers=who)
                r = c.getresponse()
                r.read()
                counts[i] += r.status == 200
                if r.status not in (200, 429):
                    odd.append(r.status)
                time.sleep(0.01)  # ten times the limit is enough
            c.close()
        pool = [threading.Thread(target=one, args=(i,)) for i in range(threads)]
        for t in pool:
            t.start()
        time.sleep(0.5)  # the burst is gone
        before()
        first, began = sum(counts), time.monotonic()
        time.sleep(seconds)
        last, took = sum(counts), time.monotonic() - began
        stop.set()
        for t in pool:
            t.join()
        self.assertEqual(odd, [])
        return (last - first) / took

    def exactly(self, rate, delta, seconds, before=None, **how):
        """Never more than that; less only when the machine stood still and nobody asked: then once more."""
        found = []
        for _ in range(3):
            found.append(self.hammer(seconds, **({"before": before} if before else {}), **how))
            before = None  # it is done
            self.assertLessEqual(found[-1], rate + delta)
            if found[-1] >= rate - delta:
                return
        self.fail(f"{found} a second, not {rate}")

    def test_the_limit_is_exact_over_workers_and_hosts_and_a_share_without_redis(self):
        self.exactly(200, 2 + 1, 3)  # 1 %, and one request at each end of the watch
        other = self.small.second_host()
        other.start()
        try:
            until(other.is_ready, 20, "the second host is ready")
            both = [self.small.host.port, other.port]
            self.exactly(200, 2 + 1, 3, ports=both)
            # Redis goes in the middle of it: each of the two hosts gives out its half.
            self.exactly(200, 2 + 2, 3, ports=both, before=self.stop_redis)
            self.exactly(100, 1 + 1, 2, ports=both[:1])
            self.assertGreater(self.metric("wakala_api_limited_without_redis"), 0)
        finally:
            self.small.redis.start()
            self.assertEqual(other.stop(), None)
        until(lambda: self.hammer(1) > 150, 20, "with Redis back the whole limit is given out")

    def stop_redis(self):
        self.small.redis.kill()
        until(lambda: '"redis"' in request(self.small.host.admin_port, "GET", "/readyz")[2].decode(), 5, "Redis is named")

    def test_what_is_told(self):
        who = self.small.who(tenant="Demo B")
        first = self.ask("GET", "/v1/few", who=who)
        self.assertEqual((first[0], first[2]["RateLimit-Policy"], first[2]["RateLimit"]), (200, '"route";q=5;w=1', '"route";r=4;t=1'))
        answers = [self.ask("GET", "/v1/few", who=who) for _ in range(12)]
        refused = [a for a in answers if a[0] == 429]
        self.assertGreaterEqual(len(refused), 4)
        status, body, headers = refused[0]
        problem = json.loads(body)
        self.assertEqual((headers["Content-Type"], headers["Retry-After"], headers["RateLimit"]), ("application/problem+json", "1", '"route";r=0;t=1'))
        self.assertEqual((problem["type"], problem["code"], problem["status"], problem["violated-policies"]),
                         ("https://iana.org/assignments/http-problem-types#quota-exceeded", "api.rate_limited", 429, ["route"]))
        other = self.ask("GET", "/v1/ping", who=who)  # the route's limit is its own
        self.assertEqual((other[0], other[2]["RateLimit-Policy"]), (200, '"tenant";q=200;w=1'))
        self.assertEqual(self.ask("GET", "/v1/few", who=self.small.who(tenant="Demo A"))[0], 200)  # and the tenant's


class Addresses(ApiCase):
    gateway = {"address_rate": 20}

    def test_an_address_is_limited_before_anybody_is_asked_but_not_where_a_key_is_published(self):
        for _ in range(60):
            self.assertEqual(self.ask("GET", "/.well-known/gate", who=None)[0], 200)
        statuses = [self.ask("GET", "/v1/ping", who=None)[0] for _ in range(60)]
        self.assertEqual(set(statuses), {401, 429})
        self.assertEqual(set(statuses[:20]), {401})
        time.sleep(1.2)

    def test_who_forges_is_shut_out_for_a_while_and_only_his_address(self):
        self.expects_findings = True  # every forged try is a line of the security log
        statuses = []
        for _ in range(14):
            statuses.append(self.ask("GET", "/v1/ping", who={"X-Who": "forged"})[0])
            time.sleep(0.1)
        self.assertEqual((statuses[0], statuses[-1]), (401, 429))
        status, body, headers = self.ask("GET", "/v1/open", who=None)
        self.assertEqual((status, json.loads(body)["code"]), (429, "api.penalised"))
        self.assertGreater(int(headers["Retry-After"]), 0)
        self.assertEqual(self.ask("GET", "/v1/always", who=None)[0], 200)  # sign-in, health, keys
        self.assertEqual(self.ask("GET", "/v1/ping", headers={"Authorization": "Bearer a-credential"})[0], 200)  # who shares the address with him
        self.assertEqual(self.ask("GET", "/.well-known/gate", who=None)[0], 200)


class Kept(ApiCase):
    gateway = {"redis": True}

    def setUp(self):
        self.small.sql("TRUNCATE gate_item")
        heard = self.heard()
        self.small.host.cli("cache", "forget", "Demo A", "*")
        until(lambda: self.heard() > heard, 10, "it is forgotten", self.small.host.tail)

    def heard(self):
        return sum(n for name, n in self.small.host.metrics().items() if name.startswith("wakala_cache_invalidations_total"))

    def loads(self):
        return self.metric("wakala_gate_loads")

    def test_an_answer_is_kept_and_a_write_forgets_it(self):
        first = self.ask("GET", "/v1/items?b=2&a=1")
        self.assertEqual(first[2]["Cache-Control"], "private, max-age=0, must-revalidate")
        self.assertEqual(first[2]["Vary"], "Origin, Accept-Language, Authorization")
        loads = self.loads()
        for path in ("/v1/items?a=1&b=2", "/v1/items?b=2&a=1"):
            again = self.ask("GET", path)
            self.assertEqual((again[1], again[2]["ETag"], again[2]["Cache-Status"]), (first[1], first[2]["ETag"], "wakala; hit"))
        self.assertEqual(self.loads(), loads)
        self.assertEqual(self.ask("POST", "/v1/items", b"new")[0], 201)
        for _ in range(8):  # in no worker
            fresh = self.ask("GET", "/v1/items?a=1&b=2")
            self.assertEqual(json.loads(fresh[1])["items"], ["new"])
        self.assertNotEqual(fresh[2]["ETag"], first[2]["ETag"])
        stock = self.ask("GET", "/v1/stock")  # another path that names the tag
        self.ask("POST", "/v1/items", b"newer")
        self.assertNotEqual(self.ask("GET", "/v1/stock")[1], stock[1])
        self.assertGreater(self.metric("wakala_api_cache_hits"), 0)

    def test_not_modified(self):
        tag = self.ask("GET", "/v1/items")[2]["ETag"]
        self.assertRegex(tag, '^"[0-9a-f]{24}"$')
        for wanted in (tag, f'"x", W/{tag}', "*"):
            status, body, headers = self.ask("GET", "/v1/items", headers={"If-None-Match": wanted})
            self.assertEqual((status, body, headers["ETag"]), (304, b"", tag))
        self.assertEqual(self.ask("GET", "/v1/items", headers={"If-None-Match": '"other"'})[0], 200)

    def test_who_shares_an_answer(self):
        def subject(path, who, **headers):
            return json.loads(self.ask("GET", path, who=who, headers=headers)[1])["subject"]
        who = self.small.who
        self.assertEqual([subject("/v1/items?c=1", who(s, r)) for s, r in (("amina", "staff"), ("ben", "staff"), ("carl", "owner"))], ["amina", "amina", "carl"])
        self.assertEqual([subject("/v1/own", who(s)) for s in ("amina", "ben", "amina")], ["amina", "ben", "amina"])
        self.assertEqual(subject("/v1/items?c=1", who("zoe", tenant="Demo B")), "zoe")  # never another tenant's
        language = [json.loads(self.ask("GET", "/v1/items?d=1", headers={"Accept-Language": x})[1])["language"] for x in ("en", "fr", "en")]
        self.assertEqual(language, ["en", "fr", "en"])

    def test_what_is_not_kept(self):
        for kind, status in (("cookie", 200), ("private", 200), ("error", 404), ("accepted", 202)):
            loads = self.loads()
            answers = [self.ask("GET", f"/v1/items?kind={kind}") for _ in range(3)]
            self.assertEqual([a[0] for a in answers], [status] * 3)
            self.assertEqual(self.loads(), loads + 3, kind)
            self.assertNotIn("Cache-Status", answers[-1][2])
            self.assertEqual("Set-Cookie" in answers[-1][2], kind == "cookie")

    def test_many_who_ask_at_once_load_once(self):
        loads = self.loads()
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            bodies = set(pool.map(lambda _: self.ask("GET", "/v1/items?e=1")[1], range(200)))
        self.assertEqual((len(bodies), self.loads()), (1, loads + 1))

    def test_without_redis_it_is_slower_and_right(self):
        self.small.redis.kill()
        try:
            for n in range(4):
                self.assertEqual(self.ask("POST", "/v1/items", f"r{n}".encode())[0], 201)
                time.sleep(1)  # what is promised of other workers without Redis
                for _ in range(4):
                    self.assertEqual(len(json.loads(self.ask("GET", "/v1/items")[1])["items"]), n + 1)
        finally:
            self.small.redis.start()


class Idempotency(ApiCase):
    def post(self, key, body=b"thing", path="/v1/items", who=True, timeout=10):
        return self.ask("POST", path, body, {"Idempotency-Key": key}, who, timeout)

    def setUp(self):
        self.small.sql("TRUNCATE gate_item; TRUNCATE api_once")

    def test_the_second_answer_is_the_first(self):
        first = self.post("one")
        again = self.post("one")
        self.assertEqual((first[0], again[0]), (201, 201))
        self.assertEqual((again[1], again[2]["Location"], again[2]["Content-Type"]), (first[1], first[2]["Location"], "text/plain"))
        self.assertEqual((first[2].get("Idempotency-Replayed"), again[2]["Idempotency-Replayed"]), (None, "true"))
        self.assertEqual(self.small.names(), ["thing"])
        self.assertNotEqual(self.post("one", who=self.small.who("ben"))[1], first[1])  # a key is its subject's
        self.assertNotEqual(self.post("one", who=self.small.who(tenant="Demo B"))[1], first[1])  # and its tenant's
        self.assertEqual(len(self.small.names()), 3)

    def test_another_request_with_the_key(self):
        self.post("two")
        for path, body in (("/v1/items", b"other"), ("/v1/items?ms=1", b"thing")):
            self.assertEqual(self.code(self.post("two", body, path)), (422, "api.idempotency_mismatch"))
        self.assertEqual(self.code(self.post("not a key")), (400, "api.idempotency_key"))
        self.assertEqual(self.small.names(), ["thing"])

    def test_many_at_once_are_one(self):
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(lambda _: self.post("three", path="/v1/items?ms=300"), range(24)))
        self.assertEqual({a[0] for a in answers}, {201, 409})
        self.assertEqual(len([a for a in answers if a[0] == 201]), 1)
        busy = next(a for a in answers if a[0] == 409)
        self.assertEqual((json.loads(busy[1])["code"], busy[2]["Retry-After"]), ("api.idempotency_busy", "1"))
        self.assertEqual(self.post("three", path="/v1/items?ms=300")[0], 201)
        self.assertEqual(self.small.names(), ["thing"])

    def test_what_failed_may_be_tried_at_once(self):
        self.assertEqual(self.post("four", path="/v1/items?fail=1")[0], 404)
        self.assertEqual(self.small.sql("SELECT count(*) FROM api_once"), [["0"]])
        self.assertEqual(self.post("four")[0], 201)
        self.assertEqual([self.post("five", path="/v1/items?status=422")[2].get("Idempotency-Replayed") for _ in range(2)], [None, "true"])  # an answer, no failure

    def test_after_a_day_the_key_is_new_and_the_rows_are_gone(self):
        first = self.post("six")
        self.small.advance(23 * 3600)
        self.assertEqual(self.post("six")[1], first[1])
        self.small.advance(3600 + 120)
        until(lambda: self.small.sql("SELECT count(*) FROM api_once") == [["0"]], 20, "old keys are forgotten")
        self.assertNotEqual(self.post("six")[1], first[1])

    def test_killed_in_flight_it_takes_effect_once(self):
        for n in range(3):
            key, body = f"kill{n}", f"kill{n}".encode()
            with concurrent.futures.ThreadPoolExecutor() as pool:
                lost = pool.submit(self.post, key, body, "/v1/items?ms=400")
                time.sleep(0.1 + n * 0.17)  # at work, at its commit, or already answered
                for pid in self.small.host.workers():
                    procs.send(pid, signal.SIGKILL)
                lost.exception()
            self.small.steady()
            until(lambda: self.post(key, body, "/v1/items?ms=400")[0] == 201, 15, "whoever comes after the lease does it")
            again = self.post(key, body, "/v1/items?ms=400")
            self.assertEqual((again[0], again[2]["Idempotency-Replayed"]), (201, "true"))
            self.assertEqual(self.small.names().count(f"kill{n}"), 1)

    def test_without_postgresql_nothing_is_begun(self):
        self.expects_findings = True
        self.small.pg.freeze()
        try:
            status, body, headers = self.post("seven", timeout=20)
            self.assertEqual((status, json.loads(body)["code"]), (503, "SYSTEM_ERROR"))
            self.assertIn("Retry-After", headers)
        finally:
            self.small.pg.thaw()
        until(lambda: self.post("seven")[0] == 201, 20, "it heals")
        self.assertEqual(self.small.names(), ["thing"])


class Behind(http.server.ThreadingHTTPServer):
    """A server behind the gateway: says what it was asked."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name, port=0):
        super().__init__(("127.0.0.1", port), self.Answer)
        self.name, self.asked = name, 0
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # whoever asked has left, as the test wants it

    def end(self):
        self.shutdown()
        self.server_close()

    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def handle_one(self):
            self.server.asked += 1
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            time.sleep(int(query.get("ms", 0)) / 1000)
            if "cut" in query:
                self.close_connection = True
                return
            answer = json.dumps({"server": self.server.name, "n": self.server.asked, "method": self.command, "path": self.path, "body": body.decode(),
                                 "headers": {k.lower(): v for k, v in self.headers.items()}, "fill": "x" * int(query.get("fill", 0))}).encode()
            self.send_response(int(query.get("status", 200)))
            for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(answer))), ("X-Kept", "yes"), ("x-wakala-tenant", "forged"),
                                ("X-Request-Id", "of-the-server"), ("Connection", "x-hop"), ("X-Hop", "1"), ("X-Empty", "")):
                self.send_header(name, value)
            for name in {"vary", "content-encoding"} & set(query):
                self.send_header(name, query[name])
            for cookie in range(int(query.get("cookies", 0))):
                self.send_header("Set-Cookie", f"c{cookie}=1")
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one


class Passed(ApiCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = [Behind("one"), Behind("two")]
        for server in cls.servers:
            cls.addClassCleanup(server.end)
        one, two = (f"http://127.0.0.1:{s.server_address[1]}" for s in cls.servers)
        away = f"http://127.0.0.1:{procs.free_ports(1)[0]}"
        cls.gateway = {"routes": f'''"erp = /v1/erp/ -> {one}, {two} timeout=1s retry=1 body=2k;"
            "open=/open/ -> {one} permission=- timeout=500ms; kept = /v1/kept/ -> {one} cache=60s;"
            "half = /v1/half/ -> {away} {one} retry=1; gone = /v1/gone/ -> {away}"'''}
        super().setUpClass()

    def passed(self, *args, **more):
        status, body, headers = self.ask(*args, **more)
        return status, json.loads(body), headers

    def test_a_request_goes_as_it_came_and_says_for_whom(self):
        status, got, headers = self.passed("POST", "/v1/erp/a%2Fb?x=1&y=%20", b"a body", {
            "X-Own": "kept", "X-Wakala-Tenant": "forged", "x-wakala-subject": "forged", "Connection": "keep-alive, X-Hop", "X-Hop": "1", "TE": "trailers",
            "X-Request-Id": "mine-1", "X-Forwarded-For": "192.0.2.1", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "Accept-Encoding": "gzip"})
        self.assertEqual((status, got["method"], got["path"], got["body"]), (200, "POST", "/v1/erp/a%2Fb?x=1&y=%20", "a body"))
        seen = got["headers"]
        self.assertEqual((seen["x-own"], seen["x-wakala-tenant"], seen["x-wakala-subject"], seen["x-wakala-role"]), ("kept", self.small.tenant, "amina", "staff"))
        self.assertEqual((seen["x-request-id"], seen["x-forwarded-for"], seen["x-forwarded-host"]), ("mine-1", "192.0.2.1, 127.0.0.1",
                                                                                                    f"127.0.0.1:{self.small.host.port}"))
        self.assertRegex(seen["traceparent"], "^00-" + "a" * 32 + "-(?!b{16})[0-9a-f]{16}-01$")
        self.assertEqual({"x-hop", "te", "accept-encoding", "connection"} & set(seen), set())
        self.assertEqual((headers["X-Kept"], headers["X-Request-Id"], headers["X-Empty"], headers["RateLimit-Policy"]), ("yes", "mine-1", "", '"tenant";q=100000;w=1'))
        self.assertEqual({"x-wakala-tenant", "X-Hop"} & set(headers), set())
        status, got, _ = self.passed("GET", "/open/x", who=None, headers={"x-wakala-subject": "forged"})
        self.assertEqual((status, [h for h in got["headers"] if h.startswith("x-wakala")]), (200, []))
        self.assertEqual(self.ask("GET", "/v1/erp/x", who=None)[0], 401)

    def test_every_method_and_head_and_servers_in_turn(self):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            self.assertEqual(self.passed(method, "/v1/erp/m")[1]["method"], method)
        self.assertEqual({self.passed("GET", "/v1/erp/t")[1]["server"] for _ in range(12)}, {"one", "two"})
        status, body, headers = self.ask("HEAD", "/v1/erp/h")
        self.assertEqual((status, body), (200, b""))
        self.assertGreater(int(headers["Content-Length"]), 100)

    def test_the_same_filters_serve_it(self):
        small = self.ask("GET", "/v1/erp/z?fill=5000", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(len(json.loads(gzip.decompress(small[1]))["fill"]), 5000)
        self.assertEqual((small[2]["Content-Encoding"], small[2]["Content-Type"]), ("gzip", "application/json"))
        c = http.client.HTTPConnection("127.0.0.1", self.small.host.port, timeout=10)
        c.request("GET", "/v1/erp/c?cookies=2", headers=self.small.who())
        self.assertEqual(c.getresponse().msg.get_all("Set-Cookie"), ["c0=1", "c1=1"])
        c.close()
        first, again = (self.passed("POST", "/v1/erp/once", b"x", {"Idempotency-Key": "k"}) for _ in range(2))
        self.assertEqual((first[1], again[2]["Idempotency-Replayed"]), (again[1], "true"))
        kept = {}
        def hits():  # each worker keeps its own here
            status, got, headers = self.passed("GET", "/v1/kept/a?b=1", headers={"If-None-Match": '"other"'})
            self.assertNotIn("if-none-match", got["headers"])
            kept.setdefault(got["n"], []).append(headers)
            return status == 200 and any(len(h) > 3 and h[-1]["Cache-Status"] == "wakala; hit" for h in kept.values())
        until(hits, 10, "an answer is kept")
        for odd in ("vary=X-Shop", "vary=*", "content-encoding=br", "cookies=1"):  # not for everybody, or not whole without its headers
            n = [self.passed("GET", f"/v1/kept/o?{odd}")[1]["n"] for _ in range(4)]
            self.assertEqual(len(set(n)), 4, odd)
        self.assertEqual(self.passed("GET", "/v1/kept/o?vary=X-Shop")[2]["Vary"], "Origin, X-Shop")
        self.assertEqual(self.passed("POST", "/v1/kept/a")[0], 200)
        for _ in range(6):
            self.assertGreater(self.passed("GET", "/v1/kept/a?b=1")[1]["n"], max(kept))
        self.assertEqual(self.ask("POST", "/v1/erp/big", b"x" * 3000)[0], 413)
        self.assertEqual(self.passed("GET", "/v1/erp/s?status=418")[0], 418)

    def test_a_server_that_fails(self):
        self.assertEqual([self.passed("GET", "/v1/half/x")[0] for _ in range(8)], [200] * 8)  # the other one, and after five the breaker knows
        self.assertEqual([self.passed("POST", "/v1/half/x")[0] for _ in range(8)], [200] * 8)  # nothing was sent: also what is not safe
        for _ in range(6):
            status, body, headers = self.ask("GET", "/v1/gone/x")
            self.assertEqual((status, json.loads(body)["code"]), (503, "SYSTEM_ERROR"))
            self.assertIn("Retry-After", headers)
        self.assertIn("target=\"gone@127.0.0.1:", request(self.small.host.admin_port, "GET", "/metrics")[2].decode())
        asked = sum(s.asked for s in self.servers)
        self.assertEqual(self.ask("POST", "/v1/erp/x?cut=1")[0], 503)  # it may have taken effect: not again
        self.assertEqual(sum(s.asked for s in self.servers), asked + 1)
        self.assertEqual(self.ask("GET", "/v1/erp/x?cut=1")[0], 503)
        self.assertGreaterEqual(sum(s.asked for s in self.servers), asked + 3)
        self.assertEqual(self.ask("GET", "/v1/erp/x?status=101")[0], 503)  # a client that upgrades would not be talking to that server
        began = time.monotonic()
        self.assertEqual(self.ask("GET", "/open/x?ms=2000", who=None)[0], 503)
        self.assertLess(time.monotonic() - began, 1.5)

    def test_a_conf_that_cannot_be_meant_is_named(self):
        for routes, says in (("a = /v1/a -> http://127.0.0.1:1", "a prefix begins and ends with /"), ("a = /v1/a/ -> ftp://x", "allowed are permission=name"),
                             ("a = /v1/a/ -> http://127.0.0.1:1 timeout=1x", '\\"timeout=1x\\"'), ("a = /v1/a/ ->", "names no server"),
                             ("a = /v1/a/ -> http://127.0.0.1:1; b = /v1/a/ -> http://127.0.0.1:1", "is one of api, too"),
                             ("a = /v1/a/ -> http://nobody.invalid:1", "wanted is host:port")):
            self.small.conf("api", f'enabled = true; \nroutes = "{routes}";')
            status, out = self.small.host.cli("reload", check=False, timeout=60)
            self.assertNotEqual(status, 0)
            self.assertIn(says.replace('\\"', '"'), out)
            self.assertIn("20-api.conf:2", out)
        self.small.configure()


if __name__ == "__main__":
    unittest.main()
