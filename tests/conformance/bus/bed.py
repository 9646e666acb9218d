"""Two hosts of one worker each on one database, and what carries their events: the log alone, or a broker of their own behind a wire that can be cut."""
import json
import os
import random
import shutil
import signal
import time

from faults.small import Small
from harness import procs
from harness.amqp import Amqp
from harness.procs import Failed, until
from harness.rabbitmq import PASSWORD, USER, RabbitMQ
from harness.sim import request
from harness.stack import Host, temp_folder, write
from harness.wire import Wire

LONG = bool(os.environ.get("WAKALA_LONG"))
BUS_CONF = """enabled = true;
nodes = "{nodes}";
{tls}user = "{user}";
password = "env:WAKALA_RABBITMQ_PASSWORD";
outside = "all=probe.*";
prefetch = {prefetch};
connect_deadline = "500ms";
"""


class Pair(Small):
    """self.host and self.other: both serve, on one database; a test that asks for only one lets the other be."""
    bus = "log"

    def __init__(self, fallback="2s", prefetch=100, **options):
        super().__init__(workers=1, plugins=self.plugins_wanted(), **options)
        self.fallback, self.prefetch = fallback, prefetch
        self.other = None
        # Freed memory that the sanitizer keeps back would look like growth.
        self.host.env["ASAN_OPTIONS"] += ":quarantine_size_mb=8"

    @staticmethod
    def plugins_wanted():
        return ("whatsapp", "probe")

    def hosts(self):
        return [self.host] + ([self.other] if self.other else [])

    def configure(self):
        super().configure()
        with open(self.host.conf, encoding="utf-8") as f:
            text = f.read()
        write(self.host.conf, text + f'bus = {{ log_fallback = "{self.fallback}"; }};\n')

    def start_other(self):
        """A second host, as on another machine: its own folder, ports and name."""
        first, port = self.host, procs.free_ports(2)
        self.other = Host("other", f"{self.dir}/other", self.build, port[0], port[1], dict(first.env))
        shutil.copytree(first.dir, self.other.dir, ignore=shutil.ignore_patterns("run", "cache", "log"))
        for part in ("", "/run", "/cache", "/wakala.d", "/plugins"):
            procs.make_dir(self.other.dir + part, 0o755)
        with open(first.conf, encoding="utf-8") as f:
            text = f.read()
        for old, new in ((first.port, port[0]), (first.admin_port, port[1])):
            text = text.replace(f":{old}\"", f":{new}\"")
        write(self.other.conf, text.replace("host = { ", "host = { name = \"other\"; ", 1))
        for name in os.listdir(f"{first.dir}/wakala.d"):
            procs.own(f"{self.other.dir}/wakala.d/{name}")
        self.other.start()
        self.wait_shared()

    def wait_shared(self):
        until(lambda: len(self.owners()) == 2, 20, "both hosts own lanes", lambda: str(self.owners()))

    def owners(self):
        """{host: lanes}, of owners that live."""
        rows = self.sql("SELECT split_part(owner, '/', 1), count(*) FROM wakala.lane l WHERE EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' "
                        "AND classid = 7310002 AND objid = l.lane AND granted) GROUP BY 1")
        return {name: int(n) for name, n in rows}

    def stop(self):
        try:
            if self.other:
                self.other.stop()
        finally:
            super().stop()

    def ask(self, host, path, method="POST", timeout=10):
        return request(host.port, method, path, b"" if method == "POST" else None, timeout=timeout)

    def post(self, n=1, first=0, keys=1, host=None, **more):
        """Events by a request; True: acknowledged. False: nobody knows."""
        query = "&".join(f"{k}={v}" for k, v in dict(dict(type="probe.work", n=n, first=first, keys=keys), **more).items())
        try:
            return self.ask(host or self.host, f"/probe/{self.tenant}/publish?{query}")[0] == 202
        except (OSError, ValueError, EOFError):
            return False
        except Exception as why:  # http.client's own
            if type(why).__module__ != "http.client":
                raise
            return False

    def metrics(self, host=None):
        out = {}
        for line in request((host or self.host).admin_port, "GET", "/metrics")[2].decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                out[name] = float(value)
        return out

    def total(self, name):
        return sum(self.metrics(host).get(name, 0) for host in self.hosts())

    # What must be true in the end, by the database alone.

    AUDIT = """
    WITH want AS (SELECT s.sub, e.id FROM wakala.event e CROSS JOIN (VALUES ('a'), ('b')) s(sub) WHERE e.type = 'probe.work'),
         have AS (SELECT sub, event_id, count(*) n FROM probe_seen GROUP BY 1, 2)
    SELECT (SELECT count(*) FROM want), (SELECT count(*) FROM want w LEFT JOIN have h ON h.sub = w.sub AND h.event_id = w.id WHERE h.n IS NULL),
           (SELECT count(*) FROM have WHERE n > 1),
           (SELECT count(*) FROM (SELECT n, lag(n) OVER (PARTITION BY sub, key ORDER BY id) before FROM probe_seen) t WHERE n < before)"""

    def audit(self):
        """(effects wanted, missing, doubled, out of order) of probe.work."""
        return [int(x) for x in self.sql(self.AUDIT)[0]]

    def wait_all(self, seconds):
        """Everything in the log has taken effect."""
        until(lambda: self.audit()[1] == 0, seconds, "every event has taken effect", lambda: f"{self.audit()} {self.bus_words()}\n{self.host.tail(15)}")

    def bus_words(self):
        try:
            return {k: int(v) for host in self.hosts() for k, v in self.metrics(host).items() if "_bus_" in k or "_dead_" in k or "_parked_" in k}
        except OSError:
            return "(no metrics)"

    def clear(self):
        self.sql("TRUNCATE probe_seen; TRUNCATE wakala.dead; DELETE FROM wakala.event WHERE type LIKE 'probe.%'")

    def flood(self, type, cls, count):
        """So many events at once, over the keys that events of this type have already."""
        self.sql("WITH k AS (SELECT DISTINCT key, lane FROM wakala.event WHERE type = '%s'), n AS (SELECT count(*) n FROM k) "
                 "INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) SELECT %d, k.lane, gen_random_uuid(), '%s', wakala.now(), "
                 "'%s', k.key, json_build_object('n', i, 'fail', 0) FROM generate_series(1, %d / (SELECT n FROM n)) i CROSS JOIN k ORDER BY i"
                 % (type, cls, self.tenant, type, count), timeout=300)

    # What can die.

    def parts(self):
        return ["worker", "master", "postgres"]

    def strike(self, what, dice):
        host = dice.choice(self.hosts())
        if what == "worker":
            for pid in host.workers()[:1]:
                procs.send(pid, signal.SIGKILL)
        elif what == "master":
            host.kill()
            host.start(wait=False)
        elif what == "postgres":
            self.pg.kill()
            self.pg.start()

    def heal(self):
        """As a service manager does it: a master that found no database when it began is started again."""
        def ready():
            for host in self.hosts():
                if not host.is_running():
                    host.start(wait=False)
            return all(host.is_ready() for host in self.hosts())
        until(ready, 60, "both hosts are ready", lambda: "\n".join(host.tail() for host in self.hosts()))


