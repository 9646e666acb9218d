"""bench http: a trivial route of a plugin, through the whole front with every limit on, against nginx returning 200; CPU per request.

    script/bench http [--rounds N] [--seconds S]

One worker process each, 64 keep-alive connections of wrk, interleaved round by round. `_fixed`: our bare listener with a constant answer,
without router, fiber, call and metrics.
"""
import argparse
import os
import re
import subprocess

from ..bed import Bed, Failed, ROOT, compile_c, cpu_ns, emit, main, median, note, procs
from harness.stack import fill, write


class Nginx:
    def __init__(self, folder):
        self.port, self.process = procs.free_ports(1)[0], None
        self.dir = procs.make_dir(f"{folder}/nginx")
        write(f"{self.dir}/nginx.conf", fill(f"{ROOT}/bench/http/nginx.conf", {"dir": self.dir, "port": self.port}))

    def start(self):
        exe = next((path for path in ("/usr/sbin/nginx", "/usr/bin/nginx") if os.path.exists(path)), None)
        if not exe:
            raise Failed("nginx is not installed: script/setup --bench")
        self.process = procs.spawn([exe, "-e", f"{self.dir}/error.log", "-c", f"{self.dir}/nginx.conf"], f"{self.dir}/log")
        procs.until(lambda: procs.holders(self.port), 10, "nginx listens")

    def pids(self):
        return procs.descendants(self.process.pid)

    def stop(self):
        if self.process:
            procs.end(self.process, 5)


class Fixed:
    """httpd_trivial: a peer here, the server behind the gateway there."""

    def __init__(self, folder, port=None):
        self.exe = compile_c("httpd_trivial", ["bench/httpd_trivial.c"], rooms=("http", "fiber", "observe", "share", "llhttp"),
                             packages=("libevent", "libcrypto", "libcurl", "jansson"))
        self.folder, self.port, self.process = folder, port or procs.free_ports(1)[0], None

    def start(self):
        self.process = procs.spawn([self.exe, str(self.port)], f"{self.folder}/fixed.log")
        procs.until(lambda: procs.holders(self.port), 10, "httpd_trivial listens")

    def pids(self):
        return [self.process.pid]

    def stop(self):
        if self.process:
            procs.end(self.process, 5)


UNITS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}


def wrk(port, path, seconds, pids, script=None):
    """64 keep-alive connections; rate, CPU of `pids` a request, latencies. `script`: a file of wrk's, for what is not a plain GET."""
    before = cpu_ns(pids)
    done = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", *(["-s", script] if script else []), f"http://127.0.0.1:{port}{path}"],
                          stdout=subprocess.PIPE, text=True, check=True)
    spent = cpu_ns(pids) - before
    if "Non-2xx" in done.stdout or re.search(r"Socket errors", done.stdout):
        raise Failed(f"wrk saw errors on {path} at port {port}:\n{done.stdout}")
    count = int(re.search(r"(\d+) requests in", done.stdout).group(1))
    result = {"rate": float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout).group(1)), "cpu_us": spent / 1000 / count}
    for key, label in (("p50_ms", "50%"), ("p99_ms", "99%")):
        value, unit = re.search(rf"^\s*{label}\s*([\d.]+)([a-z]+)", done.stdout, re.M).groups()
        result[key] = float(value) * UNITS[unit]
    return result


def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    args = parser.parse_args()
    results = {"ours": [], "nginx": [], "fixed": []}
    with Bed(workers=1, plugins=("probe",)) as bed:
        nginx, fixed = Nginx(bed.dir), Fixed(bed.dir)
        try:
            nginx.start()
            fixed.start()
            status, _, body = bed.request("GET", "/probe/hello")
            if status != 200 or body != b"hello\n":
                raise Failed(f"/probe/hello answered {status} {body!r}")
            for i in range(args.rounds + 1): # the first warms up and does not count
                for name, port, pids in (("ours", bed.host.port, bed.host_pids), ("nginx", nginx.port, nginx.pids), ("fixed", fixed.port, fixed.pids)):
                    result = wrk(port, "/probe/hello" if name == "ours" else "/", 1 if not i else args.seconds, pids())
                    if i:
                        results[name].append(result)
                    note(f"{name}: " + " ".join(f"{key}={value:.4g}" for key, value in result.items()))
        finally:
            nginx.stop()
            fixed.stop()
    cpu = {name: median([r["cpu_us"] for r in rs]) for name, rs in results.items()}
    for name, prefix, suffix in (("ours", "", ""), ("nginx", "nginx_", ""), ("fixed", "", "_fixed")):
        for key, unit in (("rate", "requests/s"), ("cpu_us", "us/request"), ("p50_ms", "ms"), ("p99_ms", "ms")):
            emit("http", f"{prefix}{key}{suffix}", median([r[key] for r in results[name]]), unit)
    emit("http", "ratio_nginx", cpu["nginx"] / cpu["ours"], "theirs/ours")
    emit("http", "ratio_nginx_fixed", cpu["nginx"] / cpu["fixed"], "theirs/ours")


if __name__ == "__main__":
    main(run)
