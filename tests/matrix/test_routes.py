"""The matrix of routes and tenants. First on a plugin of the tests that can be told to leak: each leak must be found."""
import json
import unittest

from api import closed, small_api

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
            self.assertEqual(routes.seed(self.document, party), ["makeJar"])
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


if __name__ == "__main__":
    unittest.main()
