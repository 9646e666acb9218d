"""bench bus: events end to end by both ways to the owners of lanes, the log alone and RabbitMQ (suffix _rabbitmq), against their bare peers.

    script/bench bus [--rounds N] [--events N] [--events-rabbitmq N] [--backlog N] [--backlog-rabbitmq N] [--workers N]

events_per_s: four producers publish 500 events a transaction over 200 keys; from the first publish until the one subscriber, which writes nothing, has
handled all (workers show their counters once a second: a run is long enough for that not to matter). Peers in the same run, interleaved: `bare` is pgbench with four clients that insert 500 of the same rows a transaction into a table with the
log's columns and index (ratio_bare: ours / pgbench's rows); `bare_rabbitmq` is bare_rabbitmq.c: the same 192 quorum queues, confirms, window, prefetch and
headers, consumer beside publisher (ratio_bare_rabbitmq). drain: a backlog put into the log at once, until all of it is handled, against the same peers;
grown_mb: what the workers' memory grew by meanwhile. latency: one event on an idle system to the commit of the subscriber that records it, by the
database's clock alone. flood: the same for 50 events of class high in the 2.5 s after 200,000 of class low were put into the log by one transaction
(the log only; ratio_flood: the median of an idle log / the median in the flood). The setting bus.log_fallback is an hour here, for everything is to go through the broker: with its default of 2 s a broker
that is slower than the log is passed by.
"""
import argparse
import json
import os
import subprocess
import threading
import time

from harness.rabbitmq import PASSWORD, USER, RabbitMQ
from harness.stack import write

from ..bed import Bed, Failed, compile_c, emit, main, median, note
from ..log.measure import BATCH, KEYS, handled, latencies, publish

WINDOW, PREFETCH, BODY = 500, 100, 64
SCRIPT = """INSERT INTO pool.bare_event (class, lane, version, id, tenant_id, at, type, key, payload, trace)
SELECT 1, i % 64, 1, gen_random_uuid(), '{tenant}', clock_timestamp(), 'probe.lone', 'k' || i % {keys}, '{payload}', '0123456789abcdef0123456789abcdef'
FROM generate_series(1, {batch}) i;
"""


class BusBed(Bed):
    suffix = ""

    def configure(self):
        super().configure()
        with open(self.host.conf, encoding="utf-8") as f:
            text = f.read()
        write(self.host.conf, text + 'bus = { log_fallback = "1h"; };\n')

    def carries(self):
        return True


class RabbitBed(BusBed):
    suffix = "_rabbitmq"

    def __init__(self, broker, **options):
        conf = f'nodes = "127.0.0.1:{broker.port}";\nuser = "{USER}";\npassword = "env:WAKALA_RABBITMQ_PASSWORD";\nwindow = {WINDOW};\nprefetch = {PREFETCH};\n'
        super().__init__(plugins=("probe", "rabbitmq"), more={"rabbitmq": conf}, **options)
        self.host.env["WAKALA_RABBITMQ_PASSWORD"] = PASSWORD

    def carries(self):
        return bool(self.sql("SELECT 1 FROM wakala.bus WHERE class = 1 AND is_carrying AND at > wakala.now() - interval '3 seconds'")) and \
            self.metrics().get('wakala_dependency_up{dependency="rabbitmq"}') == 1


def wait_handled(bed, before, count, began, limit):
    while True:
        now = handled(bed)
        if now - before >= count:
            return time.monotonic() - began
        if time.monotonic() - began > limit:
            raise Failed(f"{now - before:.0f} of {count} handled after {limit} s{bed.suffix}")
        time.sleep(0.02)


def through(bed, count):
    before, began = handled(bed), time.monotonic()
    publish(bed, count, kind="probe.lone")
    return count / wait_handled(bed, before, count, began, 240)


def rss_mb(bed):
    total = 0
    for pid in bed.host_pids():
        with open(f"/proc/{pid}/statm", encoding="ascii") as f:
            total += int(f.read().split()[1]) * 4096
    return total / (1 << 20)


