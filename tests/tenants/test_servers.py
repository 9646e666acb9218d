"""Tenants on two database servers: born on their shard's, found wherever they are, and moved from one to the other while they are served, with nothing lost,
nothing twice, nothing out of order, also when the command is killed. Alone: PYTHONPATH=tests python3 -m unittest tenants.test_servers"""
import collections
import hashlib
import http.client
import json
import os
import random
import signal
import subprocess
import threading
import time
import unittest
import uuid

from faults.small import Session, message
from harness import demo_values, procs
from harness.procs import until

from .bed import TenantsCase
from .test_rest import ROOT_USER

LONG = bool(os.environ.get("WAKALA_LONG"))
MINUTES = 60


def shard_of(tenant):
    return 1 + (hashlib.sha256(uuid.UUID(tenant).bytes).digest()[0] >> 3)


class ServersCase(TenantsCase):
    servers = {"two": "17-32"}

    def create(self, name, *more):
        number = self.number()
        tenant = self.good("tenant", "create", name, "--number", number, "--waba", number, *more).split("\t")[0]
        until(lambda: self.small.request("GET", f"/probe/{tenant}/counts")[0] == 200, 10, f"{name} is served", self.small.host.tail)
        return tenant, number

    def create_on(self, server, name, *more):
        """A tenant of that name on that server, whatever its shard says."""
        tenant, number = self.create(name, *more)
        if self.where(tenant) != server:
            self.good("tenant", "move", tenant, "--server", server)
        return tenant, number

    def where(self, tenant):
        found = [server for server in ("main", "two")
                 if self.small.on(server, f"SELECT wakala.tenant_is_here('{tenant}')") == [["t"]]]
        self.assertEqual(len(found), 1, f"{tenant} is on {found}")
        return found[0]

    def count(self, server, query):
        return int(self.small.on(server, query)[0][0])

    def seen(self, server, tenant, sub="a"):
        """What subscription `sub` of the probe has handled, as (key, n), in order."""
        return [(row[0], int(row[1])) for row in self.small.on(server, f"SELECT key, n FROM probe_seen WHERE tenant_id = '{tenant}' AND sub = '{sub}' ORDER BY id")]

    def publish(self, tenant, n=1, first=0, key="k", kind="probe.work", fail=0, later_ms=0):
        return self.small.request("POST", f"/probe/{tenant}/publish?type={kind}&n={n}&first={first}&keys=1&fail={fail}&later_ms={later_ms}&key={key}")[0]

    def left_over(self, server, tenant):
        """Tables of a server that still hold something of the tenant; the log, the row that says where it went, and the request that made it may."""
        tables = [row[0] for row in self.small.on(server, "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a "
                                                          "ON a.attrelid = c.oid AND a.attname = 'tenant_id' WHERE n.nspname IN ('pool', 'wakala') AND c.relkind IN ('r', 'p') "
                                                          "AND NOT c.relispartition AND c.relname NOT IN ('event', 'moved', 'tenant_job')")]
        return [t for t in tables if self.count(server, f"SELECT count(*) FROM {t} WHERE tenant_id = '{tenant}'")]


