"""Plays a scenario file against a world: says, taps, hears, breaks things, checks. See scenario.py for the language.

    python3 -m harness.play FILE.play [--seed N] [--fault NAME:3] [--chaos N] [--moves] [--repeat N] [--keep] [--workers N] [--quiet]

Exit status 0 only when every statement held. A failure names file and line, shows what was heard instead and the command
that repeats it. --chaos N kills master and PostgreSQL at N places drawn from the seed; --moves moves the shop between two database servers; --fault kills the worker that passes that
fault point (docs/design/faults.md).
"""
import argparse
import concurrent.futures
import os
import random
import re
import sys
import threading
import time

from . import procs, scenario
from .inbox import Inbox
from .ledger import Ledger
from .procs import Failed, Late

DEADLINE = float(os.environ.get("WAKALA_PLAY_DEADLINE", "20"))


class Unmet(Exception):
    """A statement that did not hold."""


class Actor:
    def __init__(self, word, number, name, address):
        self.word, self.number, self.name, self.address = word, number, name, address
        self.inbox = Inbox()


class Chaos:
    """Kills at places drawn from a seed, right after somebody did something: while the answer is being made."""

    def __init__(self, seed, count, actions, victims=("master", "postgres")):
        pick = random.Random(seed)
        places = sorted(pick.sample(range(actions), min(count, actions)))
        self.plan = {place: (pick.choice(victims), pick.uniform(0, 0.15)) for place in places}
        self.done = 0

    def after_action(self, kill):
        victim, delay = self.plan.get(self.done, (None, 0))
        self.done += 1
        if victim:
            time.sleep(delay)  # not a wait for anything: the moment of the fault
            kill(victim)


