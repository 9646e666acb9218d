"""/v1/tenants: made once by its request id, read, changed, suspended, deleted, by the platform only; /v1/tenant: everybody's own. Every answer is held against
openapi.json. Alone: PYTHONPATH=tests python3 -m unittest tenants.test_rest"""
import concurrent.futures
import json
import unittest
import uuid

from harness.procs import until
from harness.stack import ROOT

from .bed import TenantsCase

NOBODYS = "11111111-1111-4111-8111-111111111111"
ROOT_USER = "root *"


def fits(schema, value, parts, where="$"):
    """What of the schema a value breaks: the words that openapi.json of this plugin uses."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return fits(parts[name], value, parts, f"{where}({name})") if name in parts else []
    if "anyOf" in schema:
        found = [fits(s, value, parts, where) for s in schema["anyOf"]]
        return [] if any(not f for f in found) else found[0]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    allowed = schema.get("type", list(kinds))
    allowed = [allowed] if isinstance(allowed, str) else allowed
    if not any(isinstance(value, kinds[k]) and (k == "boolean" or not isinstance(value, bool)) for k in allowed):
        return [f"{where}: {value!r} is no {allowed}"]
    out = [f"{where}: {value!r} is not in {schema['enum']}"] if "enum" in schema and value not in schema["enum"] else []
    if isinstance(value, dict) and schema.get("type") == "object":
        out += [f"{where}.{k} is missing" for k in schema.get("required", []) if k not in value]
        more = schema.get("additionalProperties")
        for k, v in value.items():
            if k in schema.get("properties", {}):
                out += fits(schema["properties"][k], v, parts, f"{where}.{k}")
            elif more is False:
                out.append(f"{where}.{k} is unknown")
            elif isinstance(more, dict):
                out += fits(more, v, parts, f"{where}.{k}")
    if isinstance(value, list):
        out += [line for i, v in enumerate(value) for line in fits(schema.get("items", {}), v, parts, f"{where}[{i}]")]
    return out


class Rest(TenantsCase):
    made = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(f"{ROOT}/plugins/tenants/openapi.json", encoding="utf-8") as f:
            cls.document = json.load(f)

    def ask(self, method, path, body=None, who=ROOT_USER):
        """(status, answer), and the answer is one that the document names."""
        text = body if isinstance(body, (str, bytes)) else None if body is None else json.dumps(body)
        status, raw, headers = self.small.request(method, path, text, {"X-Who": who} if who else {})
        answer = json.loads(raw)
        parts = path.partition("?")[0].split("/")
        pattern = "/".join("{tenant}" if i == 3 and parts[2] == "tenants" else part for i, part in enumerate(parts))
        operation = self.document["paths"][pattern][method.lower()]
        if status < 300:
            self.assertIn(str(status), operation["responses"])
            schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
            self.assertEqual(fits(schema, answer, self.document["components"]["schemas"]), [])
            self.assertEqual(headers["Content-Type"], "application/json")
        elif status not in (400, 401, 403, 404):
            self.assertIn(str(status), set(operation["responses"]) | {"422", "409"})
        return status, answer

    def spec(self, **more):
        type(self).made += 1
        number = f"9{self.made:014d}"
        return dict({"request_id": str(uuid.uuid4()), "name": f"Rest {self.made}", "config": {"numbers": [{"id": number, "waba": number}]}}, **more)

    def refused(self, status, code, pattern, method, path, body=None, who=ROOT_USER):
        got, answer = self.ask(method, path, body, who)
        self.assertEqual((got, answer["code"]), (status, code), answer)
        self.assertRegex(json.dumps(answer), pattern)

    def test_a_life(self):
        spec = self.spec(tier="premium", config={"language": "zu", "limits": {"maxProducts": 5}, "features": {"probe": True}, "numbers": [{"id": "95", "waba": "95"}]})
        status, made = self.ask("POST", "/v1/tenants", spec)
        self.assertEqual((status, made["tier"], made["state"], made["config"]["limits"]), (201, "premium", "ready", {"maxProducts": 5}))
        tenant = made["id"]
        self.assertEqual(self.ask("POST", "/v1/tenants", spec), (200, made))
        self.assertEqual(self.ask("GET", f"/v1/tenants/{tenant}"), (200, made))
        status, changed = self.ask("PATCH", f"/v1/tenants/{tenant}", {"tier": "enterprise", "config": {"limits": {"maxProducts": None, "maxUsers": 3}, "timezone": "Africa/Lagos"}})
        self.assertEqual((status, changed["tier"], changed["config"]["limits"], changed["config"]["timezone"]), (200, "enterprise", {"maxUsers": 3}, "Africa/Lagos"))
        self.assertEqual(self.ask("POST", f"/v1/tenants/{tenant}/suspend", {"reason": "unpaid"})[1]["reason"], "unpaid")
        self.assertEqual(self.ask("POST", f"/v1/tenants/{tenant}/suspend")[1]["reason"], "unpaid", "twice is once")
        self.assertEqual(self.ask("POST", f"/v1/tenants/{tenant}/resume")[1]["status"], "active")
        status, gone = self.ask("DELETE", f"/v1/tenants/{tenant}?grace_days=3")
        self.assertEqual((status, gone["state"], gone["status"]), (202, "deleting", "suspended"))
        self.refused(409, "tenant.deleting", "being deleted", "POST", f"/v1/tenants/{tenant}/resume")
        self.assertEqual(self.ask("POST", f"/v1/tenants/{tenant}/undelete")[1]["status"], "active")
        audit = self.small.sql(f"SELECT subject, action FROM wakala.audit WHERE tenant_id = '{tenant}' ORDER BY id")
        self.assertEqual({row[0] for row in audit}, {"root"})
        self.assertEqual([row[1] for row in audit], ["tenant.created", "tenant.changed", "tenant.suspended", "tenant.resumed", "tenant.suspended", "tenant.deleting",
                                                     "tenant.undeleted", "tenant.resumed"])

    def test_one_request_makes_one_tenant_however_often_it_comes(self):
        spec = self.spec()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.ask("POST", "/v1/tenants", spec), range(8)))
        self.assertEqual(sorted(status for status, _ in answers), [200] * 7 + [201])
        self.assertEqual(len({answer["id"] for _, answer in answers}), 1)
        self.refused(409, "tenant.request_used", "made another tenant", "POST", "/v1/tenants", dict(spec, tier="premium"))
        self.refused(409, "tenant.name_taken", "is called", "POST", "/v1/tenants", dict(spec, request_id="other", config={}))
        self.refused(409, "tenant.number_taken", "belongs to another", "POST", "/v1/tenants", self.spec(config=spec["config"]))

    def test_a_schema_of_its_own_waits_for_the_operator(self):
        status, made = self.ask("POST", "/v1/tenants", self.spec(isolation="schema"))
        self.assertEqual((status, made["state"]), (202, "provisioning"))
        self.assertEqual(self.small.request("GET", f"/probe/{made['id']}/counts")[0], 404)
        self.assertIn(f"{made['id']}\t{made['name']}\tready", self.small.host.cli("tenant", "provision", timeout=90))
        until(lambda: self.ask("GET", f"/v1/tenants/{made['id']}")[1]["state"] == "ready", 5, "ready")
        until(lambda: self.small.request("GET", f"/probe/{made['id']}/counts")[0] == 200, 10, "served")

    def test_what_is_wrong_is_named(self):
        good = self.spec()
        for pattern, change in ((r"tenant\.colour: there is no such member", {"colour": "red"}), (r"request_id: is missing", {"request_id": None}),
                                (r"name: 1 to 200", {"name": ""}), (r"name: 1 to 200", {"name": 7}), (r"tier: allowed are", {"tier": "gold"}),
                                (r"status: allowed are active, trial", {"status": "suspended"}), (r"trial_days: 1 to 365", {"trial_days": "5"}),
                                (r"config: a JSON object", {"config": []}), (r"config\.color: there is no such member", {"config": {"color": 1}}),
                                (r"config\.currency: three letters", {"config": {"currency": "zar"}}),
                                (r"config\.currency_exponent: 0 to 4", {"config": {"currency_exponent": "2"}}), (r"config\.timezone: an IANA name", {"config": {"timezone": 1}}),
                                (r"config\.numbers\.id: phone number ids", {"config": {"numbers": [{"id": 95, "waba": "1"}]}}),
                                (r"config\.numbers\.phone: there is no such member", {"config": {"numbers": [{"id": "1", "waba": "1", "phone": "2"}]}}),
                                (r"config\.limits\.maxOrders: 0 to", {"config": {"limits": {"maxOrders": -1}}}),
                                (r"config\.features\.probe: a plugin", {"config": {"features": {"probe": 1}}})):
            spec = {k: v for k, v in dict(good, **change).items() if v is not None}
            with self.subTest(change):
                self.refused(422, "tenant.invalid", pattern, "POST", "/v1/tenants", spec)
        self.refused(400, "json.syntax", "line 1", "POST", "/v1/tenants", "{")
        self.refused(422, "tenant.invalid", "a JSON object", "POST", "/v1/tenants", "[]")
        for query, pattern in (("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("after=x", "after")):
            self.refused(422, "tenants.query", pattern, "GET", f"/v1/tenants?{query}")
        self.refused(422, "tenants.query", "grace_days", "DELETE", f"/v1/tenants/{self.small.tenant}?grace_days=0")
        self.refused(422, "tenant.invalid", "there is no such member", "POST", f"/v1/tenants/{self.small.tenant}/suspend", {"why": "x"})
        self.refused(422, "tenant.invalid", "suspend and resume", "PATCH", f"/v1/tenants/{self.small.tenant}", {"status": "active"})
        for path in (NOBODYS, "nothing"):
            for method, end in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/suspend"), ("POST", "/resume"), ("POST", "/undelete")):
                self.refused(404, "tenant.unknown", ".", method, f"/v1/tenants/{path}{end}", {} if method == "PATCH" else None)

    def test_pages(self):
        for _ in range(3):
            self.ask("POST", "/v1/tenants", self.spec())
        whole = self.ask("GET", "/v1/tenants?limit=100")[1]["items"]
        seen, after = [], ""
        while True:
            page = self.ask("GET", f"/v1/tenants?limit=2{after}")[1]
            seen += page["items"]
            if not page["next"]:
                break
            after = f"&after={page['next']}"
        self.assertEqual([t["id"] for t in seen], sorted(t["id"] for t in whole))

    def test_nobody_else(self):
        tenant = self.small.tenant
        self.refused(401, "http.unauthorized", ".", "GET", "/v1/tenants", who=None)
        self.refused(403, "FORBIDDEN", ".", "GET", "/v1/tenants", who=f"amina@{tenant} orders.read")
        for method, path in (("GET", "/v1/tenants"), ("POST", "/v1/tenants"), ("GET", f"/v1/tenants/{tenant}"), ("DELETE", f"/v1/tenants/{self.small.tenants['Demo B']}")):
            status, answer = self.ask(method, path, self.spec() if method == "POST" else None, who=f"amina@{tenant} *")
            self.assertEqual((status, answer["code"]), (404, "tenant.unknown"), "a tenant's own, whatever it may do")
        self.assertIn('"tenants.not_platform"', self.small.host.text())

    def test_ones_own(self):
        tenant = self.small.tenant
        status, own = self.ask("GET", "/v1/tenant", who=f"amina@{tenant}")
        self.assertEqual((status, own["id"], own["usage"]["maxProducts"]), (200, tenant, {"used": 0, "limit": 200}))
        self.refused(404, "tenant.unknown", ".", "GET", "/v1/tenant")
        self.ask("POST", f"/v1/tenants/{tenant}/suspend")
        try:
            until(lambda: self.small.request("GET", "/v1/tenant/missed", headers={"X-Who": f"amina@{tenant} conversations.read"})[0] == 403, 10, "everything else is refused")
            self.assertEqual(self.ask("GET", "/v1/tenant", who=f"amina@{tenant}")[1]["status"], "suspended")
        finally:
            self.ask("POST", f"/v1/tenants/{tenant}/resume")
        for i in range(3):
            self.small.sql(f"INSERT INTO tenants_missed (tenant_id, id, at, said_at, channel, address, user_key, text) VALUES ('{tenant}', wakala.uuid7(wakala.now() + {i} * interval '1 second'), "
                           f"wakala.now() + {i} * interval '1 second', wakala.now(), 'whatsapp', '1', '2782000000{i}', 'still open?')")
        until(lambda: self.small.request("GET", "/v1/tenant/missed", headers={"X-Who": f"amina@{tenant} conversations.read"})[0] == 200, 10, "resumed")
        page = self.ask("GET", "/v1/tenant/missed?limit=2", who=f"amina@{tenant} conversations.read")[1]
        self.assertEqual([m["user_key"][-1] for m in page["items"]], ["2", "1"])
        rest = self.ask("GET", f"/v1/tenant/missed?limit=2&after={page['next']}", who=f"amina@{tenant} conversations.read")[1]
        self.assertEqual(([m["user_key"][-1] for m in rest["items"]], rest["next"]), (["0"], None))
        other = self.small.tenants["Demo B"]
        self.assertEqual(self.ask("GET", "/v1/tenant/missed", who=f"pieter@{other} conversations.read")[1]["items"], [])


if __name__ == "__main__":
    unittest.main()
