"""A private RabbitMQ node: own folder, ports, cookie and port mapper on the loopback, never another node's data, ended by pid.

The port mapper (epmd) is started by us in the foreground: the one that the runtime would start by itself outlives everybody.
"""
import os
import shutil
import signal
import socket

from . import procs
from .procs import Failed

BIN = "/usr/lib/rabbitmq/bin/rabbitmq-server"
USER, PASSWORD = "wakala", "not-a-secret-of-anybody"

CONF = """listeners.tcp.1 = 127.0.0.1:{port}
default_user = {user}
default_pass = {password}
vm_memory_high_watermark.absolute = {memory}
disk_free_limit.absolute = 100MB
raft.wal_max_size_bytes = {wal}
collect_statistics_interval = 60000
{more}"""
TLS = """listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {ca}
ssl_options.certfile = {cert}
ssl_options.keyfile = {key}
ssl_options.versions.1 = tlsv1.2
"""


class RabbitMQ:
    """One node. `memory`: where its alarm begins. `tls`: (ca, certificate, key) files for a second, encrypted listener. `schedulers`: Erlang's threads
    that run code."""

    def __init__(self, folder, memory="600MB", schedulers=1, tls=None, wal=64 << 20):
        self.dir = os.path.abspath(folder)
        self.log = f"{self.dir}/out"
        self.memory, self.schedulers, self.tls, self.wal = memory, schedulers, tls, wal
        self.port, self.dist, self.epmd_port, self.tls_port = procs.free_ports(4)
        self.process = self.epmd = None

    def env(self):
        return {"HOME": self.dir, "RABBITMQ_NODENAME": f"wakala{self.port}@localhost", "RABBITMQ_NODE_PORT": str(self.port),
                "RABBITMQ_DIST_PORT": str(self.dist), "RABBITMQ_MNESIA_BASE": f"{self.dir}/data", "RABBITMQ_LOG_BASE": f"{self.dir}/log",
                "RABBITMQ_LOGS": f"{self.dir}/log/node", "RABBITMQ_CONFIG_FILE": f"{self.dir}/rabbitmq.conf", "RABBITMQ_CONF_ENV_FILE": "/dev/null",
                "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.dir}/plugins", "RABBITMQ_PLUGINS_EXPAND_DIR": f"{self.dir}/expanded",
                "RABBITMQ_GENERATED_CONFIG_DIR": f"{self.dir}/generated", "RABBITMQ_PID_FILE": f"{self.dir}/pid",
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S {self.schedulers}:{self.schedulers} +sbwt none +sbwtdcpu none +sbwtdio none "
                                                       "-kernel inet_dist_use_interface {127,0,0,1}",
                "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(self.epmd_port), "LANG": "C.UTF-8"}

    def init(self):
        if not os.path.exists(BIN):
            raise Failed("RabbitMQ is not installed: run script/setup --tests")
        procs.make_dir(self.dir)
        for path in self.tls or ():
            procs.own(path)
        for part in ("data", "log", "expanded", "generated"):
            procs.make_dir(f"{self.dir}/{part}")
        more = TLS.format(port=self.tls_port, ca=self.tls[0], cert=self.tls[1], key=self.tls[2]) if self.tls else ""
        for name, text in (("rabbitmq.conf", CONF.format(port=self.port, user=USER, password=PASSWORD, memory=self.memory, wal=self.wal, more=more)),
                           ("plugins", "[]."), (".erlang.cookie", f"WAKALA{self.port}TESTS")):
            if not os.path.exists(f"{self.dir}/{name}"):
                with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
                    f.write(text)
                os.chmod(f"{self.dir}/{name}", 0o600)
                procs.own(f"{self.dir}/{name}")

    def start(self, seconds=90, wait=True):
        """Start; data of an earlier run in this folder are kept."""
        self.init()
        if not (self.epmd and self.epmd.poll() is None):
            env = {"ERL_EPMD_ADDRESS": "127.0.0.1", "HOME": self.dir}
            self.epmd = procs.spawn([shutil.which("epmd") or "/usr/bin/epmd", "-port", str(self.epmd_port), "-address", "127.0.0.1"], self.log, env)
            procs.until(lambda: self.answers(self.epmd_port), 10, "the port mapper answers", self.tail)
        self.process = procs.spawn([BIN], self.log, self.env(), death_signal=signal.SIGTERM)
        if wait:
            self.wait_ready(seconds)
        return self

    @staticmethod
    def answers(port):
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return True
        except OSError:
            return False

    def wait_ready(self, seconds=90):
        def ready():
            if self.process.poll() is not None:
                raise Failed(f"RabbitMQ ended at once with status {self.process.returncode}:\n{self.tail()}")
            return self.answers(self.port)
        procs.until(ready, seconds, f"RabbitMQ in {self.dir} answers", self.tail)

    def tail(self, lines=25):
        text = ""
        for path in (self.log, f"{self.dir}/log/node"):
            try:
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += "".join(f.readlines()[-lines:])
            except OSError:
                continue
        return text or "(no log)"

    def pids(self):
        """Of the node, not the port mapper."""
        return [self.process.pid] + procs.descendants(self.process.pid) if self.process else []

    def kill(self):
        """Like a crash: every process at once."""
        pids = self.pids()
        for pid in pids:
            procs.send(pid, signal.SIGKILL)
        if self.process:
            self.process.wait(10)
        self.process = None
        procs.until(lambda: not any(procs.is_alive(pid) for pid in pids) and not procs.holders(self.port), 20, "RabbitMQ's processes are gone")

    def ctl(self, *args, timeout=60):
        """rabbitmqctl on this node; takes a second or two."""
        status, out = procs.run(["/usr/lib/rabbitmq/bin/rabbitmqctl", "-n", self.env()["RABBITMQ_NODENAME"], *args], self.env(), timeout)
        if status:
            raise Failed(f"rabbitmqctl {' '.join(args)} ended with {status}:\n{out.strip()}")
        return out

    def alarm(self, on):
        """The memory alarm: who publishes is not read any more."""
        self.ctl("set_vm_memory_high_watermark", "absolute", "1MB" if on else self.memory)

    def freeze(self):
        for pid in self.pids():
            procs.send(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.pids():
            procs.send(pid, signal.SIGCONT)

    def stop(self, seconds=40):
        if self.process:
            self.thaw()
            pids = self.pids()
            procs.end(self.process, seconds)
            procs.until(lambda: not any(procs.is_alive(pid) for pid in pids), 20, "RabbitMQ's processes are gone")
            self.process = None
        if self.epmd:
            procs.end(self.epmd, 10)
            self.epmd = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def wipe(self):
        """Forget everything that the node kept on its disk; it must be stopped or killed."""
        shutil.rmtree(f"{self.dir}/data", ignore_errors=True)
