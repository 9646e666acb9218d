"""PostgreSQL and one host with the plugins whatsapp and probe: what the tests of the host itself need, without shop and simulator."""
import hashlib
import hmac
import http.client
import json
import os
import shutil
import subprocess
import time
import unittest

from harness import demo_values, procs
from harness.postgres import Postgres
from harness.procs import until
from harness.redis import Redis
from harness.stack import ROOT, Host, database_of, default_build, reachable_build, servers_conf, temp_folder, write

CONF = """host = {{ workers = {workers}; listen = "127.0.0.1:{port}"; admin = "127.0.0.1:{admin}"; run_dir = "run"; cache_dir = "cache";
  plugin_dir = "plugins"; share_dir = "{share}"; crash_limit = 100; drain_deadline = "{drain}"; worker_memory_max = "{memory}"; }};
database = {{ app = "{app}"; host = "{host}"; owner = "{owner}"; }};
secrets = {{ key = "env:WAKALA_SECRETS_KEY"; }};
redis = {{ servers = "{redis}"; budget = "300ms"; }};
cache = {{ wait = "5s"; }};
http = {{ header_deadline = "2s"; idle_timeout = "75s"; }};
"""


class Small:
    def __init__(self, workers=2, drain="20s", memory="1G", durable=False, plugins=("whatsapp", "probe"), redis=False, servers=None):
        self.dir = temp_folder("wakala-small-")
        build = reachable_build(os.path.abspath(default_build()), self.dir)
        self.pg = Postgres(f"{self.dir}/pg", durable)
        self.redis = Redis(f"{self.dir}/redis") if redis else None
        port = procs.free_ports(2)
        self.host = Host("host", f"{self.dir}/host", build, port[0], port[1])
        self.build, self.workers, self.drain, self.memory, self.plugins = build, workers, drain, memory, plugins
        self.tenants = {}
        self.servers = servers or {}  # name: shards

    def __enter__(self):
        try:
            self.pg.start()
            if self.redis:
                self.redis.start()
            for server in self.all_servers():
                self.pg.create_database(database_of(server))
            self.configure()
            self.host.cli("migrate", "--test-clock", timeout=120)
            for name, numbers, waba in demo_values.TENANTS:
                out = self.host.cli("tenant", "create", name, "--number", ",".join(numbers), "--waba", waba)
                self.tenants[name] = out.split("\t")[0]
            self.tenant = self.tenants["Demo A"]
            self.host.start()
            return self
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        try:
            self.host.stop()
        finally:
            if self.redis:
                self.redis.stop()
            self.pg.stop()
            self.pg.remove()
            if not os.environ.get("WAKALA_KEEP"):
                shutil.rmtree(self.dir, ignore_errors=True)

    def configure(self):
        self.lay_out(self.host)
        for i, plugin in enumerate(self.plugins):
            self.install(plugin)
            extra = ""
            if plugin == "whatsapp":
                extra = ('app_secret = "env:WAKALA_WHATSAPP_APP_SECRET";\nverify_token = "env:WAKALA_WHATSAPP_VERIFY_TOKEN";\n'
                         'access_token = "env:WAKALA_WHATSAPP_ACCESS_TOKEN";\nbase_url = "http://127.0.0.1:9";\n')
            self.conf(plugin, "enabled = true;\n" + extra, 20 + i)

    def lay_out(self, host):
        """Folders and wakala.conf of a host on this database."""
        for part in ("", "/run", "/cache", "/wakala.d", "/plugins"):
            procs.make_dir(host.dir + part, 0o755)
        write(host.conf, CONF.format(workers=self.workers, port=host.port, admin=host.admin_port, share=f"{self.build}/share",
                                     drain=self.drain, memory=self.memory, app=self.pg.conninfo("wakala", "wakala_app"),
                                     host=self.pg.conninfo("wakala", "wakala_host"), owner=self.pg.conninfo("wakala", "postgres"),
                                     redis=self.redis.servers if self.redis else "") + servers_conf(self.pg, self.servers))

    def all_servers(self):
        return ["main", *self.servers]

    def second_host(self):
        """Another machine, as far as one can have it here: a host of its own on the same database, Redis and plugins."""
        port = procs.free_ports(2)
        host = Host("host2", f"{self.dir}/host2", self.build, port[0], port[1])
        self.lay_out(host)
        for part in ("wakala.d", "plugins"):
            shutil.copytree(f"{self.host.dir}/{part}", f"{host.dir}/{part}", dirs_exist_ok=True)
            for name in os.listdir(f"{host.dir}/{part}"):
                procs.own(f"{host.dir}/{part}/{name}")
        return host

    def conf(self, plugin, text, order=20):
        write(f"{self.host.dir}/wakala.d/{order}-{plugin}.conf", text)

    def install(self, plugin, source=None):
        """Into the plugin folder, as a package manager does it: written beside, renamed."""
        target = f"{self.host.dir}/plugins/{plugin}.so"
        shutil.copy2(source or f"{self.build}/plugins/{plugin}.so", target + ".new")
        os.chmod(target + ".new", 0o755)
        os.replace(target + ".new", target)

    def sql(self, text, timeout=30):
        return self.on("main", text, timeout)

    def on(self, server, text, timeout=30):
        return self.pg.sql("SET search_path = pool, wakala, public;\n" + text, database_of(server), timeout=timeout)

    def request(self, method, path, body=None, headers=None, timeout=10):
        c = http.client.HTTPConnection("127.0.0.1", self.host.port, timeout=timeout)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return r.status, r.read(), dict(r.getheaders())
        finally:
            c.close()

    def webhook(self, body, secret=demo_values.APP_SECRET, timeout=10, headers=None):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.request("POST", "/webhooks/whatsapp", body, dict({"X-Hub-Signature-256": signature, "Content-Type": "application/json"}, **(headers or {})), timeout)

    def publish(self, n=1, first=0, keys=1, fail=0, type="probe.work", key=None, later_ms=0, first_fails=0):
        return self.request("POST", f"/probe/{self.tenant}/publish?type={type}&n={n}&first={first}&keys={keys}&fail={fail}&later_ms={later_ms}&first_fails={first_fails}"
                            + (f"&key={key}" if key else ""))[0]

    def counts(self):
        return json.loads(self.request("GET", f"/probe/{self.tenant}/counts")[1])

    def steady(self, seconds=20):
        """The workers' pids, once all that are wanted are ready and none is about to be replaced."""
        limit = int(self.memory[:-1]) << {"M": 20, "G": 30}[self.memory[-1]]

        def pids():
            newest = max(json.loads(self.host.cli("status", "--json"))["generations"], key=lambda g: g["number"])
            calm = all(w["state"] == "ready" and 0 < procs.resident(w["pid"]) < limit for w in newest["workers"])
            return self.host.workers() if calm and len(newest["workers"]) == newest["workers_wanted"] else None
        return until(pids, seconds, "all workers are there", self.host.tail)

    def advance(self, seconds):
        for server in self.all_servers():
            self.pg.sql(f"SELECT wakala.advance('{seconds} seconds')", database_of(server))