class RabbitPair(Pair):
    bus = "rabbitmq"

    def __init__(self, tls=None, **options):
        self.folder = temp_folder("wakala-rabbit-")
        self.broker = RabbitMQ(f"{self.folder}/node", tls=tls)
        self.tls = ""
        self.broker.start()
        self.wire = Wire(self.broker.port)
        self.nodes = f"127.0.0.1:{self.wire.port}"
        super().__init__(**options)
        self.host.env["WAKALA_RABBITMQ_PASSWORD"] = PASSWORD

    @staticmethod
    def plugins_wanted():
        return ("whatsapp", "probe", "rabbitmq")

    def conf(self, plugin, text, order=20):
        if plugin == "rabbitmq":
            text = BUS_CONF.format(nodes=self.nodes, user=USER, prefetch=self.prefetch, tls=self.tls)
        super().conf(plugin, text, order)

    def __enter__(self):
        super().__enter__()
        self.wait_carried(60)
        return self

    def start_other(self):
        super().start_other()
        self.wait_carried()

    def is_carried(self):
        """The relay's own word, and every host reads by deliveries."""
        fresh = self.sql("SELECT 1 FROM wakala.bus WHERE is_carrying AND at > wakala.now() - interval '3 seconds'")
        return fresh and all(self.metrics(host).get('wakala_dependency_up{dependency="rabbitmq"}') == 1 for host in self.hosts())

    def wait_carried(self, seconds=40):
        until(self.is_carried, seconds, "the bus carries", lambda: f"{self.bus_words()}\n{self.host.tail(15)}\n{self.broker.tail(5)}")
        time.sleep(1.2)  # two looks: every worker has read it, and its lanes have been scanned once more

    def amqp(self):
        return Amqp(self.broker.port, USER, PASSWORD)

    def clear(self):
        super().clear()
        with self.amqp() as a:
            a.purge("wakala.out.all")

    def parts(self):
        return super().parts() + ["broker", "wire", "wire"]

    def strike(self, what, dice):
        if what == "broker":
            self.broker.kill()
            time.sleep(dice.random() * 3)
            self.broker.start()
        elif what == "wire":
            self.wire.cut()
        else:
            super().strike(what, dice)

    def stop(self):
        try:
            super().stop()
        finally:
            self.wire.stop()
            self.broker.remove()
            if not os.environ.get("WAKALA_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)


__all__ = ["Pair", "RabbitPair", "LONG", "Failed", "json", "random", "until"]