class Player:
    """Plays statements. `world` gives sim, sql(text), advance(seconds), kill(what), reload(), invariants()."""

    def __init__(self, world, out=None, deadline=DEADLINE, chaos=None):
        self.world, self.out, self.deadline, self.chaos = world, out or (lambda text: None), deadline, chaos
        self.actors, self.values, self.ledger = {}, {}, Ledger()
        self.wounds = []  # what was killed and has not answered since: (what, when, newest message of each actor before it)
        self.address = "100000000000001"
        self.title = ""

    def play(self, statements):
        for s in statements:
            try:
                getattr(self, f"do_{s.verb}")(*s.args)
            except (Unmet, Late) as why:
                raise Unmet(f"{s.place}: {s.text}\n{why}") from why

    # helpers

    def plain(self, text):
        return re.sub(r"\$([A-Za-z_]\w*)", lambda m: self.values[m.group(1)], text)

    def expression(self, text):
        return re.sub(r"\$([A-Za-z_]\w*)", lambda m: re.escape(self.values[m.group(1)]), text)

    def tell(self, who, arrow, text):
        self.out("\n".join(f"{who.name if i == 0 else '':<12} {arrow if i == 0 else ' '} {line}"
                           for i, line in enumerate(text.split("\n"))))

    def fetch(self, actor):
        fresh = actor.inbox.add(self.world.sim.messages(actor.number, actor.inbox.last_n()))
        for message in fresh:
            self.tell(actor, "<", message.shown())
        return fresh

    def heard_instead(self, actor):
        recent = actor.inbox.recent()
        shown = "\n".join("    | " + line for m in recent for line in (m.shown() + "\n--").split("\n"))
        return f"  {actor.name} heard instead:\n{shown}" if recent else f"  {actor.name} heard nothing at all"

    def wait(self, actor, look, wanted):
        def attempt():
            self.fetch(actor)
            return look()
        try:
            return procs.until(attempt, self.deadline, wanted)
        except Late as why:
            raise Unmet(f"  {why}\n{self.heard_instead(actor)}") from why

    def act(self, word, shown, times=1, **what):
        actor = self.actors[word]
        self.fetch(actor)
        self.tell(actor, ">", shown)
        actor.inbox.acted()
        if "choice" in what and times > 1:  # taps are messages of their own, not copies of one
            for _ in range(times):
                self.send(actor, **what)
        else:
            self.send(actor, **({"times": times} if times > 1 else {}), **what)
        if self.chaos:
            self.chaos.after_action(self.do_kill)

    def send(self, actor, **what):
        wamid = self.world.sim.say(actor.number, actor.address, actor.name, **what)
        self.ledger.record(wamid, actor.number, actor.address)

    # the scene

    def do_title(self, text):
        self.title = text
        self.out(f"== {text}\n")

    def do_address(self, digits):
        self.address = digits

    def do_actor(self, word, number, name):
        self.actors[word] = Actor(word, number, name, self.address)
        self.actors[word].inbox.add(self.world.sim.messages(number))  # a second run on the same data: not news
        self.actors[word].inbox.floor = self.actors[word].inbox.mark = self.actors[word].inbox.last_n()

    def do_deadline(self, seconds):
        self.deadline = seconds

    def do_rules(self, value):
        self.world.sim.rules(value)

    def do_set(self, name, text):
        self.values[name] = self.plain(text)

    # people

    def do_says(self, word, text):
        self.act(word, self.plain(text), text=self.plain(text))

    def do_says_times(self, word, text, times):
        self.act(word, f"{self.plain(text)}  (delivered {times} times)", times, text=self.plain(text))

    def do_types(self, word, number):
        self.act(word, str(number), text=str(number))

    def do_types_number_of(self, word, text):
        actor, wanted = self.actors[word], self.expression(text)
        _, number = self.wait(actor, lambda: actor.inbox.number_of(wanted), f"a menu with a line \"{text}\"")
        self.act(word, str(number), text=str(number))

    def do_sends_location(self, word, latitude, longitude):
        place = {"latitude": float(self.plain(latitude)), "longitude": float(self.plain(longitude))}
        self.act(word, f"(location {latitude} {longitude})", location=place)

    def do_sends_raw(self, word, value):
        self.act(word, f"(message of type {value.get('type', '?')})", raw=value)

    def _tap(self, word, text, times=1, everywhere=False):
        actor, wanted = self.actors[word], self.expression(text)
        _, (choice, title, kind) = self.wait(actor, lambda: actor.inbox.option(wanted, everywhere), f"an option \"{text}\"")
        self.act(word, f"[{title}]" + (f"  ({times} times)" if times > 1 else ""), times,
                 choice={"id": choice, "title": title, "kind": kind})

    def do_taps(self, word, text):
        self._tap(word, text)

    def do_taps_times(self, word, text, times):
        self._tap(word, text, times)

    def do_taps_old(self, word, text):
        self._tap(word, text, everywhere=True)

    def do_tap_together(self, words, text):
        """Each in a thread of its own, let go at once: nobody's message waits until another's was taken."""
        actors, wanted, gate = [self.actors[word] for word in words], self.expression(text), threading.Barrier(len(words))
        options = [self.wait(a, lambda a=a: a.inbox.option(wanted), f"an option \"{text}\"")[1] for a in actors]

        def tap(actor, choice, title, kind):
            gate.wait()
            self.send(actor, choice={"id": choice, "title": title, "kind": kind})

        for actor, (_, title, _) in zip(actors, options):
            self.tell(actor, ">", f"[{title}]  (together)")
            actor.inbox.acted()
        with concurrent.futures.ThreadPoolExecutor(len(words)) as pool:
            for tapped in [pool.submit(tap, actor, *option) for actor, option in zip(actors, options)]:
                tapped.result()
        if self.chaos:
            self.chaos.after_action(self.do_kill)

    def do_hears(self, word, text):
        actor, wanted = self.actors[word], self.expression(text)
        message, match = self.wait(actor, lambda: actor.inbox.hear(wanted), f"a message with \"{text}\"")
        for what, when, newest in [wound for wound in self.wounds if message.n > wound[2].get(word, 0)]:
            self.ledger.healed(what, time.monotonic() - when)
            self.out(f"-- healed: an answer {self.ledger.heals[-1][1]:.2f} s after kill -9 {what}")
        self.wounds = [wound for wound in self.wounds if message.n <= wound[2].get(word, 0)]
        return message, match

    def do_hears_as(self, word, text, names):
        _, match = self.do_hears(word, text)
        self.values.update(zip(names, match.groups()))

    def do_never_heard(self, word, text):
        actor = self.actors[word]
        self.fetch(actor)
        for m in actor.inbox.messages:
            if re.search(self.expression(text), m.text):
                raise Unmet(f"  heard: {m.text}")

    def do_offered(self, word, text):
        actor, wanted = self.actors[word], self.expression(text)
        self.wait(actor, lambda: actor.inbox.option(wanted), f"an option \"{text}\"")

    # the world

    def do_advance(self, seconds):
        self.out(f"-- {seconds:g} s pass")
        self.world.advance(seconds)

    def do_kill(self, what):
        for actor in self.actors.values():  # what came before proves nothing about after
            self.fetch(actor)
        self.out(f"-- kill -9 {what}")
        newest = {word: actor.inbox.last_n() for word, actor in self.actors.items()}
        when = time.monotonic()
        serves = self.world.kill(what)
        self.out(f"-- the port serves {serves:.2f} s after it")
        self.wounds.append((what, when, newest))

    def do_check_healed(self, seconds):
        """Every kill so far was followed by an answer, soon enough."""
        late = [f"{what} {took:.2f} s" for what, took in self.ledger.heals if took > seconds]
        late += [f"{what}: nothing was heard since" for what, _, _ in self.wounds]
        if late or not self.ledger.heals:
            raise Unmet(f"  not healed within {seconds:g} s: {', '.join(late) or 'nothing was killed'}")
        self.out(f"-- healed: {self.ledger.healing()}")

    def do_start(self, what):
        self.world.start_part(what)

    def do_tenant(self, verb, name):
        """`wakala tenant suspend NAME` and its like; the workers hear of it within the second."""
        self.out(f"-- wakala tenant {verb} {name}")
        self.world.tenant(verb, name)
        time.sleep(1)

    def do_reload(self):
        ok, text = self.world.reload()
        if not ok:
            raise Unmet(f"  the reload was refused: {text}")
        self.out(f"-- {text}")

    def do_reload_fails(self, text):
        ok, verdict = self.world.reload()
        if ok or not re.search(text, verdict):
            raise Unmet(f"  the reload {'went through' if ok else 'failed otherwise'}: {verdict}")

    def do_check_invariants(self):
        """They hold at rest: what is still on its way gets the deadline to arrive."""
        with self.world.placing:
            self._check_invariants()

    def _check_invariants(self):
        try:
            procs.until(lambda: not self.world.invariants(), self.deadline, "the invariants hold")
        except Late:
            raise Unmet("\n".join(f"  {line}" for line in self.world.invariants() or ["they hold only now"])) from None

    def do_check_ledger(self):
        def audit():
            with self.world.placing:
                sql = self.world.sql_everywhere
                return self.ledger.audit(Ledger.incoming(sql), Ledger.addresses(sql), self.world.sim.stats().get("sends_per_callback", {}), Ledger.unsent(sql))
        try:
            procs.until(lambda: self.world.sim.pending() == 0 and not audit(), self.deadline, "the book is clean")
        except Late:
            raise Unmet("\n".join(f"  {line}" for line in audit() or ["the simulator still delivers"])) from None

    def do_expect_order(self, number, status):
        number = self.plain(number).lstrip("#")
        if not number.isdigit():
            raise Unmet(f"  not an order number: {number}")
        query = (f"SELECT o.status FROM pool.orders_order o JOIN wakala.address a ON a.tenant_id = o.tenant_id"
                 f" AND a.address = '{self.address}' WHERE o.number = {number}")
        self._expect(query, status)

    def do_expect_sql(self, query, wanted):
        self._expect(self.plain(query), self.plain(wanted))

    def _expect(self, query, wanted):
        def now():
            rows = self.world.sql(query)
            return rows[0][0] if rows and rows[0] else "(no row)"
        try:
            procs.until(lambda: now() == wanted, self.deadline, wanted)
        except Late:
            raise Unmet(f"  it is {now()}, wanted {wanted}") from None


