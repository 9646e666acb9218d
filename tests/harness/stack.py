"""The whole service in one folder on free ports: PostgreSQL, the simulator's host, the host. Started, broken, ended by pid.

    with Stack(workers=2) as stack:
        wamid = stack.sim.say("27820000001", "100000000000001", text="hi")
        stack.kill("worker")
        stack.sql("SELECT count(*) FROM wakala.event")
"""
import glob
import http.client
import os
import re
import shutil
import signal
import tempfile
import threading
import time

from . import demo_values, fault, procs
from .postgres import Postgres
from .procs import Failed, Late, until
from .redis import Redis
from .sim import Sim, request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:|SUMMARY: UndefinedBehavior")
UNLISTED = re.compile(r"error code \S+ is (not in the catalogue|listed with another class)")


def default_build():
    """WAKALA_BUILD, else the newest of build/dev and build/release."""
    if os.environ.get("WAKALA_BUILD"):
        return os.environ["WAKALA_BUILD"]
    found = [f"{ROOT}/build/{name}" for name in ("dev", "release") if os.path.exists(f"{ROOT}/build/{name}/wakala")]
    if not found:
        raise Failed("nothing is built: run script/test or script/run, or set WAKALA_BUILD")
    return max(found, key=lambda path: os.path.getmtime(f"{path}/wakala"))


def plugin_of_tests(name):
    """A plugin that only tests have: in the build itself, which servers may not be able to reach; copy it where they can."""
    return f"{os.path.abspath(default_build())}/tests/plugins/so/{name}.so"


def temp_folder(prefix="wakala-"):
    """A folder that servers can reach and plugins can be loaded from."""
    for base in (tempfile.gettempdir(), "/var/tmp", "/dev/shm"):
        if os.path.isdir(base) and not os.statvfs(base).f_flag & os.ST_NOEXEC:
            path = tempfile.mkdtemp(prefix=prefix, dir=base)
            os.chmod(path, 0o755)
            procs.own(path)
            return path
    raise Failed("no folder for temporary files from which programs may run (all are mounted noexec); set TMPDIR")


def reachable_build(build, folder):
    """The build itself, or a copy in `folder` when servers cannot reach it (a checkout below /root)."""
    if procs.may_reach(f"{build}/wakala") and procs.may_reach(f"{build}/plugins"):
        return build
    copy = f"{folder}/build"
    procs.make_dir(copy, 0o755)
    for part in ("wakala", "plugins", "share"):
        source, target = f"{build}/{part}", f"{copy}/{part}"
        if os.path.isdir(source):
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, f"{target}.new")
            os.replace(f"{target}.new", target)
    return copy


def fill(path, values):
    """A template with its @gaps@ filled."""
    with open(path, encoding="utf-8") as f:
        text = f.read()

    def value(match):
        if match.group(1) not in values:
            raise Failed(f"{path}: nothing is known for @{match.group(1)}@")
        return str(values[match.group(1)])
    return re.sub(r"@(\w+)@", value, text)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o600)
    procs.own(path)


