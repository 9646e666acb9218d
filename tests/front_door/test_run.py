"""script/run and script/setup as a person uses them: what they start, leave, refuse, and what they say."""
import glob
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import unittest

from harness import procs
from harness.procs import until
from harness.sim import request
from harness.stack import ROOT, default_build, temp_folder


class Run(unittest.TestCase):
    """One folder for all: each test says whether it begins anew."""

    @classmethod
    def setUpClass(cls):
        cls.dir = temp_folder("wakala-run-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, True)
        cls.ports = procs.free_ports(4)
        cls.env = dict(os.environ, WAKALA_VAR=cls.dir, WAKALA_BUILD=os.path.abspath(default_build()))

    def setUp(self):
        self.running = []

    def tearDown(self):
        for process in self.running:
            procs.end(process)
        self.assertEqual(self.left(), [], "something that was started still runs")

    def left(self):
        """Processes that have to do with our folder, and who holds our ports."""
        return [(pid, command) for pid, command in self.commands() if self.dir in command] + [who for port in self.ports for who in procs.holders(port)]

    @staticmethod
    def commands():
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return [(pid, procs.command(pid)) for pid in pids if pid != os.getpid() and procs.is_alive(pid)]

    def argv(self, *more):
        names = ("--port", "--admin-port", "--sim-port", "--sim-admin-port")
        return [f"{ROOT}/script/run", *(word for pair in zip(names, map(str, self.ports)) for word in pair), *more]

    def start(self, *more, said="Wakala runs"):
        """script/run in the background, as a terminal would have it: a group of its own that gets Ctrl-C. Waits until it has said something."""
        log = f"{self.dir}/said"
        with open(log, "wb") as out:
            process = subprocess.Popen(self.argv(*more), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=self.env, cwd="/",
                                       start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
        self.running.append(process)

        def spoke():
            self.assertIsNone(process.poll(), self.text())
            return said in self.text()
        until(spoke, 60, f"script/run says: {said}", self.text)
        return process

    def text(self):
        with open(f"{self.dir}/said", encoding="utf-8") as f:
            return f.read()

    def run_to_its_end(self, *more):
        done = subprocess.run(self.argv(*more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.env, cwd="/",
                              timeout=90, check=False)
        return done.returncode, done.stdout.decode()

    def ctrl_c(self, process):
        os.killpg(process.pid, signal.SIGINT)
        process.wait(40)
        return process.returncode

    def tenants(self):
        """Their ids: new ones are new data."""
        done = subprocess.run([f"{ROOT}/script/wakala", "tenant", "list"], stdout=subprocess.PIPE, env=self.env, check=True)
        ids = sorted(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", done.stdout.decode()))
        self.assertEqual(len(ids), 2)
        return ids

    def test_data_stay_until_fresh_and_ctrl_c_stops_everything(self):
        process = self.start("--fresh")
        text = self.text()
        for port in self.ports[:2]:
            self.assertIn(f"127.0.0.1:{port}", text)
        self.assertEqual(request(self.ports[1], "GET", "/readyz")[0], 200)
        first = self.tenants()
        started = procs.descendants(process.pid)
        commands = " ".join(procs.command(pid) for pid in started)
        for part in ("postgres", "wakala", "worker"):
            self.assertIn(part, commands)
        status, out = self.run_to_its_end()
        self.assertEqual(status, 1)
        self.assertIn(f"already runs on these data as process {process.pid}", out)
        self.assertEqual(self.ctrl_c(process), 0, self.text())
        self.assertEqual([pid for pid in started if procs.is_alive(pid)], [])
        self.assertEqual(self.left(), [])

        process = self.start()
        self.assertEqual(self.tenants(), first, "the second run did not find the data of the first")
        self.assertEqual(self.ctrl_c(process), 0, self.text())

        process = self.start("--fresh")
        self.assertFalse(set(self.tenants()) & set(first), "--fresh kept old data")
        self.assertEqual(self.ctrl_c(process), 0, self.text())

    def test_ctrl_c_while_it_starts(self):
        process = self.start("--fresh", said="starting PostgreSQL")
        until(lambda: [c for _, c in self.commands() if f"{self.dir}/pg/data" in c and "postgres" in c], 30, "PostgreSQL is on its way")
        self.assertEqual(self.ctrl_c(process), 130, self.text())
        self.assertEqual(self.left(), [])

    def test_the_demo_on_fresh_data_and_again(self):
        for more in (["--fresh"], []):
            status, out = self.run_to_its_end("--demo", *more)
            self.assertEqual(status, 0, out)
            self.assertRegex(out, r"\ndelivered; every check held")
            self.assertEqual(self.left(), [])

    def test_a_port_that_is_taken_names_its_holder(self):
        names = ("port", "admin-port", "sim-port", "sim-admin-port")
        for name, port in zip(names, self.ports):
            with self.subTest(name), socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
                s.listen()
                status, out = self.run_to_its_end()
                self.assertEqual(status, 1, out)
                self.assertRegex(out, rf"port {port} \({name}\) is taken by process {os.getpid()} \(.*python3.*\): stop it, or choose another port with --{name}")
        self.assertEqual(self.left(), [])

    def test_one_port_twice(self):
        status, out = self.run_to_its_end("--sim-port", str(self.ports[0]))
        self.assertEqual((status, out.strip()), (1, "script/run: the four ports must differ"))


FAKES = {  # what the machine says, for a person without root and sudo
    "sudo": "#!/bin/sh\nexit 1\n",
    "dpkg-query": "#!/bin/sh\ncase \"$*\" in *postgresql-15) [ -e {dir}/installed ] && printf installed; exit 0 ;; esac\nexec /usr/bin/dpkg-query \"$@\"\n",
    "apt-get": "#!/bin/sh\necho \"$*\" >>{dir}/apt\ncase \"$*\" in *install*) : >{dir}/installed ;; esac\n",
}


@unittest.skipUnless(os.path.exists("/usr/bin/dpkg-query"), "script/setup is made for Debian")
class Setup(unittest.TestCase):
    """A copy of script/ that thinks PostgreSQL is missing, run by somebody who is not root."""

    def setUp(self):
        self.dir = temp_folder("wakala-setup-")
        self.addCleanup(shutil.rmtree, self.dir, True)
        for part in ("bin", "script", "etc"):
            procs.make_dir(f"{self.dir}/{part}", 0o755)
        for name, text in FAKES.items():
            self.write(f"bin/{name}", text.replace("{dir}", self.dir))
        for path in glob.glob(f"{ROOT}/script/*"):
            with open(path, encoding="utf-8") as f:
                self.write(f"script/{os.path.basename(path)}", f.read().replace("/etc/postgresql-common/", f"{self.dir}/etc/"))
        self.env = dict(os.environ, PATH=f"{self.dir}/bin:/usr/sbin:/usr/bin:/sbin:/bin")

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(f"{self.dir}/{name}", 0o755)

    def ask(self, script, *args):
        """(status, what was said, the lines to be pasted)."""
        user = procs.server_user()
        who = {"user": user[1], "group": user[2], "extra_groups": []} if user else {}
        done = subprocess.run([f"{self.dir}/script/{script}", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=self.env, cwd="/", timeout=60, check=False, **who)
        out = done.stdout.decode()
        return done.returncode, out, [line.strip() for line in out.splitlines() if line.startswith("    ")]

    def paste(self, lines):
        for line in lines:
            subprocess.run(["/bin/sh", "-c", line], env=self.env, cwd="/", check=True, timeout=60)

    def test_without_root_and_sudo_the_lines_to_paste_are_all_that_is_needed(self):
        for script in ("setup", "run"):
            status, out, lines = self.ask(script)
            self.assertEqual(status, 1, out)
            self.assertIn("neither are you root nor does sudo let you", out)
            self.assertEqual(len(lines), 3, out)
        words = [shlex.split(line) for line in lines]
        self.assertEqual(words[0][:2], ["sh", "-c"])
        self.assertEqual(len(words[0]), 3, "the command of sh -c is not one word")
        self.assertEqual(words[1][-3:], ["apt-get", "update", "-q"])
        self.assertEqual(words[2][-1], "postgresql-15")
        self.paste(lines)
        with open(f"{self.dir}/etc/createcluster.d/wakala.conf", encoding="utf-8") as f:
            self.assertEqual(f.read(), "create_main_cluster = false\n")
        with open(f"{self.dir}/apt", encoding="utf-8") as f:
            self.assertRegex(f.read(), r"^update -q\ninstall .* postgresql-15\n$")
        status, out, _ = self.ask("setup")
        self.assertEqual(status, 0, out)

    def test_what_is_done_already_is_not_asked_for_again(self):
        self.paste(self.ask("setup")[2][:1])
        status, out, lines = self.ask("setup")
        self.assertEqual((status, len(lines)), (1, 2), out)
        self.assertNotIn("createcluster", out)

    def test_check_only_says_what_is_missing(self):
        status, out, lines = self.ask("setup", "--check")
        self.assertEqual((status, lines), (1, []))
        self.assertEqual(out.strip().splitlines()[-1], "setup: missing: postgresql-15")


if __name__ == "__main__":
    unittest.main()
