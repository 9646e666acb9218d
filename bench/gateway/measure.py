"""bench gateway: a token (ES256), a tenant's rate and a GET, cached and not, all forwarding to the same upstream process.

    script/bench gateway [--rounds N] [--seconds S] [--tenants N,N,...]

One worker process each, 64 keep-alive connections of wrk, interleaved round by round. `nginx` has a limiter and a cache and checks no token (it cannot);
`haproxy` does the whole job (jwt_verify, stick table, cache). ratio_nginx, ratio_haproxy: our requests a second uncached / theirs; _cached, _p50, _p99
beside them (latencies: theirs / ours). tenants_N: our uncached requests a second with the tokens of so many tenants in turn.
"""
import argparse
import os
import re
import subprocess

from harness.stack import fill, write

from ..bed import Bed, Failed, ROOT, compile_c, cpu_ns, emit, main, median, note, procs
from ..http.measure import UNITS
from .token import AUDIENCE, ISSUER, Issuer

LUA = """local tokens, n, i = {}, 0, 0
for line in io.lines("%s") do n = n + 1; tokens[n] = "Bearer " .. line end
request = function()
  i = i %% n + 1
  wrk.headers["Authorization"] = tokens[i]
  return wrk.format("GET", nil)
end
"""


class Upstream:
    def __init__(self, folder, port):
        self.exe = compile_c("httpd_trivial", ["bench/httpd_trivial.c"], rooms=("http", "fiber", "observe", "share", "llhttp"),
                             packages=("libevent", "libcrypto", "libcurl", "jansson"))
        self.folder, self.port, self.process = folder, port, None

    def start(self):
        self.process = procs.spawn([self.exe, str(self.port)], f"{self.folder}/upstream.log")
        procs.until(lambda: procs.holders(self.port), 10, "the upstream listens")

    def stop(self):
        if self.process:
            procs.end(self.process, 5)


class Peer:
    """A program with one configuration file and one port."""

    def __init__(self, name, exes, folder, port, template, values, command):
        self.exe = next((path for path in exes if os.path.exists(path)), None)
        if not self.exe:
            raise Failed(f"{name} is not installed: script/setup --bench")
        self.name, self.port, self.process = name, port, None
        self.dir = procs.make_dir(f"{folder}/{name}")
        self.conf = f"{self.dir}/{name}.conf"
        write(self.conf, fill(f"{ROOT}/bench/gateway/{template}", dict(values, dir=self.dir, port=self.port)))
        self.command = command

    def start(self):
        self.process = procs.spawn([self.exe, *self.command(self)], f"{self.dir}/log")
        procs.until(lambda: procs.holders(self.port), 10, f"{self.name} listens")

    def pids(self):
        return procs.descendants(self.process.pid)

    def stop(self):
        if self.process:
            procs.end(self.process, 5)


def wrk(port, path, seconds, script, pids):
    before = cpu_ns(pids)
    done = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", "-s", script, f"http://127.0.0.1:{port}{path}"], stdout=subprocess.PIPE,
                          text=True, check=True)
    spent = cpu_ns(pids) - before
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise Failed(f"wrk saw errors on {path} at port {port}:\n{done.stdout}")
    count = int(re.search(r"(\d+) requests in", done.stdout).group(1))
    result = {"rate": float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout).group(1)), "cpu_us": spent / 1000 / count}
    for key, label in (("p50_ms", "50%"), ("p99_ms", "99%")):
        value, unit = re.search(rf"^\s*{label}\s*([\d.]+)([a-z]+)", done.stdout, re.M).groups()
        result[key] = float(value) * UNITS[unit]
    return result


def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--tenants", default="1,100,10000")
    args = parser.parse_args()
    raise SystemExit(args)


if __name__ == "__main__":
    main(run)
