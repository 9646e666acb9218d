"""The matrix of routes and tenants: every shipped plugin, and before it a plugin of the tests that can be told to leak: each leak must be found."""
import json
import re
import unittest

from api import closed, document, shop, small_api
from harness import demo_values, meta
from harness.procs import until

from . import routes, tables


def document_of(request):
    status, body, headers = request("GET", "/v1/openapi.json")
    assert status == 200 and headers["ETag"], (status, headers)
    return json.loads(body)


class OfTests(unittest.TestCase):
    """Two tenants with jars of their own, and the holes that jars can have."""

    @classmethod
    def setUpClass(cls):
        cls.jars = small_api.Jars().__enter__()
        cls.addClassCleanup(cls.jars.stop)
        cls.document = document_of(cls.jars.request)

    def party(self, tenant, role="staff"):
        def send(method, url, body, headers):
            headers = dict(headers, **({"Authorization": f"Bearer {self.jars.token(role, tenant)}"} if tenant else {}))
            return self.jars.request(method, url, body, dict(headers, **({"Content-Type": "application/json"} if body else {})))
        return routes.Party(self.jars.tenants.get(tenant), send)

    def run_matrix(self):
        owner, stranger, nobody = self.party("Demo A"), self.party("Demo B"), self.party(None)
        for party in (owner, stranger):
            self.assertEqual(routes.seed(self.document, party), (["makeJar"], {}))
        status, body, _ = owner.send("POST", "/v1/jars", json.dumps({"label": "a secret of A", "grams": 7}), {})
        self.assertIn(status, (201, 202))
        before = routes.fingerprint(self.jars.sql, owner.tenant)
        found, count, foreign = routes.complaints(self.document, self.jars.sql, owner, stranger, nobody, {"a secret of A": "a label"})
        self.assertTrue({"pool.jars_jar.id", "pool.jars_shelf.id"} & set(foreign.values()), foreign)
        self.assertGreater(count, 20)
        return found + [f"{name}: rows changed" for name, rows in routes.fingerprint(self.jars.sql, owner.tenant).items() if rows != before[name]]

    def test_a_plugin_as_it_should_be_passes(self):
        self.jars.with_hole("")
        self.assertEqual(self.run_matrix(), [])

    def test_another_tenants_row_that_is_shown_is_found(self):
        self.jars.with_hole("foreign")
        found = self.run_matrix()
        self.assertTrue(any("GET /v1/jars/{id}" in line and "answered 200" in line for line in found), found)
        self.assertTrue(any("a label of the other tenant" in line for line in found), found)

    def test_another_tenants_row_that_is_told_apart_from_nobodys_is_found(self):
        self.jars.with_hole("told")
        found = self.run_matrix()
        self.assertTrue(any("DELETE /v1/jars/{id}" in line for line in found), found)

    def test_the_table_behind_the_leak_is_found_too(self):
        self.assertTrue(any(what.startswith("pool.jars_shelf: ") for what in tables.structure(self.jars.sql)))

    def test_unknown_members_are_refused_and_named_and_a_plugin_that_takes_them_is_found(self):
        def send(operation, url, body):
            return self.party("Demo A").send(operation.method, url, body, {})[:2]
        self.jars.with_hole("")
        self.assertEqual(closed.complaints(self.document, send), ([], 1))
        self.jars.with_hole("open")
        self.assertRegex(closed.complaints(self.document, send)[0][0], r"POST /v1/jars: zz_not_known: answered 201")


# POST operations that make nothing by themselves in the hands of an owner, each with its reason.
MAKES_NOTHING = {
    "logout": "ends the session that asks, and the tests' token has none",
    "logoutEverywhere": "the same",
}
# Routes of shipped plugins that the document does not have, each with its reason.
NOT_IN_DOCUMENT = {
}
WORD = "whispered by A"
A, B = demo_values.TENANTS[0][1][0], demo_values.TENANTS[1][1][0]


