"""What the benches share: a durable PostgreSQL with one release host in a folder of its own, C helpers, CPU accounts, the lines of the result.

Standard output carries only name<TAB>metric<TAB>value<TAB>unit; everything for people goes to standard error.
"""
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import time

from harness import demo_values, procs
from harness.postgres import Postgres
from harness.procs import Failed
from harness.redis import Redis
from harness.sim import request
from harness.stack import ROOT, Host, default_build, reachable_build, temp_folder, write

FLAGS = ["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", f"-I{ROOT}/host", f"-I{ROOT}/sdk/include", f"-I{ROOT}"]
# As sdk/cmake/wakala-plugin.cmake builds one.
PLUGIN_FLAGS = ["-shared", "-fPIC", "-fvisibility=hidden", "-fstack-clash-protection", "-Wl,-z,defs", "-Wl,-z,now", "-Wl,-z,start-stop-visibility=hidden",
                "-Wl,--build-id=sha1"]
# As a small production server is set up; fsync, synchronous_commit and full_page_writes stay on. The same server serves every peer that uses PostgreSQL.
DURABLE = {"shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min", "wal_buffers": "16MB"}
NUMBER = demo_values.ADDRESS


def note(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def emit(bench, metric, value, unit):
    print(f"{bench}\t{metric}\t{value:.4g}\t{unit}" if isinstance(value, float) else f"{bench}\t{metric}\t{value}\t{unit}", flush=True)


def median(values):
    return float(statistics.median(values))


def compile_c(name, sources, rooms=(), packages=(), more=()):
    """A helper program below the build folder, remade when a source is newer. `rooms`: our libraries that it links."""
    build = os.path.abspath(default_build())
    os.makedirs(f"{build}/bench", exist_ok=True)
    out = f"{build}/bench/{name}"
    sources = [f"{ROOT}/{source}" for source in sources]
    libraries = [f"{build}/libwk_{room}.a" for room in rooms]
    newest = max(os.path.getmtime(path) for path in sources + libraries)
    if not os.path.exists(out) or os.path.getmtime(out) < newest:
        flags = shlex.split(subprocess.run(["pkg-config", "--cflags", "--libs", *packages], stdout=subprocess.PIPE, check=True, text=True).stdout) if packages else []
        done = subprocess.run(["cc", *FLAGS, *more, "-o", f"{out}.new", *sources, "-Wl,--start-group", *libraries, "-Wl,--end-group", *flags, "-lm", "-lpthread"],
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Failed(f"{name} does not compile:\n{done.stderr}")
        os.replace(f"{out}.new", out)
    return out


def cpu_ns(pids):
    """Run time of processes on a processor, all threads, as the scheduler counts it (to the nanosecond; clock ticks are too coarse)."""
    total = 0
    for pid in pids:
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0])
        except OSError:
            continue
    return total


CONF = """host = {{ workers = {workers}; listen = "127.0.0.1:{port}"; admin = "127.0.0.1:{admin}"; run_dir = "run"; cache_dir = "cache";
  plugin_dir = "plugins"; share_dir = "share"; log_level = "warn"; }};
database = {{ app = "{app}"; host = "{host}"; owner = "{owner}"; }};
secrets = {{ key = "env:WAKALA_SECRETS_KEY"; }};
redis = {{ servers = "{redis}"; }};
"""
WHATSAPP = """app_secret = "env:WAKALA_WHATSAPP_APP_SECRET";
verify_token = "env:WAKALA_WHATSAPP_VERIFY_TOKEN";
access_token = "env:WAKALA_WHATSAPP_ACCESS_TOKEN";
base_url = "{base_url}";
"""


