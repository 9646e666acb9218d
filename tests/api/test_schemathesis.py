"""The OpenAPI document is true: schemathesis as nobody and as each role, all of its checks. First on a plugin of the tests that can be told to lie: the
proof must find each lie (but that it takes members it does not know: the tool does not ask for that, matrix/routes does). Long (WAKALA_LONG): 100
examples an operation. Skipped, and said so, where the tool could not be installed."""
import json
import os
import random
import unittest

from . import document, proof, shop
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

    def test_what_is_true_passes(self):
        self.jars.with_hole("")
        status, out = proof.run(self.jars.host.port, self.jars.token("staff", subject="honest"), EXAMPLES, SEED)
        self.assertEqual(status, 0, out)
        for path in ("/v1/jars", "/v1/jars/{id}"):  # refused for another reason, everything would look true
            self.assertGreater(proof.good_answers(self.jars.host).get(path, 0), 0, path)

    def test_each_lie_is_found(self):
        for lie, (operation, phases, wanted) in LIES.items():
            with self.subTest(lie):
                self.jars.with_hole(lie)
                status, out = proof.run(self.jars.host.port, self.jars.token("staff", subject=lie), 10, SEED, phases, ["--include-operation-id", operation])
                self.assertEqual(status, 1, out)
                self.assertRegex(out, wanted)


# What only some may do by themselves: nobody else's run can have an answer with 2xx there. Of the others, each operation without a parameter in its path.
NEVER_GOOD = {
    "logout": "the tests' token has no session that could end",
    "logoutEverywhere": "the same",
    "getTokens": "needs a code that came over WhatsApp, or a refresh token",
}


@unittest.skipUnless(proof.is_there(), f"{proof.TOOL} is not there: script/setup --tests installs it when PyPI can be reached")
class Shipped(unittest.TestCase):
    """Every shipped plugin, as nobody and as each role (short: the platform's, the owner and two drawn others). What the owner may do is looked at from all
    sides, of the others less, but for the long size."""

    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED} (WAKALA_SEED)", flush=True)
        cls.shop = shop.Shop().__enter__()
        cls.addClassCleanup(cls.shop.stop)

    def tearDown(self):
        self.assertEqual(self.shop.findings(), [])

    def prove(self, role, phases="fuzzing"):
        phases = "examples,coverage,fuzzing,stateful" if IS_LONG else phases
        before = proof.good_answers(self.shop.host)
        status, out = proof.run(self.shop.host.port, self.shop.token(role) if role else None, EXAMPLES, SEED, phases)
        self.assertEqual(status, 0, f"as {role or 'nobody'}, seed {SEED}:\n{out}")
        self.assertIn("No issues found", out)
        return {path for path, n in proof.good_answers(self.shop.host).items() if n > before.get(path, 0)}

    def test_as_an_owner_from_all_sides(self):
        good = self.prove("owner", "coverage,fuzzing")
        status, body, _ = self.shop.ask("GET", "/v1/me", token=self.shop.token("owner"))
        self.assertEqual(status, 200)
        may = set(json.loads(body)["permissions"])
        wanted = {o.path for o in document.operations(self.shop.document())
                  if not o.in_path and o.name not in NEVER_GOOD and (o.permission is None or o.permission in may)}
        self.assertEqual(wanted - good, set(), "no request was good there: refused for another reason, everything looks true")

    def test_as_nobody_and_each_other_role(self):
        others = ["staff", "vendor", "driver", "agent"]
        for role in (None, "admin", *(others if IS_LONG else random.Random(SEED).sample(others, 2))):
            with self.subTest(role):
                self.prove(role)


if __name__ == "__main__":
    unittest.main()
