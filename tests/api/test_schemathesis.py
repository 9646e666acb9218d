"""The OpenAPI document is true: schemathesis as nobody and as each role, all of its checks. First on a plugin of the tests that can be told to lie: the
proof must find each lie (but that it takes members it does not know: the tool does not ask for that, matrix/routes does). Long (WAKALA_LONG): 100
examples an operation. Skipped, and said so, where the tool could not be installed."""
import os
import random
import unittest

from faults import test_auth

from . import proof
from .small_api import Jars

IS_LONG = bool(os.environ.get("WAKALA_LONG"))
EXAMPLES = 100 if IS_LONG else 3
SEED = int(os.environ.get("WAKALA_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
# A lie of the plugin, where and how it is looked for, and what the tool says of it.
LIES = {
    "status": ("makeJar", "coverage", r"Undocumented status code"),
    "member": ("listJars", "fuzzing", r"Response violates schema|Additional properties"),
}


@unittest.skipUnless(proof.is_there(), f"{proof.TOOL} is not there: script/setup --tests installs it when PyPI can be reached")
class OfTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED} (WAKALA_SEED)", flush=True)
        cls.jars = Jars().__enter__()
        cls.addClassCleanup(cls.jars.stop)

    def tearDown(self):
        self.assertEqual(self.jars.host.findings(), [])

    def test_what_is_true_passes_as_nobody_and_each_role(self):
        self.jars.with_hole("")
        for role in (None, "staff"):
            with self.subTest(role):
                before = proof.good_answers(self.jars.host)
                status, out = proof.run(self.jars.host.port, self.jars.token(role, subject="honest") if role else None, EXAMPLES, SEED)
                self.assertEqual(status, 0, out)
                served = {path for path, n in proof.good_answers(self.jars.host).items() if n > before.get(path, 0)}
                for path in ("/v1/jars", "/v1/jars/{id}"):  # refused for another reason, everything would look true
                    self.assertEqual(path in served, role == "staff", (path, served))

    def test_each_lie_is_found(self):
        for lie, (operation, phases, wanted) in LIES.items():
            with self.subTest(lie):
                self.jars.with_hole(lie)
                status, out = proof.run(self.jars.host.port, self.jars.token("staff", subject=lie), 10, SEED, phases, ["--include-operation-id", operation])
                self.assertEqual(status, 1, out)
                self.assertRegex(out, wanted)


class WithGateway(test_auth.WithAuth):
    def configure(self):
        super().configure()
        self.install("api")
        self.conf("api", "enabled = true;\npenalties = false;\naddress_rate = 0;\n", 10)


@unittest.skipUnless(proof.is_there(), f"{proof.TOOL} is not there: script/setup --tests installs it when PyPI can be reached")
class OfAuth(test_auth.Case):
    """The plugin auth behind the gateway, as nobody and with what an owner and staff may (by keys: a session would be signed out on the way)."""
    host_of_case = WithGateway

    def test_what_auth_writes_is_true(self):
        roles = self.good("GET", "/v1/roles", token=test_auth.ADMIN)["roles"]
        keys = {who: self.good("POST", "/v1/keys", {"name": who, "scopes": roles[who]}, test_auth.ADMIN, self.a)["key"] for who in ("owner", "staff")}
        for who, token in (("nobody", None), *keys.items()):
            with self.subTest(who):
                before = proof.good_answers(self.small.host)
                status, out = proof.run(self.small.host.port, token, EXAMPLES, SEED)
                self.assertEqual(status, 0, out)
                served = {path for path, n in proof.good_answers(self.small.host).items() if n > before.get(path, 0)}
                for path, good_for in {"/v1/auth/code": ("nobody", "owner", "staff"), "/v1/users": ("owner", "staff"), "/v1/keys": ("owner",), "/v1/audit": ("owner",)}.items():
                    self.assertEqual(path in served, who in good_for, (path, who, served))


if __name__ == "__main__":
    unittest.main()
