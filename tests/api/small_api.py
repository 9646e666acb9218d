"""A host with the REST plugin and the identity provider of the tests: what the tests of document and isolation try themselves on."""
from faults.small import Small
from harness.stack import plugin_of_tests


class Jars(Small):
    def __init__(self):
        super().__init__(plugins=("whatsapp", "probe", "api", "jars"))

    def configure(self):
        super().configure()
        self.install("t-token", plugin_of_tests("t-token"))
        self.conf("t-token", "enabled = true;\n", 30)
        self.conf("api", "enabled = true;\npenalties = false;\naddress_rate = 0;\n", 22)

    def with_hole(self, name):
        """From now on the plugin makes this mistake ("": none)."""
        self.conf("jars", f'enabled = true;\nhole = "{name}";\n', 23)
        self.host.cli("reload", timeout=90)

    def token(self, role, tenant="Demo A", subject="somebody"):
        return f"{role}.{subject}@{self.tenants[tenant]}"
