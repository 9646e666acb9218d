"""kill -9 at every fault point: a scenario is played once to count the points that its worker passes, then once per point.

    python3 -m harness.sweep FILE.play [--points all|N|LIST] [--seed N] [--workers 1]

--points 12: twelve points spread by the seed; 3,40: these; all: every one (the long size). After each run the scenario's own
checks must have held. A failure prints the line that repeats exactly that run; exit status 1 when there was one.
WAKALA_FAULT and the numbering of points: docs/design/faults.md.
"""
import argparse
import os
import random
import re
import sys
import time

from . import procs, scenario
from .play import Player, Unmet
from .postgres import SqlError
from .procs import Failed, Late
from .stack import Stack


def points_of(text):
    """Most points that one process passed, and their names: from the lines that WAKALA_FAULT=count@ left."""
    best, names = 0, {}
    for line in text.splitlines():
        fields = dict(re.findall(r"(\S+)=(\d+)", line))
        if int(fields.get("total", 0)) > best:
            best = int(fields["total"])
            names = {name: int(count) for name, count in fields.items() if name != "total"}
    return best, names


def choose(wanted, total, seed):
    """The points to kill at, ascending."""
    if wanted == "all":
        return list(range(1, total + 1))
    if "," in wanted:
        return sorted({int(word) for word in wanted.split(",") if word})
    return sorted(random.Random(seed).sample(range(1, total + 1), min(int(wanted), total)))


def count(stack, path):
    """Play once, undisturbed, and read how many points the worker passed."""
    notes = procs.make_dir(f"{stack.dir}/count", 0o777) + "/points"
    stack.fault = f"count@{notes}"
    stack.start_hosts()
    Player(stack).play(scenario.load(path))
    stack.host.stop()  # the count is written when the worker drains and exits
    try:
        with open(notes, encoding="utf-8") as f:
            total, names = points_of(f.read())
    except OSError:
        total, names = 0, {}
    if not total:
        raise Failed("no fault points were counted: is the build without WK_NO_FAULTS, and did the worker drain?")
    return total, names


def play_once(stack, path, fault):
    """None, or what went wrong."""
    stack.reset()
    stack.fault = fault
    try:
        stack.start_hosts()
        Player(stack).play(scenario.load(path))
        findings = stack.findings()
        return "\n".join(findings[:40]) or None
    except (Unmet, Failed, Late, SqlError) as why:
        return f"{why}\n{stack.hint()}"


def sweep(path, wanted, seed, workers, keep, out=print):
    """[(point, what went wrong)]"""
    failures, begin = [], time.monotonic()
    stack = Stack(workers=workers, seed=seed, keep=keep)
    try:
        stack.prepare()
        stack.save()
        total, names = count(stack, path)
        points = choose(wanted, total, seed)
        out(f"{path}: {total} fault points ({', '.join(f'{n} {c}' for n, c in sorted(names.items()))}); killing at {len(points)} of them")
        missed = 0
        for point in points:
            why = play_once(stack, path, f"kill@{point}")
            missed += not stack.fault_hit
            if why:
                failures.append((point, why))
                out(f"not ok kill@{point}\n{why}\n  repeat: PYTHONPATH=tests python3 -m harness.sweep {os.path.relpath(path)}"
                    f" --points {point}, --seed {seed}")
        # Timers make the numbering differ a little between runs: the last points may not be reached. Most must be.
        if points and missed > max(1, len(points) // 2):
            failures.append((0, f"only {len(points) - missed} of {len(points)} faults struck: the sweep proves nothing"))
            out(failures[-1][1])
        out(f"{'not ok' if failures else 'ok'} {path}: {len(points) - missed} kills, {len(failures)} failures"
            f" ({time.monotonic() - begin:.0f} s)")
    finally:
        stack.stop()
    return failures


def main(argv):
    parser = argparse.ArgumentParser(prog="sweep", description="kill -9 at every fault point of a scenario")
    parser.add_argument("file")
    parser.add_argument("--points", default="all" if os.environ.get("WAKALA_LONG") else "10")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("WAKALA_SEED", "0") or 0) or random.randrange(1, 1 << 31))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args(argv)
    print(f"seed {args.seed}", flush=True)
    failures = sweep(args.file, args.points, args.seed, args.workers, args.keep, lambda text: print(text, flush=True))
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Failed, Late, SqlError, Unmet, scenario.ScenarioError) as error:
        print(f"sweep: {error}", file=sys.stderr)
        sys.exit(1)