def store(bed, kind, cls, count):
    """So many events in one transaction, over keys that were used before."""
    bed.sql(f"INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) SELECT {cls}, k.lane, gen_random_uuid(), '{bed.tenant}', wakala.now(), "
            f"'{kind}', k.key, '{{\"n\":1,\"sleep_ms\":0,\"fail\":0,\"until\":0}}' FROM generate_series(1, {count // KEYS}) i CROSS JOIN "
            f"(SELECT DISTINCT key, lane FROM wakala.event WHERE type = '{kind}') k ORDER BY i", timeout=300)


def flooded(bed, count=200000):
    """(milliseconds of high events on an idle log, behind so many low ones, how many of these were left)."""
    publish(bed, BATCH, threads=1, kind="probe.low")
    idle = latencies(bed, "probe.high", count=50, pause=0.05)
    store(bed, "probe.low", 2, count)
    in_flood = latencies(bed, "probe.high", count=50, pause=0.05)
    left = count - int(bed.sql("SELECT count(*) FROM probe_seen s JOIN wakala.event e ON e.id = s.event_id WHERE e.type = 'probe.low'")[0][0])
    if left < count / 10:
        raise Failed(f"the flood was over: {left} events left")
    return idle, in_flood


def drain(bed, count):
    """(events a second, memory that the workers grew by)."""
    before, most, stop = handled(bed), [rss_mb(bed)], threading.Event()
    first = most[0]

    def watch():
        while not stop.wait(0.2):
            most[0] = max(most[0], rss_mb(bed))
    store(bed, "probe.lone", 1, count)
    began = time.monotonic()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        seconds = wait_handled(bed, before, count, began, 400)
    finally:
        stop.set()
        watcher.join()
    return count / seconds, most[0] - first


