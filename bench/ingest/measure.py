"""bench ingest: accepted webhooks per second with everything durable before the 200, against three limits and peers, interleaved round by round.

    script/bench ingest [--rounds N] [--seconds S] [--workers N] [--without-peer] [--proof-only]

Only storing is measured: no plugin answers messages, but the log still reads every stored event and hands it to its (empty) chain.
"""
import argparse
import json
import time

from ..bed import Bed, Failed, Load, compile_c, emit, main, median, note, procs
from .peers import BareHttp, Fastify
from .proof import prove

SLOW_GUESS, FAST_GUESS = 40000, 90000 # requests a second that are signed beforehand


class Rounds:
    def __init__(self, args, bed, http, peer, bare_pg):
        self.args, self.bed, self.http, self.peer, self.bare_pg = args, bed, http, peer, bare_pg
        self.load = Load()
        self.next_id = 1
        self.results = {}
        self.batch = 32

    def keep(self, name, result):
        self.results.setdefault(name, []).append(result)
        note(f"{name}: " + " ".join(f"{key}={value:.6g}" for key, value in result.items() if not isinstance(value, bool) and key not in ("last", "seconds")))

    def post(self, name, port, accounts, connections, guess, **options):
        result = self.load.run(port, accounts, connections=connections, seconds=self.args.seconds, first=self.next_id, **{"rate-max": 2 * guess}, **options)
        self.next_id = result["last"] + 1
        if result["refused"] or result["lost"] or not result["ok"]:
            raise Failed(f"{name}: {result['refused']} refused, {result['lost']} lost, {result['ok']} accepted")
        if result["used_up"]:
            raise Failed(f"{name}: the signed load was used up; raise the guess")
        self.keep(name, result)

    def host(self, connections, mix="message"):
        name = f"host_{mix}_c{connections}"
        before = self.bed.metrics()
        self.post(name, self.bed.host.port, {"host": self.bed.host_pids, "store": self.bed.store_pids}, connections, SLOW_GUESS, mix=mix)
        time.sleep(1.1) # counters reach /metrics once a second
        after = self.bed.metrics()
        flushes = after["wakala_inbox_flushes_total"] - before["wakala_inbox_flushes_total"]
        result = self.results[name][-1]
        result["batch"] = (after["wakala_inbox_stored_total"] - before["wakala_inbox_stored_total"]) / max(flushes, 1)
        if name == "host_message_c64":
            self.batch = max(1, round(result["batch"]))

    def bare(self, connections):
        argv = [self.bare_pg, self.bed.pg.conninfo("bare", "wakala_host"), str(connections), str(self.batch), str(self.args.seconds), self.bed.tenant, str(self.next_id)]
        status, out = procs.run(argv, timeout=60)
        if status:
            raise Failed(f"bare_pg: {out}")
        result = json.loads(out)
        self.next_id = result["last"] + 1
        self.keep(f"pg_{connections}", result)

    def round(self):
        self.bed.pg.sql("CHECKPOINT", "wakala")
        for connections in (64, 256):
            self.host(connections)
            self.post(f"http_c{connections}", self.http.port, {"host": self.http.pids}, connections, FAST_GUESS)
            if self.peer:
                self.post(f"fastify_c{connections}", self.peer.port, {"host": self.peer.pids, "store": self.peer.store_pids}, connections, 12000, warmup=1.0) # node compiles while it runs
            if connections == 64:
                for n in (1, 2, 4):
                    self.bare(n)
        self.host(64, "mixed")

    def of(self, name, key):
        return median([r[key] for r in self.results[name]])

    def report(self):
        rate = {c: self.of(f"host_message_c{c}", "rate") for c in (64, 256)}
        for c, suffix in ((64, ""), (256, "_c256")):
            name = f"host_message_c{c}"
            emit("ingest", f"rate{suffix}", rate[c], "webhooks/s")
            for key, unit in (("p50_ms", "ms"), ("p99_ms", "ms"), ("batch", "webhooks/commit")):
                emit("ingest", f"{key}{suffix}", self.of(name, key), unit)
            emit("ingest", f"host_cpu_us{suffix}", self.of(name, "host_us"), "us/webhook")
            emit("ingest", f"store_cpu_us{suffix}", self.of(name, "store_us"), "us/webhook")
            emit("ingest", f"bare_http_rate{suffix}", self.of(f"http_c{c}", "rate"), "webhooks/s")
            emit("ingest", f"bare_http_cpu_us{suffix}", self.of(f"http_c{c}", "host_us"), "us/webhook")
            emit("ingest", f"ratio_bare_http{suffix}", rate[c] / self.of(f"http_c{c}", "rate"), "ours/theirs")
            if self.peer:
                for key, metric, unit in (("rate", "rate", "webhooks/s"), ("p50_ms", "p50_ms", "ms"), ("p99_ms", "p99_ms", "ms"),
                                          ("host_us", "host_cpu_us", "us/webhook"), ("store_us", "store_cpu_us", "us/webhook")):
                    emit("ingest", f"fastify_{metric}{suffix}", self.of(f"fastify_c{c}", key), unit)
                emit("ingest", f"ratio_fastify{suffix}", rate[c] / self.of(f"fastify_c{c}", "rate"), "ours/theirs")
                emit("ingest", f"ratio_fastify_p99{suffix}", self.of(f"fastify_c{c}", "p99_ms") / self.of(f"host_message_c{c}", "p99_ms"), "theirs/ours")
        best = max((self.of(f"pg_{n}", "rate"), n) for n in (1, 2, 4))
        emit("ingest", "bare_pg_rate", best[0], "rows/s")
        emit("ingest", "bare_pg_connections", best[1], "connections")
        emit("ingest", "ratio_bare_pg", rate[64] / best[0], "ours/theirs")
        emit("ingest", "rate_mixed", self.of("host_mixed_c64", "rate"), "webhooks/s")
        emit("ingest", "host_cpu_us_mixed", self.of("host_mixed_c64", "host_us"), "us/webhook")


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--workers", type=int, default=1) # on two cores the database and the generator fill the other
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--proof-only", action="store_true")
    parser.add_argument("--queue", choices=("classic", "quorum"), default="quorum")
    return parser.parse_args()


def measure(args):
    bare_pg = compile_c("bare_pg", ["bench/ingest/bare_pg.c"], packages=("libpq", "libcrypto"))
    peer = None if args.without_peer else Fastify(args.queue)
    try:
        if peer:
            note("starting fastify, redis, rabbitmq")
            peer.start()
        with Bed(workers=args.workers, template="bare") as bed:
            http = BareHttp(bed.dir, args.workers)
            try:
                http.start()
                rounds = Rounds(args, bed, http, peer, bare_pg)
                for i in range(args.rounds):
                    note(f"round {i + 1} of {args.rounds}")
                    rounds.round()
                rounds.report()
            finally:
                http.stop()
    finally:
        if peer:
            peer.stop()


def run():
    args = parse()
    if not args.proof_only:
        measure(args)
    prove(args.workers)


if __name__ == "__main__":
    main(run)
