"""Private Redis servers: own folder, a socket or a loopback port, nothing on disk, ended by pid. Single, with sentinels, as a cluster.

    with Redis(folder) as redis:            # one server on a socket in the folder; port=N: on 127.0.0.1:N
        redis.freeze(); redis.thaw()        # connected and mute
        redis.kill(); redis.start()         # back, and empty
"""
import os
import shutil
import signal
import subprocess

from . import procs
from .procs import Failed

SOCKET_PATH_MAX = 100


def program(name):
    path = shutil.which(name) or f"/usr/bin/{name}"
    if not os.path.exists(path):
        raise Failed(f"{name} is not installed: run script/setup")
    return path


class Redis:
    """One server. `port` None: a unix socket, which needs no free port and no password."""

    def __init__(self, folder, port=None, settings=None, name="redis"):
        self.dir, self.port, self.name = os.path.abspath(folder), port, name
        self.socket = None if port else f"{self.dir}/redis.sock"
        self.log = f"{self.dir}/log"
        self.settings = {"save": '""', "appendonly": "no", "daemonize": "no", "protected-mode": "yes", "maxmemory": "64mb",
                         "maxmemory-policy": "allkeys-lru"}
        self.settings.update({"bind": "127.0.0.1", "port": str(port)} if port else {"port": "0", "unixsocket": self.socket, "unixsocketperm": "700"})
        self.settings.update(settings or {})
        self.process = None
        if self.socket and len(os.fsencode(self.socket)) > SOCKET_PATH_MAX:
            raise Failed(f"{self.socket}: a socket's path has at most {SOCKET_PATH_MAX} bytes: choose a shorter folder (WAKALA_VAR)")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def servers(self):
        """What the setting redis.servers takes."""
        return self.socket or f"127.0.0.1:{self.port}"

    def conf(self):
        path = f"{self.dir}/redis.conf"
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"dir {self.dir}\n" + "".join(f"{key} {value}\n" for key, value in self.settings.items()))
        procs.own(path)
        return path

    def argv(self):
        return [program("redis-server"), self.conf()]

    def start(self, seconds=10):
        if self.process and self.process.poll() is None:
            return self
        procs.make_dir(self.dir, 0o755)
        if self.port:
            procs.require_free({f"{self.name} port": self.port})
        self.process = procs.spawn(self.argv(), self.log)

        def answers():
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended at once with status {self.process.returncode}:\n{self.tail()}")
            return self.cli("PING") == "PONG"
        procs.until(answers, seconds, f"{self.name} in {self.dir} answers", self.tail)
        return self

    def cli(self, *words, timeout=5):
        """What redis-cli prints; "" when the server does not answer."""
        where = ["-s", self.socket] if self.socket else ["-p", str(self.port)]
        try:
            done = subprocess.run([program("redis-cli"), *where, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout.decode("utf-8", "replace").strip()

    def tail(self, lines=10):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        except OSError:
            return "(no log)"

    def freeze(self):
        procs.send(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        procs.send(self.process.pid, signal.SIGCONT)

    def kill(self):
        if self.process:
            procs.send(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.process = None

    def stop(self):
        if self.process:
            self.thaw()
            procs.end(self.process, 10)
        self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


class Sentinel(Redis):
    def __init__(self, folder, port, master_port, quorum=1):
        super().__init__(folder, port, name="sentinel")
        self.settings = {"bind": "127.0.0.1", "port": str(port), "daemonize": "no", "protected-mode": "yes",
                         "sentinel monitor": f"shop 127.0.0.1 {master_port} {quorum}", "sentinel down-after-milliseconds": "shop 500",
                         "sentinel failover-timeout": "shop 2000", "sentinel parallel-syncs": "shop 1"}

    def argv(self):
        return [program("redis-server"), self.conf(), "--sentinel"]


class Sentinels:
    """A master, a replica and three sentinels that watch them under the name "shop"."""

    def __init__(self, folder):
        port = procs.free_ports(5)
        self.master = Redis(f"{folder}/master", port[0])
        self.replica = Redis(f"{folder}/replica", port[1], {"replicaof": f"127.0.0.1 {port[0]}", "repl-diskless-sync-delay": "0"}, name="replica")
        self.sentinels = [Sentinel(f"{folder}/sentinel{i}", port[2 + i], port[0], 2) for i in range(3)]
        self.servers = " ".join(s.servers for s in self.sentinels)

    def all(self):
        return [self.master, self.replica, *self.sentinels]

    def start(self):
        for server in self.all():
            server.start()
        procs.until(lambda: "master_link_status:up" in self.replica.cli("INFO", "replication"), 20, "the replica follows its master", self.replica.tail)
        for sentinel in self.sentinels:
            procs.until(lambda s=sentinel: "num-slaves\n1" in s.cli("SENTINEL", "master", "shop") and "num-other-sentinels\n2" in s.cli("SENTINEL", "master", "shop"),
                        20, "the sentinels know each other and the replica", sentinel.tail)
        return self

    def stop(self):
        for server in self.all():
            server.stop()


class Cluster:
    """Three masters, every slot served."""

    def __init__(self, folder):
        ports = procs.free_ports(6)
        self.nodes = [Redis(f"{folder}/node{i}", ports[i], {"cluster-enabled": "yes", "cluster-port": str(ports[3 + i]), "cluster-node-timeout": "2000"},
                            name=f"node {i}") for i in range(3)]
        self.servers = " ".join(n.servers for n in self.nodes)

    def start(self):
        for node in self.nodes:
            node.start()
        first = self.nodes[0]
        out = first.cli("--cluster", "create", *[n.servers for n in self.nodes], "--cluster-yes", timeout=30)
        for node in self.nodes:
            procs.until(lambda n=node: "cluster_state:ok" in n.cli("CLUSTER", "INFO"), 20, "the cluster serves every slot", lambda: out)
        return self

    def stop(self):
        for node in self.nodes:
            node.stop()
