"""A bus that confirms and then loses, repeats and reorders, all the time: the positions make it good, and nothing else does."""
import os
import random
import signal
import unittest

from harness import procs
from harness.procs import until

from .bed import LONG, Pair


class BadPair(Pair):
    def __init__(self, seed, **options):
        self.seed = seed
        super().__init__(**options)

    @staticmethod
    def plugins_wanted():
        return ("whatsapp", "probe", "badbus")

    def conf(self, plugin, text, order=20):
        super().conf(plugin, text + (f"seed = {self.seed};\n" if plugin == "badbus" else ""), order)


class BadBus(unittest.TestCase):
    def test_nothing_is_lost_doubled_or_out_of_order(self):
        seed = int(os.environ.get("WAKALA_TEST_SEED") or random.SystemRandom().randrange(1 << 29))
        print(f"  WAKALA_TEST_SEED={seed}", flush=True)
        dice, count = random.Random(seed), 20000 if LONG else 3000
        with BadPair(seed) as pair:
            until(lambda: "lanes of class normal are read by deliveries" in pair.host.text(), 20, "the bus carries", pair.host.tail)
            for i in range(count // 25):
                self.assertTrue(pair.post(n=25, first=i * 25, keys=30, fail=int(dice.random() < 0.01), first_fails=1))
                if i == count // 50:
                    procs.send(pair.host.workers()[0], signal.SIGKILL)
                    pair.heal()
                    until(lambda: pair.post(n=0), 10, "it serves")
            pair.wait_all(120)
            self.assertEqual(pair.audit(), [2 * count, 0, 0, 0])
            until(lambda: "wakala_bus_published_total" in pair.metrics(), 5, "the new worker has shown its counters")
            words = pair.metrics()
            print("  " + ", ".join(f"{name} {words[f'wakala_bus_{name}_total']:.0f}" for name in ("published", "delivered", "duplicates", "gaps")), flush=True)
            self.assertGreater(words["wakala_bus_duplicates_total"], count / 100)
            self.assertGreater(words["wakala_bus_gaps_total"], count / 200)
            self.assertGreater(words["wakala_bus_delivered_total"] - words["wakala_bus_duplicates_total"], count / 10, "the log did all the work")
            self.assertEqual(pair.host.findings(), [])


if __name__ == "__main__":
    unittest.main()
