"""The peers of bench/ingest, each started privately on loopback or a unix socket, as the server user, ended by pid."""
import os
import re
import shutil
import signal
import subprocess
import tempfile

from ..bed import Failed, ROOT, compile_c, demo_values, need_packages, note, procs
from harness.sim import request

HERE = f"{ROOT}/bench/ingest"


class BareHttp:
    """Our listener, signature and splitter, nothing stored."""

    def __init__(self, folder, workers):
        self.exe = compile_c("bare_http", ["bench/ingest/bare_http.c"] + [f"plugins/whatsapp/{part}.c" for part in ("scan", "envelope", "split", "verify")],
                             rooms=("http", "fiber", "observe", "share", "llhttp"), packages=("libevent", "libcrypto", "libcurl", "jansson"))
        self.folder, self.workers, self.port, self.process = folder, workers, procs.free_ports(1)[0], None

    def start(self):
        self.process = procs.spawn([self.exe, str(self.port), str(self.workers), demo_values.APP_SECRET], f"{self.folder}/bare_http.log")
        procs.until(lambda: procs.holders(self.port), 10, "bare_http listens")

    def pids(self):
        return [self.process.pid] + procs.descendants(self.process.pid)

    def stop(self):
        if self.process:
            procs.end(self.process, 5)


def node_program():
    """Node 20 or newer: Debian's when it is, else the one that npm packs, beside the modules."""
    for path in filter(None, (os.environ.get("WAKALA_NODE"), shutil.which("node"))):
        out = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
        if re.match(r"v(2\d|[3-9]\d)\.", out):
            return path
    return None


def install_modules():
    """The locked modules in a cache of the build folder; (node, folder)."""
    need_packages({"redis-server": "redis-server", "rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server"})
    if not shutil.which("npm"):
        need_packages({"npm": "npm", "nodejs": "node"})
    cache = f"{ROOT}/build/bench/fastify"
    os.makedirs(cache, exist_ok=True)
    node = node_program()
    wanted = "".join(open(f"{HERE}/fastify/{name}", encoding="utf-8").read() for name in ("package.json", "package-lock.json"))
    stamp = f"{cache}/installed"
    if not os.path.exists(stamp) or open(stamp, encoding="utf-8").read() != wanted:
        note("npm ci: fastify, ioredis, amqplib")
        for name in ("package.json", "package-lock.json"):
            shutil.copy2(f"{HERE}/fastify/{name}", cache)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=cache, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if not done.returncode and not node:
            arch = {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]
            done = subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", f"node-linux-{arch}@20"], cwd=cache, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise Failed(f"npm could not install the peer:\n{done.stdout[-2000:]}")
        with open(stamp, "w", encoding="utf-8") as f:
            f.write(wanted)
    if not node:
        arch = {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]
        node = f"{cache}/node_modules/node-linux-{arch}/bin/node"
    shutil.copy2(f"{HERE}/fastify/server.js", cache)
    return node, cache


class Fastify:
    """Fastify, Redis (AOF every second) and RabbitMQ (durable queue), two workers."""

    def __init__(self, queue_type="quorum", workers=2):
        self.node, modules = install_modules()
        self.dir = tempfile.mkdtemp(prefix="wakala-peer-", dir="/var/tmp")
        os.chmod(self.dir, 0o755)
        procs.own(self.dir)
        self.modules = modules
        if not procs.may_reach(f"{modules}/server.js"):
            self.modules = shutil.copytree(modules, f"{self.dir}/fastify")
        self.port, self.amqp, self.dist, self.epmd = procs.free_ports(4)
        self.queue_type, self.workers = queue_type, workers
        self.running = []

    def spawn(self, name, argv, env=None):
        process = procs.spawn(argv, f"{self.dir}/{name}.log", dict({"HOME": self.dir}, **(env or {})), death_signal=signal.SIGTERM)
        self.running.append((name, process))
        return process

    def log(self, name):
        with open(f"{self.dir}/{name}.log", encoding="utf-8", errors="replace") as f:
            return f.read()[-1500:]

    def start_redis(self):
        folder = procs.make_dir(f"{self.dir}/redis")
        self.spawn("redis", ["redis-server", "--port", "0", "--unixsocket", f"{folder}/socket", "--dir", folder, "--appendonly", "yes",
                             "--appendfsync", "everysec", "--save", "", "--daemonize", "no"])
        procs.until(lambda: os.path.exists(f"{folder}/socket"), 20, "redis answers")

    def start_rabbit(self):
        folder = procs.make_dir(f"{self.dir}/rabbit")
        for part in ("mnesia", "log"):
            procs.make_dir(f"{folder}/{part}")
        with open(f"{folder}/plugins", "w", encoding="utf-8") as f:
            f.write("[].\n")
        epmd = {"ERL_EPMD_PORT": str(self.epmd), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        self.spawn("epmd", ["epmd", "-port", str(self.epmd), "-address", "127.0.0.1"], epmd)
        env = dict(epmd, RABBITMQ_NODENAME=f"bench{os.getpid()}@localhost", RABBITMQ_NODE_IP_ADDRESS="127.0.0.1", RABBITMQ_NODE_PORT=str(self.amqp),
                   RABBITMQ_DIST_PORT=str(self.dist), RABBITMQ_MNESIA_BASE=f"{folder}/mnesia", RABBITMQ_LOG_BASE=f"{folder}/log", RABBITMQ_LOGS="-",
                   RABBITMQ_ENABLED_PLUGINS_FILE=f"{folder}/plugins", RABBITMQ_CONF_ENV_FILE=f"{folder}/none", RABBITMQ_ALLOW_INPUT="1",
                   RABBITMQ_CONFIG_FILE=f"{folder}/none", RABBITMQ_PID_FILE=f"{folder}/pid",
                   RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-noinput -kernel inet_dist_use_interface {127,0,0,1}")
        self.spawn("rabbit", ["/usr/lib/rabbitmq/bin/rabbitmq-server"], env)
        procs.until(lambda: procs.holders(self.amqp), 60, "RabbitMQ listens", lambda: self.log("rabbit"))

    def start(self):
        self.start_redis()
        self.start_rabbit()
        env = {"PORT": str(self.port), "SECRET": demo_values.APP_SECRET, "REDIS": f"{self.dir}/redis/socket", "QUEUE": "incoming", "NODE_ENV": "production",
               "QUEUE_TYPE": self.queue_type, "AMQP": f"amqp://guest:guest@127.0.0.1:{self.amqp}", "WORKERS": str(self.workers)}
        self.spawn("fastify", [self.node, f"{self.modules}/server.js"], env)

        def answers():
            try:
                return request(self.port, "POST", "/webhooks/whatsapp", b"{}", {"Content-Type": "application/json"}, timeout=2)[0] == 401
            except OSError:
                return False
        procs.until(answers, 60, "fastify answers", lambda: self.log("fastify"))

    def pids_of(self, *names):
        return [pid for name, process in self.running if name in names for pid in [process.pid] + procs.descendants(process.pid)]

    def pids(self):
        return self.pids_of("fastify")

    def store_pids(self):
        return self.pids_of("redis", "rabbit")

    def stop(self):
        for name, process in reversed(self.running):
            left = procs.descendants(process.pid)
            procs.end(process, 20)
            for pid in left: # what a shell or the Erlang VM started
                if procs.is_alive(pid):
                    procs.send(pid, signal.SIGKILL)
        self.running = []
        shutil.rmtree(self.dir, ignore_errors=True)


__all__ = ["BareHttp", "Fastify"]
