"""Choosing fault points, and the set-up's small parts that need no server."""
import os
import tempfile
import unittest

from harness import run, stack, sweep


class Points(unittest.TestCase):
    def test_the_busiest_process_counts(self):
        text = "total=3 park=3\ntotal=41 park=30 commit.before=5 commit.after=6\ntotal=9 park=9\n"
        self.assertEqual(sweep.points_of(text), (41, {"park": 30, "commit.before": 5, "commit.after": 6}))
        self.assertEqual(sweep.points_of(""), (0, {}))

    def test_choice(self):
        self.assertEqual(sweep.choose("all", 3, 1), [1, 2, 3])
        self.assertEqual(sweep.choose("37,", 100, 1), [37])
        self.assertEqual(sweep.choose("9,3", 100, 1), [3, 9])
        drawn = sweep.choose("5", 100, 7)
        self.assertEqual((len(drawn), drawn), (5, sweep.choose("5", 100, 7)))
        self.assertEqual(sweep.choose("50", 3, 7), [1, 2, 3])


class Templates(unittest.TestCase):
    def test_gaps(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
            f.write('listen = "127.0.0.1:@port@"; # somebody@example.com stays\n')
            f.flush()
            self.assertIn('"127.0.0.1:8080"', stack.fill(f.name, {"port": 8080}))
            with self.assertRaises(stack.Failed) as caught:
                stack.fill(f.name, {})
            self.assertIn("@port@", str(caught.exception))

    def test_one_run_per_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIsNone(run.lock(folder))
            with open(f"{folder}/run.pid", encoding="ascii") as f:
                self.assertEqual(int(f.read()), os.getpid())
            with open(f"{folder}/run.pid", "w", encoding="ascii") as f:
                f.write("1")  # alive, but no run of ours
            self.assertIsNone(run.lock(folder))

    def test_sanitizers_are_heard(self):
        with tempfile.TemporaryDirectory() as folder:
            host = stack.Host("host", folder, folder, 1, 2)
            with open(host.log, "w", encoding="utf-8") as f:
                f.write("fine\n==1==ERROR: AddressSanitizer: heap-use-after-free\n    #0 here\n")
            self.assertIn("heap-use-after-free", "\n".join(host.findings()))


if __name__ == "__main__":
    unittest.main()