class Host:
    """One instance of the executable: its folder, its configuration, its processes."""

    def __init__(self, name, folder, build, port, admin_port, env=None):
        self.name, self.dir, self.build, self.port, self.admin_port = name, folder, build, port, admin_port
        self.exe = f"{build}/wakala"
        self.conf = f"{folder}/wakala.conf"
        self.log = f"{folder}/log"
        # Servers end by _exit and by kill; what they leak while they live is measured by their size, not at their end.
        self.env = dict(demo_values.ENVIRONMENT, **(env or {}))
        self.env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "abort_on_error=1") + ":detect_leaks=0"
        self.process = None
        self.started = 0

    def configure(self, template, plugin_files, values):
        """wakala.conf from a template, and one file per plugin: later folders replace files of earlier ones."""
        procs.make_dir(self.dir, 0o755)
        for part in ("run", "cache", "wakala.d"):
            procs.make_dir(f"{self.dir}/{part}", 0o755)
        known = dict(values, plugins=f"{self.build}/plugins", share=f"{self.build}/share", port=self.port, admin_port=self.admin_port)
        write(self.conf, fill(template, known))
        for old in glob.glob(f"{self.dir}/wakala.d/*.conf"):
            os.remove(old)
        for source in plugin_files:
            write(f"{self.dir}/wakala.d/{os.path.basename(source)}", fill(source, known))

    def argv(self, *args):
        return [self.exe, "--conf", self.conf, *args]

    def cli(self, *args, timeout=60, check=True, stdin=None):
        """A command of ours on this configuration: its output, or (status, output) with check=False."""
        status, out = procs.run(self.argv(*args), self.env, timeout, stdin=stdin)
        if not check:
            return status, out
        if status:
            raise Failed(f"wakala {' '.join(args)} ({self.name}) ended with {status}:\n{out.strip()}")
        return out

    def start(self, seconds=60, wait=True, env=None):
        procs.require_free({f"{self.name} port": self.port, f"{self.name} admin port": self.admin_port})
        self.process = procs.spawn(self.argv("run"), self.log, dict(self.env, **(env or {})))
        self.started += 1
        if wait:
            self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds=60):
        def ready():
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended at once with status {self.process.returncode}:\n{self.tail()}")
            return self.is_ready()
        until(ready, seconds, f"{self.name} is ready on {self.admin_port}", self.tail)

    def is_ready(self):
        try:
            return request(self.admin_port, "GET", "/readyz", timeout=2)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def metrics(self):
        """/metrics as {name with labels: value}; counters of the workers reach it once a second."""
        out = {}
        for line in request(self.admin_port, "GET", "/metrics")[2].decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                out[name] = float(value)
        return out

    def serves(self):
        """A worker answers on the public port."""
        query = f"hub.mode=subscribe&hub.challenge=42&hub.verify_token={demo_values.VERIFY_TOKEN}"
        try:
            return request(self.port, "GET", f"/webhooks/whatsapp?{query}", timeout=2)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def is_running(self):
        return bool(self.process) and self.process.poll() is None

    def workers(self):
        """Workers of the newest generation, oldest first."""
        if not self.is_running():
            return []
        by_generation = {}
        for pid in procs.children(self.process.pid):
            match = re.search(r"--generation=(\d+)", procs.command(pid))
            if match:
                by_generation.setdefault(int(match.group(1)), []).append(pid)
        return by_generation[max(by_generation)] if by_generation else []

    def kill(self):
        """The master, without warning; its workers must not outlive it."""
        if not self.process:
            return
        pids = [self.process.pid] + procs.descendants(self.process.pid)
        procs.send(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        until(lambda: not any(procs.is_alive(pid) for pid in pids) and not procs.holders(self.port), 10,
              f"the workers of {self.name} end with their master")

    def stop(self, seconds=40):
        if self.process:
            procs.end(self.process, seconds)
            self.process = None

    def text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def tail(self, lines=12):
        return "\n".join(self.text().splitlines()[-lines:]) or "(no log)"

    def findings(self):
        """What a sanitizer had to say, and error codes that nobody lists."""
        lines = self.text().splitlines()
        return [f"{self.name}: {line}" for i, text in enumerate(lines) if SANITIZER.search(text) for line in lines[i:i + 12]] + [
            f"{self.name}: {line}" for line in lines if UNLISTED.search(line)]


def database_of(server):
    """Of a database server of the tests: all are databases of one PostgreSQL, which have no more in common than two machines would, and their roles."""
    return "wakala" if server == "main" else f"wakala_{server}"


def servers_conf(pg, servers):
    """wakala.conf's group of them, {name: shards}; "" without any."""
    def one(name, shards):
        ends = "".join(f'{key} = "{pg.conninfo(database_of(name), role)}"; ' for key, role in (("app", "wakala_app"), ("host", "wakala_host"), ("owner", "postgres")))
        return f'{name} = {{ {ends}shards = "{shards}"; }}; '
    return f"servers = {{ {''.join(one(*s) for s in servers.items())}}};\n" if servers else ""


class Stack:
    """Everything. `faults`: the host's workers count their fault points in self.page, which can be armed again and again; `point`
    arms it once, when the host is ready. Whoever dies of it is replaced by the master and nobody else."""

    def __init__(self, folder=None, workers=2, point=None, faults=False, seed=0, keep=False, test_clock=True, ports=None, build=None,
                 durable=False, one_postgres=False, sim=True, settings=None, redis=False, others=()):
        self.is_temporary, self.keep = folder is None, keep or bool(os.environ.get("WAKALA_KEEP"))
        self.dir = folder or temp_folder()
        self.build = reachable_build(os.path.abspath(build or default_build()), self.dir)
        self.point, self.seed, self.test_clock, self.workers, self.has_sim = point, seed, test_clock, workers, sim
        self.page = None
        port = list(ports or procs.free_ports(4))
        self.pg = Postgres(f"{self.dir}/pg", durable)
        # A database server of its own for the simulator: killing the shop's must not lose what people were told.
        self.sim_pg = self.pg if one_postgres else Postgres(f"{self.dir}/pg-sim", durable)
        self.host = Host("host", f"{self.dir}/host", self.build, port[0], port[1])
        self.sim_host = Host("simulator", f"{self.dir}/sim", self.build, port[2], port[3])
        self.redis = Redis(f"{self.dir}/redis") if redis else None
        self.sim = Sim(port[2])
        self.settings = settings or {}
        # More database servers, by name: databases of the same PostgreSQL. Where the demo shop is, of all of them, and nobody moves it meanwhile.
        self.others, self.place, self.placing = tuple(others), "main", threading.RLock()
        if seed:
            self.host.env["WAKALA_SEED"] = str(seed)
        if faults or point:
            self.page = fault.Page(f"{self.dir}/fault-points")
            self.host.env["WAKALA_FAULT"] = self.page.setting

    # life

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def servers(self):
        """Of PostgreSQL: one or two."""
        return [self.pg] if self.sim_pg is self.pg or not self.has_sim else [self.pg, self.sim_pg]

    def configure(self):
        demo = f"{ROOT}/etc/demo"
        values = {
            "app": self.pg.conninfo("wakala", "wakala_app"), "host": self.pg.conninfo("wakala", "wakala_host"),
            "owner": self.pg.conninfo("wakala", "postgres"), "workers": self.workers, "sim_port": self.sim_host.port,
            "redis": self.redis.servers if self.redis else "",
        }
        by_name = {}
        for source in sorted(glob.glob(f"{ROOT}/etc/wakala.d/*.conf")) + sorted(glob.glob(f"{demo}/host.d/*.conf")):
            by_name[os.path.basename(source).partition("-")[2]] = source
        self.host.configure(f"{demo}/host.conf", by_name.values(), values)
        with open(self.host.conf, "a", encoding="utf-8") as f:
            f.write(servers_conf(self.pg, {name: "" for name in self.others}))
        values = {
            "app": self.sim_pg.conninfo("wakala_sim", "wakala_app"), "host": self.sim_pg.conninfo("wakala_sim", "wakala_host"),
            "owner": self.sim_pg.conninfo("wakala_sim", "postgres"), "host_port": self.host.port,
        }
        if not self.has_sim:
            return
        self.sim_host.configure(f"{demo}/sim.conf", sorted(glob.glob(f"{demo}/sim.d/*.conf")), values)

    def prepare(self):
        """Databases, tenants, the demo shop; what is there already stays."""
        for pg in self.servers():
            pg.start()
        if self.redis:
            self.redis.start()
        self.configure()
        clock = ["--test-clock"] if self.test_clock else []
        for host, pg, database in ((self.host, self.pg, "wakala"), (self.sim_host, self.sim_pg, "wakala_sim")):
            if host is self.sim_host and not self.has_sim:
                continue
            for name in [database] + [database_of(other) for other in self.others if host is self.host]:
                if not pg.has_database(name):
                    pg.create_database(name)
            host.cli("migrate", *clock, timeout=120)
        have = {row[0] for row in self.sql("SELECT address FROM wakala.address")}
        for name, numbers, waba in demo_values.TENANTS:
            if numbers[0] not in have:
                self.host.cli("tenant", "create", name, "--number", ",".join(numbers), "--waba", waba)
        self.seed_with("seed.sql", self.pg, "wakala")
        if self.has_sim:
            self.seed_with("sim.sql", self.sim_pg, "wakala_sim")

    @staticmethod
    def seed_with(name, pg, database):
        with open(f"{ROOT}/etc/demo/{name}", encoding="utf-8") as f:
            pg.sql(f.read(), database)

    def start(self):
        self.prepare()
        self.start_hosts()
        return self

    def start_hosts(self):
        if self.has_sim:
            self.sim_host.start()
        self.host.start()
        if self.point:
            self.page.arm(*fault.parse(self.point))

    def stop(self):
        try:
            for host in (self.host, self.sim_host):
                host.stop()
        finally:
            if self.redis:
                self.redis.stop()
            for pg in self.servers():
                pg.stop()
            if self.page:
                self.page.close()
        if self.is_temporary and not self.keep:
            for pg in self.servers():
                pg.remove()
            shutil.rmtree(self.dir, ignore_errors=True)

    def save(self):
        """Keep the databases as they are now, so that reset() can bring them back in a moment. The hosts must be stopped."""
        for pg, name in ((self.pg, "wakala"), (self.sim_pg, "wakala_sim")):
            pg.drop_database(f"{name}_base")
            pg.create_database(f"{name}_base", name)

    def reset(self):
        for host in (self.host, self.sim_host):
            host.stop()
        for pg, name in ((self.pg, "wakala"), (self.sim_pg, "wakala_sim")):
            pg.start()
            pg.drop_database(name)
            pg.create_database(name, f"{name}_base")
        for host in (self.host, self.sim_host):
            if os.path.exists(host.log):
                os.truncate(host.log, 0)

    def hint(self):
        """Where to look after a failure."""
        where = f"  kept in {self.dir}\n" if self.keep or not self.is_temporary else "  (--keep leaves the folder with all logs)\n"
        return f"{where}  the host's last words:\n{self.host.tail(8)}"

    # what a scenario may ask for

    def sql(self, text, timeout=30, server=None):
        """Where the demo shop is, unless told."""
        with self.placing:
            return self.pg.sql("SET search_path = pool, wakala, public;\n" + text, database_of(server or self.place), timeout=timeout)

    def sql_everywhere(self, text):
        return [row for server in ("main", *self.others) for row in self.sql(text, server=server)]

    def move(self, tenant, server):
        """`wakala tenant move` of the demo shop; what it printed."""
        with self.placing:
            out = self.host.cli("tenant", "move", tenant, "--server", server)
            self.place = server
            return out.strip()

    def advance(self, seconds):
        if not self.test_clock:
            raise Failed("time cannot be moved: the database was not made with --test-clock")
        for server in ("main", *self.others):
            self.pg.sql(f"SELECT wakala.advance('{seconds} seconds')", database_of(server))
        if self.has_sim:
            self.sim_pg.sql(f"SELECT wakala.advance('{seconds} seconds')", "wakala_sim")

    def kill(self, what):
        """kill -9 something, bring back what nobody else brings back; seconds from the death until the public port serves again."""
        begin = time.monotonic()
        if what == "worker":
            victims = self.host.workers()
            if not victims:
                raise Failed("there is no worker to kill")
            procs.send(victims[0], signal.SIGKILL)
            until(lambda: not procs.is_alive(victims[0]), 5, "the worker is dead")
        elif what == "master":
            self.host.kill()
            self.host.start()
        elif what == "postgres":
            self.pg.kill()
            self.pg.start()
        elif what == "simulator":
            self.sim_host.kill()
            self.sim_host.start()
        else:
            raise Failed(f"cannot kill {what}; only worker, master, postgres, simulator")
        until(self.host.serves, 30, f"the host serves after kill -9 of {what}", self.host.tail)
        return time.monotonic() - begin

    def start_part(self, what):
        {"postgres": self.pg.start, "host": self.host.start, "simulator": self.sim_host.start}[what]()

    def tenant(self, verb, name):
        self.host.cli("tenant", verb, name)

    def reload(self, timeout=90):
        """`wakala reload`, awaited: (went through, verdict)."""
        status, out = self.host.cli("reload", timeout=timeout, check=False)
        return status == 0, out.strip()

    def invariants(self):
        """tests/invariants/*.sql: every row that a query returns is a complaint."""
        complaints = []
        for path in sorted(glob.glob(f"{ROOT}/tests/invariants/*.sql")):
            with open(path, encoding="utf-8") as f:
                rows = self.sql_everywhere(f.read())
            complaints += [f"{os.path.basename(path)}: {', '.join(row)}" for row in rows[:10]]
        return complaints

    def findings(self):
        return self.host.findings() + self.sim_host.findings()




__all__ = ["Stack", "Host", "Failed", "Late", "temp_folder", "default_build", "reachable_build", "ROOT"]
