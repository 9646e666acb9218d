"""What the operator hears: the host's failures and plugins' alerts, grouped, by webhook; also when the database or the webhook is away. And the
security log: every refusal with who, where and what; what a client reads of each class."""
import http.server
import json
import re
import threading
import time
import unittest

from harness.procs import until
from harness.sim import request
from harness.stack import plugin_of_tests, write
from sdk.test_out_of_tree import OwnPlugins

SENTENCE = "We're experiencing technical difficulties. Please try again later."


class Receiver:
    """The operator's webhook."""

    def __init__(self):
        self.got, self.status, self.posts = [], 200, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.posts += 1
                if outer.status == 200:
                    outer.got.append((body, self.headers.get("X-Alert-Secret")))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/alerts"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def about(self, service, error):
        return [body for body, _ in self.got if (body["service"], body["error"]) == (service, error)]


class Hearing(OwnPlugins):
    def configure(self):
        super().configure()
        with open(self.host.conf, encoding="utf-8") as f:
            write(self.host.conf, f.read() + 'guard = { alert_interval = "2s"; breaker_delay = "500ms"; breaker_delay_max = "500ms"; };\n')
        write(f"{self.host.dir}/wakala.d/80-notifications.conf",
              f'enabled = true;\nalert_webhook = "{self.receiver.url}";\nalert_secret = "env:WAKALA_ALERT_SECRET";\nalert_interval = "3s";\n')
        write(f"{self.host.dir}/wakala.d/10-api.conf", "enabled = true;\npenalties = false;\n")  # what is refused here again and again is to be heard each time
        self.host.env["WAKALA_ALERT_SECRET"] = "a word for tests"


