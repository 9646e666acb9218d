"""What a tenant may have holds at the write: exact under 200 writers and two workers, undone with its call, a month that is the tenant's, the tenant's
own limit before its tier's. Alone: PYTHONPATH=tests python3 -m unittest tenants.test_limits"""
import collections
import concurrent.futures
import json
import threading
import unittest

from harness.procs import until

from .bed import TenantsCase

WRITERS = 200


class Limits(TenantsCase):
    def setUp(self):
        self.small.sql("TRUNCATE tenants_quota, probe_kept")

    def tearDown(self):
        super().tearDown()
        self.set()

    def set(self, **own):
        """The tenant's own values, seen by every worker."""
        tenant = self.small.tenant
        self.small.sql(f"DELETE FROM wakala.tenant_setting WHERE tenant_id = '{tenant}' AND plugin = 'tenants';" + "".join(
            f"INSERT INTO wakala.tenant_setting VALUES ('{tenant}', 'tenants', '{key}', '{value}');" for key, value in own.items()))
        for quota in ("products", "orders"):
            wanted = own.get(f"max_{quota}", {"products": 200, "orders": 1000}[quota])
            seen = collections.Counter()

            def both():
                pid = self.small.request("GET", "/probe/pid")[1]
                limit = int(self.used(quota)[1])
                seen[pid] = seen[pid] + 1 if limit == wanted else -5
                return limit == wanted and sum(seen.values()) > 10
            until(both, 20, f"the workers know that the limit of {quota} is {wanted}")

    def take(self, quota, n=1, k=None, fail=0):
        status, body, _ = self.small.request("POST", f"/probe/{self.small.tenant}/take?quota={quota}&n={n}&fail={fail}" + (f"&k={k}" if k else ""), timeout=60)
        return status, body

    def used(self, quota):
        return self.small.request("GET", f"/probe/{self.small.tenant}/used?quota={quota}")[1].decode().split()

    def test_exact_under_two_hundred_writers(self):
        limit = 150
        self.set(max_products=limit)
        together = threading.Barrier(WRITERS)

        def write(i):
            together.wait()
            return [self.take("products", k=f"{i}-{turn}", fail=(i + turn) % 5 == 4)[0] for turn in range(2)]
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            answers = collections.Counter(status for both in pool.map(write, range(WRITERS)) for status in both)
        print(f"{WRITERS} writers: {dict(answers)}")
        self.assertEqual(answers[200], limit)
        self.assertEqual(set(answers) - {200, 409, 429}, set(), "nothing but taken, asked to fail, refused")
        self.assertEqual(self.small.sql("SELECT used FROM tenants_quota WHERE quota = 'products'"), [[str(limit)]])
        self.assertEqual(self.small.sql("SELECT count(*) FROM probe_kept"), [[str(limit)]], "a row for each that was taken, none for who was refused")
        others = self.small.tenants["Demo B"]
        self.assertEqual(self.small.sql(f"SELECT count(*) FROM tenants_quota WHERE tenant_id = '{others}'"), [["0"]])

    def test_two_take_the_last_one(self):
        self.set(max_orders=20)
        for turn in range(20):
            self.small.sql("TRUNCATE tenants_quota")
            self.assertEqual(self.take("orders", 19)[0], 200)
            together = threading.Barrier(2)

            def race(_):
                together.wait()
                return self.take("orders")[0]
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                self.assertEqual(sorted(pool.map(race, range(2))), [200, 429])
            self.assertEqual(self.used("orders"), ["20", "20"])

    def test_the_refusal_says_which_limit_and_who_has_more(self):
        self.assertEqual(self.take("products", 200)[0], 200)
        status, body = self.take("products")
        told = json.loads(body)
        self.assertEqual((status, told["code"]), (429, "limit.exceeded"))
        self.assertIn("maxProducts: 200 products are the limit of this account (basic); premium has 5000: ask for the larger tier", body.decode())
        self.assertEqual(self.take("products", -50)[0], 200)
        self.assertEqual(self.take("products", 51)[0], 429, "more than is left")
        self.assertEqual(self.take("products", 50)[0], 200)
        self.assertEqual(self.take("products", -1000)[0], 200)
        self.assertEqual(self.used("products"), ["0", "200"], "never less than nothing")
        self.assertEqual(self.take("products", 201)[0], 429, "more than there ever is")

    def test_a_lower_limit_takes_nothing_away(self):
        self.assertEqual(self.take("products", 10)[0], 200)
        self.set(max_products=5)
        self.assertEqual(self.take("products")[0], 429)
        self.assertEqual(self.take("products", -1)[0], 200, "giving back is always allowed")
        self.assertEqual(self.used("products"), ["9", "5"])

    def test_a_month_is_the_tenants(self):
        tenant = self.small.tenant
        self.set(max_orders=1)
        self.assertEqual(self.take("orders")[0], 200)
        self.assertEqual(self.take("orders")[0], 429)
        # just before the month ends where the tenant is (UTC+2), which is not where UTC ends it
        seconds = self.small.sql("SELECT ceil(extract(epoch FROM (date_trunc('month', wakala.now() AT TIME ZONE 'Africa/Johannesburg') + interval '1 month') "
                                 "AT TIME ZONE 'Africa/Johannesburg' - wakala.now()))::int")[0][0]
        self.small.advance(int(seconds) - 60)
        self.assertEqual(self.take("orders")[0], 429)
        self.small.advance(61)
        self.assertEqual(self.take("orders")[0], 200, "a new month")
        self.assertEqual(self.used("orders"), ["1", "1"])
        self.assertEqual(len(self.small.sql(f"SELECT period FROM tenants_quota WHERE tenant_id = '{tenant}' AND quota = 'orders'")), 2)


if __name__ == "__main__":
    unittest.main()
