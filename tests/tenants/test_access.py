"""What a tenant's status and features do to its requests, messages and events. Alone: PYTHONPATH=tests python3 -m unittest tenants.test_access"""
import json
import time
import unittest

from harness.procs import until

from .bed import TenantsCase

DAY = 86400


class Access(TenantsCase):
    workers = 1

    def cli(self, *args):
        return self.small.host.cli("tenant", *args)

    def get(self, path, who=None):
        status, body, _ = self.small.request("GET", path, headers={"X-Who": who} if who else {})
        return status, json.loads(body)["code"] if status >= 400 else body.decode()

    def test_a_suspended_tenants_requests(self):
        a, b = self.small.tenant, self.small.tenants["Demo B"]
        self.assertEqual(self.get("/who/any", f"amina@{a}")[0], 200)
        self.cli("suspend", "Demo A")
        try:
            until(lambda: self.get("/who/any", f"amina@{a}") == (403, "tenant.suspended"), 10, "the worker knows")
            self.assertEqual(self.get("/who/always", f"amina@{a}")[0], 200, "what is always served")
            self.assertEqual(self.get("/who/any", f"amina@{b}")[0], 200, "another tenant")
            self.assertEqual(self.get("/who/any", "root")[0], 200, "who runs the platform")
            self.assertEqual(self.get(f"/who/of/{a}", "root")[0], 200)
            self.assertEqual(self.get("/who/public")[0], 200)
        finally:
            self.cli("resume", "Demo A")
        until(lambda: self.get("/who/any", f"amina@{a}")[0] == 200, 10, "and goes on")

    def test_a_suspended_tenant_gets_no_more_of_anything(self):
        tenant = self.small.tenants["Demo B"]
        self.cli("suspend", tenant)
        try:
            until(lambda: self.small.request("POST", f"/probe/{tenant}/take?quota=orders&n=1")[0] == 403, 10, "no new orders")
            self.assertEqual(self.small.request("POST", f"/probe/{tenant}/take?quota=orders&n=-1")[0], 200)
        finally:
            self.cli("resume", tenant)

    def test_features(self):
        a, b = self.small.tenant, self.small.tenants["Demo B"]

        def has_probe(tenant):
            return self.small.request("GET", f"/probe/{tenant}/counts")[0] != 404
        self.cli("set", a, "--feature", "probe=off,t-who=off")
        try:
            until(lambda: not has_probe(a), 10, "its routes are not there")
            self.assertEqual(self.get("/who/any", f"amina@{a}")[0], 404)
            self.assertEqual(self.get(f"/who/of/{a}", "root"), (404, "tenant.unknown"))
            self.assertTrue(has_probe(b))
            self.assertEqual(self.get("/who/any", f"amina@{b}")[0], 200)
            # an event of the tenant passes the plugin's subscribers by, another tenant's does not
            for tenant in (a, b):
                self.small.sql(f"INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) SELECT 1, 0, gen_random_uuid(), '{tenant}', wakala.now(), "
                               "'probe.work', 'features', '{\"n\": 1}'")
            until(lambda: self.small.sql(f"SELECT count(*) > 0 FROM probe_seen WHERE tenant_id = '{b}' AND key = 'features'") == [["t"]], 20, "the other tenant's is handled",
                  self.small.host.tail)
            self.assertEqual(self.small.sql(f"SELECT count(*) FROM probe_seen WHERE tenant_id = '{a}' AND key = 'features'"), [["0"]])
        finally:
            self.cli("set", a, "--feature", "probe=default,t-who=default")
        until(lambda: has_probe(a), 10, "it is back")
        time.sleep(1)
        self.assertEqual(self.small.sql(f"SELECT count(*) FROM probe_seen WHERE tenant_id = '{a}' AND key = 'features'"), [["0"]], "what passed by does not come back")

    def test_a_trial_ends_by_itself(self):
        out = self.cli("create", "Trying", "--number", "81", "--waba", "81", "--trial", "10")
        tenant = out.split("\t")[0]

        def events(type):
            return [json.loads(row[0]) for row in self.small.sql(f"SELECT payload FROM wakala.event WHERE tenant_id = '{tenant}' AND type = '{type}' ORDER BY seq")]

        def status():
            return self.small.sql(f"SELECT status FROM wakala.tenant WHERE id = '{tenant}'")[0][0]
        self.assertEqual(status(), "trial")
        self.small.advance(3 * DAY + 5)
        until(lambda: [e["days_left"] for e in events("tenant.trial_ending")] == [7], 20, "told a week before", self.small.host.tail)
        self.assertEqual(self.small.host.cli("tenant", "set", "Trying", "--trial", "9").count("\ttrial\n"), 1, "two days longer")
        self.small.advance(2 * DAY + 5)
        until(lambda: [e["days_left"] for e in events("tenant.trial_ending")] == [7, 7], 20, "told again a week before the new end", self.small.host.tail)
        self.small.advance(6 * DAY)
        until(lambda: [e["days_left"] for e in events("tenant.trial_ending")] == [7, 7, 1], 20, "told the day before", self.small.host.tail)
        self.assertEqual(status(), "trial")
        self.small.advance(DAY)
        until(lambda: status() == "suspended", 20, "suspended at the end", self.small.host.tail)
        until(lambda: len(events("tenant.suspended")) == 1, 5, "and told")
        self.assertEqual(events("tenant.suspended")[0]["reason"], "the trial has ended")
        self.cli("resume", "Trying")
        self.assertEqual(status(), "active", "who has paid")

    def test_a_trials_end_that_comes_late_changes_nobody_who_paid(self):
        tenant = self.cli("create", "Paid", "--number", "82", "--waba", "82", "--trial", "1").split("\t")[0]
        self.small.sql(f"UPDATE wakala.tenant SET status = 'active', trial_until = NULL WHERE id = '{tenant}'")
        self.small.advance(DAY + 5)
        until(lambda: self.small.sql(f"SELECT count(*) FROM wakala.event WHERE tenant_id = '{tenant}' AND type = 'tenant.trial_ended'") == [["1"]], 20, "the timer came",
              self.small.host.tail)
        time.sleep(1)
        self.assertEqual(self.small.sql(f"SELECT status FROM wakala.tenant WHERE id = '{tenant}'"), [["active"]])


if __name__ == "__main__":
    unittest.main()