class Mover(threading.Thread):
    """Moves the demo shop to the other database server and back, at drawn moments, while a scenario is played."""

    def __init__(self, world, seed, out):
        super().__init__(name="mover", daemon=True)
        self.world, self.dice, self.out, self.stopping, self.failure, self.moves = world, random.Random(seed), out, threading.Event(), None, 0

    def run(self):
        while not self.stopping.wait(self.dice.uniform(0.2, 1.5)):
            try:
                self.out(f"-- {self.world.move('Demo A', 'main' if self.world.place == 'two' else 'two')}")
                self.moves += 1
            except Failed as why:
                self.failure = why
                return

    def stop(self):
        """Raises what went wrong, and when nothing was moved at all."""
        self.stopping.set()
        self.join()
        if self.failure or not self.moves:
            raise self.failure or Failed("the scenario ended before the shop was moved once")
        self.out(f"-- moved {self.moves} times")


ACTIONS = {"says", "says_times", "types", "types_number_of", "sends_location", "sends_raw", "taps", "taps_times", "taps_old", "tap_together"}


def count_actions(statements):
    return sum(s.verb in ACTIONS for s in statements)


def repeat_command(path, args):
    words = ["PYTHONPATH=tests", "python3 -m harness.play", os.path.relpath(path), f"--seed {args.seed}"]
    if args.fault:
        words.append(f"--fault {args.fault}")
    if args.chaos:
        words.append(f"--chaos {args.chaos}")
    if args.moves:
        words.append("--moves")
    return " ".join(words)


