"""Who asked, with proxies in front: X-Forwarded-For counts from trusted ones only, and never for what came over which hop."""
import http.client
import unittest

from harness.procs import until

from .rig import Rig


class Hops(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = Rig().__enter__()
        cls.addClassCleanup(cls.rig.stop)

    def tearDown(self):
        self.assertEqual(self.rig.host.findings(), [])

    def ask(self, *forwarded, networks=""):
        c = http.client.HTTPConnection("127.0.0.1", self.rig.host.port, timeout=10)
        try:
            c.putrequest("GET", f"/who/hop?networks={networks}")
            for line in forwarded:
                c.putheader("X-Forwarded-For", line)
            c.endheaders()
            return c.getresponse().read().decode()
        finally:
            c.close()

    def trust(self, proxies):
        self.rig.http = f'trusted_proxies = "{proxies}"; ' if proxies else ""
        self.rig.configure()
        return self.rig.host.cli("reload", timeout=60, check=False)

    def test_nobody_is_believed_unless_named(self):
        self.trust("")
        self.assertEqual(self.ask("203.0.113.9"), "127.0.0.1|no")
        self.assertEqual(self.ask(networks="127.0.0.0/8"), "127.0.0.1|yes")
        self.assertEqual(self.ask(networks="10.0.0.0/8%20127.0.0.1"), "127.0.0.1|yes")
        self.assertEqual(self.ask(networks="10.0.0.0/8"), "127.0.0.1|no")
        self.assertEqual(self.ask(networks="127.0.0.1%20nonsense"), "127.0.0.1|no")

    def test_behind_trusted_proxies_the_client_is_the_client(self):
        self.trust("127.0.0.1 10.0.0.0/8")
        for lines, client in ((("203.0.113.9",), "203.0.113.9"), (("198.51.100.1, 203.0.113.9",), "203.0.113.9"),
                              (("198.51.100.1", "203.0.113.9, 10.1.1.1", "10.0.0.7"), "203.0.113.9"), ((), "127.0.0.1"), (("unknown",), "127.0.0.1")):
            self.assertEqual(self.ask(*lines, networks="127.0.0.1"), f"{client}|yes", lines)
        self.assertEqual(self.ask("203.0.113.9", networks="203.0.113.0/24"), "203.0.113.9|no", "a header is no hop")
        # What counts by address gets that address: the security log here, and with it the points.
        status, _, _ = self.rig.request("GET", "/who/any", headers={"X-Who": "forged", "X-Forwarded-For": "203.0.113.77"})
        self.assertEqual(status, 401)
        self.rig.request("POST", "/webhooks/whatsapp", b"{}", {"X-Hub-Signature-256": "sha256=00", "X-Forwarded-For": "203.0.113.78"})
        until(lambda: '"203.0.113.77"' in self.rig.host.text() and '"203.0.113.78"' in self.rig.host.text(), 5, "the log names the clients", self.rig.host.tail)

    def test_a_wrong_list_is_refused_with_its_line(self):
        status, out = self.trust("10.0.0.0/33")
        self.assertEqual(status, 1)
        self.assertRegex(out, r"wakala.conf:\d+: .*trusted_proxies.*10\.0\.0\.0/33.*allowed")


if __name__ == "__main__":
    unittest.main()
