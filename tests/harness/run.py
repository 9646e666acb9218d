"""What script/run does once everything is built: one folder that stays, fixed ports, the demo shop; until Ctrl-C.

    python3 -m harness.run [--demo] [--fresh] [--port N] [--admin-port N] [--sim-port N] [--sim-admin-port N] [--workers N]

--demo plays tests/journeys/cod-by-buttons.play through the public webhook, prints the transcript and ends: exit status 0 only
if the order was delivered and every check held.
"""
import argparse
import hashlib
import os
import shlex
import shutil
import signal
import sys
import time

from . import demo_values, procs, scenario
from .play import Player, Unmet
from .postgres import Postgres, SqlError
from .procs import Failed, Late
from .stack import ROOT, Stack

SCENARIO = f"{ROOT}/tests/journeys/cod-by-buttons.play"
PATH_MAX = 70  # sockets lie below it, and their paths end at 107 bytes


def var_folder():
    """WAKALA_VAR, else var/ of the checkout; somewhere reachable and short when servers cannot get there."""
    wanted = os.environ.get("WAKALA_VAR") or f"{ROOT}/var"
    explicit = bool(os.environ.get("WAKALA_VAR"))
    os.makedirs(wanted, exist_ok=True)
    if procs.may_reach(wanted) and len(os.fsencode(wanted)) <= PATH_MAX:
        return os.path.abspath(wanted)
    if explicit:
        raise Failed(f"WAKALA_VAR={wanted} is too long or cannot be reached by user {(procs.server_user() or ['you'])[0]}")
    base = "/var/lib" if os.geteuid() == 0 else os.path.expanduser("~/.local/state")
    path = f"{base}/wakala-{hashlib.sha256(ROOT.encode()).hexdigest()[:8]}"
    if len(os.fsencode(path)) > PATH_MAX:
        path = f"/var/tmp/{os.path.basename(path)}"
    say(f"data are in {path}: {wanted} cannot be used by the servers")
    return path


def say(text):
    print(text, flush=True)


def parse(argv):
    env = os.environ.get
    parser = argparse.ArgumentParser(prog="script/run", description="set up and start the demo: host, simulator, shop, people")
    parser.add_argument("--demo", action="store_true", help="play the whole journey, print it, and end")
    parser.add_argument("--fresh", action="store_true", help="begin with empty databases")
    parser.add_argument("--port", type=int, default=int(env("WAKALA_PORT", "8080")), help="public HTTP [8080]")
    parser.add_argument("--admin-port", type=int, default=int(env("WAKALA_ADMIN_PORT", "9080")), help="health and metrics [9080]")
    parser.add_argument("--sim-port", type=int, default=int(env("WAKALA_SIM_PORT", "8180")), help="simulators [8180]")
    parser.add_argument("--sim-admin-port", type=int, default=int(env("WAKALA_SIM_ADMIN_PORT", "9180")), help="their health [9180]")
    parser.add_argument("--workers", type=int, default=int(env("WAKALA_WORKERS", "2")), help="worker processes [2]")
    return parser.parse_args(argv)


def lock(folder):
    """One run per folder: the pid of the other one, or None."""
    path = f"{folder}/run.pid"
    try:
        with open(path, encoding="ascii") as f:
            pid = int(f.read())
        if procs.is_alive(pid) and "harness.run" in procs.command(pid) and pid != os.getpid():
            return pid
    except (OSError, ValueError):
        pass
    with open(path, "w", encoding="ascii") as f:
        f.write(str(os.getpid()))
    return None


def forget(folder):
    """Begin anew: only what we made, in the folder that is ours."""
    for part in ("pg", "redis", "host", "sim"):
        shutil.rmtree(f"{folder}/{part}", ignore_errors=True)


