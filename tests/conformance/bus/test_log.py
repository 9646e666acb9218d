"""The log alone."""
import unittest

from .bed import Pair
from .suite import Suite


class LogBus(Suite, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = Pair().__enter__()
        cls.addClassCleanup(cls.pair.stop)
        cls.pair.start_other()


if __name__ == "__main__":
    unittest.main()
