"""kill -9 at every fault point of a journey: it is played again and again on one running host, each time with another point armed.

    python3 -m harness.sweep FILE.play [--points all|N|LIST] [--jobs N] [--part I/N] [--seed N] [--workers 1] [--keep]

A few undisturbed plays tell which points there are and how often each is passed. Then every point gets a play of its own, in which the
worker that passes it dies; the master replaces it, nobody else does anything. The scenario's own checks must hold after every play.
--points 12: twelve points drawn by the seed; NAME:3,NAME: the third of a name, all of a name (* fits anything); all: every one (the
long size), in --jobs shares at once, each with servers of its own. --part 2/3: only the second of three shares. A failure prints the line that repeats that point; exit status 1 when there was one. docs/design/faults.md
"""
import argparse
import fnmatch
import os
import random
import statistics
import subprocess
import sys
import time
import zlib

from . import fault, procs, scenario
from .play import Player, Unmet
from .postgres import SqlError
from .procs import Failed, Late
from .stack import Stack

COUNTED = 3          # undisturbed plays, after one that warms up
TRIES = 6            # plays for a point that is not reached: numbers differ a little between plays
STRUCK_MIN = 0.95    # of the points that every undisturbed play passed
PLAYS_PER_HOST = 50  # then new databases and a new host: Sipho may not hold more cash, and the checks read all that ever happened
DEATHS_PER_GENERATION = 2  # a third death of the same plugin within a minute is quarantine, and rightly so; a reload forgets
PAUSE_S = 300        # of the moved clock between plays: Meta takes 45 messages to one person at once, then one in 6 s
# Of statuses, in the plays that kill the sender between the send and the word that it was done: a status that comes at once settles the
# message before anybody could send it twice. Later than a replacement looks, sooner than resend_after; the plays take longer by it.
LATE_MS = [600, 900]
LATE_AT = ("whatsapp.send/http", "whatsapp.send/handler.commit", "whatsapp.send/commit.before")
FDS_MORE = 4         # files a master may have open after all these deaths more than before: pipes of a worker that starts


def points_of(plays):
    """[(name, number)] of what undisturbed plays passed: each name as often as the play that passed it least, but for those that
    did not pass it at all. How many statuses one flush takes, and how often an idle reader looks, differs from play to play."""
    least = {}
    for counts in plays:
        for name, count in counts.items():
            least[name] = min(count, least.get(name, count))
    return [(name, number) for name in sorted(least) for number in range(1, least[name] + 1)]


def always(plays):
    """Names that every undisturbed play passed. The others hang on chance (whether a connection is free at once): tried, named, and not asked for."""
    return set(plays[0]).intersection(*plays[1:])


def choose(wanted, points, seed):
    """The points to kill at, in order."""
    if wanted == "all":
        return list(points)
    if wanted.isdigit():
        return sorted(random.Random(seed).sample(points, min(int(wanted), len(points))))
    chosen = []
    for word in filter(None, wanted.split(",")):
        if word.rpartition(":")[2].isdigit():
            chosen.append(fault.parse(word))
            continue
        named = [point for point in points if fnmatch.fnmatch(point[0], word)]
        if not named:
            raise Failed(f"no fault point of this journey is called {word}")
        chosen += named
    return chosen


def share(points, part):
    """Of "2/3" about every third. By the point's name and number and not by its place, so that shares that counted apart, and not
    quite the same, leave no gap between them."""
    index, _, count = part.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise Failed(f"not a part: {part} (as in 2/3)")
    return [point for point in points if (zlib.crc32(point[0].encode()) + point[1]) % int(count) == int(index) - 1]


class Bed:
    """A running stack that takes one fault after the other."""

    def __init__(self, path, seed, workers, keep):
        self.path, self.keep = path, keep
        self.stack = Stack(workers=workers, seed=seed, keep=keep, faults=True)
        self.page, self.plays, self.deaths, self.fds = self.stack.page, 0, 0, 0

    def prepare(self):
        self.stack.prepare()
        self.stack.save()
        self.stack.start_hosts()
        self.begin()

    def renew(self):
        self.page.disarm()
        self.stack.reset()
        self.stack.start_hosts()
        self.begin()

    def begin(self):
        self.plays = self.deaths = 0
        self.fds = self.open_files()

    def open_files(self):
        return len(os.listdir(f"/proc/{self.stack.host.process.pid}/fd"))

    def settled(self):
        """As many workers as there should be, of one generation, all in service; an old generation is gone."""
        host = self.stack.host
        return len(host.workers()) == len(procs.children(host.process.pid)) == self.stack.workers and host.serves()

    def rest(self):
        """Before a play: no earlier death is held against the plugin it struck, and people may be written to."""
        if self.plays >= PLAYS_PER_HOST:
            self.renew()
        if self.deaths >= DEATHS_PER_GENERATION:
            went, verdict = self.stack.reload()
            if not went:
                raise Failed(f"the reload between plays was refused: {verdict}")
            procs.until(self.settled, 60, "the old generation is gone", self.stack.host.tail)
            self.deaths = 0
        if self.plays:
            self.stack.advance(PAUSE_S)

    def play(self, point=None):
        """One play: what was passed. With a point armed, until the play ends; then all workers are back."""
        self.stack.sim.rules({"status_delay_ms": LATE_MS if point and point[0].startswith(LATE_AT) else [0, 0]})
        before = self.page.counts()
        if point:
            self.page.arm(*point)
        self.plays += 1
        try:
            Player(self.stack).play(scenario.load(self.path))
        finally:
            self.page.disarm()
            self.deaths += bool(point and self.page.struck())
        procs.until(self.settled, 30, "all workers are back", self.stack.host.tail)
        findings = self.stack.findings()
        if findings:
            raise Failed("a sanitizer found:\n" + "\n".join(findings[:40]))
        more = self.open_files() - self.fds
        if more > FDS_MORE:
            raise Failed(f"the master has {more} files more open than at its start")
        return self.page.passed(before)

    def strike(self, point):
        """(seconds of the play that it struck, 0 when it was not reached; what went wrong or None)"""
        begin = time.monotonic()
        try:
            for _ in range(TRIES):
                self.rest()
                begin = time.monotonic()
                self.play(point)
                if self.page.struck():
                    return time.monotonic() - begin, None
            return 0, None
        except (Unmet, Failed, Late, SqlError) as why:
            text = f"{why}\n{self.stack.hint()}"
            if not self.keep:
                self.renew()
            return time.monotonic() - begin, text