class Shipped(unittest.TestCase):
    """The demo's two tenants on every shipped plugin: B's owner and the platform's administrator working for B ask for what is A's."""

    @classmethod
    def setUpClass(cls):
        cls.shop = shop.Shop().__enter__()
        cls.addClassCleanup(cls.shop.stop)
        cls.document = cls.shop.document()
        cls.owner, cls.stranger, cls.nobody = cls.party("owner", "Demo A"), cls.party("owner", "Demo B"), cls.party(None, None)
        cls.made = routes.seed(cls.document, cls.owner, WORD)
        routes.seed(cls.document, cls.stranger, "said by B")

    def tearDown(self):
        self.assertEqual(self.shop.findings(), [])

    @classmethod
    def party(cls, role, tenant):
        token = cls.shop.token(role, tenant) if role else None
        own = {"Wakala-Tenant": cls.shop.tenants[tenant]} if role == "admin" else {}
        return routes.Party(cls.shop.tenants.get(tenant), lambda method, url, body, headers: cls.shop.ask(method, url, body, token, dict(own, **headers)),
                            is_platform=role == "admin")

    def test_what_can_be_made_was_made(self):
        """Else the rows whose ids are tried would not be there, and the rest proves less than it says."""
        refused = {name: why for name, why in self.made[1].items() if name not in MAKES_NOTHING and not why.startswith("403")}
        self.assertEqual(refused, {})
        self.assertEqual(set(MAKES_NOTHING) - set(self.made[1]), set(), "these need no exception any more")

    def test_another_tenants_ids_are_nobodys(self):
        for stranger in (self.stranger, self.party("admin", "Demo B")):
            before = routes.fingerprint(self.shop.sql, self.owner.tenant)
            found, count, foreign = routes.complaints(self.document, self.shop.sql, self.owner, stranger, self.nobody, {WORD: "a text"})
            self.assertEqual(found, [])
            self.assertGreater(len(foreign), 8)
            self.assertGreater(count, 5 * len(document.operations(self.document)))
            after = routes.fingerprint(self.shop.sql, self.owner.tenant)
            self.assertEqual([name for name in before if before[name] != after[name]], [], "rows of A changed")

    def chat(self, number, person, words):
        for n, text in enumerate(words):
            body = meta.envelope(meta.change(number, [meta.text_message(f"wamid.{number}.{person}.{n}", person, text)]))
            self.assertEqual(meta.post(self.shop.host.port, body)[0], 200)
            until(lambda n=n: int(self.shop.sql(f"SELECT count(*) FROM wakala.event WHERE type = 'whatsapp.outgoing' AND key = '{person}'")[0][0]) > n, 20,
                  f"{person} is answered", self.shop.host.tail)

    def test_webhooks_of_one_tenant_change_and_cache_nothing_of_another(self):
        before = routes.fingerprint(self.shop.sql, self.stranger.tenant)
        had = self.cache_keys()
        self.chat(A, "27820000055", ("hi", "1", "1"))
        after = routes.fingerprint(self.shop.sql, self.stranger.tenant)
        self.assertEqual([name for name in before if before[name] != after[name]], [], "rows of B changed")
        kept = self.cache_keys()
        self.assertEqual({tenant for tenant in kept if kept[tenant] != had.get(tenant, set())}, {self.owner.tenant})
        self.chat(B, "27820000056", ("hi", "1", "1"))
        self.assertIn(self.stranger.tenant, self.cache_keys())

    def cache_keys(self):
        """{tenant: keys} of all that is in Redis; a key without a tenant fails."""
        out = {}
        for key in filter(None, self.shop.redis.cli("--scan").split("\n")):
            named = re.findall(r"\{([0-9a-f-]{36})[^}]*\}", key)
            self.assertEqual(len(named), 1, f"the cache key {key} names no tenant")
            out.setdefault(named[0], set()).add(key)
        return out

    def test_unknown_members_are_refused_and_named(self):
        admin = self.party("admin", "Demo A")

        def send(operation, url, body):
            answer = self.owner.send(operation.method, url, body, {})
            return (admin.send(operation.method, url, body, {}) if answer[0] == 403 else answer)[:2]
        found, count = closed.complaints(self.document, send)
        self.assertEqual(found, [])
        self.assertGreater(count, 3)

    def test_every_route_is_in_the_document(self):
        have = {(operation.method, operation.path) for operation in document.operations(self.document)}
        lines = re.findall(r"(?m)^  (GET|POST|PUT|PATCH|DELETE|ANY) +(/\S+) ", self.shop.host.cli("plugins", "--hooks"))
        self.assertTrue(have <= set(lines), "the list of routes was not understood")
        self.assertEqual([route for route in lines if route not in have and route[1] not in NOT_IN_DOCUMENT], [])


if __name__ == "__main__":
    unittest.main()
