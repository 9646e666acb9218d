"""Processes and ports: start them so that they cannot outlive us, wait for conditions, name who holds a port."""
import ctypes
import os
import pwd
import resource
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Late(Exception):
    """A condition did not come true in time."""


class Failed(Exception):
    """Something of the set-up does not work; the text says what and, where known, the cure."""


def until(condition, seconds, what, detail=None):
    """Wait until condition() is true and return its value. Late after `seconds`, with what detail() says by then."""
    end = time.monotonic() + seconds
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            more = f": {detail()}" if detail else ""
            raise Late(f"not within {seconds:g} s: {what}{more}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def server_user():
    """The user servers run as: ours, but never root. (name, uid, gid); None when we are not root and nothing changes."""
    if os.geteuid() != 0:
        return None
    for name in ("wakala", "postgres"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_name, entry.pw_uid, entry.pw_gid
    raise Failed("servers do not run as root, and there is no user wakala: run script/setup as root")


def own(path):
    """Give a file or folder to the user that servers run as."""
    user = server_user()
    if user:
        os.chown(path, user[1], user[2])


def make_dir(path, mode=0o700):
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)
    own(path)
    return path


def may_reach(path):
    """Can the user that servers run as read this path? A checkout below /root often cannot be."""
    user = server_user()
    if not user:
        return os.access(path, os.R_OK)
    test = subprocess.run(["test", "-r", path], user=user[1], group=user[2], extra_groups=[], cwd="/", check=False)
    return test.returncode == 0


def dies_with_parent(death_signal=signal.SIGKILL):
    """preexec_fn of a process that must not outlive us."""
    def prepare():
        _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)  # after the change of user, which would clear it
    return prepare


def spawn(argv, log, env=None, death_signal=signal.SIGKILL, root=False, stdin=subprocess.DEVNULL):
    """Start a server in a session of its own, as the server user, output appended to the file `log`. Call it from the main
    thread: the death signal follows the thread that started the process."""
    user = None if root else server_user()
    who = {"user": user[1], "group": user[2], "extra_groups": []} if user else {}
    full = dict(os.environ)
    full.pop("LD_PRELOAD", None)
    full.update(env or {})
    with open(log, "ab") as out:
        return subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=subprocess.STDOUT, env=full, cwd="/",
                                start_new_session=True, preexec_fn=dies_with_parent(death_signal), **who)


def run(argv, env=None, timeout=60, as_server=True, stdin=None):
    """Run a command to its end and return (status, its output with errors). Late when it takes too long."""
    user = server_user() if as_server else None
    who = {"user": user[1], "group": user[2], "extra_groups": []} if user else {}
    full = dict(os.environ)
    full.update(env or {})
    try:
        done = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=full, cwd="/",
                              timeout=timeout, check=False, **who)
    except subprocess.TimeoutExpired as late:
        raise Late(f"not within {timeout:g} s: {' '.join(argv)}") from late
    return done.returncode, done.stdout.decode("utf-8", "replace")


def is_alive(pid):
    """True while pid runs; a zombie is dead."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (OSError, IndexError):
        return False


def children(pid):
    """Direct children, oldest first."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                found += [int(word) for word in f.read().split()]
    except OSError:
        pass
    return [child for child in sorted(found) if is_alive(child)]


def descendants(pid):
    found = []
    for child in children(pid):
        found.append(child)
        found += descendants(child)
    return found


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return "?"


def resident(pid):
    """Bytes of memory of a process; 0: it is gone."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def send(pid, signum):
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return False
    return True


def end(process, seconds=30, first=signal.SIGTERM):
    """End what spawn() started: ask, then insist. Returns its exit status."""
    if process.poll() is None:
        send(process.pid, first)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            left = descendants(process.pid)
            send(process.pid, signal.SIGKILL)
            for pid in left:
                send(pid, signal.SIGKILL)
            process.wait(10)
    return process.returncode


def free_ports(count):
    """Ports nobody listens on now, below the range that outgoing connections take, so that none of those can take one."""
    found, low, high = [], 15000, 32000
    start = low + (os.getpid() * 97 + int(time.monotonic() * 1000)) % (high - low)
    for step in range(high - low):
        port = low + (start - low + step) % (high - low)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise Failed("no free ports")


def _inodes_listening(port):
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as f:
                next(f)
                for line in f:
                    part = line.split()
                    if part[3] == "0A" and int(part[1].rpartition(":")[2], 16) == port:
                        inodes.add(part[9])
        except OSError:
            continue
    return inodes


def holders(port):
    """Who listens on a TCP port of this machine: [(pid, command)]. [] when nobody does; [(0, ...)] when we may not know."""
    inodes = _inodes_listening(port)
    if not inodes:
        return []
    wanted, found = {f"socket:[{inode}]" for inode in inodes}, []
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            links = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for fd in links:
            try:
                if os.readlink(f"/proc/{pid}/fd/{fd}") in wanted:
                    found.append((pid, command(pid)))
                    break
            except OSError:
                continue
    return found or [(0, "a process of another user")]


def require_free(ports):
    """Failed, naming port and holder, when one of {name: port} is taken. A name without spaces is an option of script/run."""
    for name, port in ports.items():
        for pid, line in holders(port)[:1]:
            who = f"process {pid} ({line[:120]})" if pid else line
            cure = "" if " " in name else f", or choose another port with --{name}"
            raise Failed(f"port {port} ({name}) is taken by {who}: stop it{cure}")
