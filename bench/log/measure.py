"""bench log: events through the log with four subscribers that write nothing, alone and while another session holds a snapshot.

    script/bench log [--rounds N] [--events N] [--workers N]

events_per_s: one event counts once, when all four have handled it; from the first publish to the last handled, while four producers publish
500 events a transaction over 200 keys of one tenant. Workers show their counters once a second, so a run is long enough for a second not to
matter, and the figure is at most that much too low. latency: publish of one event on an idle log to the commit of the subscriber that
records it, by the database's clock alone.
"""
import argparse
import threading
import time

from ..bed import Bed, Failed, Session, emit, main, median, note

SUBSCRIBERS, BATCH, KEYS = 4, 500, 200


def handled(bed):
    return bed.metrics()["wakala_events_handled_total"]


def publish(bed, count, threads=4, kind="probe.light"):
    """`count` events in transactions of BATCH, `threads` at a time."""
    left, lock, failures = [count // BATCH], threading.Lock(), []

    def work():
        while not failures:
            with lock:
                if not left[0]:
                    return
                left[0] -= 1
            status = bed.request("POST", f"/probe/{bed.tenant}/publish?type={kind}&n={BATCH}&keys={KEYS}", b"")[0]
            if status != 202:
                failures.append(status)
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise Failed(f"publish answered {failures[0]}")


def through(bed, count):
    """Seconds from the first publish until all four have handled all, and seconds that publishing took."""
    before = handled(bed)
    began = time.monotonic()
    publish(bed, count)
    published = time.monotonic() - began
    done_at = None
    while done_at is None:
        now = handled(bed)
        if now - before >= count * SUBSCRIBERS:
            done_at = time.monotonic()
        elif time.monotonic() - began > 120:
            raise Failed(f"{now - before:.0f} of {count * SUBSCRIBERS} handled after 120 s")
        else:
            time.sleep(0.01)
    return done_at - began, published


def latencies(bed, kind="probe.work", count=200, pause=0.005):
    """Milliseconds from an event's own time to the row its recording subscriber wrote, one event after the other, in that order."""
    before = int(bed.sql("SELECT coalesce(max(seq), 0) FROM wakala.event")[0][0])
    for i in range(count):
        status = bed.request("POST", f"/probe/{bed.tenant}/publish?type={kind}&n=1&first={i}&keys=1000", b"")[0]
        if status != 202:
            raise Failed(f"publish answered {status}")
        time.sleep(pause)
    time.sleep(1.5)
    rows = bed.sql("SELECT extract(epoch FROM (pg_xact_commit_timestamp(s.xmin) - e.at)) * 1000 FROM probe_seen s "
                   f"JOIN wakala.event e ON e.id = s.event_id WHERE s.sub = 'a' AND e.type = '{kind}' AND e.seq > {before} ORDER BY e.seq")
    if len(rows) < count:
        raise Failed(f"only {len(rows)} of {count} events were handled in time")
    return [float(row[0]) for row in rows]


def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=200000)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    rates = {"": [], "_snapshot": []}
    published = []
    with Bed(workers=args.workers, plugins=("probe",), settings={"track_commit_timestamp": "on"}) as bed:
        through(bed, 5000) # warm
        for i in range(args.rounds):
            for suffix in ("", "_snapshot"):
                session = Session(bed.pg) if suffix else None
                if session:
                    session.say("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM wakala.event;")
                seconds, publishing = through(bed, args.events)
                if session:
                    session.say("COMMIT;")
                    session.close()
                rates[suffix].append(args.events / seconds)
                published.append(args.events / publishing)
                note(f"round {i + 1}{suffix}: {args.events / seconds:.0f} events/s handled by four, published at {args.events / publishing:.0f}/s")
        lag = sorted(latencies(bed))
    emit("log", "events_per_s", median(rates[""]), "events/s")
    emit("log", "events_per_s_snapshot", median(rates["_snapshot"]), "events/s")
    emit("log", "ratio_snapshot", median(rates["_snapshot"]) / median(rates[""]), "with/without")
    emit("log", "published_per_s", median(published), "events/s")
    emit("log", "latency_p50_ms", lag[len(lag) // 2], "ms")
    emit("log", "latency_p99_ms", lag[int(len(lag) * 0.99)], "ms")


if __name__ == "__main__":
    main(run)
