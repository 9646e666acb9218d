"""The frozen ABI: today's headers keep it, a break is noticed, and plugins built from the frozen headers alone load and answer."""
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

from faults.small import Small
from harness.procs import until
from harness.sim import request
from harness.stack import ROOT, write

ABI = f"{ROOT}/sdk/abi"
FROZEN = sorted(path for path in glob.glob(f"{ABI}/1.*") if os.path.isdir(path))
PLUGINS = ("abi-route", "abi-listen", "abi-pay")
SECRET = "twelve chars"


def run(*argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    return done.returncode, done.stdout


def build(source, headers, out):
    """A plugin from one folder of headers; returns the files of ours that the compiler read."""
    status, said = run("cc", "-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", "-H",
                       "-Wl,-z,defs", "-Wl,-z,now", "-Wl,-z,start-stop-visibility=hidden", "-Wl,--build-id=sha1", f"-I{headers}", source,
                       "-o", out)
    if status:
        raise AssertionError(f"{source} with {headers}:\n{said}")
    return [os.path.realpath(path) for path in re.findall(r"^\.+ (\S+/wakala/\S+\.h)$", said, re.M)]


# Of a copy of today's headers: file, text, what stands there instead, and what the check says: None when it is allowed.
END_OF_TABLE = "};\n\n/* The plugin's own copy"
METHOD, PATH = (f"    const char *(*http_{name})(struct wk_http *http);\n" for name in ("method", "path"))
CHANGES = {
    "a function at the table's end": ("abi.h", END_OF_TABLE, "    void (*more)(void);\n" + END_OF_TABLE, None),
    "a member at the end of a struct with a size": ("message.h", "    const char *reply_to; ", "    const char *reply_to; int64_t more; ", None),
    "a value at the end of an enum": ("event.h", "WK_LOW = 2 }", "WK_LOW = 2, WK_LOWEST }", None),
    "another comment": ("event.h", "/* event.h", "/* more words - event.h", None),
    "a function in the middle": ("abi.h", "    /* setting.h */\n", "    void (*more)(void);\n", r"wk_host\.setting_text moved"),
    "a function gone": ("abi.h", "    int (*http_status)(struct wk_http *http);\n", "", r"http_status"),
    "two functions of one kind change places": ("abi.h", METHOD + PATH, PATH + METHOD, r"wk_host\.http_method moved"),
    "another result": ("abi.h", "int (*http_status)", "long (*http_status)", r"wk_host\.http_status has another type"),
    "another parameter": ("abi.h", "(*count)(struct wk_plugin *plugin, struct wk_call *call,", "(*count)(struct wk_call *call, struct wk_plugin *plugin,",
                          r"wk_host\.count has another type"),
    "a const gone": ("abi.h", "const void *data, size_t len", "void *data, size_t len", r"wk_host\.http_write has another type"),
    "a wider member": ("setting.h", "    uint32_t flags;", "    uint64_t flags;", r"wk_setting\.flags has another type"),
    "a longer row of a table": ("setting.h", "    uint32_t flags;", "    uint32_t flags; const char *more;", r"wk_setting changed its size"),
    "a longer fact, which comes in arrays": ("service/payment_gateway.h", "    bool is_test;\n    const char *reason;\n",
                                             "    bool is_test;\n    const char *reason;\n    int64_t more;\n", r"wk_fact changed its size"),
    "a longer error": ("err.h", "char msg[240]", "char msg[320]", r"wk_err\.msg has another type"),
    "an enumerator in the middle": ("err.h", "    WK_BUSINESS, ", "    WK_MORE, WK_BUSINESS, ", r"WK_BUSINESS has another value"),
    "another word for public": ("http.h", '#define WK_PUBLIC "-"', '#define WK_PUBLIC "*"', r"WK_PUBLIC is another text"),
    "another interface version": ("service/orders.h", '"orders/1"', '"orders/2"', r"WK_ORDERS is another text"),
    "a member of an interface in the middle": ("service/flow.h", "    bool (*is_push)(struct wk_turn *turn);\n", "", r"is_push"),
}


class Headers(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="wakala-abi-")
        self.addCleanup(shutil.rmtree, self.dir)

    def test_today_keeps_every_frozen_abi(self):
        status, said = run(f"{ABI}/check.sh")
        self.assertEqual(status, 0, said)
        self.assertIn(f"ABI {os.path.basename(FROZEN[0])}: kept", said)

    def test_the_report_in_words_is_there(self):
        self.assertTrue(shutil.which("abidiff"), "abidiff is missing: script/setup --tests")

    def test_the_asserts_are_those_of_the_frozen_headers(self):
        for frozen in FROZEN:
            status, said = run("python3", f"{ABI}/layout.py", "asserts", f"{frozen}/baseline.abi", f"{frozen}/headers")
            self.assertEqual(status, 0, said)
            with open(f"{frozen}/asserts.c", encoding="utf-8") as f:
                self.assertTrue(f.read() == said, f"{frozen}/asserts.c was edited: sdk/abi/freeze.sh makes it")
            status, said = run("cc", "-std=gnu11", "-DEXACT", "-fsyntax-only", f"-I{frozen}/headers", f"{frozen}/asserts.c")
            self.assertEqual(status, 0, said)

    def test_a_break_is_noticed_and_an_append_is_not_one(self):
        for name, (header, old, new, wanted) in CHANGES.items():
            with self.subTest(name):
                copy = f"{self.dir}/{name.replace(' ', '-')}"
                shutil.copytree(f"{FROZEN[-1]}/headers", copy)
                with open(f"{copy}/wakala/{header}", "r+", encoding="utf-8") as f:
                    text = f.read()
                    self.assertEqual(text.count(old), 1, f"{header} has changed: {old!r}")
                    f.seek(0)
                    f.write(text.replace(old, new))
                    f.truncate()
                status, said = run(f"{ABI}/check.sh", copy)
                if wanted:
                    self.assertEqual(status, 1, said)
                    self.assertRegex(said, wanted)
                else:
                    self.assertEqual(status, 0, said)

    def test_frozen_plugins_build_with_todays_headers(self):
        for frozen in FROZEN:
            for name in PLUGINS:
                build(f"{frozen}/plugins/{name}.c", f"{ROOT}/sdk/include", f"{self.dir}/{name}.so")


class Binaries(unittest.TestCase):
    """Each frozen version's plugins, built from its headers only, in one running host."""

    def test_they_load_and_answer(self):
        for frozen in FROZEN:
            with self.subTest(os.path.basename(frozen)), Small(workers=1, plugins=("whatsapp",)) as small:
                self.load(small, frozen)
                self.route(small)
                self.pay(small)
                self.listen(small)
                # Plugins from before the catalogue list no codes: told by their class, and the operator reads which ones.
                findings = small.host.findings()
                self.assertTrue(any("error code abi-route.refused is not in the catalogue" in line for line in findings))
                self.assertEqual([line for line in findings if "error code abi-" not in line], [])

    def load(self, small, frozen):
        write(f"{small.dir}/token", SECRET)
        for i, name in enumerate(PLUGINS):
            so = f"{small.dir}/{name}.so"
            read = build(f"{frozen}/plugins/{name}.c", f"{frozen}/headers", so)
            self.assertTrue(read)
            self.assertEqual([path for path in read if not path.startswith(f"{os.path.realpath(frozen)}/headers/")], [])
            small.install(name, so)
            more = f'token = "file:{small.dir}/token";\ntimes = 2;\nloud = true;\nend = "none";\n' if name == "abi-route" else ""
            small.conf(name, "enabled = true;\n" + more, 50 + i)
        status, verdict = small.host.cli("reload", timeout=90, check=False)
        self.assertEqual(status, 0, verdict)
        listed = small.host.cli("plugins")
        for name in PLUGINS:
            self.assertRegex(listed, rf"(?m)^{name} +1\.0\.0 +ABI {re.escape(os.path.basename(frozen))} ")
        until(lambda: small.request("GET", "/abi/fails")[0] != 404, 20, "the new generation answers")

    def route(self, small):
        status, body, headers = small.request("GET", f"/abi/hello/Amina?tenant={small.tenant}")
        self.assertEqual((status, body), (200, f"hello Amina Amina! 42 a'b 1 {len(SECRET)} 1 ZAR\n".encode()))
        self.assertEqual({k.lower(): v for k, v in headers.items()}["x-abi"], "1.0")
        # the deferred count down has run: the state is 1 again, not 2
        self.assertIn(b" 1 ZAR", small.request("GET", f"/abi/hello/B?tenant={small.tenant}")[1])
        status, body, _ = small.request("GET", "/abi/fails")
        self.assertEqual((status // 100, json.loads(body)["code"]), (4, "abi-route.refused"))

    def pay(self, small):
        status, body, _ = small.request("GET", f"/abi/pay/500?tenant={small.tenant}")
        self.assertEqual((status, body), (200, b"1 abi-pay; pay 500 as R1; 2 500\n"))
        status, body, _ = small.request("GET", f"/abi/pay/1001?tenant={small.tenant}")
        self.assertEqual((status // 100, json.loads(body)["code"]), (4, "abi-pay.amount"))

    def listen(self, small):
        def counts():
            text = request(small.host.admin_port, "GET", "/metrics", timeout=5)[2].decode()
            return {name: int(float(value)) for name, value in re.findall(r"(?m)^wakala_abi_listen_(\w+?)(?:_total)?(?:\{[^}]*\})? (\S+)$", text)}
        for word in ("now", "later"):
            path = f"/abi/say/{urllib.parse.quote(word)}?tenant={small.tenant}&in_ms=3600000"
            self.assertEqual(small.request("POST", path)[0], 202)
        until(lambda: counts().get("heard") == 1, 20, "the event is heard", lambda: f"{counts()} {small.host.tail()}")
        self.assertNotIn("rang", counts())
        small.advance(5)
        until(lambda: counts().get("heard_again") == 1, 20, "the second try, before its minute is over", lambda: f"{counts()} {small.host.tail()}")
        small.advance(3700)
        until(lambda: counts() == {"heard": 1, "heard_again": 1, "rang": 2}, 40, "both timers", lambda: f"{counts()} {small.host.tail()}")


if __name__ == "__main__":
    unittest.main()
