"""Access through the front door: tokens, sign-in over WhatsApp, sessions, API keys, users, and what of another tenant's is refused."""
import concurrent.futures
import http.client
import http.server
import json
import os
import re
import signal
import threading
import time
import unittest

from harness import demo_values, procs
from harness.procs import until
from harness.tokens import Key, b64, unb64

from .small import Small

ADMIN = demo_values.ADMIN_KEY
CONF = """enabled = true;
signing_keys = "file:{dir}/keys.pem";
admin_key = "env:WAKALA_AUTH_ADMIN_KEY";
codes_per_hour = 100000;
address_tries = 100000;
jwks_url = "http://127.0.0.1:{jwks}/keys";
jwks_issuer = "https://sign-in.example";
jwks_audience = "shop";
platform_tenant = "{platform}";
"""
ISSUER = "https://sign-in.example"


class Keys:
    """A JWKS address that counts, changes and goes away."""

    def __init__(self):
        self.keys, self.asked, self.status = [], 0, 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                body = json.dumps({"keys": outer.keys}).encode()
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class WithAuth(Small):
    def __init__(self, jwks, workers=2):
        super().__init__(workers=workers, plugins=("whatsapp",))
        self.jwks, self.platform, self.extra = jwks, "", ""

    def configure(self):
        super().configure()
        self.install("auth")
        self.signing = Key("ES256", "signing", self.host.dir)
        self.write_keys(self.signing.pem)
        self.write_conf()

    def write_keys(self, *pems):
        path = f"{self.host.dir}/keys.pem"
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o640), "wb") as f:
            f.write(b"".join(pems))
        procs.own(path)

    def write_conf(self):
        self.conf("auth", CONF.format(dir=self.host.dir, jwks=self.jwks.port, platform=self.platform) + self.extra, 15)


class Case(unittest.TestCase):
    people, moved = 27820100000, 0
    host_of_case = WithAuth

    @classmethod
    def setUpClass(cls):
        cls.jwks = Keys()
        cls.addClassCleanup(cls.jwks.stop)
        cls.small = cls.host_of_case(cls.jwks)
        cls.small.__enter__()
        cls.addClassCleanup(cls.small.stop)
        cls.a, cls.b = cls.small.tenants["Demo A"], cls.small.tenants["Demo B"]
        for tenant in (cls.a, cls.b):  # a tenant keeps an owner: this one
            cls().user("owner", tenant)

    def tearDown(self):
        self.assertEqual(self.small.host.findings(), [])

    # asking

    def ask(self, method, path, body=None, token=None, tenant=None, headers=None):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if tenant:
            headers["Wakala-Tenant"] = tenant
        if body is not None:
            headers["Content-Type"] = "application/json"
        status, answer, self.headers = self.small.request(method, path, json.dumps(body).encode() if body is not None else None, headers, timeout=20)
        return status, json.loads(answer) if answer else None

    def good(self, method, path, body=None, token=None, tenant=None, status=(200, 201, 202, 204)):
        got, answer = self.ask(method, path, body, token, tenant)
        self.assertIn(got, status, answer)
        return answer

    def refused(self, status, code, method, path, body=None, token=None, tenant=None, headers=None):
        got, answer = self.ask(method, path, body, token, tenant, headers)
        self.assertEqual((got, answer["code"] if answer else None), (status, code), answer)
        return answer

    def logged(self, *parts):
        until(lambda: any(all(part in line for part in parts) for line in self.small.host.text().splitlines()), 5, f"the log says {parts}", self.small.host.tail)

    def advance(self, seconds):
        """The clock that decides; workers hear of it within a second."""
        Case.moved += seconds
        self.small.advance(seconds)
        time.sleep(2.2)

    def now(self):
        return int(time.time()) + Case.moved

    # people

    def user(self, role="owner", tenant=None, name="Thandi"):
        """(id, phone) of a new account."""
        Case.people += 1
        phone = str(Case.people)
        return self.good("POST", "/v1/users", {"phone": phone, "role": role, "name": name}, ADMIN, tenant or self.a)["id"], phone

    def sent(self, phone):
        rows = self.small.sql(f"SELECT payload FROM wakala.event WHERE type = 'whatsapp.outgoing' AND key = '{phone}' ORDER BY seq")
        return [re.search(r"\b\d{6}\b", row[0]).group(0) for row in rows]

    def code(self, phone, tenant=None):
        before = len(self.sent(phone))
        self.good("POST", "/v1/auth/code", {"tenant": tenant or self.a, "phone": phone}, status=(202,))
        until(lambda: len(self.sent(phone)) > before, 10, "the code was sent", self.small.host.tail)
        return self.sent(phone)[-1]

    def sign_in(self, phone, tenant=None):
        tenant = tenant or self.a
        return self.good("POST", "/v1/auth/token", {"tenant": tenant, "phone": phone, "code": self.code(phone, tenant)}, status=(200,))

    def refresh(self, tokens):
        return self.ask("POST", "/v1/auth/token", {"refresh_token": tokens["refresh_token"]})

    def someone(self, role="owner", tenant=None):
        return self.sign_in(self.user(role, tenant)[1], tenant)


