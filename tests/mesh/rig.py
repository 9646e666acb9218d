"""A small host with the plugins that the exports need, and what the tests say of mesh-istio."""
from faults.small import Small
from harness.stack import plugin_of_tests

NAMES = {"destinationrules": ("networking.istio.io/v1", "DestinationRule"), "gateways": ("networking.istio.io/v1", "Gateway"),
         "requestauthentications": ("security.istio.io/v1", "RequestAuthentication"),
         "authorizationpolicies": ("security.istio.io/v1", "AuthorizationPolicy"), "virtualservices": ("networking.istio.io/v1", "VirtualService")}
SHARED = {(plural, "wakala") for plural in NAMES}


def settings(**more):
    own = dict({"host_suffix": "shops.example", "issuer": "https://shops.example", "jwks_uri": "http://wakala:8080/.well-known/jwks.json",
                "servers": "eu1=wakala-eu1:8080", "interval": "1s", "register": False}, **more)

    def text(value):
        return {True: "true", False: "false"}.get(value, f'"{value}"') if isinstance(value, bool) else f'"{value}"'
    return "enabled = true;\n" + "".join(f"{key} = {text(value)};\n" for key, value in own.items())


class Rig(Small):
    def __init__(self, mesh=None, http="", **more):
        self.mesh, self.http = mesh or {}, http
        super().__init__(servers={"eu1": ""}, **more)

    def configure(self):
        super().configure()
        self.install("t-who", plugin_of_tests("t-who"))
        self.conf("t-who", "enabled = true;\n", 30)
        self.install("mesh-istio")
        self.conf("mesh-istio", settings(**self.mesh), 15)
        with open(self.host.conf, encoding="utf-8") as f:
            text = f.read()
        with open(self.host.conf, "w", encoding="utf-8") as f:
            f.write(text.replace("http = { ", "http = { " + self.http) + 'guard = { breaker_delay = "300ms"; breaker_delay_max = "1s"; };\n')

    def own_server(self, name, server="eu1"):
        """A tenant with a schema, and so a server, of its own. The schema itself is not our business here."""
        self.host.cli("tenant", "move", name, "--server", server, timeout=60)
        self.on(server, f"UPDATE wakala.tenant SET isolation = 'schema' WHERE name = '{name}'")
