"""A gateway built out of tree is paid by webhook: /webhooks/payments/<gateway>/<account>, from the front door to the settled order."""
import concurrent.futures
import hashlib
import hmac
import json
import os
import shutil
import tempfile
import unittest

from harness import demo_values, scenario, seal
from harness.play import Player
from harness.procs import until
from harness.sim import request
from harness.stack import ROOT, Failed

from .test_out_of_tree import BUILD, OwnPlugins, clean_environment, command

HERE = os.path.dirname(os.path.abspath(__file__))
HOUSE = "till-key-of-the-house"
SECRETS = {"acct-A": "till-key-of-A", "acct-B": "till-key-of-B", "acct-B2": "till-key-of-B-only-for-B2"}


def sign(body, secret):
    return hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()


class Webhooks(unittest.TestCase):
    """One stack; the tests run in the order of their names and each leaves the payment as the next one finds it."""

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="wakala-till-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, True)
        command("cmake", "--install", BUILD, "--component", "sdk", "--prefix", f"{cls.dir}/prefix", cwd=cls.dir)
        shutil.copytree(f"{HERE}/till", f"{cls.dir}/till")
        command("make", "CFLAGS=-O2 -g -Werror", cwd=f"{cls.dir}/till", env=clean_environment(f"{cls.dir}/prefix"))
        cls.stack = OwnPlugins(workers=2)
        cls.stack.host.env["WAKALA_TILL_SECRET"] = HOUSE
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start()
        cls.a, cls.b = (cls.stack.sql(f"SELECT id FROM wakala.tenant WHERE name = '{name}'")[0][0] for name in ("Demo A", "Demo B"))
        cls.stack.drop(f"{cls.dir}/till/till.so", f"{HERE}/till/53-till.conf")
        ok, verdict = cls.stack.reload()
        if not ok:
            raise Failed(verdict)
        for tenant, account in (("Demo A", "acct-A"), ("Demo B", "acct-B"), ("Demo B", "acct-B2")):
            cls.stack.host.cli("tenant", "address", "add", tenant, "till", account)
        cls.stack.pg.sql(";".join([
            seal.insert(cls.a, "till", "secret_key", SECRETS["acct-A"]), seal.insert(cls.b, "till", "secret_key", SECRETS["acct-B"]),
            seal.insert(cls.b, "till", "secret_key@acct-B2", SECRETS["acct-B2"]),
            "INSERT INTO wakala.tenant_setting (tenant_id, plugin, key, value) VALUES "
            f"('{cls.a}', 'payments', 'accounts', 'other=x till=acct-A'), ('{cls.b}', 'payments', 'accounts', 'till=acct-B')"]), "wakala")
        until(lambda: cls.post("acct-A", cls.body("probe-a", "ping")) == cls.post("acct-B", cls.body("probe-b", "ping")) == 200, 10,
              "the workers know the accounts and their keys")
        player = Player(cls.stack)
        player.play(scenario.load(f"{HERE}/till.play"))
        cls.reference, cls.order = player.values["reference"], player.values["order"]
        cls.amount = int(cls.stack.sql("SELECT amount FROM payments_payment")[0][0])
        cls.base = cls.counts()

    @classmethod
    def body(cls, event_id, event="paid", **more):
        """Bytes that only the raw body has: spaces, escapes, letters beyond ASCII, a line end behind."""
        told = {"id": event_id, "event": event, "currency": "ZAR", "note": "Thandi\u2019s \"shop\"\t\\", **more}
        return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"

    def paid(self, event_id, **more):
        return self.body(event_id, **{"reference": self.reference, "amount": self.amount, **more})

    @classmethod
    def post(cls, account, body, secret=None, signature=None, path="till"):
        headers = {"Content-Type": "application/json"}
        if signature != "":
            headers["x-till-signature"] = signature or sign(body, secret or SECRETS.get(account, HOUSE))
        return request(cls.stack.host.port, "POST", f"/webhooks/payments/{path}/{account}", body, headers)[0]

    @classmethod
    def counts(cls):
        """What is stored: events of gateways, quarantined bodies, dedupe keys."""
        return [int(n) for n in cls.stack.sql("SELECT (SELECT count(*) FROM wakala.event WHERE type = 'payment.webhook'), "
                                              "(SELECT count(*) FROM wakala.quarantine), (SELECT count(*) FROM wakala.seen WHERE k < '38000000-0000-0000-0000-000000000000')")[0]]

    def payment(self):
        return self.stack.sql("SELECT p.status, p.collected, p.refund_due, o.status FROM payments_payment p JOIN orders_order o ON o.tenant_id = p.tenant_id "
                              "AND o.id = p.order_id")

    def dead(self):
        return self.stack.sql("SELECT code, tenant_id, payload FROM wakala.dead WHERE type = 'payment.webhook' ORDER BY id")

    def test_1_a_wrong_signature_is_401_and_nothing_is_stored(self):
        body = self.paid("forged")
        other = self.paid("forged", amount=1)
        for what, signature in (("none", ""), ("of another body", sign(other, SECRETS["acct-A"])), ("of another tenant", sign(body, SECRETS["acct-B"])),
                                ("of the house", sign(body, HOUSE)), ("short", sign(body, SECRETS["acct-A"])[:-1]), ("no hex", "x" * 128)):
            with self.subTest(what):
                self.assertEqual(self.post("acct-A", body, signature=signature), 401)
        self.assertEqual(self.post("acct-B2", body, SECRETS["acct-B"]), 401, "an account with a key of its own takes no other")
        self.assertEqual(self.counts(), self.base)
        self.assertEqual(self.payment(), [["pending", "0", "0", "PAYMENT_PENDING"]])

    def test_2_nobodys_account_goes_to_quarantine(self):
        body = self.paid("nobodys")
        self.assertEqual(self.post("acct-X", body, HOUSE), 200)
        self.assertEqual(self.counts(), [self.base[0], self.base[1] + 1, self.base[2]])
        self.assertEqual(self.stack.sql("SELECT channel, address, why, encode(body, 'hex') FROM wakala.quarantine ORDER BY id DESC LIMIT 1"),
                         [["till", "acct-X", "nobody's address", body.hex()]])
        self.assertEqual(request(self.stack.host.port, "POST", "/webhooks/payments/nowhere/acct-A", body)[0], 404)
        for bad in (b"not json", b'{"event": "paid"}', b'{"id": "nul", "event": "paid"}\0'):
            self.assertEqual(self.post("acct-A", bad), 200, bad)
        self.assertEqual(self.counts(), [self.base[0], self.base[1] + 4, self.base[2]])

    def test_3_an_account_of_another_tenant_settles_nothing(self):
        self.assertEqual(self.post("acct-B", self.paid("stolen")), 200)
        until(self.dead, 20, "the foreign reference is a dead letter")
        self.assertEqual([row[:2] for row in self.dead()], [["payment.foreign_reference", self.b]])
        self.assertIn("payment.foreign_reference", self.stack.host.cli("dead", "list"))
        said = [line for line in self.stack.host.text().splitlines() if "payment.foreign_reference" in line]
        self.assertTrue(said and all('"class":"security"' in line.lower() for line in said), said)
        self.assertFalse([line for line in said if self.reference in line], "a log tells no references of others")
        self.assertEqual(self.payment(), [["pending", "0", "0", "PAYMENT_PENDING"]])
        self.assertEqual(self.stack.sql("SELECT count(*) FROM payments_event"), [["0"]])

    def test_4_what_fits_no_attempt_is_kept(self):
        self.assertEqual(self.post("acct-A", self.body("stray", reference="INV-7", amount=100)), 200)
        until(lambda: self.stack.sql("SELECT reference, verdict FROM payments_event WHERE tenant_id = '" + self.a + "'") == [["INV-7", "orphan"]], 20,
              "the orphan is kept")
        self.assertEqual(self.payment(), [["pending", "0", "0", "PAYMENT_PENDING"]])

    def test_5_paid_once_however_often_it_is_told(self):
        body = self.paid("evt-1")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(lambda _: self.post("acct-A", body), range(24))), [200] * 24)
        until(lambda: self.payment() == [["paid", str(self.amount), "0", "PAID"]], 20, "payment and order are paid", self.stack.host.tail)
        self.assertEqual(self.post("acct-A", body), 200)
        self.assertEqual(self.post("acct-A", self.paid("evt-2", event="failed")), 200)  # late, and of a key of its own: changes nothing
        until(lambda: self.stack.sql("SELECT event_key, verdict FROM payments_event WHERE event_key LIKE 'evt-%' ORDER BY 1") ==
              [["evt-1", "applied"], ["evt-2", "ignored"]], 20, "both were settled")
        stored = self.stack.sql("SELECT key, tenant_id, payload FROM wakala.event WHERE type = 'payment.webhook' AND payload LIKE '%evt-1%'")
        self.assertEqual([row[:2] for row in stored], [[self.reference, self.a]])
        self.assertEqual(json.loads(stored[0][2]), {"gateway": "till", "account": "acct-A", "body": body.decode()}, "byte for byte")
        self.assertEqual(self.payment(), [["paid", str(self.amount), "0", "PAID"]])
        self.assertEqual(self.stack.sql("SELECT account, amount FROM payments_ledger WHERE account LIKE 'gateway:%'"),
                         [["gateway:till:acct-A", str(self.amount)]])
        self.assertEqual(self.stack.sql("SELECT count(*) FROM wakala.event WHERE type = 'payment.status_changed'"), [["1"]])
        self.assertEqual(len(self.dead()), 1)

    def test_6_an_account_that_is_taken_away_is_nobodys(self):
        before = self.counts()
        self.stack.host.cli("tenant", "address", "remove", "Demo B", "till", "acct-B2")
        until(lambda: self.post("acct-B2", self.paid("gone"), HOUSE) == 200, 10, "the workers have heard that the account is gone")
        self.assertEqual(self.counts()[0], before[0])
        self.assertEqual(self.stack.sql("SELECT address, why FROM wakala.quarantine ORDER BY id DESC LIMIT 1"), [["acct-B2", "nobody's address"]])

    def test_7_new_tenants_are_heard_of(self):
        names = ["Demo A", "Demo B"] + [f"New {i}" for i in range(5)]  # the demo's were made before there was a till: it hears of them too
        for i, name in enumerate(names[2:]):
            self.stack.host.cli("tenant", "create", name, "--number", f"90000000000000{i}", "--waba", f"21000000000001{i}")
        until(lambda: all(f"till is ready for {name} (" in self.stack.host.text() for name in names), 30, "the till has heard of every tenant",
              self.stack.host.tail)
        self.assertEqual(self.stack.sql("SELECT count(*) FROM wakala.dead WHERE type = 'tenant.created'"), [["0"]])

    def test_8_books_and_servers_are_sound(self):
        complaints = self.stack.invariants()
        self.assertEqual(len(complaints), 1, complaints)  # the one letter that is meant to be dead
        self.assertIn("payment.foreign_reference", complaints[0])
        self.assertEqual(self.stack.findings(), [])


