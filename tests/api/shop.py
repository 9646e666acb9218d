"""Every shipped plugin on one host, with the demo's two tenants, and somebody of each role: what the proofs about the REST interface run on."""
import json
import os

from harness import demo_values, procs
from harness.sim import request
from harness.stack import Stack, write
from harness.tokens import Key

ISSUER, AUDIENCE = "https://sign-in.example", "wakala-tests"
# A proof is refused all day long, and asks as fast as it can: nobody is to be shut out for it. Shutting out has its own tests.
CONF = {
    "auth": 'jwks_file = "{dir}/jwks.json";\njwks_issuer = "{issuer}";\njwks_audience = "{audience}";\ncodes_per_hour = 100000;\naddress_tries = 100000;\n',
    "api": "penalties = false;\nrate = 1000000;\naddress_rate = 0;\n",
}


class Shop(Stack):
    """`extra`: {plugin of the tests: its conf}."""

    def __init__(self, redis=True, extra=None, workers=1):
        super().__init__(sim=False, workers=workers, redis=redis)
        self.extra = extra or {}
        self.tenants = {}

    def configure(self):
        super().configure()
        self.issuer = Key("HS256", "of-tests", self.host.dir)
        write(f"{self.host.dir}/jwks.json", json.dumps({"keys": [self.issuer.jwk]}))
        procs.own(f"{self.host.dir}/jwks.json")
        folder = f"{self.host.dir}/wakala.d"
        for name in os.listdir(folder):
            plugin = name.partition("-")[2][:-len(".conf")]
            if plugin in CONF:
                with open(f"{folder}/{name}", encoding="utf-8") as f:
                    have = f.read()
                more = CONF[plugin].format(dir=self.host.dir, issuer=ISSUER, audience=AUDIENCE)
                keys = {line.partition(" ")[0] for line in more.splitlines()}
                write(f"{folder}/{name}", "".join(line for line in have.splitlines(True) if line.partition(" ")[0] not in keys) + more)
        for plugin, text in self.extra.items():
            write(f"{folder}/90-{plugin}.conf", text)

    def start(self):
        super().start()
        self.tenants = {name: tenant for tenant, name in self.sql("SELECT id, name FROM wakala.tenant")}
        return self

    def token(self, role, tenant="Demo A", subject="0190f5b6-0000-7000-8000-00000000aaaa"):
        """Of an outside sign-in that the host trusts; of the platform's administrator: the key in the conf."""
        if role == "admin":
            return demo_values.ADMIN_KEY
        now = int(float(self.sql("SELECT extract(epoch FROM wakala.now())")[0][0]))
        return self.issuer.token({"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "tid": self.tenants[tenant], "role": role, "iat": now, "exp": now + 3600})

    def ask(self, method, path, body=None, token=None, headers=None, timeout=20):
        """(status, body, headers)."""
        headers = dict(headers or {}, **({"Authorization": f"Bearer {token}"} if token else {}), **({"Content-Type": "application/json"} if body else {}))
        status, got, body = request(self.host.port, method, path, body=body, headers=headers, timeout=timeout)
        return status, body, got

    def document(self):
        status, body, _ = self.ask("GET", "/v1/openapi.json")
        assert status == 200, (status, body)
        return json.loads(body)