def name_of(point):
    return f"{point[0]}:{point[1]}" if point[0] else str(point[1])


def count(bed, out):
    """The points that a warm host passes undisturbed."""
    plays, took = [], []
    for _ in range(1 + COUNTED):
        bed.rest()
        begin = time.monotonic()
        plays.append(bed.play())
        took.append(time.monotonic() - begin)
    points = points_of(plays[1:])
    if not points:
        raise Failed("no fault points were counted: is the build without WK_NO_FAULTS?")
    names = sorted({name for name, _ in points})
    out(f"{bed.path}: {len(points)} fault points, {took[-1]:.1f} s a play: "
        + ", ".join(f"{name} {sum(point[0] == name for point in points)}" for name in names))
    return points, always(plays[1:])


def sweep(path, args, out=print):
    """How many failures."""
    failures, missed, took, begin = 0, [], [], time.monotonic()
    bed = Bed(path, args.seed, args.workers, args.keep)
    try:
        bed.prepare()
        points, sure = count(bed, out)
        points = share(choose(args.points, points, args.seed), args.part)
        for done, point in enumerate(points, 1):
            seconds, why = bed.strike(point)
            if seconds:
                took.append(seconds)
            else:
                missed.append(point)
            if why:
                failures += 1
                out(f"not ok kill -9 at {name_of(point)}\n{why}\n  repeat: PYTHONPATH=tests python3 -m harness.sweep"
                    f" {os.path.relpath(path)} --points {name_of(point)} --seed {args.seed}")
                if args.keep:
                    break
            if done % 100 == 0:
                out(f"  {done} of {len(points)} points, {len(took)} struck, {failures} failures, {time.monotonic() - begin:.0f} s")
    finally:
        bed.stack.stop()
    if missed:
        out(f"not reached in {TRIES} plays: {', '.join(name_of(point) for point in missed)}")
    owed = [point for point in points if point[0] in sure]
    lost = [point for point in missed if point[0] in sure]
    if len(lost) > max(1, len(owed) * (1 - STRUCK_MIN)):
        failures += 1
        out(f"only {len(owed) - len(lost)} of {len(owed)} faults struck: the sweep proves too little")
    slow = f", a struck play took {statistics.median(took):.1f} s in the median, {max(took):.1f} s at most" if took else ""
    out(f"{'not ok' if failures else 'ok'} {path}: {len(points)} points, {len(took)} struck, {failures} failures{slow}"
        f" ({time.monotonic() - begin:.0f} s)")
    return failures


def in_shares(args):
    """As many sweeps as jobs, each of one share: every process starts its own servers, which end with it."""
    def command(share_of):
        return [sys.executable, "-m", "harness.sweep", args.file, "--points", args.points, "--jobs", "1", "--part", share_of,
                "--seed", str(args.seed), "--workers", str(args.workers)] + ["--keep"] * args.keep
    running = [subprocess.Popen(command(f"{i}/{args.jobs}"), preexec_fn=procs.dies_with_parent()) for i in range(1, args.jobs + 1)]
    return sum(process.wait() != 0 for process in running)


def main(argv):
    parser = argparse.ArgumentParser(prog="sweep", description="kill -9 at every fault point of a scenario")
    parser.add_argument("file")
    parser.add_argument("--points", default="all" if os.environ.get("WAKALA_LONG") else "10")
    parser.add_argument("--jobs", type=int, default=0, help="shares at once [2 when every point is struck, else 1]")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("WAKALA_SEED", "0") or 0) or random.randrange(1, 1 << 31))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="end with the first failure and leave its folder")
    args = parser.parse_args(argv)
    args.jobs = args.jobs or (2 if args.points == "all" and args.part == "1/1" else 1)
    if args.jobs > 1:
        return 1 if in_shares(args) else 0
    label = "" if args.part == "1/1" else f"[{args.part}] "
    print(f"{label}seed {args.seed}", flush=True)
    return 1 if sweep(args.file, args, lambda text: print(label + text, flush=True)) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Failed, Late, SqlError, Unmet, scenario.ScenarioError) as error:
        print(f"sweep: {error}", file=sys.stderr)
        sys.exit(1)