class Bed:
    """One durable PostgreSQL and one host with every default. The clock is the real one: the offset that tests move costs a read.

    template: a second database, the same but for the host that reads it. settings: of PostgreSQL. more: {plugin: lines of its conf}. env: of the host."""

    def __init__(self, workers=2, plugins=("whatsapp",), base_url="http://127.0.0.1:9", template=None, settings=None, more=None, redis=False, env=None):
        self.dir = temp_folder("wakala-bench-")
        self.build = reachable_build(os.path.abspath(default_build()), self.dir)
        self.pg = Postgres(f"{self.dir}/pg", durable=True, settings=dict(DURABLE, **(settings or {})))
        self.redis = Redis(f"{self.dir}/redis") if redis else None
        port = procs.free_ports(2)
        self.host = Host("host", f"{self.dir}/host", self.build, port[0], port[1])
        self.workers, self.plugins, self.base_url, self.template = workers, plugins, base_url, template
        self.tenants, self.more = {}, more or {}
        self.host.env.update(env or {})

    def __enter__(self):
        try:
            self.pg.start()
            if self.redis:
                self.redis.start()
            self.pg.create_database("wakala")
            self.configure()
            self.host.cli("migrate", timeout=120)
            for name, numbers, waba in demo_values.TENANTS:
                out = self.host.cli("tenant", "create", name, "--number", ",".join(numbers), "--waba", waba)
                self.tenants[name] = out.split("\t")[0]
            self.tenant = self.tenants["Demo A"]
            if self.template:
                self.pg.create_database(self.template, "wakala")
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
                self.redis.remove()
            self.pg.remove()
            if os.environ.get("WAKALA_KEEP"):
                note(f"kept {self.dir}")
            else:
                shutil.rmtree(self.dir, ignore_errors=True)

    def configure(self):
        for part in ("", "/run", "/cache", "/wakala.d", "/plugins", "/share"):
            procs.make_dir(self.host.dir + part, 0o755)
        shutil.copytree(f"{self.build}/share/host", f"{self.host.dir}/share/host")
        write(self.host.conf, CONF.format(workers=self.workers, port=self.host.port, admin=self.host.admin_port, build=self.build,
                                          app=self.pg.conninfo("wakala", "wakala_app"), host=self.pg.conninfo("wakala", "wakala_host"),
                                          owner=self.pg.conninfo("wakala", "postgres"), redis=self.redis.servers if self.redis else ""))
        for i, plugin in enumerate(self.plugins):
            self.install(plugin)
            more = WHATSAPP.format(base_url=self.base_url) if plugin == "whatsapp" else ""
            write(f"{self.host.dir}/wakala.d/{20 + i}-{plugin}.conf", "enabled = true;\n" + more + self.more.get(plugin, ""))

    def install(self, plugin):
        """From the build; the test plugin, which a release build leaves out, from its source."""
        share, source = f"{self.host.dir}/share/{plugin}", f"{ROOT}/tests/plugins/{plugin}"
        if os.path.isdir(source):
            made = compile_c(f"{plugin}.so", [f"tests/plugins/{plugin}/{plugin}.c"], packages=("jansson",), more=PLUGIN_FLAGS)
            shutil.copytree(source, share)
        else:
            made = f"{self.build}/plugins/{plugin}.so"
            if os.path.isdir(f"{self.build}/share/{plugin}"):
                shutil.copytree(f"{self.build}/share/{plugin}", share)
        shutil.copy2(made, f"{self.host.dir}/plugins/{plugin}.so")
        os.chmod(f"{self.host.dir}/plugins/{plugin}.so", 0o755)

    def sql(self, text, timeout=60):
        return self.pg.sql("SET search_path = pool, wakala, public;\n" + text, "wakala", timeout=timeout)

    def request(self, method, path, body=None, headers=None, timeout=15):
        return request(self.host.port, method, path, body, headers, timeout)

    def host_pids(self):
        return self.host.workers()

    def store_pids(self):
        return self.pg.pids()

    def metrics(self):
        return self.host.metrics()


class Load:
    """bench/ingest/load.c on one address: run() gives what it measured and what the measured span cost others."""

    def __init__(self):
        self.exe = compile_c("load", ["bench/ingest/load.c"], packages=["libcrypto"])

    def argv(self, port, **options):
        options = dict({"port": port, "path": "/webhooks/whatsapp", "secret": demo_values.APP_SECRET, "address": NUMBER}, **options)
        return [self.exe] + [word for key, value in options.items() for word in (f"--{key}", str(value))]

    def start(self, port, **options):
        return subprocess.Popen(self.argv(port, **options), stdout=subprocess.PIPE, stderr=sys.stderr, text=True)

    def run(self, port, accounts, **options):
        """accounts: {name: function giving pids}. The generator says when its measured span begins and ends."""
        with self.start(port, **options) as process:
            try:
                before, after = {}, {}
                for line in process.stdout:
                    if line.strip() == "begin":
                        before = {name: cpu_ns(pids()) for name, pids in accounts.items()}
                    elif line.strip() == "end":
                        after = {name: cpu_ns(pids()) for name, pids in accounts.items()}
                    elif line.startswith("{"):
                        result = json.loads(line)
                process.wait(30)
            finally:
                if process.poll() is None:
                    process.kill()
        if process.returncode:
            raise Failed(f"the load generator ended with {process.returncode}")
        for name in accounts:
            result[f"{name}_us"] = (after[name] - before[name]) / 1000 / max(result["ok"], 1)
        return result


class Session:
    """A database session that stays open: for a bench that holds a snapshot."""

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
        raise Failed(f"the session ended after: {text}: {lines}")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


def need_packages(wanted):
    """Debian packages that only peers need, installed without starting their services: {package: program that proves it is there}."""
    missing = [package for package, program in wanted.items() if not os.path.exists(program) and not shutil.which(program)]
    if not missing:
        return
    note(f"installing {' '.join(missing)}")
    root = [] if os.geteuid() == 0 else ["sudo"]
    policy = "/usr/sbin/policy-rc.d"
    ours = not os.path.exists(policy)
    if ours:
        subprocess.run([*root, "sh", "-c", f"printf '#!/bin/sh\\nexit 101\\n' >{policy} && chmod 755 {policy}"], check=True)
    try:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        subprocess.run([*root, "apt-get", "update", "-q"], check=False, **quiet)
        done = subprocess.run([*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y", "--no-install-recommends", *missing],
                              check=False, **quiet)
    finally:
        if ours:
            subprocess.run([*root, "rm", "-f", policy], check=False)
    if done.returncode:
        raise Failed(f"could not install {' '.join(missing)}: apt-get ended with {done.returncode}")


def main(run):
    try:
        run()
    except (Failed, procs.Late) as why:
        print(f"bench: {why}", file=sys.stderr)
        sys.exit(1)


__all__ = ["Bed", "Load", "Session", "Failed", "ROOT", "NUMBER", "procs", "demo_values", "temp_folder", "note", "emit", "median", "cpu_ns", "compile_c",
           "need_packages", "main", "DURABLE"]
