"""A gateway built out of tree from the installed SDK alone, dropped into a running host, takes a payment."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import procs, scenario
from harness.play import Player
from harness.procs import until
from harness.sim import request
from harness.stack import ROOT, Stack, default_build, write

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(default_build())


def command(*argv, cwd, env=None):
    """A build step; its output is the message when it fails."""
    done = subprocess.run(argv, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(argv)} in {cwd} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def clean_environment(prefix):
    """What an integrator's shell has: no word about the checkout."""
    env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    env["PKG_CONFIG_PATH"] = f"{prefix}/share/pkgconfig"
    return env


class OwnPlugins(Stack):
    """A host with a plugin folder of its own, so that dropping something in does not touch the build."""

    def configure(self):
        super().configure()
        self.plugins = procs.make_dir(f"{self.host.dir}/plugins", 0o755)
        for name in os.listdir(f"{self.build}/plugins"):
            if name.endswith(".so"):
                shutil.copy2(f"{self.build}/plugins/{name}", self.plugins)
        with open(self.host.conf, encoding="utf-8") as f:
            text = f.read()
        own = text.replace(f'plugin_dir = "{self.build}/plugins"', f'plugin_dir = "{self.plugins}"')
        if own == text:
            raise AssertionError("the host's configuration names no plugin folder")
        write(self.host.conf, own)

    def drop(self, so, conf):
        """As a package manager does it: written beside, renamed; the code before its configuration."""
        target = f"{self.plugins}/{os.path.basename(so)}"
        shutil.copy2(so, target + ".new")
        os.chmod(target + ".new", 0o755)
        os.replace(target + ".new", target)
        with open(conf, encoding="utf-8") as f:
            write(f"{self.host.dir}/wakala.d/{os.path.basename(conf)}", f.read())