def leave_note(stack):
    """For script/wakala, which looks into the folder that was asked for: which configuration, and what its env: values need."""
    lines = [f"export WAKALA_CONF={shlex.quote(stack.host.conf)}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in demo_values.ENVIRONMENT.items()]
    with open(f"{stack.dir}/env", "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    if stack.dir != f"{ROOT}/var" and not os.environ.get("WAKALA_VAR"):
        os.makedirs(f"{ROOT}/var", exist_ok=True)
        shutil.copy(f"{stack.dir}/env", f"{ROOT}/var/env")


def explain(stack):
    base, sim = f"http://127.0.0.1:{stack.host.port}", stack.sim_host.port
    a, b = demo_values.TENANTS
    people = "\n".join(f"    {role:<9} {number}  {name}" for role, number, name in demo_values.PEOPLE)
    say(f"""
Wakala runs. Ctrl-C stops everything that was started; the data stay in {stack.dir}.

  chat page     {base}/sim/            be customer, vendor and driver side by side
  health        http://127.0.0.1:{stack.host.admin_port}/healthz  /readyz  /metrics
  webhook       {base}/webhooks/whatsapp
  logs          {stack.host.log}  {stack.sim_host.log}

  people of the demo shop (vendor and drivers say "hi" once before they can be written to)
{people}

  tenant A      phone number ids {', '.join(a[1])}   WABA {a[2]}
  tenant B      phone number ids {', '.join(b[1])}   WABA {b[2]}
  app secret    {demo_values.APP_SECRET}     verify token  {demo_values.VERIFY_TOKEN}

  somebody says "hi":
    curl -s {base}/sim/whatsapp/say -d '{{"from":"27820000001","name":"Amina","to":"{demo_values.ADDRESS}","type":"text","text":"hi"}}'
  and reads the answers:
    curl -s '{base}/sim/whatsapp/messages?to=27820000001'
  a webhook of your own (tests/samples/whatsapp has more):
    body=$(cat FILE.json); curl -s -w '%{{http_code}}\\n' {base}/webhooks/whatsapp --data-binary "$body" -H 'Content-Type: application/json' \\
      -H "X-Hub-Signature-256: sha256=$(printf %s "$body" | openssl dgst -sha256 -hmac {demo_values.APP_SECRET} -r | cut -d' ' -f1)"
  the command line:
    script/wakala status
""")
    return sim


def watch(stack):
    """Until Ctrl-C, or until one of ours ends by itself."""
    stopping = []
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stopping.append(1))
    while not stopping:
        for name, process in (("the host", stack.host.process), ("the simulator", stack.sim_host.process),
                              ("PostgreSQL", stack.pg.process), ("Redis", stack.redis.process)):
            if process.poll() is not None:
                raise Failed(f"{name} ended by itself with status {process.returncode}; its log is in {stack.dir}")
        time.sleep(0.2)  # not a wait for a condition: the pulse of a watchman


def play(stack):
    begin = time.monotonic()
    player = Player(stack, say)
    player.play(scenario.load(SCENARIO))
    findings = stack.findings()
    if findings:
        raise Failed("\n".join(findings[:40]))
    say(f"\ndelivered; every check held ({time.monotonic() - begin:.1f} s, {len(player.ledger.said)} messages in)")


def main(argv):
    args = parse(argv)
    ports = {"port": args.port, "admin-port": args.admin_port, "sim-port": args.sim_port, "sim-admin-port": args.sim_admin_port}
    if len(set(ports.values())) < len(ports):
        raise Failed("the four ports must differ")
    folder = procs.make_dir(var_folder(), 0o755)
    other = lock(folder)
    if other:
        raise Failed(f"script/run already runs on these data as process {other}")
    procs.require_free(ports)
    left = Postgres(f"{folder}/pg")._running_pid()
    if left:  # a run that was killed: its PostgreSQL is on its way out
        procs.until(lambda: not procs.is_alive(left), 30, f"PostgreSQL of an earlier run (process {left}) ends")
    if args.fresh:
        forget(folder)
    os.environ.setdefault("WAKALA_BUILD", f"{ROOT}/build/release")
    stack = Stack(folder, args.workers, test_clock=False, durable=True, one_postgres=True, redis=True,
                  ports=(args.port, args.admin_port, args.sim_port, args.sim_admin_port))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        say("starting PostgreSQL, Redis, the simulator and the host")
        stack.start()
        leave_note(stack)
        if args.demo:
            play(stack)
        else:
            explain(stack)
            watch(stack)
            say("stopping")
        return 0
    except Unmet as why:
        print(f"\nnot delivered: {why}\n{stack.hint()}", file=sys.stderr)
        return 1
    finally:
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, signal.SIG_IGN)  # a second Ctrl-C does not leave half of it behind
        stack.stop()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except (Failed, Late, SqlError) as error:
        print(f"script/run: {error}", file=sys.stderr)
        sys.exit(1)
