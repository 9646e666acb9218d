"""bench turn: whole conversation turns, from the signed webhook to the reply handed to Meta.

    script/bench turn [--rounds N] [--seconds S] [--workers N]

A turn: the webhook is stored, its event read, the conversation loaded, its node run, saved; the reply's event read, SENDING stored, posted
to the Graph API (people.c, which answers at once), the answer stored. Talk-only turns ("hi", "menu") of many people, 16 and 64 at once.
round_trips_with_sending counts what the conversation's and the sender's calls together ask of PostgreSQL, per such turn.
round_trips is the mean over the turns of the whole journey (tests/journeys/cod-by-buttons.play, played five times against the simulator): load,
think and save of every message of customer, shop and driver, without the sender. round_trips_whole is all that the journey's calls ask, per turn:
the sender, dispatch, timers and every other handler with it.
"""
import argparse
import json
import subprocess
import sys
import time

from harness import scenario
from harness.play import Player
from harness.sim import request
from harness.stack import ROOT, Stack

from ..bed import Bed, Failed, compile_c, cpu_ns, demo_values, emit, main, median, note, procs

PEOPLE = 20000


class People:
    def __init__(self):
        self.exe = compile_c("people", ["bench/turn/people.c"], rooms=("http", "fiber", "observe", "share", "llhttp"),
                             packages=("libevent", "libcrypto", "libcurl", "jansson"))

    def run(self, bed, graph_port, places, seconds, warmup):
        numbers = ",".join(number for _, ids, _ in demo_values.TENANTS for number in ids)
        argv = [self.exe, str(bed.host.port), str(graph_port), str(places), str(PEOPLE), str(warmup), str(seconds), demo_values.APP_SECRET, numbers]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=sys.stderr, text=True) as process:
            try:
                for line in process.stdout:
                    word = line.strip()
                    if word in ("begin", "end"):
                        cpu = {"host": cpu_ns(bed.host_pids()), "store": cpu_ns(bed.store_pids())}
                        if word == "begin":
                            before = cpu
                    elif line.startswith("{"):
                        result = json.loads(line)
                process.wait(30)
            finally:
                if process.poll() is None:
                    process.kill()
        if process.returncode or not result["ok"]:
            raise Failed(f"people ended with {process.returncode}\n{bed.host.tail()}")
        for name in cpu:
            result[f"{name}_us"] = (cpu[name] - before[name]) / 1000 / result["ok"]
        return result


def settled(bed):
    """/metrics once counters have stopped: (trips, turns, sent)."""
    names = ("wakala_call_round_trips_total", "wakala_conversation_turns", "wakala_whatsapp_sent")
    last = None
    for _ in range(20):
        time.sleep(1.1)
        metrics = bed.metrics()
        now = tuple(metrics.get(name, 0) for name in names)
        if now == last:
            return now
        last = now
    raise Failed("the host does not come to rest")


def journey_trips(plays=5):
    """(round trips of the turns, turns, round trips of everything) of the journey."""
    names = ("wakala_turn_round_trips_total", "wakala_turns_total", "wakala_call_round_trips_total")
    total = [0] * len(names)
    for _ in range(plays):
        with Stack(workers=2) as stack:
            Player(stack, out=note).play(scenario.load(f"{ROOT}/tests/journeys/cod-by-buttons.play"))
            last = None
            for _ in range(20):
                time.sleep(1.1)
                text = request(stack.host.admin_port, "GET", "/metrics")[2].decode()
                values = dict(line.split()[:2] for line in text.splitlines() if line and not line.startswith("#"))
                now = [float(values[name]) for name in names]
                if now == last:
                    break
                last = now
            total = [a + b for a, b in zip(total, last)]
    return total


def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    people, results = People(), {16: [], 64: []}
    graph_port = procs.free_ports(1)[0]
    fast = {"whatsapp": "rate_per_number = 1000;\n"} # the pace is Meta's limit, not ours
    with Bed(workers=args.workers, plugins=("whatsapp", "conversation"), base_url=f"http://127.0.0.1:{graph_port}", more=fast) as bed:
        people.run(bed, graph_port, 16, 2, 1)
        # Plans made for empty tables read all of a tenant. In production autovacuum mends that in the first minute; here it is told to, and the
        # connections plan anew. What the first minute costs is its own figure.
        cold = people.run(bed, graph_port, 64, 2, 0.5)
        bed.pg.sql("VACUUM ANALYZE", "wakala")
        before = settled(bed)
        for i in range(args.rounds):
            for places in results:
                result = people.run(bed, graph_port, places, args.seconds, 0.5)
                results[places].append(result)
                note(f"round {i + 1}, {places} at once: " + " ".join(f"{key}={value:.5g}" for key, value in result.items()))
        after = settled(bed)
        dead = int(bed.sql("SELECT count(*) FROM wakala.dead")[0][0])
    if dead:
        raise Failed(f"{dead} dead letters")
    trips, turns, sent = (b - a for a, b in zip(before, after))
    for places, suffix in ((64, ""), (16, "_c16")):
        for key, metric, unit in (("rate", "turns_per_s", "turns/s"), ("p50_ms", "p50_ms", "ms"), ("p99_ms", "p99_ms", "ms"),
                                  ("host_us", "host_cpu_us", "us/turn"), ("store_us", "store_cpu_us", "us/turn")):
            emit("turn", f"{metric}{suffix}", median([r[key] for r in results[places]]), unit)
    journey, turns_of_journey, whole = journey_trips()
    emit("turn", "round_trips", journey / turns_of_journey, "trips/turn")
    emit("turn", "round_trips_whole", whole / turns_of_journey, "trips/turn")
    emit("turn", "round_trips_with_sending", trips / turns, "trips/turn")
    emit("turn", "turns_per_s_cold", cold["rate"], "turns/s")
    emit("turn", "messages", sent / turns, "messages/turn")


if __name__ == "__main__":
    main(run)