class OutOfTree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="wakala-sdk-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, True)
        cls.prefix = f"{cls.dir}/prefix"
        command("cmake", "--install", BUILD, "--component", "sdk", "--prefix", cls.prefix, cwd=cls.dir)
        cls.env = clean_environment(cls.prefix)

    def source(self, name):
        """A copy of the plugin's folder: nothing of the tree around it can be found by accident."""
        copy = f"{self.dir}/{name}"
        shutil.copytree(f"{HERE}/tab", copy)
        return copy

    def by_cmake(self):
        source = self.source("with-cmake")
        command("cmake", "-S", source, "-B", f"{source}/build", f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
                "-DCMAKE_C_FLAGS=-Werror", cwd=source, env=self.env)
        command("cmake", "--build", f"{source}/build", "--verbose", cwd=source, env=self.env)
        with open(f"{source}/build/compile_commands.json", encoding="utf-8") as f:
            self.assertNotIn(ROOT, f.read())
        return f"{source}/build/tab.so"

    def by_make(self):
        if os.path.exists(f"{self.dir}/with-make/tab.so"):
            return f"{self.dir}/with-make/tab.so"
        source = self.source("with-make")
        said = command("make", "CFLAGS=-O2 -g -Werror", cwd=source, env=self.env)
        self.assertIn(self.prefix, said)
        self.assertNotIn(ROOT, said)
        return f"{source}/tab.so"

    def test_the_sdk_is_whole_and_points_only_into_itself(self):
        installed = {os.path.relpath(os.path.join(folder, name), f"{self.prefix}/include")
                     for folder, _, names in os.walk(f"{self.prefix}/include") for name in names}
        ours = {os.path.relpath(os.path.join(folder, name), f"{ROOT}/sdk/include")
                for folder, _, names in os.walk(f"{ROOT}/sdk/include") for name in names}
        self.assertEqual(installed, ours)
        for folder, _, names in os.walk(f"{self.prefix}/share"):
            for name in names:
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    self.assertNotIn(ROOT, f.read(), name)

    def test_the_prefix_may_move(self):
        moved = f"{self.dir}/moved"
        shutil.copytree(self.prefix, moved)
        flags = command("pkg-config", "--cflags", "wakala-sdk", cwd=self.dir, env=clean_environment(moved))
        includes = [os.path.realpath(word[2:]) for word in flags.split() if word.startswith("-I")]
        self.assertEqual(includes, [os.path.realpath(f"{moved}/include")])

    def test_another_major_is_not_found(self):
        source = self.source("wants-2")
        with open(f"{source}/CMakeLists.txt", "r+", encoding="utf-8") as f:
            text = f.read().replace("find_package(wakala 1.0", "find_package(wakala 2.0")
            f.seek(0)
            f.write(text)
        with self.assertRaisesRegex(AssertionError, "wakala"):
            command("cmake", "-S", source, "-B", f"{source}/build", f"-DCMAKE_PREFIX_PATH={self.prefix}", cwd=source, env=self.env)

    def test_a_missing_function_fails_at_the_link_not_at_the_load(self):
        source = self.source("undefined")
        with open(f"{source}/tab.c", "a", encoding="utf-8") as f:
            f.write("\nextern int of_nobody(void);\nWK_EXPORT int asks(void);\nint asks(void) { return of_nobody(); }\n")
        with self.assertRaisesRegex(AssertionError, "of_nobody"):
            command("make", cwd=source, env=self.env)

    def test_dropped_into_a_running_host_it_takes_a_payment(self):
        plugins = (self.by_cmake(), self.by_make())
        conf = f"{HERE}/tab/52-tab.conf"
        with OwnPlugins(workers=2) as stack:
            before = stack.host.workers()
            for so in plugins:
                stack.drop(so, conf)
                self.hang_up(stack)
                listed = stack.host.cli("plugins")
                self.assertRegex(listed, r"(?m)^tab +1\.0\.0 +ABI 1\.0 ")
            self.assertFalse(set(before) & set(stack.host.workers()))
            ok, verdict = stack.reload()
            self.assertTrue(ok, verdict)
            heard = []
            Player(stack, heard.append).play(scenario.load(f"{HERE}/tab.play"))
            # Its file switched off, the gateway is gone and the order it was used for stays as it is.
            write(f"{stack.host.dir}/wakala.d/52-tab.conf", "enabled = false;\n")
            ok, verdict = stack.reload()
            self.assertTrue(ok, verdict)
            self.assertEqual(stack.sql("SELECT status FROM payments_payment WHERE gateway = 'tab'"), [["collected"]])
            self.assertEqual(stack.invariants(), [])
            self.assertEqual(stack.findings(), [])
        self.assertTrue(any("Pay at month's end" in line for line in heard))

    def test_the_plugin_of_the_page_builds_loads_and_greets(self):
        with open(f"{ROOT}/docs/sdk.md", encoding="utf-8") as f:
            page = f.read()
        code, conf = (re.search(pattern, page, re.S).group(1) for pattern in (r"```c\n(.*?)```", r"```\n(enabled.*?)```"))
        line = re.search(r"or `(cc .*?)` with", page).group(1)
        source = f"{self.dir}/hello"
        os.mkdir(source)
        for name, text in (("hello.c", code), ("52-hello.conf", conf)):
            with open(f"{source}/{name}", "w", encoding="utf-8") as f:
                f.write(text)
        command("sh", "-ec", line.replace("cc ", "cc -Wall -Wextra -Werror ", 1), cwd=source, env=self.env)
        with OwnPlugins(workers=1, sim=False) as stack:
            stack.drop(f"{source}/hello.so", f"{source}/52-hello.conf")
            ok, verdict = stack.reload()
            self.assertTrue(ok, verdict)
            until(lambda: request(stack.host.port, "GET", "/hello/Amina")[::2] == (200, b"good day Amina\n"), 20, "the page's plugin greets")
            status, _, body = request(stack.host.port, "GET", f"/hello/{'x' * 41}")
            problem = json.loads(body)
            self.assertEqual((status, problem["code"], problem["detail"]), (422, "hello.too_long", "That name is too long."))
            self.assertNotIn("message", problem)
            self.assertEqual(stack.findings(), [])
        command("python3", f"{self.prefix}/share/wakala/errors/check.py", source, cwd=source, env=self.env)

    def test_an_unlisted_code_is_found_by_the_installed_check(self):
        source = self.source("unlisted")
        check = f"{self.prefix}/share/wakala/errors/check.py"
        command("python3", check, source, cwd=source, env=self.env)  # call.memory_limit is the host's, and known
        with open(f"{source}/tab.c", "a", encoding="utf-8") as f:
            f.write('\nbool lost(struct wk_err *err);\nbool lost(struct wk_err *err) { return wk_fail(err, WK_SYSTEM, "tab.lost", "x") || wk_err_is(err, "call.memory_limit"); }\n')
        with self.assertRaisesRegex(AssertionError, r"tab\.c:\d+: tab\.lost is in no catalogue"):
            command("python3", check, source, cwd=source, env=self.env)

    def test_an_unknown_setting_is_refused_with_file_and_line(self):
        so = self.by_make()
        with OwnPlugins(workers=1, sim=False) as stack:
            conf = f"{self.dir}/52-tab.conf"
            with open(conf, "w", encoding="utf-8") as f:
                f.write("enabled = true;\nmax_amout = 5;\n")
            stack.drop(so, conf)
            ok, verdict = stack.reload()
            self.assertFalse(ok)
            self.assertRegex(verdict, r"52-tab\.conf:2: .*max_amout.*max_amount")
            self.assertTrue(stack.host.serves())

    def hang_up(self, stack):
        """SIGHUP, and wait until the new generation serves."""
        def serving():
            return json.loads(stack.host.cli("status", "--json"))["serving"]
        old = serving()
        procs.send(stack.host.process.pid, signal.SIGHUP)
        until(lambda: serving() > old, 60, "the generation with tab serves", stack.host.tail)


if __name__ == "__main__":
    unittest.main()