class Addresses(unittest.TestCase):
    """`wakala tenant address`: what is wrong, what is allowed, what to do."""

    @classmethod
    def setUpClass(cls):
        cls.stack = OwnPlugins(workers=1, sim=False)
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start()

    def address(self, *args, status=0):
        got, out = self.stack.host.cli("tenant", "address", *args, check=False)
        self.assertEqual(got, status, out)
        return out

    def test_add_list_remove(self):
        self.assertEqual(self.address("add", "Demo A", "whatsapp", "900", "--account", "77"), "whatsapp\t900\tDemo A\n")
        self.address("add", "Demo A", "whatsapp", "900")  # again: the account stays
        mine = [line.split("\t") for line in self.address("list", "Demo A").splitlines()]
        self.assertIn(["whatsapp", "900", "77"], [row[:3] for row in mine])
        self.assertEqual({row[4] for row in mine}, {"Demo A"})
        self.assertGreater(len(self.address("list").splitlines()), len(mine))
        self.assertEqual(self.address("list", mine[0][3]), self.address("list", "Demo A"))  # the id is a name too
        self.assertRegex(self.address("add", "Demo B", "whatsapp", "900", status=1), "whatsapp 900 belongs to Demo A: .*address remove.*tenant.address_taken")
        self.assertRegex(self.address("remove", "Demo B", "whatsapp", "900", status=1), "Demo B has no address 900 on channel whatsapp.*tenant.no_address")
        out = self.address("add", "Demo B", "whatsapp", "901", "--account=77")
        self.assertRegex(out, "note: account 77 of whatsapp is several tenants'.*quarantine")
        self.address("remove", "Demo B", "whatsapp", "901")
        self.assertEqual(self.address("remove", "Demo A", "whatsapp", "900"), "whatsapp\t900\tremoved\n")
        self.assertNotIn("\t900\t", self.address("list"))

    def test_what_is_refused(self):
        self.assertRegex(self.address("add", "Demo A", "whatsap", "1", status=1), "no enabled plugin receives webhooks of channel whatsap; did you mean whatsapp")
        self.assertRegex(self.address("add", "Demo A", "paystack", "1", status=1), "channel paystack: there are whatsapp; a gateway is enabled by its file")
        self.assertRegex(self.address("add", "Nobody", "whatsapp", "1", status=1), "no tenant is called Nobody.*wakala tenant list.*tenant.unknown")
        self.assertRegex(self.address("add", "Demo A", "whatsapp", "a/b", status=1), "address a/b: 1 to 128 of A-Z")
        self.assertRegex(self.address("add", "Demo A", "whatsapp", "x" * 129, status=1), "1 to 128 of A-Z")
        self.assertRegex(self.address("add", "Demo A", "whatsapp", "1", "--account", "a b", status=1), "--account a b: 1 to 128 of A-Z")
        for args in (["add", "Demo A", "whatsapp"], ["add", "Demo A", "whatsapp", "1", "--account"], ["add", "Demo A", "whatsapp", "1", "--acount", "7"],
                     ["remove", "Demo A"], ["rename"], []):
            self.assertRegex(self.address(*args, status=2), "(?s)usage: wakala .*address add TENANT CHANNEL ADDRESS")

    def test_an_account_of_two_tenants_is_neithers(self):
        waba = demo_values.TENANTS[0][2]

        def post(n):
            body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": waba, "time": 1760000000, "changes": [
                {"field": "message_template_status_update", "value": {"event": "APPROVED", "message_template_id": n}}]}]}).encode()
            signature = hmac.new(demo_values.APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
            self.assertEqual(request(self.stack.host.port, "POST", "/webhooks/whatsapp", body, {"X-Hub-Signature-256": f"sha256={signature}"})[0], 200)
            return self.stack.sql(f"SELECT t.name FROM wakala.event e JOIN wakala.tenant t ON t.id = e.tenant_id WHERE e.type = 'whatsapp.other' "
                                  f"AND e.payload ~ 'id\": ?{n}[^0-9]'")

        self.assertEqual(post(1), [["Demo A"]])
        self.assertRegex(self.address("add", "Demo B", "whatsapp", "903", "--account", waba), "note: .*quarantine")
        numbers = iter(range(2, 1000))
        until(lambda: post(next(numbers)) == [], 10, "the workers know that the account is shared")
        quarantined = "SELECT count(*) FROM wakala.quarantine WHERE channel = 'whatsapp'"
        before = int(self.stack.sql(quarantined)[0][0])
        self.assertEqual(post(1000), [])
        self.assertEqual(self.stack.sql(quarantined), [[str(before + 1)]])
        self.assertEqual(self.stack.sql("SELECT count(*) FROM wakala.event e JOIN wakala.tenant t ON t.id = e.tenant_id WHERE e.type = 'whatsapp.other' "
                                        "AND t.name = 'Demo B'"), [["0"]])
        self.address("remove", "Demo B", "whatsapp", "903")
        numbers = iter(range(2000, 3000))
        until(lambda: post(next(numbers)) == [["Demo A"]], 10, "it is A's alone again")

    def test_a_new_tenant_is_told_with_its_row(self):
        before = len(self.stack.sql("SELECT 1 FROM wakala.event WHERE type = 'tenant.created'"))
        self.assertEqual(before, len(demo_values.TENANTS))
        tenant = self.stack.host.cli("tenant", "create", 'Ann\'s "Shop" \\', "--number", "900000000000001", "--waba", "78", "--tier", "premium").split("\t")[0]
        self.stack.host.cli("tenant", "create", 'Ann\'s "Shop" \\', "--number", "900000000000002", "--waba", "78")  # the same one
        status, _ = self.stack.host.cli("tenant", "create", "Taken", "--number", "900000000000001", "--waba", "78", check=False)
        self.assertEqual(status, 1)
        rows = self.stack.sql("SELECT tenant_id, key, class, version, payload, id, lane FROM wakala.event WHERE type = 'tenant.created' ORDER BY seq")
        self.assertEqual(len(rows), before + 1, "one for the new one, none for one that was there, none for one that was refused")
        self.assertEqual(rows[-1][:4], [tenant, tenant, "1", "1"])
        self.assertEqual(json.loads(rows[-1][4]), {"tenant_id": tenant, "name": 'Ann\'s "Shop" \\', "tier": "premium"})
        self.assertRegex(rows[-1][5], "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        self.assertTrue(0 <= int(rows[-1][6]) <= 63)


if __name__ == "__main__":
    unittest.main()