class Auth(Case):
    def test_signing_in_with_a_code(self):
        user, phone = self.user("staff")
        tokens = self.sign_in(phone)
        header, claims = (json.loads(unb64(part)) for part in tokens["access_token"].split(".")[:2])
        self.assertEqual((header["alg"], header["typ"]), ("ES256", "at+jwt"))
        self.assertEqual((claims["iss"], claims["aud"], claims["sub"], claims["tid"], claims["role"]), ("wakala", "wakala", user, self.a, "staff"))
        self.assertEqual((claims["exp"] - claims["iat"], tokens["expires_in"], tokens["token_type"]), (900, 900, "Bearer"))
        self.assertEqual(self.headers["Cache-Control"], "no-store")
        me = self.good("GET", "/v1/me", token=tokens["access_token"])
        self.assertEqual((me["subject"], me["role"], me["tenant"]), (user, "staff", self.a))
        self.assertIn("users.read", me["permissions"])
        keys = self.good("GET", "/.well-known/jwks.json")["keys"]
        self.assertEqual(self.headers["Cache-Control"], "public, max-age=300")
        self.assertEqual([k["x"] for k in keys if k["kid"] == header["kid"]], [self.small.signing.jwk["x"]])
        self.assertNotIn("d", keys[0])

    def test_a_code_is_good_once_and_only_for_its_number(self):
        (_, one), (_, two) = self.user(), self.user()
        code = self.code(one)
        self.refused(401, "auth.code", "POST", "/v1/auth/token", {"tenant": self.a, "phone": two, "code": code})
        self.refused(401, "auth.code", "POST", "/v1/auth/token", {"tenant": self.b, "phone": one, "code": code})
        self.good("POST", "/v1/auth/token", {"tenant": self.a, "phone": one, "code": code})
        self.refused(401, "auth.code", "POST", "/v1/auth/token", {"tenant": self.a, "phone": one, "code": code})

    def test_a_code_expires(self):
        _, phone = self.user()
        code = self.code(phone)
        self.small.sql(f"UPDATE auth_code SET expires_at = wakala.now() WHERE phone = '{phone}'")
        self.refused(401, "auth.code", "POST", "/v1/auth/token", {"tenant": self.a, "phone": phone, "code": code})

    def test_five_tries_at_whatever_speed(self):
        _, phone = self.user()
        code = self.code(phone)
        wrong = str((int(code) + 1) % 1000000).rjust(6, "0")

        def guess(_):
            return self.small.request("POST", "/v1/auth/token", json.dumps({"tenant": self.a, "phone": phone, "code": wrong}).encode(), timeout=20)[0]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            self.assertEqual(set(pool.map(guess, range(12))), {401})
        self.assertEqual(self.small.sql(f"SELECT tries FROM auth_code WHERE phone = '{phone}'"), [["5"]])
        self.refused(401, "auth.code", "POST", "/v1/auth/token", {"tenant": self.a, "phone": phone, "code": code})

    def test_a_right_code_by_many_at_once_begins_one_session(self):
        user, phone = self.user()
        body = json.dumps({"tenant": self.a, "phone": phone, "code": self.code(phone)}).encode()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            got = sorted(pool.map(lambda _: self.small.request("POST", "/v1/auth/token", body, timeout=20)[0], range(4)))
        self.assertEqual(got, [200, 401, 401, 401])
        self.assertEqual(self.small.sql(f"SELECT count(*) FROM auth_session WHERE user_id = '{user}'"), [["1"]])

    def test_who_has_no_account_is_answered_the_same(self):
        _, phone = self.user()
        times = {}
        for who, number in (("account", phone), ("none", "27829999999"), ("account", phone), ("none", "27829999998")):
            begin = time.monotonic()
            answer = self.good("POST", "/v1/auth/code", {"tenant": self.a, "phone": number}, status=(202,))
            times.setdefault(who, []).append(time.monotonic() - begin)
            self.assertEqual(answer, {"expires_in": 300})
        nobodys = self.good("POST", "/v1/auth/code", {"tenant": "11111111-1111-4111-8111-111111111111", "phone": phone}, status=(202,))
        self.assertEqual(nobodys, {"expires_in": 300})
        self.assertGreater(min(sum(times.values(), [])), 0.24, "an answer came before its floor")
        until(lambda: self.small.sql("SELECT count(*) FROM auth_code WHERE phone IN ('27829999999', '27829999998')") == [["2"]], 10, "both have a code")
        self.assertEqual(self.sent("27829999999"), [])
        tries = [self.ask("POST", "/v1/auth/token", {"tenant": self.a, "phone": number, "code": "000000"}) for number in (phone, "27829999999", "27828888888")]
        for one in tries:
            one[1].pop("reference", None)
        self.assertEqual([tries[0]] * 3, tries)

    def test_a_suspended_or_deleted_account_gets_no_code(self):
        user, phone = self.user("staff")
        self.good("PATCH", f"/v1/users/{user}", {"status": "suspended"}, ADMIN, self.a)
        self.good("POST", "/v1/auth/code", {"tenant": self.a, "phone": phone}, status=(202,))
        until(lambda: self.small.sql(f"SELECT user_id IS NULL FROM auth_code WHERE phone = '{phone}'") == [["t"]], 10, "a code for nobody")
        self.assertEqual(self.sent(phone), [])

    # sessions

    def test_refresh_tokens_change_at_each_use(self):
        tokens = self.someone()
        seen = {tokens["refresh_token"]}
        for _ in range(3):
            status, tokens = self.refresh(tokens)
            self.assertEqual(status, 200, tokens)
            self.assertNotIn(tokens["refresh_token"], seen)
            seen.add(tokens["refresh_token"])
            self.good("GET", "/v1/me", token=tokens["access_token"])
        stored = self.small.sql("SELECT hash FROM auth_refresh")
        self.assertFalse(any(token[-43:] in row[0] for token in seen for row in stored))

    def test_a_refresh_token_used_again_ends_the_family_at_once(self):
        first = self.someone()
        _, second = self.refresh(first)
        _, third = self.refresh(second)
        self.good("GET", "/v1/me", token=third["access_token"])
        self.assertEqual(self.refresh(first)[0], 401)
        self.logged('"auth.refresh_reused"', '"security"')
        for tokens in (first, second, third):
            self.refused(401, "auth.session_ended", "GET", "/v1/me", token=tokens["access_token"])
        self.assertEqual(self.refresh(third)[1]["code"], "auth.session_ended")
        sid = json.loads(unb64(third["access_token"].split(".")[1]))["sid"]
        self.assertEqual(self.small.sql(f"SELECT ended_why FROM auth_session WHERE id = '{sid}'"), [["reuse"]])
        self.assertEqual(self.small.sql(f"SELECT payload::jsonb->>'reason' FROM wakala.event WHERE type = 'auth.session_revoked' AND payload LIKE '%{sid}%'"), [["reuse"]])

    def test_a_lost_answer_is_asked_for_again(self):
        first = self.someone()
        status, lost = self.refresh(first)
        self.assertEqual(status, 200)
        status, second = self.refresh(first)  # within the grace: the successor was never used
        self.assertEqual(status, 200, second)
        self.good("GET", "/v1/me", token=second["access_token"])
        self.assertEqual(self.refresh(second)[0], 200)
        self.assertEqual(self.refresh(lost)[0], 401)  # whoever has that one is not who asked again
        self.refused(401, "auth.session_ended", "GET", "/v1/me", token=second["access_token"])

    def test_the_grace_ends(self):
        first = self.someone()
        self.assertEqual(self.refresh(first)[0], 200)
        self.small.sql("UPDATE auth_refresh SET used_at = used_at - interval '11 seconds' WHERE used_at IS NOT NULL")
        self.assertEqual(self.refresh(first)[0], 401)

    def test_two_refreshes_at_once_leave_one_good(self):
        first = self.someone()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            got = [answer for status, answer in pool.map(lambda _: self.plain_refresh(first), range(2)) if status == 200]
        self.assertEqual(len(got), 2)  # both within the grace, one after the other
        open_ones = self.small.sql(f"SELECT count(*) FROM auth_refresh r JOIN auth_session s ON s.id = r.session_id WHERE r.used_at IS NULL AND s.id = "
                                   f"'{json.loads(unb64(first['access_token'].split('.')[1]))['sid']}'")
        self.assertEqual(open_ones, [["1"]])

    def plain_refresh(self, tokens):
        status, answer, _ = self.small.request("POST", "/v1/auth/token", json.dumps({"refresh_token": tokens["refresh_token"]}).encode(), timeout=20)
        return status, json.loads(answer)

    def test_logout_ends_this_session_and_everywhere_all(self):
        user, phone = self.user()
        one, two, three = (self.sign_in(phone) for _ in range(3))
        self.good("POST", "/v1/auth/logout", token=one["access_token"])
        self.refused(401, "auth.session_ended", "GET", "/v1/me", token=one["access_token"])
        self.assertEqual(self.refresh(one)[0], 401)
        self.good("GET", "/v1/me", token=two["access_token"])
        self.good("POST", "/v1/auth/logout-everywhere", token=two["access_token"])
        for tokens in (two, three):
            self.refused(401, "auth.session_ended", "GET", "/v1/me", token=tokens["access_token"])
            self.assertEqual(self.refresh(tokens)[0], 401)
        self.assertEqual(self.small.sql(f"SELECT action, subject FROM wakala.audit WHERE object = '{user}' ORDER BY id DESC LIMIT 1"), [["session.ended_everywhere", user]])
        self.good("GET", "/v1/me", token=self.sign_in(phone)["access_token"])

    def test_no_worker_serves_an_ended_session(self):
        """Every worker has it in its memory; the moment logout is answered none takes it."""
        for _ in range(3):
            tokens = self.someone()
            for _ in range(8):
                self.good("GET", "/v1/me", token=tokens["access_token"])
            self.good("POST", "/v1/auth/logout", token=tokens["access_token"])
            self.assertEqual({self.ask("GET", "/v1/me", token=tokens["access_token"])[0] for _ in range(8)}, {401})

    def test_a_changed_role_counts_at_once(self):
        user, phone = self.user("owner")
        tokens = self.sign_in(phone)
        self.good("GET", "/v1/keys", token=tokens["access_token"])
        self.good("PATCH", f"/v1/users/{user}", {"role": "agent"}, ADMIN, self.a)
        self.refused(403, "FORBIDDEN", "GET", "/v1/keys", token=tokens["access_token"])
        self.assertEqual(self.good("GET", "/v1/me", token=tokens["access_token"])["role"], "agent")
        self.good("PATCH", f"/v1/users/{user}", {"status": "suspended"}, ADMIN, self.a)
        self.refused(401, "auth.session_ended", "GET", "/v1/me", token=tokens["access_token"])

    def test_a_worker_that_dies_in_a_refresh_locks_nobody_out(self):
        tokens = self.someone()
        ends = time.monotonic() + 4
        while time.monotonic() < ends:
            try:
                victims = self.small.host.workers()
                if victims:
                    threading.Timer(0.01, procs.send, (victims[0], signal.SIGKILL)).start()
                status, answer = self.plain_refresh(tokens)
            except (OSError, ValueError, http.client.HTTPException):
                until(self.serves, 20, "a worker serves again", self.small.host.tail)
                status, answer = self.plain_refresh(tokens)
            self.assertEqual(status, 200, answer)
            tokens = answer
            self.small.steady()
        self.small.sql("SELECT 1")
        self.good("GET", "/v1/me", token=tokens["access_token"])

    def serves(self):
        try:
            return self.small.request("GET", "/.well-known/jwks.json")[0] == 200
        except OSError:
            return False

    # tokens

    def test_no_credential_401_and_forged_ones_401(self):
        self.refused(401, "http.unauthorized", "GET", "/v1/me")
        self.assertEqual(self.headers["WWW-Authenticate"], 'Bearer realm="wakala"')
        tokens = self.someone()
        head, body, mark = tokens["access_token"].split(".")
        forged = dict(json.loads(unb64(body)), role="admin")
        for token in (f"{head}.{b64(json.dumps(forged).encode())}.{mark}", f"{head}.{body}.", f"{b64(b'{}')}.{body}.{mark}", "x" * 40, "wk_x", "." * 8200):
            self.refused(401, "FORBIDDEN", "GET", "/v1/me", token=token)
        self.refused(401, "auth.scheme", "GET", "/v1/me", headers={"Authorization": "Basic eDp5"})
        self.refused(401, "auth.scheme", "GET", "/v1/me", token="x", headers={"X-API-Key": "wk_x"})
        self.assertEqual(self.ask("GET", "/.well-known/jwks.json", token="x" * 40)[0], 401)  # forged is forged, also where nobody is asked
        self.logged('"auth.credential"', '"security"')

    def test_an_expired_token_asks_a_public_route_as_nobody(self):
        claims = json.loads(unb64(self.someone()["access_token"].split(".")[1]))
        kid = self.good("GET", "/.well-known/jwks.json")["keys"][0]["kid"]
        old = self.small.signing.token(dict(claims, exp=self.now() - 100), kid=kid)
        self.refused(401, "auth.token_expired", "GET", "/v1/me", token=old)
        self.good("GET", "/.well-known/jwks.json", token=old)

    def test_another_tenants_token_finds_nothing(self):
        tokens = self.someone("owner", self.a)["access_token"]
        user, phone = self.user("staff", self.b)
        key = self.good("POST", "/v1/keys", {"name": "x", "scopes": ["orders.read"]}, ADMIN, self.b)["id"]
        nobody = "11111111-1111-4111-8111-111111111111"
        for method, path, code, body in (("GET", "/v1/users/{}", "auth.user_unknown", None), ("PATCH", "/v1/users/{}", "auth.user_unknown", {"name": "x"}),
                                         ("DELETE", "/v1/users/{}", "auth.user_unknown", None), ("DELETE", "/v1/keys/{}", "auth.key_unknown", None)):
            theirs = key if "keys" in path else user
            foreign, missing = (self.refused(404, code, method, path.format(one), body, tokens) for one in (theirs, nobody))
            self.assertEqual(foreign, missing)
        self.refused(404, "tenant.unknown", "GET", "/v1/users", token=tokens, tenant=self.b)
        self.refused(404, "tenant.unknown", "GET", "/v1/users", token=tokens, tenant=nobody)
        self.assertNotIn(user, json.dumps(self.good("GET", "/v1/users?limit=100", token=tokens)))
        self.assertNotIn(phone, self.small.host.text())
        self.good("GET", f"/v1/users/{user}", token=ADMIN, tenant=self.b)

    # API keys

    def test_api_keys(self):
        owner = self.someone("owner")["access_token"]
        made = self.good("POST", "/v1/keys", {"name": "till", "scopes": ["users.read", "orders.read"], "days": 30}, owner, status=(201,))
        self.assertRegex(made["key"], "^wk_[0-9a-f]{32}_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$")
        me = self.good("GET", "/v1/me", token=made["key"])
        self.assertEqual((me["subject"], sorted(me["permissions"]), me["tenant"]), (made["id"], ["orders.read", "users.read"], self.a))
        self.assertEqual(self.ask("GET", "/v1/users", headers={"X-API-Key": made["key"]})[0], 200)
        self.refused(403, "FORBIDDEN", "GET", "/v1/keys", token=made["key"])
        listed = [key for key in self.good("GET", "/v1/keys?limit=100", token=owner)["items"] if key["id"] == made["id"]]
        self.assertNotIn("key", listed[0])
        self.assertIsNotNone(listed[0]["last_used_at"])
        self.assertNotIn(made["key"][-43:], json.dumps(self.small.sql("SELECT * FROM auth_key")) + self.small.host.text())
        self.refused(401, "FORBIDDEN", "GET", "/v1/me", token=made["key"][:-1] + ("A" if made["key"][-1] != "A" else "B"))
        self.refused(401, "FORBIDDEN", "GET", "/v1/me", token=made["key"].replace(self.a.replace("-", ""), self.b.replace("-", "")))
        self.refused(409, "auth.no_session", "POST", "/v1/auth/logout", token=made["key"])
        self.good("DELETE", f"/v1/keys/{made['id']}", token=owner)
        self.assertEqual({self.ask("GET", "/v1/me", token=made["key"])[0] for _ in range(8)}, {401})
        self.refused(404, "auth.key_unknown", "DELETE", f"/v1/keys/{made['id']}", token=owner)

    def test_nobody_gives_away_what_they_have_not(self):
        made = self.good("POST", "/v1/keys", {"name": "x", "scopes": ["keys.write", "orders.read"]}, ADMIN, self.a)
        for scopes in (["users.write"], ["tenants.write"], ["*"], ["orders.read users.write"], [""], [1]):
            self.refused(422, "auth.scope", "POST", "/v1/keys", {"name": "y", "scopes": scopes}, made["key"])
        self.refused(422, "auth.scope", "POST", "/v1/keys", {"name": "y", "scopes": ["tenants.write"]}, ADMIN, self.a)
        self.good("POST", "/v1/keys", {"name": "y", "scopes": ["orders.read"]}, made["key"])
        self.refused(422, "auth.body", "POST", "/v1/keys", {"name": "y", "scopes": []}, ADMIN, self.a)
        self.refused(422, "auth.body", "POST", "/v1/keys", {"name": "y", "scopes": ["orders.read"], "days": 367}, ADMIN, self.a)
        self.refused(422, "auth.body", "POST", "/v1/keys", {"name": "y", "scopes": ["orders.read"], "role": "owner"}, ADMIN, self.a)

    # users, roles, audit

    def test_users(self):
        owner = self.someone("owner", self.b)["access_token"]
        made = self.good("POST", "/v1/users", {"phone": "+27 82 555-0101", "role": "staff", "name": "Lindiwe"}, owner, status=(201,))
        self.assertEqual((made["phone"], made["status"]), ("*******0101", "active"))
        self.refused(409, "auth.phone_taken", "POST", "/v1/users", {"phone": "27825550101", "role": "agent"}, owner)
        self.assertEqual(self.good("GET", f"/v1/users/{made['id']}", token=owner), made)
        for body in ({"phone": "1"}, {"phone": "27825550102"}, {"phone": "27825550102", "role": "admin"}, {"phone": "27825550102", "role": "staff", "x": 1},
                     {"phone": 27825550102, "role": "staff"}, {"phone": "27825550102x", "role": "staff"}, [], {"phone": "27825550102", "role": "staff", "name": ""}):
            self.refused(422, "auth.body", "POST", "/v1/users", body, owner)
        changed = self.good("PATCH", f"/v1/users/{made['id']}", {"role": "agent", "name": "L."}, owner)
        self.assertEqual((changed["role"], changed["name"]), ("agent", "L."))
        self.refused(422, "auth.body", "PATCH", f"/v1/users/{made['id']}", {}, owner)
        self.good("DELETE", f"/v1/users/{made['id']}", token=owner)
        self.refused(404, "auth.user_unknown", "GET", f"/v1/users/{made['id']}", token=owner)
        self.good("POST", "/v1/users", {"phone": "27825550101", "role": "agent"}, owner, status=(201,))
        actions = [(row["action"], row["detail"]) for row in self.good("GET", "/v1/audit?limit=100", token=owner)["items"] if row["object"] == made["id"]]
        self.assertEqual([action for action, _ in actions], ["user.deleted", "user.changed", "user.created"])
        self.assertEqual(actions[1][1], {"from": {"role": "staff", "status": "active"}, "to": {"role": "agent", "status": "active"}})
        self.assertNotIn("5550101", json.dumps(actions))

    def test_nobody_makes_somebody_who_may_more(self):
        boss, _ = self.user("owner")
        key = self.good("POST", "/v1/keys", {"name": "x", "scopes": ["users.read", "users.write", "deliveries.read", "deliveries.write"]}, ADMIN, self.a)["key"]
        driver = self.good("POST", "/v1/users", {"phone": "27825550103", "role": "driver"}, key)["id"]
        self.refused(403, "auth.role", "POST", "/v1/users", {"phone": "27825550104", "role": "owner"}, key)
        self.refused(403, "auth.role", "PATCH", f"/v1/users/{driver}", {"role": "owner"}, key)
        self.refused(403, "auth.role", "PATCH", f"/v1/users/{boss}", {"status": "suspended"}, key)
        self.refused(403, "auth.role", "DELETE", f"/v1/users/{boss}", None, key)
        self.good("DELETE", f"/v1/users/{driver}", token=key)

    def test_pages(self):
        owner = self.someone("owner", self.b)["access_token"]
        for _ in range(5):
            self.user("agent", self.b)
        everything = self.good("GET", "/v1/users?limit=100", token=owner)
        got, after = [], ""
        while after is not None:
            page = self.good("GET", f"/v1/users?limit=2{after and '&after=' + after}", token=owner)
            self.assertLessEqual(len(page["items"]), 2)
            got, after = got + page["items"], page["next"]
        self.assertEqual(got, everything["items"])
        audit = self.good("GET", "/v1/audit?limit=3", token=owner)
        self.assertEqual(len(audit["items"]), 3)
        more = self.good("GET", f"/v1/audit?limit=3&after={audit['next']}", token=owner)
        self.assertFalse({row["id"] for row in audit["items"]} & {row["id"] for row in more["items"]})
        for bad in ("limit=0", "limit=101", "limit=x", "limit", "after=x", "after="):
            self.refused(400, "auth.parameter", "GET", f"/v1/users?{bad}", token=owner)
            self.refused(400, "auth.parameter", "GET", f"/v1/audit?{bad}", token=owner)

    def test_a_tenant_keeps_an_owner(self):
        number = str(300000000000000 + int.from_bytes(os.urandom(4), "big"))
        tenant = self.small.host.cli("tenant", "create", f"Owners {number}", "--number", number, "--waba", number).split("\t")[0]
        until(lambda: self.ask("GET", "/v1/users", token=ADMIN, tenant=tenant)[0] == 200, 10, "the tenant is known")
        (one, _), (two, _) = self.user("owner", tenant), self.user("owner", tenant)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:  # each would leave the other
            got = sorted(status for status, _, _ in pool.map(lambda user: self.small.request("DELETE", f"/v1/users/{user}", None, {
                "Authorization": f"Bearer {ADMIN}", "Wakala-Tenant": tenant}, 20), (one, two)))
        self.assertEqual(got, [204, 409])
        last = self.good("GET", "/v1/users", token=ADMIN, tenant=tenant)["items"][0]["id"]
        for body in ({"role": "staff"}, {"status": "suspended"}):
            self.refused(409, "auth.last_owner", "PATCH", f"/v1/users/{last}", body, ADMIN, tenant)
        self.good("PATCH", f"/v1/users/{last}", {"name": "Still"}, ADMIN, tenant)

    def test_roles_print_their_table(self):
        answer = self.good("GET", "/v1/roles", token=ADMIN)
        self.assertEqual(answer["roles"]["admin"], ["*"])
        self.assertLess(set(answer["roles"]["driver"]), set(answer["roles"]["owner"]))
        self.assertNotIn("tenants.write", answer["roles"]["owner"])
        tokens = self.someone("driver")["access_token"]
        self.assertEqual(self.good("GET", "/v1/me", token=tokens)["permissions"], answer["roles"]["driver"])
        for path in ("/v1/users", "/v1/keys", "/v1/audit"):
            self.refused(403, "FORBIDDEN", "GET", path, token=tokens)

    def test_the_platforms_own(self):
        self.refused(400, "auth.tenant_needed", "GET", "/v1/users", token=ADMIN)
        self.refused(404, "tenant.unknown", "GET", "/v1/users", token=ADMIN, tenant="11111111-1111-4111-8111-111111111111")
        self.refused(400, "auth.parameter", "GET", "/v1/users", token=ADMIN, tenant="x")
        me = self.good("GET", "/v1/me", token=ADMIN)
        self.assertEqual((me["role"], me["tenant"], me["permissions"]), ("admin", None, ["*"]))


