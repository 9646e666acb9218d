"""What was stored is recognised for eight days by the message's own time, and then forgotten with its partition: the clock is moved, nobody waits."""
import time
import unittest

from harness import demo_values
from harness.procs import until

from .small import Case, message

DAY = 86400
NUMBER = demo_values.TENANTS[0][1][0]


class Dedupe(Case):
    def now(self):
        return int(self.small.sql("SELECT extract(epoch FROM wakala.now())::bigint")[0][0])

    def post(self, wamid, at):
        self.assertEqual(self.small.webhook(message(NUMBER, wamid, at=at))[0], 200)
        return int(self.small.sql(f"SELECT count(*) FROM wakala.event WHERE type = 'whatsapp.incoming' AND payload LIKE '%{wamid}%'")[0][0])

    def partitions(self):
        return [row[0] for row in self.small.sql("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'wakala.seen'::regclass ORDER BY 1")]

    @staticmethod
    def partition_of(at):
        return "seen_" + time.strftime("%Y%m%d", time.gmtime(at))

    def has_partition(self, at):
        return any(name.split(".")[-1] == self.partition_of(at) for name in self.partitions())

    def test_a_retry_is_recognised_for_as_long_as_meta_retries_and_then_its_partition_is_dropped(self):
        first = self.now()
        self.assertTrue(self.has_partition(first), self.partitions())
        self.assertEqual(self.post("wamid.dedupe.first", first), 1)
        for _ in range(7):
            self.small.advance(DAY)
            self.assertEqual(self.post("wamid.dedupe.first", first), 1, "a retry was stored again")
        self.small.sql("SELECT wakala.maintain()")
        self.assertEqual(self.post("wamid.dedupe.first", first), 1, "a retry after seven days and the upkeep was stored again")
        self.assertTrue(self.has_partition(first), "the keys of the last eight days were dropped")

        self.small.advance(3 * DAY)
        until(lambda: not self.has_partition(first), 30, "the workers' upkeep drops the partition of ten days ago", self.partitions)
        now = self.now()
        for days in range(0, 8):
            self.assertTrue(self.has_partition(now - days * DAY), f"{self.partition_of(now - days * DAY)} is missing: {self.partitions()}")
        for days in (0, 1, 7):  # first heard of now, though sent days ago: that is what a retry looks like when we were down
            for _ in range(2):
                self.assertEqual(self.post(f"wamid.dedupe.late.{days}", now - days * DAY), 1, f"{days} days old")
        row = self.small.sql(f"SELECT count(*) FROM wakala.{self.partition_of(now - 7 * DAY)}")
        self.assertEqual(row, [["1"]], "the key of a message seven days old lies elsewhere, where nothing will drop it")


if __name__ == "__main__":
    unittest.main()
