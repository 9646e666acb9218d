"""Every command of the command line against one running host: what it prints, what it changes, how it ends."""
import glob
import json
import os
import re
import shutil
import unittest

from faults.small import ROOT, Case
from harness import demo_values, procs
from harness.procs import until
from harness.sim import request

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
DONE, REFUSED, USAGE, NOT_RUNNING = 0, 1, 2, 3


class Commands(Case):
    expects_findings = True  # one test's event crashes its worker; in dev builds the sanitizer reports it

    def cli(self, *args):
        return self.small.host.cli(*args, check=False, timeout=90)

    def good(self, *args):
        status, out = self.cli(*args)
        self.assertEqual(status, DONE, out)
        return out

    def bad(self, status, pattern, *args):
        got, out = self.cli(*args)
        self.assertEqual(got, status, out)
        self.assertRegex(out, pattern)
        return out

    # what there is

    def test_help_names_every_command_and_every_command_has_help(self):
        commands = re.findall(r"^  (\w+)", self.good("help"), re.M)
        self.assertEqual(commands, sorted(commands))
        self.assertEqual(set(commands), {"cache", "check", "dead", "errors", "events", "export", "help", "lanes", "migrate", "plugins", "reload", "rollback", "run", "status", "stop",
                                         "tenant", "timers", "version", "whatsapp"}, "a command came or went: give it its test here")
        for command in commands:
            self.assertRegex(self.good("help", command), rf"^  {command}\b")
        self.bad(USAGE, r"there is no command nothing", "help", "nothing")

    def test_wrong_usage_is_2_and_says_what_is_right(self):
        self.bad(USAGE, r'statsu.*did you mean "?status', "statsu")
        for args in (["tenant"], ["tenant", "list", "all"], ["tenant", "create"], ["tenant", "create", "New", "--numbr", "1"], ["tenant", "create", "New", "--tier"], ["dead"], ["dead", "show"], ["dead", "show", "x"], ["dead", "show", "-1"],
                     ["dead", "drop"], ["errors", "a", "b"], ["errors", "--all"], ["events"], ["events", "show"], ["events", "replay"], ["events", "replay", "--to"], ["events", "replay", "--to", "probe.a"], ["events", "tail", "--tpye", "x"],
                     ["export"], ["export", "nginx"], ["lanes", "--subs"], ["timers", "--all"], ["whatsapp"], ["whatsapp", "decode"], ["status", "--jsn"], ["plugins", "--hook"], ["migrate", "--dry"]):
            with self.subTest(args):
                self.bad(USAGE, rf"usage: .*{args[0]}", *args)

    def test_version(self):
        self.assertRegex(self.good("version"), r"wakala \S+.*\n?.*ABI \d+\.\d+")

    # the configuration

    def test_check_of_what_is_good(self):
        self.assertEqual(self.good("check").splitlines()[-1], f"{self.small.host.conf}: all is well")
        self.assertEqual(len(self.small.host.workers()), 2)
        self.assertEqual(self.small.request("GET", "/probe/hello")[0], 200)

    def test_check_of_what_is_broken_names_file_line_and_what_was_meant(self):
        with open(self.small.host.conf, encoding="utf-8") as f:
            text = f.read()
        line = next(i for i, row in enumerate(text.splitlines(), 1) if row.startswith("http"))
        cases = {"http = { header_deadlin = \"2s\"; }": rf"wakala\.conf:{line}: .*header_deadlin: unknown setting; did you mean \"http\.header_deadline\"\?",
                 "http = { header_deadline = \"2x\"; }": rf"wakala\.conf:{line}: .*header_deadline",
                 "http = { header_deadline = ": r"wakala\.conf:\d+: "}
        try:
            for wrong, pattern in cases.items():
                with self.subTest(wrong), open(self.small.host.conf, "w", encoding="utf-8") as f:
                    f.write("".join(row if n != line else wrong + ";\n" for n, row in enumerate(text.splitlines(True), 1)))
                    f.flush()
                    self.bad(REFUSED, pattern, "check")
        finally:
            with open(self.small.host.conf, "w", encoding="utf-8") as f:
                f.write(text)
        self.small.conf("whatsapp", "enabled = true;\nverify_tokn = \"x\";\n", 20)
        try:
            self.bad(REFUSED, r"20-whatsapp\.conf:2: verify_tokn: unknown setting; did you mean \"verify_token\"\?", "check")
        finally:
            self.small.configure()
        self.good("check")
        self.assertEqual(self.small.request("GET", "/probe/hello")[0], 200)

    def test_plugins(self):
        lines = self.good("plugins").splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["whatsapp", "probe"])
        for line in lines:
            self.assertRegex(line, r"^\S+ +\d+\.\d+\.\d+ +ABI \d+\.\d+  build [0-9a-f]{12}")
        hooks = self.good("plugins", "--hooks")
        self.assertRegex(hooks, r"(?m)^  EDGE +0  probe\.marks \(and back\)$")
        self.assertRegex(hooks, r"(?m)^  GET +/probe/hello +public +probe$")
        self.assertRegex(hooks, r"(?m)^  INBOX +/webhooks/whatsapp\S* +whatsapp +whatsapp$")
        self.assertRegex(hooks, r"(?m)^  probe\.work +normal +v1  by probe\n    -> probe\.a\n    -> probe\.b$")
        for line in self.good("plugins", "--sql").splitlines():
            self.assertEqual(set(json.loads(line)) & {"plugin", "name", "text"}, {"plugin", "name", "text"})
        self.assertIn("| `probe.work` | 1 | normal |", self.good("plugins", "--events"))
        self.assertRegex(self.good("plugins", "--settings"), r"(?m)^\| `verify_token` \|")

    def test_errors(self):
        self.assertRegex(self.good("errors"), r"(?ms)^## host$.*^\| `db\.unavailable` \| TRANSIENT \| 503 \|.*^## probe$.*^\| `probe\.tenant` \|")
        self.assertRegex(self.good("errors", "db.unavailable"), r"^db\.unavailable  TRANSIENT, HTTP 503, listed by host\npeople read:  We're exp.*\nwhat to do:   \S")
        self.assertRegex(self.good("errors", "probe.nothing"), r"BUSINESS, HTTP 422, listed by probe\npeople read:  There was nothing to change\.\n")
        self.bad(REFUSED, "lists db.unavailible; did you mean db.unavailable\\?", "errors", "db.unavailible")

    def test_migrate_dry_run_says_and_changes_nothing(self):
        self.assertEqual(self.good("migrate", "--dry-run", "--test-clock"), "")
        self.small.pg.create_database("elsewhere")
        with open(self.small.host.conf, encoding="utf-8") as f:
            text = f.read()
        try:
            with open(self.small.host.conf, "w", encoding="utf-8") as f:
                f.write(text.replace("dbname=wakala", "dbname=elsewhere"))
            missing = self.good("migrate", "--dry-run").splitlines()
            self.assertTrue(missing)
            for line in missing:
                self.assertRegex(line, r"^\w+: \S+\.sql of \w+ is missing$")
            self.assertIn("probe", {line.split()[-3] for line in missing})
            self.assertEqual(self.small.pg.sql("SELECT count(*) FROM pg_namespace WHERE nspname IN ('wakala', 'pool')", "elsewhere"), [["0"]])
            applied = self.good("migrate").splitlines()
            self.assertEqual([line.split(" is missing")[0] for line in missing], [line.split(" applied")[0] for line in applied])
            self.assertEqual(self.good("migrate", "--dry-run"), "")
            self.assertEqual(self.good("migrate"), "")
        finally:
            with open(self.small.host.conf, "w", encoding="utf-8") as f:
                f.write(text)

    # tenants

    def tenants(self):
        return {row[1]: row for row in (line.split("\t") for line in self.good("tenant", "list").splitlines())}

    def test_tenants_are_listed(self):
        listed = self.tenants()
        for name, numbers, _ in demo_values.TENANTS:
            self.assertEqual(listed[name][0], self.small.tenants[name])
            self.assertEqual(listed[name][2:4], ["basic", "active"])
            self.assertTrue(set(numbers) <= set(listed[name][5].split(",")))

    def test_tenant_create_with_a_tier_once(self):
        args = ("tenant", "create", "Shop C", "--number", "300000000000001,300000000000002", "--waba", "310000000000001", "--tier", "premium")
        self.assertRegex(self.good(*args), rf"^{UUID}\tcreated\n$")
        self.assertRegex(self.good(*args), rf"^{UUID}\texists\n$")
        row = self.tenants()["Shop C"]
        self.assertEqual(row[2:4], ["premium", "active"])
        self.assertTrue({"300000000000001", "300000000000002"} <= set(row[5].split(",")))
        self.bad(REFUSED, r"tier: allowed are basic, premium, enterprise", "tenant", "create", "Shop D", "--number", "400000000000001", "--waba", "1", "--tier", "gold")
        self.bad(REFUSED, r"300000000000001", "tenant", "create", "Shop D", "--number", "300000000000001", "--waba", "410000000000001")
        self.assertNotIn("Shop D", self.tenants())

    def test_tenant_suspend_by_name_and_id(self):
        try:
            self.assertEqual(self.good("tenant", "suspend", "Demo B"), "Demo B\tsuspended\n")
            self.assertEqual(self.tenants()["Demo B"][3], "suspended")
        finally:
            self.good("tenant", "resume", self.small.tenants["Demo B"])
        self.assertEqual(self.tenants()["Demo B"][3], "active")
        self.bad(REFUSED, r"no tenant is called Nobody", "tenant", "suspend", "Nobody")

    # cache

    def test_cache_forget_publishes_for_all_hosts(self):
        self.assertEqual(self.good("cache", "forget", "Demo A", "catalog.sql:*"), "")
        rows = self.small.sql("SELECT tenant_id, key, payload::json->>'pattern' FROM wakala.event WHERE type = 'cache.invalidated'")
        self.assertEqual(rows, [[self.small.tenant, "catalog.sql:*", "catalog.sql:*"]])
        self.bad(REFUSED, r"no tenant is called Nobody", "cache", "forget", "Nobody", "stock")
        self.bad(REFUSED, r"allowed are a tag", "cache", "forget", "Demo A", "Stock of eggs")

    # dead letters

    def test_dead_letters_are_listed_shown_and_go_back(self):
        self.small.publish(type="probe.poison", key="dead")
        rows = until(lambda: [line.split("\t") for line in self.good("dead", "list").splitlines() if "\tprobe.poison\t" in line], 30, "a dead letter",
                     self.small.host.tail)
        self.assertEqual(len(rows), 1)
        number, at, subscriber, kind, _, code, tenant = rows[0]
        self.assertRegex(at, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual((subscriber, kind, code, tenant), ("probe.poison", "probe.poison", "plugin.crashed", self.small.tenant))
        shown = dict(line.split("\t", 1) for line in self.good("dead", "show", number).splitlines())
        self.assertEqual((shown["id"], shown["state"], shown["type"], shown["code"], shown["tenant"]), (number, "dead", kind, code, tenant))
        self.assertEqual(json.loads(shown["payload"])["n"], 0)
        self.good("dead", "requeue", number)
        self.assertIn("state\trequeued", self.good("dead", "show", number))
        self.bad(REFUSED, rf"dead letter {number} is not there, was requeued or dropped already", "dead", "requeue", number)
        again = until(lambda: [line for line in self.good("dead", "list").splitlines() if "\tprobe.poison\t" in line], 30, "it died again", self.small.host.tail)
        self.assertNotEqual(again[0].split("\t")[0], number)

    def test_a_dead_letter_is_dropped_and_stays_to_be_shown(self):
        self.small.publish(type="probe.poison", key="drop")
        number = until(lambda: [line.split("\t")[0] for line in self.good("dead", "list").splitlines() if "\tprobe.poison\t" in line], 30, "a dead letter",
                       self.small.host.tail)[-1]
        self.good("dead", "drop", number)
        self.assertNotRegex(self.good("dead", "list"), rf"(?m)^{number}\t")
        self.assertIn("state\tdropped", self.good("dead", "show", number))
        self.assertIn("plugin\tprobe", self.good("dead", "show", number))
        for again in ("drop", "requeue"):
            self.bad(REFUSED, rf"dead letter {number} is not there, was requeued or dropped already", "dead", again, number)

    # the log

    def test_events_are_followed_filtered_and_shown_with_what_became_of_them(self):
        out = f"{self.small.host.dir}/tail"

        def lines_of_tail():
            with open(out, encoding="utf-8") as f:
                return [line.rstrip("\n").split("\t") for line in f]
        tail = procs.spawn(self.small.host.argv("events", "tail", "--type", "probe.l*"), out, self.small.host.env)
        try:
            until(lambda: self.small.publish(type="probe.light", key="27820000077", n=2) and lines_of_tail(), 10, "it follows")
            self.small.publish(type="probe.work", key="27820000077")
            until(lambda: len(lines_of_tail()) % 2 == 0, 5, "both of the last call")
        finally:
            procs.end(tail)
        lines = lines_of_tail()[-2:]
        for line in lines:
            self.assertEqual((line[2], line[4], line[5], line[6], line[8]), ("normal", "probe.light", self.small.tenant, "*******0077", ""))
            self.assertRegex(line[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        until(lambda: "at probe.light1\tdone\n" in self.good("events", "show", lines[0][1]), 5, "handled")
        for name in (lines[0][1], lines[0][7]):
            shown = dict(line.split("\t", 1) for line in self.good("events", "show", name).splitlines())
            self.assertEqual((shown["id"], shown["seq"], shown["type"], shown["key"], shown["lane"], shown["at probe.light4"]),
                             (lines[0][7], lines[0][1], "probe.light", "*******0077", lines[0][3], "done"))
            self.assertEqual(json.loads(shown["payload"])["n"], 0)
        for name in ("999999999", "00000000-0000-7000-8000-000000000000", "hello"):
            self.bad(REFUSED, rf"no event {name} is kept", "events", "show", name)
        other = self.good("events", "tail", "--no-follow", "--from", "1h", "--tenant", "Demo B")
        self.assertEqual([line.split("\t")[4] for line in other.splitlines()], ["tenant.created"])
        mine = self.good("events", "tail", "--no-follow", "--from", "1h", "--tenant", "Demo A", "--type", "probe.light", "--payload")
        self.assertEqual([json.loads(line.split("\t")[8])["n"] for line in mine.splitlines()][-2:], [0, 1])
        self.bad(REFUSED, r"--from yesterdy: a time such as", "events", "tail", "--no-follow", "--from", "yesterdy")
        self.bad(REFUSED, r"no tenant is called Nobody", "events", "tail", "--no-follow", "--tenant", "Nobody")

    def test_events_are_replayed_to_one_subscription_in_order(self):
        def seen(sub):
            return self.small.sql(f"SELECT string_agg(n::text, ' ' ORDER BY id) FROM probe_seen WHERE sub = '{sub}' AND key = 'again'")[0][0]
        self.small.publish(key="again", n=5)
        until(lambda: seen("a") == "0 1 2 3 4" and seen("b") == "0 1 2 3 4", 10, "seen once", self.small.host.tail)
        self.small.publish(type="probe.light", key="again")
        begin = self.small.sql("SELECT min(at) FROM wakala.event WHERE key = 'again'")[0][0]
        range_ = ("--to", "probe.a", "--tenant", "Demo A", "--from", begin)
        self.assertRegex(self.good("events", "replay", *range_, "--dry-run"), r"^probe\.work\t5\t\S+\t\S+\n$")  # not what it does not subscribe to
        self.assertEqual(seen("a"), "0 1 2 3 4")
        self.assertIn("replayed\t5\tprobe.a\n", self.good("events", "replay", *range_))
        until(lambda: seen("a") == "0 1 2 3 4 0 1 2 3 4", 10, "seen again by a", lambda: f"{seen('a')}\n{self.small.host.tail()}")
        self.assertEqual(seen("b"), "0 1 2 3 4")
        self.assertEqual(self.good("events", "replay", *range_, "--until", begin), "replayed\t0\tprobe.a\n")
        self.bad(REFUSED, r"no subscription is called probe\.c", "events", "replay", "--to", "probe.c", "--from", "1h")

    def test_lanes_and_subscriptions_and_timers(self):
        lanes = [line.split("\t") for line in self.good("lanes").splitlines()]
        self.assertEqual([int(line[0]) for line in lanes], list(range(64)))
        until(lambda: all(re.match(r"wakala/\d+\.\d+/\d+$", line.split("\t")[1]) for line in self.good("lanes").splitlines()), 10, "every lane has its owner")
        until(lambda: all(line.split("\t")[3:6] == ["0", "0", "0"] for line in self.good("lanes").splitlines()), 10, "nothing waits", lambda: self.good("lanes"))
        self.assertRegex(self.good("lanes", "--subscriptions"), r"(?m)^probe\.a\tprobe\.work\tactive\t\d+\t0\t\d+\t0$")
        self.small.request("POST", f"/probe/{self.small.tenant}/timer?in_ms=3600000&name=hour")
        self.assertRegex(self.good("timers", "Demo A"), rf"^\S+Z\t{self.small.tenant}\t\*+\thour\tprobe.work\n$")
        self.assertEqual(self.good("timers", "Demo B"), "")
        self.small.sql("DELETE FROM wakala.timer WHERE name = 'hour'")

    # the running host

    def test_status(self):
        status = json.loads(self.good("status", "--json"))
        serving = [g for g in status["generations"] if g["number"] == status["serving"]][0]
        self.small.steady()
        self.assertEqual(status["pid"], self.small.host.process.pid)
        self.assertEqual((serving["state"], serving["workers_wanted"], [p["name"] for p in serving["plugins"]]), ("active", 2, ["whatsapp", "probe"]))
        self.assertEqual(status["conf"], self.small.host.conf)
        text = self.good("status")
        self.assertIn(f"master pid {self.small.host.process.pid},", text)
        self.assertRegex(text, rf"generation {status['serving']}  active")

    def test_rollback_goes_back_to_what_served_before(self):
        before = json.loads(self.good("status", "--json"))["serving"]
        self.good("reload")
        self.assertRegex(self.good("rollback"), r"^rollback: generation \d+ serves \(\d+ ms\)")
        after = json.loads(self.good("status", "--json"))
        self.assertEqual((after["reload"]["what"], after["reload"]["ok"]), ("rollback", True))
        self.assertGreater(after["serving"], before)
        self.assertEqual(self.small.request("GET", "/probe/hello")[0], 200)

    def test_zz_stop_ends_it_and_says_so_when_nothing_runs(self):
        """Last by its name, and what it ends it starts again."""
        process, pids = self.small.host.process, self.small.host.workers()
        self.good("stop")
        self.assertEqual(process.wait(40), 0)
        until(lambda: not any(procs.is_alive(pid) for pid in pids), 5, "the workers are gone")
        for command in ("status", "stop", "reload", "rollback"):
            self.bad(NOT_RUNNING, rf"no wakala runs with host\.run_dir {self.small.host.dir}/run", command)
        self.good("check")
        self.small.host.start()
        self.assertEqual(request(self.small.host.admin_port, "GET", "/readyz")[0], 200)


class Decode(Case):
    """`whatsapp decode` needs no server, and says of every sample what lies in it."""

    def decode(self, *names):
        folder = procs.make_dir(f"{self.small.dir}/bodies", 0o755)
        for path in names:  # commands run as the servers' user, who may not reach the checkout
            shutil.copy(path, folder)
            os.chmod(f"{folder}/{os.path.basename(path)}", 0o644)
        return self.small.host.cli("whatsapp", "decode", *(f"{folder}/{os.path.basename(path)}" for path in names), check=False)

    @staticmethod
    def expected(body):
        """What a reader of the documents would say, with another JSON parser: one row per update."""
        for entry in body["entry"]:
            for change in entry["changes"]:
                value = change["value"]
                number = value.get("metadata", {}).get("phone_number_id", "-")
                if change["field"] != "messages":
                    yield ["other", "-", "-", "-", change["field"]]
                    continue
                for m in value.get("messages", []):
                    yield ["message", number, m["id"], m.get("from_user_id") or m["from"], m["type"]]
                for s in value.get("statuses", []):
                    yield ["status", number, s["id"], s.get("recipient_user_id") or s["recipient_id"], s["status"]]

    def test_every_sample(self):
        paths = sorted(glob.glob(f"{ROOT}/tests/samples/whatsapp/*.json"))
        self.assertEqual(len(paths), 20)
        rows = []
        for path in paths:
            with open(path, encoding="utf-8") as f:
                rows += self.expected(json.load(f))
        status, out = self.decode(*paths)
        self.assertEqual(status, DONE, out)
        self.assertEqual([line.split("\t") for line in out.splitlines()], rows)

    def test_what_is_not_understood_has_its_line_and_the_rest_is_still_decoded(self):
        bad = f"{self.small.dir}/bad.json"
        with open(bad, "w", encoding="utf-8") as f:
            f.write("{")
        status, out = self.decode(bad, f"{ROOT}/tests/samples/whatsapp/01-text.json")
        self.assertEqual(status, DONE)
        self.assertRegex(out, r"(?m)^\S*bad\.json: whatsapp\.not_json: byte 1: truncated$")
        self.assertRegex(out, r"(?m)^bad\t-\t-\t-\t-$")
        self.assertRegex(out, r"(?m)^message\t110000000000001\t")

    def test_a_file_that_cannot_be_read_is_1(self):
        status, out = self.small.host.cli("whatsapp", "decode", "/nowhere.json", check=False)
        self.assertEqual(status, REFUSED)
        self.assertIn("/nowhere.json: No such file", out)


if __name__ == "__main__":
    unittest.main()
