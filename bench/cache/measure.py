"""bench cache: what the cache costs and saves.

    script/bench cache [--seeds N]

l1_get_ns: a hit in a worker's own memory, hash of the key included, 120,000 entries of eight tenants asked for by Zipf 0.9; best of five rounds.
miss_ratio_vs_lru: our misses / those of an LRU that may use as many bytes, on Zipf 0.9 with scans mixed in: SMALLER is better, aim 0.9. The same on
five more traces, whose rules stand in bench/cache/l1.c: aim 1.0. Worst of the seeds.
"""
import argparse
import subprocess

from ..bed import compile_c, emit, main, note


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


if __name__ == "__main__":
    main(run)