class Session:
    """A database session that stays open: for tests that hold a transaction or a snapshot."""

    def __init__(self, pg, database="wakala"):
        self.process = subprocess.Popen([f"{pg.bin}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", pg.conninfo(database)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def say(self, text):
        self.process.stdin.write(text + "\n\\echo said\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.strip() == "said":
                return lines
            lines.append(line.strip())
        raise AssertionError(f"the session ended after: {text}: {lines}")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


def message(number, wamid, text="hi", user="27820000001", at=None, kind=None):
    """One text message in WhatsApp's envelope."""
    body = {"from": user, "id": wamid, "timestamp": str(int(at or time.time())), "type": "text", "text": {"body": text}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "210000000000001", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": {"display_phone_number": "15550100001", "phone_number_id": number},
        "contacts": [{"profile": {"name": "Amina"}, "wa_id": user}], "messages": [dict(body, **(kind or {}))]}}]}]}


class Case(unittest.TestCase):
    """One Small per class; every test must leave it serving."""
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.small = Small(**cls.options).__enter__()
        cls.addClassCleanup(cls.small.stop)

    def tearDown(self):
        findings = [f for f in self.small.host.findings() if not getattr(self, "expects_findings", False)]
        self.assertEqual(findings, [])


__all__ = ["Small", "Session", "Case", "message", "ROOT"]