class Moved(Case):
    """Where the clock is moved: a worker that begins later is told only after a second."""

    def test_a_key_expires(self):
        key = self.good("POST", "/v1/keys", {"name": "x", "scopes": ["orders.read"], "days": 1}, ADMIN, self.a)["key"]
        self.good("GET", "/v1/me", token=key)
        self.advance(86401)
        self.refused(401, "auth.key_ended", "GET", "/v1/me", token=key)

    # the operators' issuer

    def outside(self, key, **more):
        return key.token(dict({"iss": ISSUER, "aud": "shop", "sub": "amina", "tid": self.a, "role": "staff", "exp": self.now() + 600}, **more))

    def test_tokens_of_another_issuer(self):
        keys = [Key(alg, f"{alg}-{os.urandom(4).hex()}", self.small.host.dir) for alg in ("RS256", "ES256", "EdDSA")]
        hs = Key("HS256", "hs-by-url", self.small.host.dir)
        self.jwks.keys = [key.jwk for key in keys] + [hs.jwk]
        self.advance(31)  # the pause after the last look
        for key in keys:
            with self.subTest(key.alg):
                me = self.good("GET", "/v1/me", token=self.outside(key))
                self.assertEqual((me["subject"], me["role"], me["tenant"]), ("amina", "staff", self.a))
        self.refused(401, "auth.token_key", "GET", "/v1/me", token=self.outside(hs))
        self.refused(401, "FORBIDDEN", "GET", "/v1/me", token=self.outside(keys[1], role="admin"))
        self.refused(401, "FORBIDDEN", "GET", "/v1/me", token=self.outside(keys[1], iss="wakala", aud="wakala"))
        self.refused(401, "auth.session_ended", "GET", "/v1/me", token=self.outside(keys[1], tid="11111111-1111-4111-8111-111111111111"))
        self.refused(409, "auth.no_session", "POST", "/v1/auth/logout", token=self.outside(keys[1]))

    def test_keys_are_renewed_and_the_old_ones_serve_while_the_address_is_down(self):
        old, new = (Key("ES256", f"{name}-{os.urandom(4).hex()}", self.small.host.dir) for name in ("old", "new"))
        self.jwks.keys = [old.jwk]
        self.advance(31)
        asked = self.jwks.asked
        until(lambda: self.good("GET", "/v1/me", token=self.outside(old)) and self.jwks.asked >= asked + 2, 10, "both workers know the old key")
        self.jwks.keys, self.jwks.status = [old.jwk, new.jwk], 500
        self.advance(31)
        for _ in range(4):  # each worker asks once, in vain, and the old key serves on
            self.refused(401, "auth.token_key", "GET", "/v1/me", token=self.outside(new))
            self.good("GET", "/v1/me", token=self.outside(old))
        asked = self.jwks.asked
        self.jwks.status = 200
        for _ in range(20):
            self.ask("GET", "/v1/me", token=self.outside(new))
        self.assertLessEqual(self.jwks.asked - asked, 2, "an unknown kid asks once per worker and half a minute")
        self.advance(31)
        for _ in range(8):
            self.good("GET", "/v1/me", token=self.outside(new))
        self.jwks.keys = [new.jwk]  # taken away: within jwks_refresh nobody takes it any more
        self.advance(301)
        self.assertEqual({self.ask("GET", "/v1/me", token=self.outside(old, exp=self.now() + 3000))[0] for _ in range(8)}, {401})
        self.good("GET", "/v1/me", token=self.outside(new, exp=self.now() + 3000))


