"""bench gateway: a token (ES256), a tenant's rate and a GET, cached and not, all forwarding to the same upstream process.

    script/bench gateway [--rounds N] [--seconds S] [--tenants N,N,...]

One worker process each, 64 keep-alive connections of wrk, interleaved round by round. `nginx` has a limiter and a cache and checks no token (it cannot);
`haproxy` does the whole job (jwt_verify, stick table, cache). ratio_nginx, ratio_haproxy: our requests a second uncached / theirs; _cached, _p50, _p99
beside them (latencies: theirs / ours). tenants_N: our uncached requests a second with the tokens of so many tenants in turn.
"""
import argparse
import os
import shutil
import subprocess

from harness.stack import fill, temp_folder, write

from ..bed import Bed, Failed, ROOT, emit, main, median, note, procs
from ..http.measure import Fixed, wrk
from .token import AUDIENCE, ISSUER, Issuer

LUA = """local tokens, n, i = {}, 0, 0
for line in io.lines("%s") do n = n + 1; tokens[n] = "Bearer " .. line end
request = function()
  i = i %% n + 1
  wrk.headers["Authorization"] = tokens[i]
  return wrk.format("GET", nil)
end
"""


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


AUTH = """jwks_file = "{jwks}";
jwks_issuer = "{issuer}";
jwks_audience = "{audience}";
"""
API = """rate = 1000000;
rate_burst = "1s";
address_rate = 0;
routes = "plain = /v1/plain/ -> http://127.0.0.1:{upstream}; kept = /v1/kept/ -> http://127.0.0.1:{upstream} cache=300s";
"""
PATHS = (("plain", "/v1/plain/x"), ("kept", "/v1/kept/x"))


def tenants_of(bed, count):
    """Ids of so many tenants; the directory of all workers knows them when this returns."""
    have = [row[0] for row in bed.sql("SELECT id FROM wakala.tenant ORDER BY created_at, id")]
    if count > len(have):
        bed.sql(f"INSERT INTO wakala.tenant (id, name, shard) SELECT gen_random_uuid(), 'Bench ' || i, 1 + i % 32 FROM generate_series({len(have)}, {count - 1}) i")
        have = [row[0] for row in bed.sql("SELECT id FROM wakala.tenant ORDER BY created_at, id")]
    return have[:count]


def script_of(bed, issuer, count):
    tokens = issuer.tokens(tenants_of(bed, count))
    write(f"{bed.dir}/tokens{count}", "\n".join(tokens) + "\n")
    write(f"{bed.dir}/tokens{count}.lua", LUA % f"{bed.dir}/tokens{count}")
    return f"{bed.dir}/tokens{count}.lua", tokens[-1]


def check(name, port, token, is_careful):
    """It answers, and (but for nginx, which cannot) refuses who has no token or a forged one."""
    def status(auth):
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *(["-H", f"Authorization: Bearer {auth}"] if auth else []),
                               f"http://127.0.0.1:{port}/v1/plain/x"], stdout=subprocess.PIPE, text=True, check=True)
        return int(done.stdout)
    flipped = token[:-20] + ("A" if token[-20] != "A" else "B") + token[-19:]
    got = status(token), status(None), status(flipped)
    if got != (200, 401, 401) if is_careful else got[0] != 200:
        raise Failed(f"{name} answered {got} to a good, no and a forged token")


def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--tenants", default="1,100,10000")
    args = parser.parse_args()
    folder = temp_folder("wakala-gateway-")
    port = procs.free_ports(3)
    issuer, upstream = Issuer(folder), Fixed(folder, port[0])
    values = {"upstream": port[0], "issuer": ISSUER, "audience": AUDIENCE, "key": issuer.public, "jwks": issuer.jwks}
    nginx = Peer("nginx", ("/usr/sbin/nginx", "/usr/bin/nginx"), folder, port[1], "nginx.conf", values, lambda p: ["-e", f"{p.dir}/error.log", "-c", p.conf])
    haproxy = Peer("haproxy", ("/usr/sbin/haproxy",), folder, port[2], "haproxy.cfg", values, lambda p: ["-db", "-f", p.conf])
    more = {"auth": AUTH.format(**values), "api": API.format(**values)}
    try:
        upstream.start()
        with Bed(workers=1, plugins=("auth", "api"), more=more, env={"WAKALA_AUTH_SIGNING_KEYS": issuer.pem}) as bed:
            nginx.start()
            haproxy.start()
            measure(args, bed, issuer, nginx, haproxy)
    finally:
        for each in (nginx, haproxy, upstream):
            each.stop()
        shutil.rmtree(folder, ignore_errors=True)


def measure(args, bed, issuer, nginx, haproxy):
    script, token = script_of(bed, issuer, 1)
    sides = (("ours", bed.host.port, bed.host_pids), ("nginx", nginx.port, nginx.pids), ("haproxy", haproxy.port, haproxy.pids))
    results = {(name, path): [] for name, _, _ in sides for path, _ in PATHS}
    for name, port, _ in sides:
        check(name, port, token, name != "nginx")
    for i in range(args.rounds + 1):  # the first warms up and does not count
        for name, port, pids in sides:
            for path, target in PATHS:
                result = wrk(port, target, args.seconds if i else 1, pids(), script)
                note(f"{name} {path}: " + " ".join(f"{key}={value:.4g}" for key, value in result.items()))
                if i:
                    results[name, path].append(result)
    growth = {}
    for count in (int(n) for n in args.tenants.split(",")):
        script, token = script_of(bed, issuer, count)
        procs.until(lambda: status_of(bed, token) == 200, 30, "the newest tenant is known")
        wrk(bed.host.port, "/v1/plain/x", 2, bed.host_pids(), script)
        growth[count] = median([wrk(bed.host.port, "/v1/plain/x", args.seconds, bed.host_pids(), script)["rate"] for _ in range(3)])
        note(f"{count} tenants: {growth[count]:.0f}/s")
    report(results, growth)


def status_of(bed, token):
    return bed.request("GET", "/v1/plain/x", headers={"Authorization": f"Bearer {token}"})[0]


def report(results, growth):
    def value(name, path, key):
        return median([r[key] for r in results[name, path]])
    for name in ("ours", "nginx", "haproxy"):
        prefix = "" if name == "ours" else f"{name}_"
        for path, suffix in (("plain", ""), ("kept", "_cached")):
            for key, unit in (("rate", "requests/s"), ("cpu_us", "us/request"), ("p50_ms", "ms"), ("p99_ms", "ms")):
                if value(name, path, key): # haproxy lets nobody see what its threads cost
                    emit("gateway", f"{prefix}{key}{suffix}", value(name, path, key), unit)
    for peer in ("nginx", "haproxy"):
        emit("gateway", f"ratio_{peer}", value("ours", "plain", "rate") / value(peer, "plain", "rate"), "ours/theirs")
        emit("gateway", f"ratio_{peer}_cached", value("ours", "kept", "rate") / value(peer, "kept", "rate"), "ours/theirs")
        for key in ("p50", "p99"):
            emit("gateway", f"ratio_{peer}_{key}", value(peer, "plain", f"{key}_ms") / value("ours", "plain", f"{key}_ms"), "theirs/ours")
    first = growth[min(growth)]
    for count, rate in growth.items():
        emit("gateway", f"tenants_{count}", rate, "requests/s")
        emit("gateway", f"ratio_tenants_{count}", rate / first, "so many/fewest")


if __name__ == "__main__":
    main(run)
