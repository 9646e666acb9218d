"""A private PostgreSQL: own folder, unix socket only, never another server's data, ended by pid.

Not as root: the server user. Who may enter the folder (0700) may connect; there is no TCP and so no password.
"""
import csv
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from . import procs
from .procs import Failed, Late

SOCKET_PATH_MAX = 100  # the kernel takes 107 bytes, libpq adds "/.s.PGSQL.5432.lock"
csv.field_size_limit(1 << 30)
PORT = 5432  # only part of the socket's name

FAST = {  # for tests: survives kill -9 of any process (the kernel keeps what was written), not a power cut
    "fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0", "checkpoint_timeout": "1h",
}


def find_bin():
    """Where initdb and postgres are; 15 first, else the newest."""
    base = "/usr/lib/postgresql"
    versions = sorted((name for name in os.listdir(base) if name.isdigit()), key=int) if os.path.isdir(base) else []
    for version in ["15"] + versions[::-1]:
        if os.path.exists(f"{base}/{version}/bin/postgres"):
            return f"{base}/{version}/bin"
    raise Failed("PostgreSQL is not installed: run script/setup")


class SqlError(Exception):
    pass


class Postgres:
    """One server. `durable`: fsync as in production (script/run); else fast, still safe against kill -9."""

    def __init__(self, folder, durable=False, settings=None):
        self.dir = os.path.abspath(folder)
        self.data = f"{self.dir}/data"
        self.log = f"{self.dir}/log"
        self.bin = find_bin()
        self.process = None
        self.settings = {"listen_addresses": "", "port": str(PORT), "max_connections": "200", "shared_buffers": "64MB",
                         "unix_socket_permissions": "0700", "log_min_messages": "warning", "jit": "off"}
        self.settings.update({} if durable else FAST)
        self.settings.update(settings or {})
        self.socket_dir = None

    def _socket_dir(self):
        """The folder itself, or a short one in /tmp that the folder remembers."""
        if len(os.fsencode(f"{self.dir}/.s.PGSQL.{PORT}.lock")) < SOCKET_PATH_MAX:
            return self.dir
        note = f"{self.dir}/socket_dir"
        if os.path.exists(note):
            with open(note, encoding="utf-8") as f:
                path = f.read().strip()
            if os.path.isdir(path):
                return path
        path = tempfile.mkdtemp(prefix="wakala-pg-")
        procs.own(path)
        with open(note, "w", encoding="utf-8") as f:
            f.write(path)
        return path

    def init(self):
        procs.make_dir(self.dir)
        self.socket_dir = self._socket_dir()
        if os.path.exists(f"{self.data}/PG_VERSION"):
            return False
        if os.path.isdir(self.data):  # an initdb that did not finish
            shutil.rmtree(self.data)
        status, out = procs.run([f"{self.bin}/initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                                 "--locale=C.UTF-8", "--no-instructions"] + (["--no-sync"] if "fsync" in self.settings else []),
                                timeout=120)
        if status:
            shutil.rmtree(self.data, ignore_errors=True)
            raise Failed(f"initdb failed in {self.data}:\n{out}")
        return True

    def _running_pid(self):
        """The pid in postmaster.pid when that is a postgres on our data."""
        try:
            with open(f"{self.data}/postmaster.pid", encoding="utf-8") as f:
                lines = f.read().splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if procs.is_alive(pid) and self.data in procs.command(pid) else None

    def start(self, seconds=60):
        """Start, and wait until it answers. Data of an earlier run are kept."""
        self.init()
        if self.process and self.process.poll() is None:
            return self
        running = self._running_pid()
        if running:
            raise Failed(f"PostgreSQL of {self.dir} already runs as process {running}: another run in this folder?")
        argv = [f"{self.bin}/postgres", "-D", self.data, "-k", self.socket_dir]
        for name, value in sorted(self.settings.items()):
            argv += ["-c", f"{name}={value}"]
        self.process = procs.spawn(argv, self.log, death_signal=signal.SIGINT)

        def answers():
            if self.process.poll() is not None:
                raise Failed(f"PostgreSQL ended at once with status {self.process.returncode}:\n{self.tail()}")
            return self.ready()
        procs.until(answers, seconds, f"PostgreSQL in {self.dir} answers", self.tail)
        return self

    def ready(self):
        done = subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.socket_dir, "-p", str(PORT)], check=False)
        return done.returncode == 0

    def tail(self, lines=15):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        except OSError:
            return "(no log)"

    def pids(self):
        """All processes of the server, the postmaster first."""
        return [self.process.pid] + procs.descendants(self.process.pid) if self.process else []

    def kill(self):
        """Like a crash: every process at once, no clean-up."""
        pids = self.pids()
        for pid in pids:
            procs.send(pid, signal.SIGKILL)
        if self.process:
            self.process.wait(10)
        self.process = None
        procs.until(lambda: not any(procs.is_alive(pid) for pid in pids), 10, "PostgreSQL's processes are gone")

    def freeze(self):
        """Alive but mute."""
        for pid in self.pids():
            procs.send(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.pids():
            procs.send(pid, signal.SIGCONT)

    def stop(self):
        if not self.process:
            return
        self.thaw()
        procs.end(self.process, 30, signal.SIGINT)  # fast: rolls back, disconnects, writes a checkpoint
        self.process = None

    def remove(self):
        self.stop()
        if self.socket_dir and self.socket_dir != self.dir:
            shutil.rmtree(self.socket_dir, ignore_errors=True)
        shutil.rmtree(self.dir, ignore_errors=True)

    def conninfo(self, database, user="postgres"):
        return f"host={self.socket_dir} port={PORT} dbname={database} user={user}"

    def sql(self, text, database="postgres", user="postgres", timeout=30):
        """Run SQL (several statements stop at the first error); all rows of all of them as lists of text, NULL as ''."""
        argv = [f"{self.bin}/psql", "-X", "-q", "--csv", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo(database, user), "-f", "-"]
        env = dict(os.environ, PGOPTIONS="-c client_min_messages=warning", PGCLIENTENCODING="UTF8")
        try:
            done = subprocess.run(argv, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                                  timeout=timeout, check=False)
        except subprocess.TimeoutExpired as late:
            raise Late(f"not within {timeout:g} s: {text[:100]}") from late
        if done.returncode:
            raise SqlError(f"{done.stderr.decode('utf-8', 'replace').strip()}\n  in: {text.strip()[:300]}")
        return list(csv.reader(io.StringIO(done.stdout.decode("utf-8", "replace"))))

    def value(self, text, database="postgres", user="postgres"):
        rows = self.sql(text, database, user)
        return rows[0][0] if rows and rows[0] else None

    def has_database(self, name):
        return bool(self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))

    def create_database(self, name, template=None):
        source = f" TEMPLATE {template}" if template else ""
        self.sql(f"CREATE DATABASE {name}{source}")

    def drop_database(self, name):
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def main(argv):
    """start DIR: start, print the conninfo, stay until SIGINT or SIGTERM; stop DIR: end the one that runs there."""
    if len(argv) != 2 or argv[0] not in ("start", "stop"):
        print("usage: python3 -m harness.postgres start|stop DIR", file=sys.stderr)
        return 2
    server = Postgres(argv[1], durable=True)
    if argv[0] == "stop":
        pid = server._running_pid()
        if pid:
            procs.send(pid, signal.SIGINT)
            procs.until(lambda: not procs.is_alive(pid), 60, f"PostgreSQL {pid} ends")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.start()
        print(server.conninfo("postgres"), flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Failed, Late) as why:
        print(f"postgres: {why}", file=sys.stderr)
        sys.exit(1)