class Reloaded(Case):
    """What the operator changes: keys and the platform's tenant."""

    def reload(self):
        self.small.write_conf()
        self.assertIn("generation", self.small.host.cli("reload", timeout=60))

    def kid(self, tokens):
        return json.loads(unb64(tokens["access_token"].split(".")[0]))["kid"]

    def test_signing_keys_change_with_an_overlap(self):
        old, new = self.small.signing, Key("ES256", "signing-new", self.small.host.dir)
        _, phone = self.user()
        first = self.sign_in(phone)
        self.small.write_keys(old.pem, new.pem)  # the new one is known before it signs
        self.reload()
        keys = [key["x"] for key in self.good("GET", "/.well-known/jwks.json")["keys"]]
        self.assertEqual(keys, [old.jwk["x"], new.jwk["x"]])
        self.assertEqual(self.kid(self.sign_in(phone)), self.kid(first))
        self.small.write_keys(new.pem, old.pem)
        self.reload()
        second = self.sign_in(phone)
        self.assertNotEqual(self.kid(second), self.kid(first))
        self.good("GET", "/v1/me", token=first["access_token"])
        self.small.write_keys(new.pem)
        self.reload()
        self.refused(401, "auth.token_key", "GET", "/v1/me", token=first["access_token"])
        self.good("GET", "/v1/me", token=second["access_token"])
        self.assertEqual(self.refresh(first)[0], 200)  # a session outlives the key that signed its first token
        self.small.signing = new

    def test_owners_of_the_platforms_tenant(self):
        _, phone = self.user("owner", self.b)
        _, other = self.user("staff", self.b)
        self.small.platform = self.b
        self.reload()
        try:
            token, staff = self.sign_in(phone, self.b)["access_token"], self.sign_in(other, self.b)["access_token"]
            me = self.good("GET", "/v1/me", token=token)
            self.assertEqual((me["role"], me["tenant"], me["permissions"]), ("admin", None, ["*"]))
            self.assertEqual(self.good("GET", "/v1/me", token=staff)["role"], "staff")
            self.refused(400, "auth.tenant_needed", "GET", "/v1/users", token=token)
            for tenant in (self.a, self.b):  # in their own it is named like any other
                self.good("GET", "/v1/users", token=token, tenant=tenant)
            self.refused(404, "tenant.unknown", "GET", "/v1/users", token=staff, tenant=self.a)
            owner = self.good("GET", "/v1/roles", token=token)["roles"]["owner"]
            key = self.good("POST", "/v1/keys", {"name": "x", "scopes": owner}, token, self.b)["key"]
            self.refused(403, "auth.role", "POST", "/v1/users", {"phone": "27825550105", "role": "owner"}, key)  # that would be one of the platform
            self.good("POST", "/v1/auth/logout", token=token, tenant=self.a)
            self.refused(401, "auth.session_ended", "GET", "/v1/me", token=token)
        finally:
            self.small.platform = ""
            self.reload()

    def test_a_conf_that_cannot_be_used_is_refused_with_its_reason(self):
        for text, why in (('admin_key = "env:SHORT";', "at least 32"), ('jwks_url = "http://example.com/";\njwks_issuer = "x";', "https://"), ('platform_tenant = "x";', "UUID"),
                          ('issuer = "";', "must not be empty"), ('jwks_file = "/nowhere";\njwks_issuer = "x";', "cannot be read"),
                          ('jwks_url = "https://example.com/";', "jwks_issuer"), ('signing_keys = "env:SHORT";', "private key in PEM")):
            with self.subTest(text):
                self.small.host.env["SHORT"] = "short"
                keys = "" if "signing_keys" in text else f'signing_keys = "file:{self.small.host.dir}/keys.pem";\n'
                self.small.conf("auth", f"enabled = true;\n{keys}{text}\n", 15)
                status, out = self.small.host.cli("check", check=False)
                self.assertNotEqual(status, 0, out)
                self.assertIn(why, out)
        self.small.write_conf()


if __name__ == "__main__":
    unittest.main()