class Alerts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)
        cls.stack = Hearing()
        cls.stack.receiver = cls.receiver
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start()
        for name in ("t-breaks", "t-asks"):
            conf = f"{cls.stack.dir}/29-{name}.conf"
            write(conf, "enabled = true;\n")
            cls.stack.drop(plugin_of_tests(name), conf)
        cls.stack.host.cli("reload", timeout=120)
        cls.tenant = cls.stack.sql("SELECT id FROM wakala.tenant ORDER BY id LIMIT 1")[0][0]

    def tearDown(self):
        self.receiver.status = 200
        self.assertEqual(self.stack.findings(), [])

    def breaks(self, how, headers=None):
        status, _, body = request(self.stack.host.port, "GET", f"/breaks/{how}", headers=headers)
        return status, json.loads(body)

    def lines(self, *parts):
        return [json.loads(line) for line in self.stack.host.text().splitlines() if line.startswith("{") and all(part in line for part in parts)]

    def counts(self, service, error):
        return sum(body["count"] for body in self.receiver.about(service, error))

    def test_a_bug_is_told_at_once_then_counted(self):
        before, told = self.counts("t-breaks", "t-breaks.bug"), len(self.receiver.about("t-breaks", "t-breaks.bug"))
        for _ in range(40):
            self.assertEqual(self.breaks("bug")[0], 500)
        until(lambda: self.counts("t-breaks", "t-breaks.bug") - before == 40, 12, "all are counted", lambda: str(self.receiver.got))
        alerts = self.receiver.about("t-breaks", "t-breaks.bug")[told:]
        self.assertLessEqual(len(alerts), 4, alerts)
        self.assertEqual({(a["severity"], "tenant" in a) for a in alerts}, {("error", False)})
        self.assertEqual({secret for _, secret in self.receiver.got}, {"a word for tests"})

    def test_the_log_has_the_cause_and_where_it_was_and_the_client_neither(self):
        status, said = self.breaks("bug")
        self.assertEqual((status, said["code"], said["detail"]), (500, "SYSTEM_ERROR", SENTENCE))
        self.assertNotIn("4712", json.dumps(said))
        self.assertRegex(said["reference"], r"^[0-9a-f]{8}$")
        line = self.lines(f'"trace_id":"{said["reference"]}', "row 4712")
        self.assertEqual(len(line), 1)
        traced = self.lines("t-breaks.bug", '"backtrace"')
        self.assertLessEqual(len(traced), 2 * len({line["ts"][:16] for line in traced}), "more than one a minute and worker")
        self.assertRegex(traced[0]["backtrace"], r"t-breaks\.so\(.* < ")

    def test_classes_over_http(self):
        status, said = self.breaks("weather")
        self.assertEqual((status, said["code"], said["detail"]), (503, "SYSTEM_ERROR", SENTENCE))
        status, said = self.breaks("rule")
        self.assertEqual((status, said["code"], said["detail"]), (409, "t-breaks.rule", "You can't do that twice."))
        self.assertEqual(set(said), {"type", "title", "status", "code", "detail"})
        status, said = self.breaks("attack")
        self.assertEqual((status, said["code"], said["detail"]), (403, "FORBIDDEN", "Access denied"))

    def test_every_refusal_is_a_line_and_a_point(self):
        before = len(self.lines('"kind":"security"', "t-breaks.attack"))
        for _ in range(12):
            self.breaks("attack")
            time.sleep(0.15)  # like lines above ten a second are counted in one
        lines = self.lines('"kind":"security"', "t-breaks.attack")
        self.assertEqual(len(lines) - before, 12)
        last = lines[-1]
        self.assertEqual((last["ip"], last["subject"], last["hook"], last["plugin"], last["err"]["code"]),
                         ("127.0.0.1", "", "/breaks/{how}", "t-breaks", "t-breaks.attack"))
        metrics = request(self.stack.host.admin_port, "GET", "/metrics")[2].decode()
        self.assertGreaterEqual(int(re.search(r'^wakala_security_total{code="t-breaks.attack"} (\d+)$', metrics, re.M).group(1)), 12)
        left = json.loads(request(self.stack.host.port, "GET", "/asks/penalty?kind=3")[2])["left_ms"]
        self.assertGreater(left, 0, "twelve refusals and no penalty for the address")

    def test_a_dead_letter_is_heard(self):
        self.assertEqual(request(self.stack.host.port, "POST", f"/breaks/of/{self.tenant}")[0], 204)
        until(lambda: self.receiver.about("conversation.push", "there are new dead letters"), 10, "the alert", self.stack.host.tail)

    def test_plugins_alerts_are_grouped_durably(self):
        self.assertEqual(request(self.stack.host.port, "POST", f"/breaks/of/{self.tenant}?alerts=9")[0], 204)
        first = until(lambda: self.receiver.about("shelf", "nearly empty"), 10, "the first at once", self.stack.host.tail)[0]
        self.assertEqual((first["count"], first["tenant"]), (1, self.tenant))
        until(lambda: self.counts("shelf", "nearly empty") == 9, 10, "the rest with a count", lambda: str(self.receiver.got))
        self.assertEqual(len(self.receiver.about("shelf", "nearly empty")), 2)

    def test_without_the_database_nothing_is_forgotten(self):
        before = self.counts("t-breaks", "t-breaks.bug")
        self.stack.pg.kill()
        try:
            for _ in range(5):
                self.assertEqual(self.breaks("bug")[0], 500)  # the log has them at once
        finally:
            self.stack.pg.start()
        until(lambda: self.counts("t-breaks", "t-breaks.bug") - before >= 5, 30, "told when it is back", self.stack.host.tail)

    def test_zz_a_webhook_that_is_away_makes_no_more_of_them(self):
        dead = self.stack.sql("SELECT count(*) FROM wakala.dead WHERE name LIKE 'notifications.%'")
        self.receiver.status, posts = 500, self.receiver.posts
        self.breaks("bug")
        until(lambda: self.lines("an alert could not be told to alert_webhook"), 40, "it is given up", self.stack.host.tail)
        time.sleep(3)
        self.assertLessEqual(self.receiver.posts - posts, 3 * 3 * 3, "it feeds itself")  # tries x attempts, and the breaker's own alert
        self.assertEqual(self.stack.sql("SELECT count(*) FROM wakala.dead WHERE name LIKE 'notifications.%'"), dead)


if __name__ == "__main__":
    unittest.main()
