"""Choosing fault points, and the set-up's small parts that need no server."""
import os
import struct
import tempfile
import unittest

from harness import fault, run, stack, sweep


class Points(unittest.TestCase):
    def test_each_name_as_often_as_every_play_that_has_it(self):
        plays = [{"a/park": 3, "b/commit.before": 2}, {"a/park": 2}]
        points = [("a/park", 1), ("a/park", 2), ("b/commit.before", 1), ("b/commit.before", 2)]
        self.assertEqual(sweep.points_of(plays), points)
        self.assertEqual(sweep.points_of([{}]), [])
        self.assertEqual(sweep.always(plays), {"a/park"})

    def test_choice(self):
        points = [("a", n) for n in range(1, 101)]
        self.assertEqual(sweep.choose("all", points, 1), points)
        self.assertEqual(sweep.choose("a:37", points, 1), [("a", 37)])
        self.assertEqual(sweep.choose("a/b:9,a:37", points, 1), [("a/b", 9), ("a", 37)])
        self.assertEqual(sweep.choose("a/*,b", [("a/x", 1), ("b", 1), ("b", 2), ("c", 1)], 1), [("a/x", 1), ("b", 1), ("b", 2)])
        for nobody in ("a:x", "b", "a:0"):
            with self.assertRaises(sweep.Failed):
                sweep.choose(nobody, points, 1)
        drawn = sweep.choose("5", points, 7)
        self.assertEqual((len(drawn), drawn), (5, sweep.choose("5", points, 7)))
        self.assertEqual(sweep.choose("500", points, 7), points)

    def test_parts_are_all_of_it_once(self):
        points = [(name, number) for name in "abc" for number in range(1, 11)]
        shares = [sweep.share(points, f"{i}/3") for i in (1, 2, 3)]
        self.assertEqual(sorted(sum(shares, [])), points)
        self.assertTrue(all(9 <= len(s) <= 12 for s in shares))
        self.assertEqual(sweep.share(points, "1/1"), points)
        # Another count of another name moves nothing.
        self.assertEqual([p for p in sweep.share([("0", 1)] + points, "2/3") if p[0] != "0"], shares[1])
        for part in ("0/3", "4/3", "2", "a/b"):
            with self.assertRaises(sweep.Failed):
                sweep.share(points, part)


class Pages(unittest.TestCase):
    """The layout is that of host/fiber/fault.h; test_fiber_fault checks the other side."""

    def test_arming(self):
        with tempfile.TemporaryDirectory() as folder:
            page = fault.Page(f"{folder}/points")
            self.assertEqual(os.path.getsize(page.path), 16384)
            self.assertEqual((page.struck(), page.counts()), (0, {}))
            page.map[0:8] = struct.pack("=Q", 4711)
            page.map[16:24] = struct.pack("=Q", 5)
            self.assertEqual(page.struck(), 4711)
            page.arm("orders/commit.before", 3)
            self.assertEqual(struct.unpack_from("=4Q", page.map), (0, 0, 0, 3))
            self.assertEqual(page.map[32:53], b"orders/commit.before\0")
            page.arm("a", 1)
            self.assertEqual(page.map[32:53], b"a" + bytes(20))
            page.disarm()
            self.assertEqual(struct.unpack_from("=4Q", page.map), (0, 0, 0, 0))
            page.close()

    def test_counting(self):
        with tempfile.TemporaryDirectory() as folder:
            page = fault.Page(f"{folder}/points")
            for i, (name, count) in enumerate((("a/park", 2), ("b/park", 7))):
                struct.pack_into("=2Q", page.map, 256 + 128 * i, 99, count)
                page.map[256 + 128 * i + 16:256 + 128 * i + 16 + len(name)] = name.encode()
            self.assertEqual(page.counts(), {"a/park": 2, "b/park": 7})
            self.assertEqual(page.passed({"a/park": 2, "b/park": 3}), {"b/park": 4})
            page.close()


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
