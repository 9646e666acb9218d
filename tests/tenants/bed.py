"""A small host with the plugin tenants and somebody who says who asks: the header X-Who (tests/plugins/t-who.c)."""
from faults.small import Case, Small
from harness.stack import plugin_of_tests


class WithWho(Small):
    def configure(self):
        super().configure()
        self.install("t-who", plugin_of_tests("t-who"))
        self.conf("t-who", "enabled = true;\n", 30)


class TenantsCase(Case):
    workers = 2

    @classmethod
    def setUpClass(cls):
        cls.small = WithWho(plugins=("tenants", "whatsapp", "probe"), workers=cls.workers).__enter__()
        cls.addClassCleanup(cls.small.stop)


__all__ = ["TenantsCase", "WithWho"]