def pgbench(bed, seconds=3):
    """Rows a second."""
    path = f"{bed.dir}/bare.sql"
    write(path, SCRIPT.format(tenant=bed.tenant, keys=KEYS, batch=BATCH, payload=("{" + '"n":1' + " " * (BODY - 7) + "}")))
    out = subprocess.run([f"{bed.pg.bin}/pgbench", "-n", "-M", "prepared", "-c", "4", "-j", "2", "-T", str(seconds), "-f", path, bed.pg.conninfo("wakala")],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    for line in out.stdout.splitlines():
        if line.startswith("tps ="):
            return float(line.split()[2]) * BATCH
    raise Failed(f"pgbench: {out.stderr[-500:]}")


def bare(exe, broker, messages, rate=0):
    out = subprocess.run([exe, "--port", str(broker.port), "--user", USER, "--password", PASSWORD, "--messages", str(messages), "--queues", "192",
                          "--window", str(WINDOW), "--prefetch", str(PREFETCH), "--body", str(BODY), "--rate", str(rate)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=240, check=False)
    if out.returncode:
        raise Failed(f"bare_rabbitmq: {out.stderr[-500:]}")
    return json.loads(out.stdout)


def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=1000000)
    parser.add_argument("--events-rabbitmq", type=int, default=40000)
    parser.add_argument("--backlog", type=int, default=1000000)
    parser.add_argument("--backlog-rabbitmq", type=int, default=200000)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    exe = compile_c("bare_rabbitmq", ["bench/bus/bare_rabbitmq.c"], packages=["librabbitmq"])
    commit = {"track_commit_timestamp": "on"}
    with BusBed(workers=args.workers, plugins=("probe",), settings=commit) as log:
        broker = RabbitMQ(f"{log.dir}/broker", memory="1500MB", schedulers=os.cpu_count())
        broker.start()
        try:
            with RabbitBed(broker, workers=args.workers, settings=commit) as rabbit:
                measure(args, log, rabbit, broker, exe)
        finally:
            broker.stop()


def measure(args, log, rabbit, broker, exe):
    rates = {"": [], "_rabbitmq": [], "bare": [], "bare_rabbitmq": []}
    log.sql("CREATE SEQUENCE pool.bare_seq; CREATE TABLE pool.bare_event (LIKE wakala.event INCLUDING DEFAULTS); CREATE INDEX ON pool.bare_event (class, xid, seq); "
            "ALTER TABLE pool.bare_event ALTER seq SET DEFAULT nextval('pool.bare_seq')")
    end = time.monotonic() + 60
    while not rabbit.carries():
        if time.monotonic() > end:
            raise Failed(f"the bus does not carry: {rabbit.host.tail()}")
        time.sleep(0.2)
    time.sleep(1.5)
    for bed in (log, rabbit):
        through(bed, 5000)
    bare(exe, broker, 5000)
    delivered, read = (lambda: rabbit.metrics()["wakala_bus_delivered_total"]), (lambda: rabbit.metrics()["wakala_events_read_total"])
    began = delivered(), read()
    for i in range(args.rounds):
        rates[""].append(through(log, args.events))
        rates["bare"].append(pgbench(log))
        rates["_rabbitmq"].append(through(rabbit, args.events_rabbitmq))
        rates["bare_rabbitmq"].append(args.events_rabbitmq / bare(exe, broker, args.events_rabbitmq)["consume_s"])
        note(f"round {i + 1}: " + ", ".join(f"{name or 'log'} {values[-1]:.0f}/s" for name, values in rates.items()))
    time.sleep(1.5)
    by_bus, by_log = delivered() - began[0], read() - began[1]
    note(f"of {args.rounds * args.events_rabbitmq} events {by_bus:.0f} were delivered and {by_log:.0f} read from the log")
    if by_log > args.rounds * args.events_rabbitmq / 20:
        raise Failed("the broker was passed by: these are not its figures")
    drained, grown = drain(log, args.backlog)
    drained_r, grown_r = drain(rabbit, args.backlog_rabbitmq)
    lag, lag_r = sorted(latencies(log)), sorted(latencies(rabbit))
    idle_high, in_flood = flooded(log)
    idle = bare(exe, broker, 1000, rate=200)
    for name in ("", "_rabbitmq"):
        emit("bus", f"events_per_s{name}", median(rates[name]), "events/s")
    emit("bus", "bare_rows_per_s", median(rates["bare"]), "rows/s")
    emit("bus", "bare_rabbitmq_per_s", median(rates["bare_rabbitmq"]), "messages/s")
    emit("bus", "ratio_bare", median(rates[""]) / median(rates["bare"]), "ours/pgbench")
    emit("bus", "ratio_bare_rabbitmq", median(rates["_rabbitmq"]) / median(rates["bare_rabbitmq"]), "ours/bare")
    emit("bus", "drain_per_s", drained, "events/s")
    emit("bus", "drain_per_s_rabbitmq", drained_r, "events/s")
    emit("bus", "ratio_drain", drained / median(rates["bare"]), "ours/pgbench")
    emit("bus", "ratio_drain_rabbitmq", drained_r / median(rates["bare_rabbitmq"]), "ours/bare")
    emit("bus", "drain_grown_mb", grown, "MB")
    emit("bus", "drain_grown_mb_rabbitmq", grown_r, "MB")
    for name, values in (("", lag), ("_rabbitmq", lag_r)):
        emit("bus", f"latency_p50_ms{name}", values[len(values) // 2], "ms")
        emit("bus", f"latency_p99_ms{name}", values[int(len(values) * 0.99)], "ms")
    emit("bus", "flood_first_ms", in_flood[0], "ms")
    emit("bus", "flood_p50_ms", median(in_flood), "ms")
    emit("bus", "flood_max_ms", max(in_flood), "ms")
    emit("bus", "flood_p50_ms_idle", median(idle_high), "ms")
    emit("bus", "ratio_flood", median(idle_high) / median(in_flood), "idle/flood")
    emit("bus", "latency_p50_ms_bare_rabbitmq", idle["p50_ms"], "ms")
    emit("bus", "latency_p99_ms_bare_rabbitmq", idle["p99_ms"], "ms")


if __name__ == "__main__":
    main(run)
