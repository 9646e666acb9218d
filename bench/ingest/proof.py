"""Durable means: kill -9 a worker, then all of PostgreSQL, in the middle of the load; every acknowledged id is in the log, exactly once."""
import random
import time

from ..bed import Bed, Failed, Load, emit, note, procs

SEED = 20240607


def stored_ids(bed):
    """How often each id of the load stands in the log."""
    rows = bed.sql(r"SELECT substring(payload FROM 'wamid\.HBgLMTIwMjU1NTAxMDEVAgASGBQzQTYyN0E1MUFBMkRB(\d{12})'), count(*) FROM wakala.event "
                   "WHERE type = 'whatsapp.incoming' GROUP BY 1", timeout=120)
    return {row[0]: int(row[1]) for row in rows}


def disturb(bed, random_source):
    """A worker, PostgreSQL, a worker again; each a random moment after the last."""
    for what in ("worker", "postgres", "worker"):
        time.sleep(0.7 + random_source.random())
        if what == "worker":
            victim = random_source.choice(bed.host.workers())
            procs.send(victim, 9)
            note(f"killed worker {victim}")
        else:
            bed.pg.kill()
            note("killed PostgreSQL with all its processes")
            time.sleep(0.3)
            bed.pg.start()


def prove(workers, seconds=12):
    load = Load()
    with Bed(workers=workers) as bed:
        path = f"{bed.dir}/acked"
        with load.start(bed.host.port, connections=32, seconds=seconds, warmup=0.2, retry=1, repeat=20, acked=path, **{"rate-max": 20000}) as process:
            process.stdout.readline()
            disturb(bed, random.Random(SEED))
            words = process.stdout.read().splitlines()
            process.wait(60)
        if process.returncode:
            raise Failed("the load generator failed")
        note(words[-1])
        with open(path, encoding="ascii") as f:
            acked = f.read().split()
        found = stored_ids(bed)
        lost = [number for number in acked if number not in found]
        doubled = [number for number, n in found.items() if n != 1]
        emit("ingest", "kill9_acknowledged", len(acked), "webhooks")
        emit("ingest", "kill9_lost", len(lost), "webhooks")
        emit("ingest", "kill9_doubled", len(doubled), "webhooks")
        if len(acked) < 1000:
            raise Failed(f"only {len(acked)} webhooks were acknowledged: that proves nothing")
        if lost or doubled:
            raise Failed(f"kill -9: {len(lost)} acknowledged webhooks are not in the log, {len(doubled)} are there more than once (seed {SEED})")


__all__ = ["prove"]
