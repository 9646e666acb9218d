"""bench cache: what the cache costs and saves.

    script/bench cache [--seeds N]

l1_get_ns: processor time of a hit in a worker's own memory, hash of the key included, 120,000 entries of eight tenants asked for by Zipf 0.9; best of five rounds.
miss_ratio_vs_lru: our misses / those of an LRU that may use as many bytes, on Zipf 0.9 with scans mixed in: SMALLER is better, aim 0.9. The same on
five more traces, whose rules stand in bench/cache/l1.c: aim 1.0. Worst of the seeds.
l2_get_us: a fetch whose value lies in Redis (400 bytes, three tags: value, versions and age in one trip), one after the other, beside one MGET of as
many keys by plain blocking hiredis on the same socket.
stampede_loads: 1,000 requests at once for one missing value that takes 200 ms to make, over four workers with Redis: how often it was made, and how
long after the first byte sent the last answer came.
"""
import argparse
import asyncio
import subprocess
import time

from harness.redis import Redis

from ..bed import Bed, Failed, compile_c, emit, main, median, note, temp_folder


def l1(*args):
    exe = compile_c("cache-l1", ["bench/cache/l1.c", "host/cache/l1.c"])
    return [line.split() for line in subprocess.run([exe, *args], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()]


def traces(seeds):
    """{trace: [(ours, LRU's), ...]}"""
    found = {}
    for seed in range(1, seeds + 1):
        for name, ours, theirs in l1("trace", str(seed)):
            found.setdefault(name, []).append((float(ours), float(theirs)))
            note(f"seed {seed}, {name}: {float(ours):.4f} of all requests miss, LRU {float(theirs):.4f}")
    return found


def l2(rounds):
    """[(p50, p99)] through the cache and bare, microseconds."""
    exe = compile_c("cache-l2", ["bench/cache/l2.c"], rooms=("cache", "redis", "fiber", "observe", "share"),
                    packages=("libevent", "hiredis", "jansson", "libcrypto"))
    found = {}
    with Redis(f"{temp_folder('wakala-bench-')}/redis") as redis:
        for _ in range(rounds):
            redis.cli("FLUSHALL")
            out = subprocess.run([exe, redis.socket], stdout=subprocess.PIPE, check=True, text=True).stdout
            for name, p50, p99 in (line.split() for line in out.splitlines()):
                found.setdefault(name, []).append((float(p50), float(p99)))
        redis.remove()
    return found


async def ask(port, path, gate):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await gate.wait()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer.split(b" ", 2)[1]


async def storm(port, path, count):
    """All connections first, then all requests: (answers by status, seconds)."""
    gate = asyncio.Event()
    tasks = [asyncio.create_task(ask(port, path, gate)) for _ in range(count)]
    await asyncio.sleep(2)  # every connection stands
    began = time.monotonic()
    gate.set()
    answers = await asyncio.gather(*tasks)
    return {status: answers.count(status) for status in set(answers)}, time.monotonic() - began


def stampede(rounds, count=1000):
    """[(loads, seconds)]"""
    found = []
    with Bed(workers=4, plugins=("probe",), redis=True) as bed:
        time.sleep(3)  # every worker owns lanes and reads the log
        for i in range(rounds):
            before = bed.metrics().get("wakala_probe_loads", 0)
            answers, seconds = asyncio.run(storm(bed.host.port, f"/probe/{bed.tenant}/dear?key=storm{i}&ms=200", count))
            if answers != {b"200": count}:
                raise Failed(f"a storm of {count} was answered {answers}")
            time.sleep(1.2)  # counters reach the metrics once a second
            found.append((bed.metrics()["wakala_probe_loads"] - before, seconds))
            note(f"storm {i + 1}: {count} answers in {seconds:.3f} s, made {found[-1][0]:.0f} time(s)")
    return found


def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    best = min(float(l1("get")[0][1]) for _ in range(3))
    emit("cache", "l1_get_ns", best, "ns")
    for name, pairs in traces(args.seeds).items():
        worst = max(pairs, key=lambda pair: pair[0] / pair[1])
        suffix = "" if name == "zipf_scans" else f"_{name}"
        emit("cache", f"miss_ratio_vs_lru{suffix}", worst[0] / worst[1], "ours/LRU's, smaller is better")
        emit("cache", f"misses_{name}", worst[0], "of all requests")
        emit("cache", f"misses_lru_{name}", worst[1], "of all requests")
    found = l2(5)
    emit("cache", "l2_get_p50_us", median([p50 for p50, _ in found["l2"]]), "us")
    emit("cache", "l2_get_p99_us", median([p99 for _, p99 in found["l2"]]), "us")
    emit("cache", "l2_bare_mget_p50_us", median([p50 for p50, _ in found["bare"]]), "us")
    emit("cache", "ratio_bare_l2", median([bare / ours for (ours, _), (bare, _) in zip(found["l2"], found["bare"])]), "bare/ours")
    storms = stampede(5)
    emit("cache", "stampede_loads", max(loads for loads, _ in storms), "loads of 1,000, worst of 5 storms")
    emit("cache", "stampede_ms", median([seconds * 1000 for _, seconds in storms]), "ms until all had their answer; making it took 200")


if __name__ == "__main__":
    main(run)
