"""A tenant's life from the command line: made once whatever is repeated or killed, changed, suspended and resumed, a trial that ends by itself, deleted and
brought back, with secrets that a new key seals again. Alone: PYTHONPATH=tests python3 -m unittest tenants.test_life"""
import concurrent.futures
import hashlib
import json
import os
import random
import signal
import subprocess
import time
import unittest
import uuid

from harness import demo_values, procs, seal
from harness.procs import until

from .bed import TenantsCase

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
DAY = 86400
LONG = bool(os.environ.get("WAKALA_LONG"))


class Life(TenantsCase):
    def create(self, name, *more):
        number = self.number()
        out = self.good("tenant", "create", name, "--number", number, "--waba", number, *more)
        self.assertRegex(out, rf"^{UUID}\t(created|exists)\n$")
        return out.split("\t")[0]

    def show(self, tenant):
        return dict(line.split("\t", 1) for line in self.good("tenant", "show", tenant).splitlines())

    def one(self, text):
        return self.small.sql(text)[0][0]

    def events(self, tenant, type=None):
        return [(row[0], json.loads(row[1])) for row in self.small.sql(
            f"SELECT type, payload FROM wakala.event WHERE tenant_id = '{tenant}' AND type LIKE 'tenant.%' ORDER BY seq") if type in (None, row[0])]

    def serves(self, tenant):
        return self.small.request("GET", f"/probe/{tenant}/counts")[0] == 200

    # made

    def test_made_with_everything_and_shown(self):
        tenant = self.create("Whole", "--tier", "premium", "--language", "sw", "--currency", "KES", "--exponent", "2", "--timezone", "Africa/Nairobi",
                             "--feature", "probe=on")
        shown = self.show(tenant)
        self.assertEqual({k: shown[k] for k in ("id", "name", "tier", "status", "state", "isolation", "trial_until", "config.language", "config.currency",
                                                "config.timezone", "config.features", "config.limits")},
                         {"id": tenant, "name": "Whole", "tier": "premium", "status": "active", "state": "ready", "isolation": "pooled", "trial_until": "-",
                          "config.language": "sw", "config.currency": "KES", "config.timezone": "Africa/Nairobi", "config.features": '{"probe":true}',
                          "config.limits": "{}"})
        self.assertEqual(int(shown["shard"]), 1 + (hashlib.sha256(uuid.UUID(tenant).bytes).digest()[0] >> 3))
        until(lambda: self.serves(tenant), 10, "the workers know it")
        self.assertEqual(self.events(tenant), [("tenant.created", {"tenant_id": tenant, "name": "Whole", "tier": "premium"})])
        self.assertEqual(self.small.sql(f"SELECT role, action, object FROM wakala.audit WHERE tenant_id = '{tenant}'"), [["operator", "tenant.created", tenant]])

    def test_what_is_wrong_is_said_and_makes_nothing(self):
        before = self.one("SELECT count(*) FROM wakala.tenant")
        number, base = self.number(), ("tenant", "create", "Wrong")
        for pattern, args in ((r"tier: allowed are basic, premium, enterprise", ("--tier", "gold")), (r"isolation: allowed are pooled, schema", ("--isolation", "x")),
                              (r"config\.language: allowed are en, sw", ("--language", "de")), (r"config\.currency: three letters", ("--currency", "rand")),
                              (r"config\.currency_exponent: 0 to 4", ("--exponent", "9")), (r"config\.timezone: an IANA name", ("--timezone", "Mars/Base")),
                              (r"trial_days: 1 to 365", ("--trial", "soon")), (r"trial_days: 1 to 365", ("--trial", "400")),
                              (r"request_id: 1 to 100 characters without spaces", ("--request-id", "a b")),
                              (r"no enabled plugin is called prob; did you mean probe", ("--feature", "prob=on")),
                              (r"--feature probe: allowed are probe=on, probe=off", ("--feature", "probe=maybe"))):
            with self.subTest(args):
                self.bad(pattern, *base, "--number", number, "--waba", "70", *args)
        self.bad(r"config\.numbers\.id: phone number ids", *base, "--number", "+27", "--waba", "70")
        self.bad(r"config\.numbers\.waba: the WhatsApp business account id", *base, "--number", number)
        self.bad(r"name: 1 to 200 characters", "tenant", "create", " ", "--number", number, "--waba", "70")
        self.bad(rf"phone number id {demo_values.TENANTS[0][1][0]} belongs to another tenant", *base, "--number", demo_values.TENANTS[0][1][0], "--waba", "70")
        self.assertEqual(self.one("SELECT count(*) FROM wakala.tenant"), before)

    def test_the_same_request_makes_one_tenant(self):
        number = self.number()
        args = ("tenant", "create", "Once", "--number", number, "--waba", number, "--request-id", "r-1")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = [out.split("\t") for _, out in pool.map(lambda _: self.cli(*args), range(4))]
        self.assertEqual(len({a[0] for a in answers}), 1, answers)
        self.assertEqual(sorted(a[1] for a in answers), ["created\n"] + ["exists\n"] * 3)
        self.assertEqual(len(self.events(answers[0][0], "tenant.created")), 1)
        self.bad(r"request_id r-1 made another tenant", *args, "--tier", "premium")
        self.bad(r"a tenant is called Once already", "tenant", "create", "Once", "--request-id", "r-2")

    # with a schema of its own

    def test_a_schema_of_its_own(self):
        tenant = self.create("Silo", "--tier", "enterprise")
        schema = "t_" + tenant.replace("-", "")
        self.assertEqual(self.show(tenant)["isolation"], "schema")
        self.assertEqual(self.one(f"SELECT count(*) FROM wakala.migration WHERE schema = '{schema}'"), self.one("SELECT count(*) FROM wakala.migration WHERE schema = 'pool'"))
        until(lambda: self.serves(tenant), 10, "the workers know it")
        status = self.small.request("POST", f"/probe/{tenant}/keep?k=a&n=1")[0]
        self.assertEqual((status, self.one(f"SELECT count(*) FROM {schema}.probe_kept"), self.one(f"SELECT count(*) FROM pool.probe_kept WHERE tenant_id = '{tenant}'")),
                         (200, "1", "0"))
        self.assertEqual(self.good("migrate"), "", "nothing is left to bring up to date")

    def test_killed_at_any_moment_it_is_made_once(self):
        """kill -9 of the command while it makes schemas; the operator repeats it, or runs provision. No half tenant is seen, no orphan is left."""
        seed = int(time.time())
        dice = random.Random(seed)
        print(f"seed {seed}")
        began = time.monotonic()
        self.create("Killed by nobody", "--isolation", "schema")
        whole = time.monotonic() - began
        killed = 0
        for i in range(30 if LONG else 8):
            number = self.number()
            argv = self.small.host.argv("tenant", "create", f"Killed {i}", "--number", number, "--waba", number, "--isolation", "schema", "--request-id", f"kill-{i}")
            p = subprocess.Popen(argv, env=self.small.host.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0, whole))
            killed += p.poll() is None
            p.send_signal(signal.SIGKILL)
            p.wait()
            ready = {row[0] for row in self.small.sql(f"SELECT id FROM wakala.tenant WHERE is_ready AND name = 'Killed {i}'")}
            unready = {row[0] for row in self.small.sql(f"SELECT id FROM wakala.tenant WHERE NOT is_ready AND name = 'Killed {i}'")}
            for tenant in unready:
                self.assertFalse(self.serves(tenant), "half a tenant is seen")
                self.assertEqual(self.show(tenant)["state"], "provisioning")
            self.assertLessEqual(len(ready | unready), 1)
            if i % 2:
                self.good("tenant", "provision")
            out = self.good("tenant", "create", f"Killed {i}", "--number", number, "--waba", number, "--isolation", "schema", "--request-id", f"kill-{i}")
            tenant = out.split("\t")[0]
            self.assertTrue(not (ready | unready) or {tenant} == ready | unready, "another tenant was made")
            self.assertEqual(len(self.events(tenant, "tenant.created")), 1)
            until(lambda tenant=tenant: self.serves(tenant), 10, "the workers know it")
        self.assertGreater(killed, 0, "nothing was killed in the middle")
        self.assertEqual(self.one("SELECT count(*) FROM wakala.tenant_job WHERE done_at IS NULL"), "0")
        orphans = self.small.sql("SELECT nspname FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$' AND nspname NOT IN (SELECT schema_name FROM wakala.tenant)")
        self.assertEqual(orphans, [])
        self.assertEqual(self.good("migrate"), "")

    def test_many_take_no_longer_each_than_the_first(self):
        many = 1000 if LONG else 100
        took = []
        for i in range(many):
            spec = json.dumps({"name": f"Many {i}", "request_id": f"many-{i}", "config": {"numbers": [{"id": self.number(), "waba": "70"}]}})
            began = time.monotonic()
            self.small.sql(f"SELECT wakala.tenant_do('create', gen_random_uuid(), 1, 0, '{spec}', '{{}}')")
            took.append(time.monotonic() - began)
        tenth = many // 10
        first, last = (sorted(part)[tenth // 2] * 1000 for part in (took[:tenth], took[-tenth:]))
        print(f"{many} pooled tenants: median {first:.1f} ms of the first tenth, {last:.1f} ms of the last, with a client's start each")
        self.assertLess(last, 2 * first + 20)
        until(lambda: self.small.sql("SELECT count(*) FROM wakala.tenant WHERE name LIKE 'Many %' AND NOT is_ready") == [["0"]], 5, "all are ready")
        tenant = self.one(f"SELECT id FROM wakala.tenant WHERE name = 'Many {many - 1}'")
        until(lambda: self.serves(tenant), 20, "the workers know the last")

    # changed

    def test_set_and_limits(self):
        tenant = self.create("Changing")
        self.good("tenant", "set", "Changing", "--tier", "premium", "--name", "Changed", "--currency", "UGX", "--exponent", "0")
        self.good("tenant", "set", "Changed", "--feature", "probe=off")
        shown = self.show(tenant)
        self.assertEqual((shown["name"], shown["tier"], shown["config.currency"], shown["config.currency_exponent"], shown["config.features"]),
                         ("Changed", "premium", "UGX", "0", '{"probe":false}'))
        self.good("tenant", "set", tenant, "--feature", "probe=default")
        self.assertEqual(self.show(tenant)["config.features"], "{}")
        self.assertEqual(self.good("tenant", "limits", "Changed"), "maxProducts\t-\nmaxOrders\t-\nmaxUsers\t-\n")
        self.assertEqual(self.good("tenant", "limits", "Changed", "--products", "7", "--users", "0"), "maxProducts\t7\nmaxOrders\t-\nmaxUsers\t0\n")
        until(lambda: self.small.request("GET", f"/probe/{tenant}/used?quota=products")[1] == b"0 7", 10, "the workers know")
        self.assertEqual(self.good("tenant", "limits", "Changed", "--products", "tier"), "maxProducts\t-\nmaxOrders\t-\nmaxUsers\t0\n")
        self.bad(r"config\.limits\.maxOrders: 0 to 999999999, or null", "tenant", "limits", "Changed", "--orders", "many")
        self.bad(r"a tenant is called Demo A already", "tenant", "set", "Changed", "--name", "Demo A")
        self.bad(r"trial_days: this tenant is in no trial", "tenant", "set", "Changed", "--trial", "3")
        self.bad(r"no tenant is called Nobody", "tenant", "set", "Nobody", "--tier", "basic")
        self.assertEqual([kind for kind, _ in self.events(tenant)], ["tenant.created"] + ["tenant.changed"] * 5)

    # suspended, deleted

    def test_suspend_and_resume_are_told_once(self):
        tenant = self.create("Resting")
        self.assertEqual(self.good("tenant", "suspend", "Resting", "--reason", "unpaid"), "Resting\tsuspended\n")
        self.good("tenant", "suspend", tenant)
        self.assertEqual((self.show(tenant)["status"], self.show(tenant)["reason"]), ("suspended", "unpaid"))
        self.assertEqual(self.good("tenant", "resume", "Resting"), "Resting\tactive\n")
        self.good("tenant", "resume", "Resting")
        self.assertEqual([e for e in self.events(tenant) if e[0] != "tenant.created"],
                         [("tenant.suspended", {"tenant_id": tenant, "reason": "unpaid"}), ("tenant.resumed", {"tenant_id": tenant, "status": "active"})])

    def test_deleted_with_a_grace_time_and_brought_back(self):
        tenant = self.create("Leaving")
        self.assertRegex(self.good("tenant", "delete", "Leaving", "--grace", "10"), r"^Leaving\tdeleting\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$")
        self.assertEqual((self.show(tenant)["status"], self.show(tenant)["state"]), ("suspended", "deleting"))
        self.bad(r"this tenant is being deleted: undelete it first", "tenant", "resume", "Leaving")
        self.assertEqual(self.good("tenant", "undelete", "Leaving"), "Leaving\tactive\n")
        self.good("tenant", "suspend", "Leaving")
        self.good("tenant", "delete", "Leaving")
        self.assertEqual(self.good("tenant", "undelete", "Leaving"), "Leaving\tsuspended\n", "as it was before")
        self.bad(r"--grace 0: days until", "tenant", "delete", "Leaving", "--grace", "0")

    def test_exported_and_after_its_time_removed(self):
        tenant = self.create("Gone soon")
        until(lambda: self.serves(tenant), 10, "the workers know it")
        self.small.sql(f"INSERT INTO probe_kept (tenant_id, k, n) SELECT '{tenant}', 'k' || g, g FROM generate_series(0, 1202) g")
        self.small.sql(f"INSERT INTO probe_kept (tenant_id, k, n) VALUES ('{self.small.tenant}', 'mine', 1) ON CONFLICT DO NOTHING")
        path = f"{self.small.dir}/export"
        self.assertRegex(self.good("tenant", "export", "Gone soon", "--to", path), rf"^{path}\t\d+ rows\n$")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        self.assertEqual((lines[0]["tenant"]["id"], lines[-1]), (tenant, {"rows": len(lines) - 2}))
        kept = [line["row"] for line in lines if line.get("table") == "probe_kept"]
        self.assertEqual({row["tenant_id"] for row in kept}, {tenant})
        self.assertEqual(sorted(row["n"] for row in kept), list(range(1203)))
        self.bad(r"cannot be made: File exists", "tenant", "export", "Gone soon", "--to", path)
        self.good("tenant", "delete", "Gone soon", "--grace", "2")
        self.assertEqual(self.good("tenant", "purge"), "", "its time is not up")
        self.small.advance(2 * DAY + 1)
        self.small.sql("CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'it is append only'; END $$; "
                       "CREATE TRIGGER append_only BEFORE DELETE ON pool.probe_kept FOR EACH ROW EXECUTE FUNCTION append_only()")  # as the tables of money are
        try:
            self.assertEqual(self.good("tenant", "purge"), f"{tenant}\t1203 rows removed\n")
        finally:
            self.small.sql("DROP FUNCTION append_only() CASCADE")
        self.assertEqual(self.good("tenant", "purge"), "")
        for table in ("pool.probe_kept", "wakala.address", "wakala.tenant_setting", "wakala.timer"):
            self.assertEqual(self.one(f"SELECT count(*) FROM {table} WHERE tenant_id = '{tenant}'"), "0", table)
        self.assertEqual(self.one(f"SELECT n FROM probe_kept WHERE tenant_id = '{self.small.tenant}' AND k = 'mine'"), "1", "another tenant's is there")
        self.assertEqual((self.show(tenant)["state"], self.events(tenant)[-1][0]), ("deleted", "tenant.deleted"))
        self.bad(r"its data is removed already", "tenant", "undelete", tenant)
        self.create("Gone soon")

    def test_moved_to_another_shard_of_the_server(self):
        tenant = self.create("Moving")
        other = int(self.show(tenant)["shard"]) % 32 + 1
        self.assertEqual(self.good("tenant", "move", "Moving", "--shard", str(other)), f"Moving\t{other}\n")
        self.assertEqual(self.show(tenant)["shard"], str(other))
        self.bad(r"--shard 33: 1 to 32", "tenant", "move", "Moving", "--shard", "33")
        self.bad(r"no database server is called elsewhere; there are main", "tenant", "move", "Moving", "--server", "elsewhere")
        self.assertEqual(self.good("tenant", "move", "Moving", "--server", "main"), "Moving\tmain\tis there already\n")

    # secrets

    def test_secrets_and_a_new_key(self):
        tenant, token = self.create("Secretive"), "a token of its own"

        def secret(*args, text=""):
            p = subprocess.run(self.small.host.argv("tenant", "secret", *args), env=self.small.host.env, input=text, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
            return p.returncode, p.stdout
        self.assertEqual(secret("set", "Secretive", "whatsapp", "access_token", text=token + "\n"), (0, "Secretive\twhatsapp\taccess_token\tset\n"))
        status, out = secret("list", "Secretive")
        self.assertRegex(out, rf"^{tenant}\tSecretive\twhatsapp\taccess_token\t[0-9a-f]{{8}}\n$")
        old_id = out.split("\t")[-1].strip()
        for pattern, args, text in ((r"lets no tenant have a secret called acces_token; there are .*access_token", ("set", "Secretive", "whatsapp", "acces_token"), token),
                                    (r"no enabled plugin is called nothing", ("set", "Secretive", "nothing", "x"), token),
                                    (r"read from standard input: 1 to 4096 bytes", ("set", "Secretive", "whatsapp", "access_token"), "\n"),
                                    (r"no tenant is called Nobody", ("set", "Nobody", "whatsapp", "access_token"), token),
                                    (r"has no secret verify of plugin whatsapp", ("remove", "Secretive", "whatsapp", "verify"), "")):
            with self.subTest(args):
                status, out = secret(*args, text=text)
                self.assertEqual(status, 1)
                self.assertRegex(out, pattern)
                self.assertNotIn(token, out)
        new = "ab" * 32
        try:
            with open(self.small.host.conf, encoding="utf-8") as f:
                conf = f.read()
            with open(self.small.host.conf, "w", encoding="utf-8") as f:
                f.write(conf.replace('secrets = { key = "env:WAKALA_SECRETS_KEY"; }', f'secrets = {{ key = "file:{self.small.dir}/new"; old_key = "env:WAKALA_SECRETS_KEY"; }}'))
            with open(f"{self.small.dir}/new", "w", encoding="utf-8") as f:
                f.write(new + "\n")
            os.chmod(f"{self.small.dir}/new", 0o600)
            procs.own(f"{self.small.dir}/new")
            self.small.pg.sql(f"INSERT INTO wakala.tenant_secret (tenant_id, plugin, key, sealed, key_id) VALUES ('{tenant}', 'whatsapp', 'lost', '\\x00', 'old')", "wakala")
            status, out = secret("rotate")
            self.assertEqual(status, 1, "a row that no key opens is told")
            self.assertIn("1\tsealed\n1\tlost\n", out)
            self.small.pg.sql("DELETE FROM wakala.tenant_secret WHERE key = 'lost'", "wakala")
            self.assertEqual(secret("rotate"), (0, "0\tsealed\n0\tlost\n"))
            self.assertNotEqual(secret("list")[1].split("\t")[-1].strip(), old_id)
            sealed = bytes.fromhex(self.one(f"SELECT encode(sealed, 'hex') FROM wakala.tenant_secret WHERE tenant_id = '{tenant}'"))
            self.assertEqual(len(sealed), len(token) + 28)
            self.assertEqual(self.opened(tenant, sealed, new), token)
        finally:
            with open(self.small.host.conf, "w", encoding="utf-8") as f:
                f.write(conf)
            self.assertEqual(secret("remove", "Secretive", "whatsapp", "access_token")[0], 0)

    @staticmethod
    def opened(tenant, sealed, key_hex):
        return seal.unseal(tenant, "whatsapp", "access_token", sealed, key_hex)


if __name__ == "__main__":
    unittest.main()
