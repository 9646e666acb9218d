"""wakala export kong | istio: what comes out is YAML that no reader can misread, fits the schemas of those who read it, and says what it must."""
import os
import re
import subprocess
import unittest

from harness import yaml_text

from . import foreign
from .rig import Rig, SHARED


def plain_scalars(text):
    """Scalars without quotes; JSON texts cannot hold line ends, so lines are enough."""
    out = []
    for line in text.splitlines():
        rest = re.sub(r'"(?:[^"\\]|\\.)*"', "", line).replace("- ", "").strip().rstrip(":").strip()
        out += [word for word in rest.replace(":", " ").split() if word != "---"]
    return out


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = Rig().__enter__()
        cls.addClassCleanup(cls.rig.stop)
        for name, domain in (("Demo A", "a.example"), ("Demo A", "shop.a.example"), ("Demo B", "b.example")):
            cls.rig.host.cli("tenant", "address", "add", name, "domain", domain)
        cls.rig.own_server("Demo B")
        cls.a, cls.b = cls.rig.tenants["Demo A"], cls.rig.tenants["Demo B"]

    def tearDown(self):
        self.assertEqual(self.rig.host.findings(), [])

    def export(self, *args):
        _, out = self.rig.host.cli("export", *args, check=False)
        return "".join(line for line in out.splitlines(True) if not line.startswith("wakala: note:"))

    def pem(self, *algorithm, private=False):
        path = f"{self.rig.dir}/key-{'-'.join(algorithm)}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", algorithm[0], *[a for option in algorithm[1:] for a in ("-pkeyopt", option)], "-out", path],
                       check=True, capture_output=True)
        os.chmod(path, 0o644)
        if private:
            return path
        subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-out", path + ".pub"], check=True)
        os.chmod(path + ".pub", 0o644)
        return path + ".pub"

    def kong(self, *args):
        text = self.export("kong", *args)
        return yaml_text.load(text), text

    def istio(self):
        text = self.export("istio")
        return {(one["kind"], one["metadata"]["name"]): one for one in yaml_text.documents(text)}, text

    # both

    def test_every_text_is_quoted(self):
        for text in (self.kong()[1], self.istio()[1]):
            for word in plain_scalars(text):
                self.assertRegex(word, r"^(-?\d+|true|false|\[\])$", "a text without quotes")

    def test_what_is_asked_wrongly_is_said(self):
        for args in (("export",), ("export", "nginx"), ("export", "istio", "--x"), ("export", "kong", "--rate", "0"), ("export", "kong", "--rate"),
                     ("export", "kong", "--upstream", "wakala:8080")):
            status, out = self.rig.host.cli(*args, check=False)
            self.assertEqual(status, 2, f"{args}: {out}")

    # Kong

    def test_kongs_file_fits_kongs_schema(self):
        schema = foreign.kong_schema()
        for args in ((), ("--host", "*.shops.example", "--upstream", "http://10.1.2.3:8080", "--jwt-key", self.pem("EC", "ec_paramgen_curve:P-256"))):
            self.assertEqual(foreign.problems(schema, self.kong(*args)[0], schema), [])

    def test_each_route_is_a_route_where_its_permission_puts_it(self):
        file, _ = self.kong("--host", "*.shops.example")
        services = {s["name"]: s for s in file["services"]}
        names = [r["name"] for s in file["services"] for r in s["routes"]]
        self.assertEqual(len(names), len(set(names)))
        routes = {name: {r["name"]: r for r in s["routes"]} for name, s in services.items()}
        hook = routes["wakala-webhooks"]["wakala.webhook.webhooks.whatsapp.~app~"]
        self.assertEqual(hook["paths"], ["~/webhooks/whatsapp/[^/]+$", "~/webhooks/whatsapp$"])
        self.assertNotIn("rate-limiting", [p["name"] for p in services["wakala-webhooks"]["plugins"] + hook["plugins"]])
        self.assertEqual(routes["wakala-public"]["wakala.post.v1.who.open.~what.now"]["paths"], ["~/v1/who/open/[^/]+/now$"])
        kept = routes["wakala-api"]["wakala.get.v1.who.kept~2ejson"]
        self.assertEqual((kept["paths"], kept["methods"], kept["hosts"]), (["~/v1/who/kept\\.json$"], ["GET", "HEAD", "OPTIONS"], ["*.shops.example"]))
        cache = [p["config"] for p in kept["plugins"] if p["name"] == "proxy-cache"]
        self.assertEqual((cache[0]["vary_headers"], cache[0]["cache_control"], cache[0]["response_code"]), (["authorization", "host", "wakala-tenant"], True, [200]))
        large = routes["wakala-api"]["wakala.any.v1.who.large.~rest~"]
        self.assertEqual([p["config"]["allowed_payload_size"] for p in large["plugins"]], [5 << 10])
        self.assertFalse(any("proxy-cache" in [p["name"] for p in r["plugins"]] for name in ("wakala-public", "wakala-webhooks") for r in routes[name].values()))
        for path, wanted in (("/v1/who/open/x/now", True), ("/v1/who/open/x/y/now", False), ("/v1/who/open//now", False), ("/v1/who/open/x/nowx", False)):
            self.assertEqual(bool(re.match("~/v1/who/open/[^/]+/now$"[1:], path)), wanted, path)

    def test_a_tenant_is_a_consumer_and_its_tokens_are_verified_by_its_id(self):
        for wanted, algorithm in (("ES256", ("EC", "ec_paramgen_curve:P-256")), ("RS256", ("RSA", "rsa_keygen_bits:2048")), ("EdDSA", ("ED25519",))):
            path = self.pem(*algorithm)
            file, _ = self.kong("--jwt-key", path)
            with open(path, encoding="ascii") as f:
                pem = f.read()
            people = {c["custom_id"]: c for c in file["consumers"]}
            self.assertEqual(set(people), {self.a, self.b, "00000000-0000-0000-0000-000000000000"})
            self.assertEqual(people[self.a]["username"], f"tenant-{self.a}")
            self.assertEqual([(s["key"], s["algorithm"], s["rsa_public_key"]) for s in people[self.a]["jwt_secrets"]], [(self.a, wanted, pem)])
            plugins = {p["name"]: p["config"] for s in file["services"] if s["name"] == "wakala-api" for p in s["plugins"]}
            self.assertEqual((plugins["jwt"]["key_claim_name"], plugins["jwt"]["claims_to_verify"], plugins["jwt"]["uri_param_names"]), ("tid", ["exp", "nbf"], []))
            self.assertEqual((plugins["rate-limiting"]["limit_by"], plugins["rate-limiting"]["second"]), ("consumer", 1000))

    def test_without_a_key_nothing_pretends_to_verify(self):
        file, text = self.kong("--rate", "7")
        self.assertNotIn("jwt", text)
        self.assertEqual([p["config"]["second"] for s in file["services"] if s["name"] == "wakala-api" for p in s["plugins"] if p["name"] == "rate-limiting"], [7])

    def test_no_secret_comes_out(self):
        path = self.pem("EC", "ec_paramgen_curve:P-384", private=True)
        status, out = self.rig.host.cli("export", "kong", "--jwt-key", path, check=False)
        self.assertEqual(status, 1)
        self.assertIn("export.key", out)
        with open(path, encoding="ascii") as f:
            lines = f.read().splitlines()[1:-1]
        for line in lines:
            self.assertNotIn(line, out)
        for value in self.rig.host.env.values():
            if len(value) > 11 and "/" not in value and "=" not in value:
                self.assertNotIn(value, self.kong()[1])

    # Istio

    def test_every_object_fits_its_crd(self):
        schemas, _ = foreign.istio_schemas()
        objects, _ = self.istio()
        self.assertGreater(len(objects), 8)
        for (kind, name), one in objects.items():
            schema = schemas[(one["apiVersion"], kind)]
            bare = {key: value for key, value in one.items() if key == "spec"}
            self.assertEqual(foreign.problems(schema, bare, schema, f"{kind} {name}"), [])

    def test_the_checker_finds_what_is_wrong(self):
        schemas, _ = foreign.istio_schemas()
        objects, _ = self.istio()
        spec = objects[("VirtualService", "wakala")]["spec"]
        schema = schemas[("networking.istio.io/v1", "VirtualService")]
        for wrong in ({"host": ["x"]}, {"hosts": "x"}, {"http": [dict(spec["http"][0], timeout="3 s")]}, {"http": [dict(spec["http"][0], retries={"attempts": "2"})]}):
            self.assertNotEqual(foreign.problems(schema, {"spec": dict(spec, **wrong)}, schema), [], wrong)

    def test_names_are_dns_labels_from_ids(self):
        for _, name in self.istio()[0]:
            self.assertRegex(name, r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
            self.assertNotIn("demo", name)

    def test_who_has_something_of_its_own_has_objects(self):
        objects, _ = self.istio()
        a, b = f"wakala-t-{self.a}", f"wakala-t-{self.b}"
        self.assertEqual({key for key in objects if key[1] != "wakala"}, {
            ("Gateway", a), ("VirtualService", a), ("AuthorizationPolicy", a), ("Gateway", b), ("VirtualService", b), ("AuthorizationPolicy", b),
            ("DestinationRule", "wakala-s-eu1")})
        self.assertEqual(len(objects) - 7, len(SHARED))
        self.assertEqual(objects[("VirtualService", a)]["spec"]["hosts"], ["a.example", "shop.a.example"])
        self.assertEqual({r["destination"]["host"] for h in objects[("VirtualService", a)]["spec"]["http"] for r in h["route"]}, {"wakala"})
        self.assertEqual(objects[("VirtualService", b)]["spec"]["hosts"], ["b.example", f"{self.b}.shops.example"])
        self.assertEqual({r["destination"]["host"] for h in objects[("VirtualService", b)]["spec"]["http"] for r in h["route"]}, {"wakala-eu1"})
        self.assertEqual(objects[("VirtualService", b)]["spec"]["gateways"], ["wakala", b])

    def test_policies_let_through_what_they_should_and_nothing_else(self):
        """The policies are read as the mesh reads them: ALLOW, any rule of any of them; what nothing allows is refused."""
        objects, _ = self.istio()
        policies = [one["spec"] for (kind, _), one in objects.items() if kind == "AuthorizationPolicy"]
        self.assertEqual({p["action"] for p in policies}, {"ALLOW"})

        def one(pattern, value):
            if "{" in pattern:
                return re.fullmatch(re.escape(pattern).replace(r"\{\*\*\}", ".*").replace(r"\{\*\}", "[^/]+"), value)
            if pattern == "*":
                return value != ""
            if pattern.startswith("*"):
                return value.lower().endswith(pattern[1:])
            return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern

        def some(patterns, value):
            return any(one(p, value) for p in patterns)

        def allows(rule, request):
            claim = request["tid"]
            who = f"https://shops.example/{request['tid']}" if claim else ""
            froms = [f["source"]["requestPrincipals"] for f in rule.get("from", [])]
            if froms and not any(some(f, who) for f in froms):
                return False
            if any(w["key"] == "request.auth.claims[tid]" and not some(w["values"], claim) for w in rule.get("when", [])):
                return False
            for operation in (t["operation"] for t in rule["to"]):
                if (("hosts" not in operation or some(operation["hosts"], request["host"])) and ("paths" not in operation or some(operation["paths"], request["path"]))
                        and not some(operation.get("notPaths", []), request["path"]) and ("methods" not in operation or some(operation["methods"], request["method"]))):
                    return True
            return False

        def passes(host, path, tid="", method="GET"):
            request = {"host": host, "path": path, "tid": tid, "method": method}
            return any(allows(rule, request) for p in policies for rule in p["rules"])
        wild, other = "demo.shops.example", "c0000000-0000-4000-8000-000000000000"
        for path in ("/webhooks/whatsapp", "/webhooks/whatsapp/x", "/healthz", "/readyz", "/.well-known/jwks.json", "/who/any"):
            self.assertTrue(passes(wild, path), path)
            self.assertTrue(passes("a.example", path), path)
        self.assertTrue(passes("a.example", "/v1/who/open/x/now", method="POST"))
        self.assertFalse(passes("a.example", "/v1/who/open/x/now"), "only the method of the open route")
        self.assertFalse(passes("a.example", "/v1/who/open/x/y/now", method="POST"))
        self.assertTrue(passes("a.example", "/v1/orders", method="OPTIONS"))
        for host in (wild, "a.example", "a.example:443", "wakala", "wakala:8080", "elsewhere.example", f"{wild}:8443", ""):
            self.assertFalse(passes(host, "/v1/orders"), f"{host} without a token")
        self.assertTrue(passes(wild, "/v1/orders", self.a))
        self.assertTrue(passes(wild, "/v1/orders", other))
        self.assertTrue(passes("wakala:8080", "/v1/orders", other))
        self.assertTrue(passes("a.example", "/v1/orders", self.a))
        self.assertTrue(passes("shop.a.example:8443", "/v1/orders", self.a))
        for host, tid in (("a.example", self.b), ("a.example", other), ("b.example", self.a), ("elsewhere.example", self.a)):
            self.assertFalse(passes(host, "/v1/orders", tid), f"{host} with a token of {tid}")

    # settings

    def test_each_wrong_value_is_named(self):
        try:
            for key, value in (("api_server", "kubernetes"), ("name", "a-name-that-is-too-long-for-ids"), ("host_suffix", "*.shops.example"), ("gateway", "public"),
                               ("issuer", "https://*"), ("service", "wakala"), ("servers", "eu1=a:1 eu1=b:2"), ("workload", "app")):
                self.rig.mesh = {key: value}
                self.rig.configure()
                status, out = self.rig.host.cli("check", check=False)
                self.assertEqual(status, 1, f"{key} = {value}: {out}")
                self.assertRegex(out, f"mesh-istio.conf: .*{key}: .*allowed is", f"{key} = {value}")
        finally:
            self.rig.mesh = {}
            self.rig.configure()

    def test_a_domain_is_a_host_name(self):
        for domain in ("Shop.example", "shop", "-a.example", "a..example", "a.example.", "x" * 64 + ".example"):
            status, out = self.rig.host.cli("tenant", "address", "add", "Demo A", "domain", domain, check=False)
            self.assertEqual((status, "tenant.invalid" in out), (1, True), f"{domain}: {out}")


if __name__ == "__main__":
    unittest.main()
