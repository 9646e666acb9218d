"""Who may do what, and in which order a request passes the filters: through the front door, with an identity provider of the tests."""
import json
import unittest

from harness.procs import until
from harness.stack import plugin_of_tests

from .small import Small

WAY_IN = ["early", "late", "who", "tenant", "policy", "cache"]  # EDGE by priority, IDENTITY, TENANT, POLICY, CACHE
WAY_OUT = [f"-{name}" for name in reversed(WAY_IN)]


class Identity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        class WithWho(Small):
            def configure(self):
                super().configure()
                self.install("t-who", plugin_of_tests("t-who"))
                self.conf("t-who", "enabled = true;\n", 30)
        cls.small = WithWho().__enter__()
        cls.addClassCleanup(cls.small.stop)

    def tearDown(self):
        self.assertEqual(self.small.host.findings(), [])

    def get(self, path, who=None):
        """(status, body, where the request has been)."""
        status, body, headers = self.small.request("GET", path, headers={"X-Who": who} if who else {})
        return status, body.decode(), headers.get("X-Trail", "").split()

    def logged(self, *parts):
        """A line of the log that has all of it: refusals that the operator is to see."""
        until(lambda: any(all(part in line for part in parts) for line in self.small.host.text().splitlines()), 5, f"the log says {parts}", self.small.host.tail)

    def test_filters_run_in_the_documented_order_and_back_in_reverse(self):
        self.assertEqual(self.get("/who/public"), (200, "|", WAY_IN + ["route"] + WAY_OUT))

    def test_a_public_route_needs_nobody_and_sees_who_asks(self):
        self.assertEqual(self.get("/who/public", "amina safe.open")[:2], (200, "amina|safe.open"))

    def test_without_a_principal_401(self):
        for path in ("/who/any", "/who/safe"):
            status, body, trail = self.get(path)
            self.assertEqual((status, json.loads(body)["code"]), (401, "http.unauthorized"))
            self.assertEqual(trail, ["early", "late", "who", "tenant"] + WAY_OUT, "it went past POLICY, or who ends a request did not see it")

    def test_any_principal(self):
        self.assertEqual(self.get("/who/any", "amina")[:2], (200, "amina|"))

    def test_without_the_permission_403_and_the_operator_is_told(self):
        for who in ("amina", "amina safe.opener", "amina safe", "amina safe.close xsafe.open", "amina safe.open."):
            with self.subTest(who):
                status, body, trail = self.get("/who/safe", who)
                self.assertEqual((status, json.loads(body)["code"]), (403, "FORBIDDEN"))
                self.assertNotIn("safe.open", json.loads(body)["detail"])
                self.assertNotIn("route", trail)
        self.logged('"http.forbidden"', "/who/safe needs safe.open", '"plugin":"t-who"')

    def test_with_the_permission_200(self):
        for who in ("amina safe.open", "amina a.b safe.open c.d", "amina c.d safe.open", "amina *", "amina a.b *"):
            with self.subTest(who):
                status, body, trail = self.get("/who/safe", who)
                self.assertEqual((status, body), (200, who.replace(" ", "|", 1)))
                self.assertEqual(trail, WAY_IN + ["route"] + WAY_OUT)

    def test_a_forged_token_is_401_and_the_operator_is_told(self):
        status, body, trail = self.get("/who/any", "forged")
        self.assertEqual((status, json.loads(body)["code"], json.loads(body)["detail"]), (401, "FORBIDDEN", "Access denied"))
        self.assertNotIn("signed", body)
        self.assertEqual(trail, ["early", "late", "who"] + WAY_OUT)
        self.logged('"t-who.forged"', "a token that nobody here signed", '"security"')

    def test_a_principal_of_another_tenant_finds_nothing_and_the_operator_is_told(self):
        a, b = self.small.tenants["Demo A"], self.small.tenants["Demo B"]
        self.assertEqual(self.get(f"/who/of/{a}", f"amina@{a}")[0], 200)
        self.assertEqual(self.get(f"/who/of/{b}", "platform")[0], 200)
        status, body, _ = self.get(f"/who/of/{b}", f"amina@{a}")
        nobodys = self.get("/who/of/11111111-1111-4111-8111-111111111111", f"amina@{a}")
        self.assertEqual((status, body), nobodys[:2], "another's tenant and nobody's can be told apart")
        self.assertEqual(status, 404)
        self.logged('"tenant.foreign"', "a principal of one tenant asked for another", '"security"')

    def test_only_the_phase_identity_sets_a_principal(self):
        status, body, _ = self.get("/who/pretend")
        self.assertEqual(status, 500)
        self.assertNotIn("root", body)
        self.logged('"call.not_identity"', '"hook":"/who/pretend"')


if __name__ == "__main__":
    unittest.main()
