"""A small host with the plugin tenants and somebody who says who asks: the header X-Who (tests/plugins/t-who.c)."""
from faults.small import Case, Small
from harness.stack import plugin_of_tests


class WithWho(Small):
    def configure(self):
        super().configure()
        self.install("t-who", plugin_of_tests("t-who"))
        self.conf("t-who", "enabled = true;\n", 30)


class TenantsCase(Case):
    workers, servers, made = 2, None, 0

    @classmethod
    def setUpClass(cls):
        cls.small = WithWho(plugins=("tenants", "whatsapp", "probe"), workers=cls.workers, servers=cls.servers).__enter__()
        cls.addClassCleanup(cls.small.stop)

    def cli(self, *args):
        return self.small.host.cli(*args, check=False, timeout=120)

    def good(self, *args):
        status, out = self.cli(*args)
        self.assertEqual(status, 0, out)
        return out

    def bad(self, pattern, *args):
        status, out = self.cli(*args)
        self.assertEqual(status, 1, out)
        self.assertRegex(out, pattern)

    def number(self):
        """A phone number id that nobody has yet."""
        type(self).made += 1
        return f"7{self.made:014d}"


__all__ = ["TenantsCase", "WithWho"]