class Servers(ServersCase):
    def test_a_tenant_is_born_where_its_shard_is(self):
        born = collections.Counter()
        for i in range(12):
            tenant, number = self.create(f"Born {i}")
            born[self.where(tenant)] += 1
            self.assertEqual(self.where(tenant), "two" if shard_of(tenant) >= 17 else "main")
            self.assertEqual(self.good("tenant", "create", f"Born {i}", "--number", number, "--waba", number), f"{tenant}\texists\n")
        self.assertEqual(len(born), 2, born)
        lines = [line.split("\t") for line in self.good("tenant", "list").splitlines()]
        listed = {line[1]: line[-1] for line in lines}
        self.assertEqual(len(lines), len(listed))
        self.assertEqual({name: server for name, server in listed.items() if name.startswith("Born")}, {f"Born {i}": self.where(tenant_of) for i, tenant_of in
                         ((i, self.good("tenant", "show", f"Born {i}").split("id\t")[1].split("\n")[0]) for i in range(12))})

    def test_names_and_numbers_are_one_tenants_on_all_servers(self):
        a, number_a = self.create_on("main", "Here")
        b, _ = self.create_on("two", "There")
        self.bad(r"a tenant is called There already", "tenant", "set", a, "--name", "There")
        self.bad(rf"phone number id {number_a} belongs to another tenant", "tenant", "set", b, "--number", number_a, "--waba", "1")
        for i in range(6):  # whichever server it would be born on
            self.bad(rf"phone number id {number_a} belongs to another tenant", "tenant", "create", f"Thief {i}", "--number", number_a, "--waba", "1", "--request-id", f"t{i}")
            self.bad(r"a tenant is called There already", "tenant", "create", "There", "--request-id", f"again-{i}")
        self.good("tenant", "set", b, "--name", "There now")
        self.assertEqual(self.good("tenant", "show", "There now").split("id\t")[1].split("\n")[0], b)

    def test_rest_pages_over_all_servers(self):
        def ask(method, path, body=None):
            status, text, _ = self.small.request(method, path, json.dumps(body) if body else None, {"X-Who": ROOT_USER, "Content-Type": "application/json"})
            return status, json.loads(text)
        for i in range(5):
            status, made = ask("POST", "/v1/tenants", {"name": f"By REST {i}", "request_id": f"rest-{i}"})
            self.assertEqual(status, 201, made)
            self.assertEqual(ask("POST", "/v1/tenants", {"name": f"By REST {i}", "request_id": f"rest-{i}"})[1]["id"], made["id"])
            until(lambda: ask("GET", "/v1/tenants/" + made["id"])[0] == 200, 5, "it is found")
            self.assertEqual(ask("POST", f"/v1/tenants/{made['id']}/suspend", {"reason": "x"})[1]["status"], "suspended")
        ids, after = [], None
        while True:
            status, page = ask("GET", "/v1/tenants?limit=2" + (f"&after={after}" if after else ""))
            self.assertEqual(status, 200, page)
            self.assertLessEqual(len(page["items"]), 2)
            ids += [t["id"] for t in page["items"]]
            after = page.get("next")
            if not after:
                break
        listed = [line.split("\t")[0] for line in self.good("tenant", "list").splitlines()]
        self.assertEqual(ids, sorted(listed))

    def test_one_post_for_tenants_of_both(self):
        tenants = [self.create_on(server, f"Posted {server}") for server in ("main", "two")]
        posts = [message(number, f"wamid.both.{i}") for i, (_, number) in enumerate(tenants)]
        both = dict(posts[0], entry=posts[0]["entry"] + posts[1]["entry"])
        for _ in range(3):
            self.assertEqual(self.small.webhook(both)[0], 200)
        for i, (tenant, _) in enumerate(tenants):
            self.assertEqual(self.count(("main", "two")[i], f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{tenant}' AND type = 'whatsapp.incoming'"), 1)
            self.assertEqual(self.count(("two", "main")[i], f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{tenant}' AND type = 'whatsapp.incoming'"), 0)

    def test_a_server_that_is_away_keeps_nobody_else(self):
        (a, number_a), (b, number_b) = self.create_on("main", "Stays up"), self.create_on("two", "Goes down")
        self.small.pg.sql("ALTER DATABASE wakala_two ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'wakala_two'", "postgres")
        try:
            until(lambda: self.small.request("POST", f"/probe/{b}/keep?k=x&n=1")[0] == 503, 10, "its tenants are answered 503")
            for i in range(5):
                self.assertEqual(self.small.webhook(message(number_a, f"wamid.up.{i}"))[0], 200)
                self.assertEqual(self.publish(a, first=i), 202)
            self.assertEqual(self.small.webhook(message(number_b, "wamid.down"))[0], 503)
            until(lambda: len(self.seen("main", a)) == 5, 10, "its events are handled")
            root = {"X-Who": ROOT_USER}
            self.assertEqual(self.small.request("POST", f"/v1/tenants/{a}/suspend", b'{"reason":"x"}', root)[0], 200)
            self.assertEqual(self.small.request("POST", f"/v1/tenants/{a}/resume", b"{}", root)[0], 200)
            self.assertEqual(self.small.request("POST", "/v1/tenants", b'{"name":"Not now","request_id":"not-now"}', root)[0], 503, "its name could be taken there")
            self.good("reload")  # and a new generation comes up without it
            self.assertEqual(self.publish(a, first=5), 202)
            self.assertEqual(self.small.webhook(message(number_b, "wamid.down"))[0], 503, "not nobody's: nobody knows")
            self.assertEqual(self.small.webhook(message(number_a, "wamid.up.9"))[0], 200)
        finally:
            self.small.pg.sql("ALTER DATABASE wakala_two ALLOW_CONNECTIONS true", "postgres")
        until(lambda: self.small.webhook(message(number_b, "wamid.down"))[0] == 200, 20, "it heals by itself", self.small.host.tail)
        self.assertEqual(self.count("two", f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{b}' AND type = 'whatsapp.incoming'"), 1)
        until(lambda: self.publish(b, first=1) == 202 and ("k", 1) in self.seen("two", b), 20, "and its events are handled", self.small.host.tail)
        self.small.steady()


class Moves(ServersCase):
    def other(self, server):
        return {"main": "two", "two": "main"}[server]

    def move(self, tenant):
        to = self.other(self.where(tenant))
        out = self.good("tenant", "move", tenant, "--server", to)
        self.assertRegex(out, rf"^{tenant}\t{to}\t\d+ rows\t[\d.]+ MB\t\d+ waiting\t\d+ ms not served\n$")
        self.assertEqual(self.where(tenant), to)
        return to, int(out.split("\t")[5].split()[0])

    def test_everything_comes_along(self):
        tenant, number = self.create_on("main", "Whole shop", "--feature", "probe=on")
        for i in range(3):
            self.assertEqual(self.small.request("POST", f"/probe/{tenant}/keep?k=k{i}&n={i}")[0], 200)
        self.small.on("main", f"SELECT set_config('app.tenant', '{tenant}', false); INSERT INTO probe_kept (tenant_id, k, n) SELECT '{tenant}', 'many' || i, i FROM generate_series(1, 12000) i")
        self.publish(tenant, n=4)
        until(lambda: len(self.seen("main", tenant)) == 4, 10, "four are handled")
        self.publish(tenant, n=1, first=30, key="dead", fail=9)
        until(lambda: self.small.advance(10) or self.count("main", f"SELECT count(*) FROM wakala.dead WHERE tenant_id = '{tenant}'") == 2, 40, "a and b give it up")
        self.publish(tenant, n=1, first=10, key="fails", fail=2)              # parked, and what comes behind it
        self.publish(tenant, n=2, first=11, key="fails")
        self.publish(tenant, n=1, first=20, key="later", later_ms=30 * MINUTES * 1000)
        self.small.request("POST", f"/probe/{tenant}/timer?in_ms={10 * MINUTES * 1000}&name=soon")
        until(lambda: self.count("main", f"SELECT count(*) FROM wakala.parked WHERE tenant_id = '{tenant}'") >= 3, 10, "they wait")
        self.assertEqual(self.small.webhook(message(number, "wamid.before", at=time.time()))[0], 200)
        shown = self.good("tenant", "show", tenant)
        self.move(tenant)
        self.assertEqual(self.left_over("main", tenant), [])
        self.assertEqual(self.count("two", f"SELECT count(*) FROM probe_kept WHERE tenant_id = '{tenant}'"), 12003)
        self.assertEqual([line for line in self.good("tenant", "show", tenant).splitlines() if "updated_at" not in line],
                         [line.replace("server\tmain", "server\ttwo") for line in shown.splitlines() if "updated_at" not in line])
        self.assertEqual([line.split("\t")[3] for line in self.good("timers", tenant).splitlines()], ["soon"])
        dead = [line.split("\t") for line in self.good("dead", "list").splitlines() if tenant in line]
        self.assertEqual(sorted((line[2], line[4]) for line in dead), [("probe.a", "4"), ("probe.b", "4")])
        self.assertRegex(dead[0][0], r"^two/\d+$")
        self.assertIn("payload", self.good("dead", "show", dead[0][0]))
        self.good("dead", "drop", dead[1][0])
        until(lambda: self.small.request("GET", f"/probe/{tenant}/kept?k=k2")[1].startswith(b"2 "), 5, "it is served there")
        self.assertEqual(self.small.webhook(message(number, "wamid.before", at=time.time()))[0], 200)
        self.assertEqual(self.small.webhook(message(number, "wamid.after", at=time.time()))[0], 200)
        self.assertEqual(self.count("two", f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{tenant}' AND type = 'whatsapp.incoming' AND xid > '0'"), 1,
                         "what came before the move is known")
        self.publish(tenant, n=1, first=13, key="fails")  # behind those that came along
        until(lambda: self.small.advance(10) or all(("fails", 13) in self.seen("two", tenant, sub) for sub in "ab"), 60, "what failed is tried again", self.small.host.tail)
        for sub in "ab":
            self.assertEqual(self.seen("two", tenant, sub), [("k", n) for n in range(4)] + [("fails", n) for n in range(10, 14)])
        self.small.on("two", f"UPDATE wakala.event SET payload = json_build_object('n', 30, 'fail', 0)::text WHERE tenant_id = '{tenant}' AND key = 'dead'")  # mended
        self.good("dead", "requeue", dead[0][0])
        until(lambda: self.small.advance(10) or ("dead", 30) in self.seen("two", tenant, dead[0][2][-1]), 60, "a dead letter that came along is asked for", self.small.host.tail)
        self.small.advance(31 * MINUTES)
        until(lambda: ("later", 20) in self.seen("two", tenant), 20, "what waits for its time comes at its time", self.small.host.tail)
        until(lambda: self.count("two", f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{tenant}' AND key = 'timer'") == 1, 20, "its timer fires once")
        self.assertEqual(self.count("main", f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{tenant}' AND key = 'timer'"), 0)
        self.assertEqual(self.small.on("two", f"SELECT detail->>'from', detail->>'to' FROM wakala.audit WHERE tenant_id = '{tenant}' AND action = 'tenant.moved'"), [["main", "two"]])
        self.assertEqual(self.move(tenant)[0], "main")  # and back
        self.assertEqual(self.left_over("two", tenant), [])
        self.assertEqual(self.count("main", f"SELECT count(*) FROM probe_kept WHERE tenant_id = '{tenant}'"), 12003)
        self.assertEqual(self.small.webhook(message(number, "wamid.after", at=time.time()))[0], 200)
        self.assertEqual(self.count("main", f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{tenant}' AND type = 'whatsapp.incoming' AND xid > '0'"), 1)

    def test_a_server_that_says_nothing_does_not_hold_the_tenant(self):
        tenant, _ = self.create_on("main", "Held")
        stopped = Session(self.small.pg, "wakala_two")
        stopped.say(f"BEGIN; SET app.tenant = '{tenant}'; INSERT INTO pool.probe_kept (tenant_id, k, n) VALUES ('{tenant}', 'a', 0);")  # whoever writes that row waits
        try:
            self.assertEqual(self.small.request("POST", f"/probe/{tenant}/keep?k=a&n=1")[0], 200)
            status, out = self.small.host.cli("tenant", "move", tenant, "--server", "two", "--limit", "2", check=False, timeout=60)
        finally:
            stopped.close()
        self.assertEqual(status, 1, out)
        self.assertEqual(self.where(tenant), "main")
        until(lambda: self.small.request("POST", f"/probe/{tenant}/keep?k=b&n=2")[0] == 200, 10, "it is served where it was", self.small.host.tail)
        self.bad(r"--limit 0: seconds", "tenant", "move", tenant, "--server", "two", "--limit", "0")
        self.move(tenant)

    def test_how_long_nothing_is_written(self):
        """Grows with what the tenant has: printed, for docs/measurements.md."""
        tenant, _ = self.create_on("main", "Measured")
        has = 0
        for rows in (0, 20000) + ((200000, 1000000) if LONG else ()):
            at = self.where(tenant)
            self.small.on(at, f"SELECT set_config('app.tenant', '{tenant}', false); INSERT INTO probe_kept (tenant_id, k, n) "
                              f"SELECT '{tenant}', 'many' || i, i FROM generate_series({has + 1}, {rows}) i", timeout=120)
            has = rows
            to, stopped = self.move(tenant)
            print(f"  {rows} rows: {stopped} ms not served")
            self.assertEqual(self.count(to, f"SELECT count(*) FROM probe_kept WHERE tenant_id = '{tenant}'"), rows)
            self.assertEqual(self.left_over(at, tenant), [])

    def test_a_schema_of_its_own_moves(self):
        tenant, _ = self.create_on("main", "Own schema", "--isolation", "schema")
        schema = "t_" + tenant.replace("-", "")
        self.assertEqual(self.small.request("POST", f"/probe/{tenant}/keep?k=a&n=7")[0], 200)
        self.move(tenant)
        self.assertEqual(self.small.on("two", f"SELECT n FROM {schema}.probe_kept"), [["7"]])
        self.assertEqual(self.small.on("main", f"SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = '{schema}') + (SELECT count(*) FROM wakala.migration WHERE schema = '{schema}')"),
                         [["0"]])
        until(lambda: self.small.request("GET", f"/probe/{tenant}/kept?k=a")[1].startswith(b"7 "), 5, "it is served there")
        self.assertEqual(self.small.request("POST", f"/probe/{tenant}/keep?k=b&n=8")[0], 200)
        self.move(tenant)
        self.assertEqual(self.small.on("main", f"SELECT n FROM {schema}.probe_kept ORDER BY n"), [["7"], ["8"]])

    def test_to_a_shard_of_another_server(self):
        tenant, _ = self.create_on("main", "By shard")
        out = self.good("tenant", "move", tenant, "--shard", "20")
        self.assertRegex(out, rf"^{tenant}\ttwo\t")
        self.assertIn("shard\t20\n", self.good("tenant", "show", tenant))
        self.assertEqual(self.good("tenant", "move", tenant, "--shard", "21"), f"{tenant}\t21\n")
        self.assertEqual(self.where(tenant), "two")
        self.good("tenant", "move", "By shard", "--server", "two")  # once more cleans what was left behind, or says that it is there
        self.bad(r"no database server is called three; there are main, two", "tenant", "move", "By shard", "--server", "three")
        self.bad(r"no tenant is called Nobody", "tenant", "move", "Nobody", "--server", "two")

    def under_load(self, tenant, number, act):
        """While `act` runs: three keys published to, and webhooks of one person. What was acknowledged, by key."""
        sent, stop, slowest = collections.defaultdict(list), threading.Event(), [0.0]
        refused = collections.Counter()

        def publisher(key):
            n = 0
            while not stop.is_set():
                try:
                    status = self.publish(tenant, first=n, key=key)
                except (OSError, http.client.HTTPException):  # its worker was killed
                    status = 0
                refused[status] += status != 202
                if status == 202:  # else nothing is known of it, and the next one takes its number only if it is known to be lost
                    sent[key].append(n)
                n += 1

        def post(n):
            try:
                return self.small.webhook(message(number, f"wamid.load.{tenant}.{n}"))[0]
            except (OSError, http.client.HTTPException):
                return 0

        def sender():
            n = 0
            while not stop.is_set():
                began = time.monotonic()
                status = post(n)
                while status != 200:  # as Meta does
                    refused[f"webhook {status}"] += 1
                    time.sleep(0.2)
                    status = post(n)
                slowest[0] = max(slowest[0], time.monotonic() - began)
                sent["webhook"].append(n)
                n += 1
        threads = [threading.Thread(target=publisher, args=(f"key{i}",)) for i in range(3)] + [threading.Thread(target=sender)]
        for t in threads:
            t.start()
        try:
            act()
        finally:
            stop.set()
            for t in threads:
                t.join()
        print(f"  acknowledged {sum(map(len, sent.values()))}, not served {dict(refused)}, slowest webhook {slowest[0] * 1000:.0f} ms", flush=True)
        return sent

    def check(self, tenant, sent):
        """Everything acknowledged was handled by each subscription, once, in the order of its key, wherever the tenant was then."""
        server = self.where(tenant)

        def handled():
            return [len(self.seen(server, tenant, sub)) for sub in "ab"]
        wanted = sum(len(sent[f"key{i}"]) for i in range(3))
        until(lambda: min(handled()) >= wanted, 60, "all are handled", lambda: f"{handled()} of {wanted}\n{self.small.host.tail()}")
        for sub in "ab":
            seen = collections.defaultdict(list)
            for key, n in self.seen(server, tenant, sub):
                seen[key].append(n)
            for i in range(3):
                got = seen[f"key{i}"]
                self.assertEqual(got, sorted(set(got)), f"{sub}, key{i}: twice, or out of order")
                self.assertEqual(sorted(set(sent[f"key{i}"]) - set(got)), [], f"{sub}, key{i}: lost")
        stored = collections.Counter()
        for at in ("main", "two"):
            for row in self.small.on(at, f"SELECT payload::json->'message'->>'id' FROM wakala.event WHERE tenant_id = '{tenant}' AND type = 'whatsapp.incoming' AND xid > '0'"):
                stored[row[0]] += 1
        self.assertEqual(stored, {f"wamid.load.{tenant}.{n}": 1 for n in sent["webhook"]}, "webhooks lost or stored twice")
        self.assertEqual(self.left_over({"main": "two", "two": "main"}[server], tenant), [])

    def test_under_load_nothing_is_lost_twice_or_out_of_order(self):
        tenant, number = self.create_on("main", "Busy")
        stops = []

        def act():
            for _ in range(20 if LONG else 6):
                time.sleep(0.7)
                stops.append(self.move(tenant)[1])
            time.sleep(0.5)
        sent = self.under_load(tenant, number, act)
        print(f"  not served for {sorted(stops)} ms", flush=True)
        self.check(tenant, sent)

    def test_killed_at_any_moment_it_begins_again_or_is_finished(self):
        tenant, number = self.create_on("main", "Killed")
        self.small.on("main", f"SELECT set_config('app.tenant', '{tenant}', false); INSERT INTO probe_kept (tenant_id, k, n) SELECT '{tenant}', 'many' || i, i FROM generate_series(1, 20000) i")
        seed = int(os.environ.get("WAKALA_SEED", time.time()))
        dice = random.Random(seed)
        took, killed, finished = [], 0, 0
        print(f"seed {seed}")

        def act():
            nonlocal killed, finished
            began = time.monotonic()
            self.move(tenant)
            took.append(time.monotonic() - began)
            for _ in range(40 if LONG else 10):
                to = self.other(self.where(tenant))
                p = subprocess.Popen(self.small.host.argv("tenant", "move", tenant, "--server", to), env=self.small.host.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(dice.uniform(0, took[0] * 1.1))
                killed += p.poll() is None
                p.send_signal(signal.SIGKILL)
                p.wait()
                finished += "already" in self.good("tenant", "move", tenant, "--server", to)
                self.assertEqual(self.where(tenant), to)
        sent = self.under_load(tenant, number, act)
        print(f"  killed {killed}, of which finished already {finished}")
        self.assertGreater(killed, 0)
        self.check(tenant, sent)
        self.assertEqual(self.count(self.where(tenant), f"SELECT count(*) FROM probe_kept WHERE tenant_id = '{tenant}'"), 20000)

    def test_killed_behind_the_commit_that_decides(self):
        """It is served on the new server at once; what the command had left to do, a worker does."""
        tenant, number = self.create_on("main", "Decided")
        self.assertEqual(self.small.request("POST", f"/probe/{tenant}/timer?in_ms=1000&name=soon")[0], 202)
        self.move(tenant)
        self.small.on("two", f"UPDATE wakala.tenant SET is_ready = false, comes_from = 'main' WHERE id = '{tenant}'; INSERT INTO wakala.moving VALUES ('{tenant}', true)")
        until(lambda: self.small.webhook(message(number, "wamid.decided"))[0] == 200, 5, "it is served")
        self.assertEqual(self.count("two", f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{tenant}' AND type = 'whatsapp.incoming'"), 1)
        until(lambda: self.small.on("two", f"SELECT is_ready, comes_from IS NULL FROM wakala.tenant WHERE id = '{tenant}'") == [["t", "t"]], 15, "a worker ends it",
              self.small.host.tail)
        until(lambda: self.count("two", f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{tenant}' AND key = 'timer'") == 1, 10, "its timers fire")
        self.assertEqual(self.where(tenant), "two")

    def test_workers_killed_during_a_move(self):
        tenant, number = self.create_on("main", "Fragile")
        dice = random.Random(11)

        def act():
            for _ in range(4):
                p = subprocess.Popen(self.small.host.argv("tenant", "move", tenant, "--server", self.other(self.where(tenant))), env=self.small.host.env,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(dice.uniform(0, 0.3))
                procs.send(dice.choice(self.small.host.workers()), signal.SIGKILL)
                self.assertEqual(p.wait(60), 0)
                self.small.steady()
        self.check(tenant, self.under_load(tenant, number, act))


class Order(ServersCase):
    workers = 1  # what is promised is the order within one

    def test_who_waits_for_a_move_is_not_overtaken(self):
        """Messages of one person that come while the shop cannot be written to, over one connection each, are stored in the order they came in."""
        tenant, number = self.create_on("main", "In order")
        fence = Session(self.small.pg)
        fence.say(f"SELECT pg_advisory_lock(7310010, hashtext('{tenant}'));")
        answers, threads = [None] * 8, []

        def post(n):
            answers[n] = self.small.webhook(message(number, f"wamid.order.{n}"))[0]
        for n in range(8):
            threads.append(threading.Thread(target=post, args=(n,)))
            threads[-1].start()
            time.sleep(0.1)
            if n == 5:
                fence.close()
        for t in threads:
            t.join()
        self.assertEqual(answers, [200] * 8)
        self.assertEqual(self.small.on("main", f"SELECT payload::json->'message'->>'id' FROM wakala.event WHERE tenant_id = '{tenant}' AND type = 'whatsapp.incoming' ORDER BY xid, seq"),
                         [[f"wamid.order.{n}"] for n in range(8)])


if __name__ == "__main__":
    unittest.main()