def play_file(path, args, out):
    """Play one file in a stack of its own. Returns an error text or None, and how long the faults took to heal."""
    from .stack import Stack
    statements = scenario.load(path)
    chaos = Chaos(args.seed, args.chaos, count_actions(statements)) if args.chaos else None
    world = Stack(workers=args.workers, point=args.fault, seed=args.seed, keep=args.keep, others=["two"] if args.moves else ())
    player = Player(world, out, chaos=chaos)
    mover = Mover(world, args.seed, out) if args.moves else None
    try:
        world.start()
        if mover:
            mover.start()
        player.play(statements)
        if mover:
            mover.stop()
        findings = world.findings()
        if findings:
            raise Failed("a sanitizer found:\n" + "\n".join(findings[:40]))
        if args.fault and not world.page.struck():
            raise Failed(f"the fault point {args.fault} was not reached; passed: {world.page.counts()}")
        return None, player.ledger.healing()
    except Unmet as why:
        return f"{why}\n  repeat: {repeat_command(path, args)}\n{world.hint()}", ""
    except (Failed, Late) as why:
        return f"{path}: {why}\n  repeat: {repeat_command(path, args)}\n{world.hint()}", ""
    finally:
        world.stop()


def main(argv):
    parser = argparse.ArgumentParser(prog="play", description="play a scenario file")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("WAKALA_SEED", "0") or 0) or random.randrange(1, 1 << 31))
    parser.add_argument("--fault", default=None, metavar="POINT", help="NAME:3 or 37")
    parser.add_argument("--chaos", type=int, default=0)
    parser.add_argument("--moves", action="store_true", help="the demo shop moves between two database servers all the time")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="leave the folder of a failed run")
    parser.add_argument("--repeat", type=int, default=1, help="so many runs, each with the next seed")
    parser.add_argument("--long-repeat", type=int, default=0, help="so many when WAKALA_LONG is set")
    parser.add_argument("--quiet", action="store_true", help="no transcript")
    args = parser.parse_args(argv)
    failed = 0
    repeat = args.long_repeat if args.long_repeat and os.environ.get("WAKALA_LONG") else args.repeat
    for path in [path for path in args.files for _ in range(repeat)]:
        begin, healing = time.monotonic(), ""
        try:
            why, healing = play_file(path, args, (lambda text: None) if args.quiet else lambda text: print(text, flush=True))
        except scenario.ScenarioError as error:
            why = str(error)
        print(f"{'not ok' if why else 'ok'} {path} seed {args.seed} ({time.monotonic() - begin:.1f} s{'; healed: ' + healing if healing else ''})",
              flush=True)
        args.seed += 1
        if why:
            print(why, file=sys.stderr)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
