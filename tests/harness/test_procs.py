"""Processes and ports."""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from harness import procs


class Ports(unittest.TestCase):
    def test_the_holder_of_a_port_is_named(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = s.getsockname()[1]
            self.assertEqual(procs.holders(port)[0][0], os.getpid())
            with self.assertRaises(procs.Failed) as caught:
                procs.require_free({"port": port})
            for part in (str(port), str(os.getpid()), "--port"):
                self.assertIn(part, str(caught.exception))
        procs.require_free({"port": port})

    def test_free_ports_differ(self):
        ports = procs.free_ports(5)
        self.assertEqual(len(set(ports)), 5)
        for port in ports:
            self.assertEqual(procs.holders(port), [])


class Processes(unittest.TestCase):
    def test_end_asks_then_insists(self):
        with tempfile.NamedTemporaryFile() as log:
            os.chmod(log.name, 0o666)
            process = procs.spawn(["/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"], log.name)
            procs.until(lambda: os.path.getsize(log.name) > 0, 10, "the child is up")
            self.assertTrue(procs.is_alive(process.pid))
            self.assertEqual(procs.end(process, 0.1), -signal.SIGKILL)
            self.assertFalse(procs.is_alive(process.pid))

    def test_a_server_dies_with_us(self):
        with tempfile.NamedTemporaryFile() as log:
            os.chmod(log.name, 0o666)
            script = (f"import sys; sys.path.insert(0, {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))!r})\n"
                      f"from harness import procs\nimport time\nprint(procs.spawn(['/bin/sleep', '60'], {log.name!r}).pid, flush=True)\n"
                      "time.sleep(60)")
            parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
            pid = int(parent.stdout.readline())
            self.assertTrue(procs.is_alive(pid))
            parent.kill()
            parent.wait()
            parent.stdout.close()
            procs.until(lambda: not procs.is_alive(pid), 5, "the child of a killed parent ends")

    def test_until_says_what_it_waited_for(self):
        with self.assertRaises(procs.Late) as caught:
            procs.until(lambda: False, 0.01, "the moon is blue", lambda: "it is white")
        self.assertIn("the moon is blue: it is white", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
