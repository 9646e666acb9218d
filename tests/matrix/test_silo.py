"""One tenant with a schema of its own beside a pooled one, on the same connections: its whole journey runs in its schema, nothing of it lies in
the pool, and its own settings and secrets win over the conf. Alone: PYTHONPATH=tests python3 -m unittest matrix.test_silo"""
import threading
import time
import unittest

from harness import demo_values, scenario, seal
from harness.play import Player
from harness.procs import until
from harness.stack import ROOT, Stack

A, B = demo_values.TENANTS[0][1][0], demo_values.TENANTS[1][1][0]
SCHEMA = "t_demo_a"
FEE = 777


class SiloStack(Stack):
    """The demo, with tenant A in its own schema. The conf's access token is wrong, so only tenants with their own secret can answer."""

    def __init__(self):
        super().__init__(workers=1)
        self.host.env["WAKALA_WHATSAPP_ACCESS_TOKEN"] = "not-the-token"

    def seed_with(self, name, pg, database):
        if name != "seed.sql":
            super().seed_with(name, pg, database)
            return
        with open(f"{ROOT}/etc/demo/{name}", encoding="utf-8") as f:
            text = f.read()
        ids = dict(pg.sql("SELECT address, tenant_id FROM wakala.address", database))
        self.a, self.b = ids[A], ids[B]
        pg.sql(f"UPDATE wakala.tenant SET isolation = 'schema', schema_name = '{SCHEMA}', tier = 'enterprise' WHERE id = '{self.a}'", database)
        self.host.cli("migrate", "--test-clock", timeout=120)
        home = "SET search_path = pool, wakala, public;"
        assert home in text
        pg.sql(text, database)
        pg.sql(text.replace(home, f"SET search_path = {SCHEMA}, wakala, public;"), database)
        for schema, stranger in (("pool", self.a), (SCHEMA, self.b)):  # each shop in one place only
            tables = pg.sql(f"SELECT relname FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r'", database)
            pg.sql("SET session_replication_role = replica;" + "".join(f"DELETE FROM {schema}.{t[0]} WHERE tenant_id = '{stranger}';" for t in tables), database)
        pg.sql(f"INSERT INTO wakala.tenant_setting (tenant_id, plugin, key, value) VALUES ('{self.a}', 'orders', 'fee_base', '{FEE}'), "
               f"('{self.a}', 'orders', 'prepare_minutes', 'not a number')", database)
        for tenant in (self.a, self.b):
            pg.sql(seal.insert(tenant, "whatsapp", "access_token", demo_values.ACCESS_TOKEN), database)

    def sql(self, text, timeout=30, server=None):
        """What a scenario about tenant A asks for."""
        return self.pg.sql(f"SET search_path = {SCHEMA}, wakala, public;\n" + text.replace("pool.", f"{SCHEMA}."), "wakala", timeout=timeout)


class Silo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = SiloStack()
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.stop)

    def one(self, text):
        return self.stack.pg.sql(text, "wakala")[0][0]

    def count(self, schema, tenant):
        """Rows of a tenant in each table of a schema."""
        tables = self.stack.pg.sql(f"SELECT relname FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r' ORDER BY 1", "wakala")
        return {t: int(self.one(f"SELECT count(*) FROM {schema}.{t} WHERE tenant_id = '{tenant}'")) for t, in tables}

    def test_a_journey_in_its_own_schema_beside_a_pooled_tenant(self):
        stop, said = threading.Event(), []

        def neighbours():  # of tenant B, all the while, on the same connections
            while not stop.wait(0.1):
                number = f"2783{len(said):07d}"
                self.stack.sim.say(number, B, "Neighbour", text="hi")
                said.append(number)
        thread = threading.Thread(target=neighbours)
        thread.start()
        try:
            Player(self.stack).play(scenario.load(f"{ROOT}/tests/journeys/cod-by-buttons.play"))
        finally:
            stop.set()
            thread.join()
        self.assertGreater(len(said), 3)  # how many depends on how fast the journey is played
        for number in said[:3] + said[-3:]:
            until(lambda number=number: self.stack.sim.messages(number), 20, f"{number} is answered by tenant B", self.stack.host.tail)
        a, b = self.count(SCHEMA, self.stack.a), self.count("pool", self.stack.b)
        self.assertEqual(a["orders_order"], 1)
        for table in ("orders_line", "orders_history", "payments_payment", "drivers_delivery", "conversation_user", "catalog_product"):
            self.assertGreater(a[table], 0, table)
        until(lambda: self.count("pool", self.stack.b)["conversation_user"] >= len(said), 20, "every neighbour is known in the pool")
        self.assertEqual(b["orders_order"], 0)
        self.assertEqual({t: n for t, n in self.count("pool", self.stack.a).items() if n}, {}, "nothing of A in the pool")
        self.assertEqual({t: n for t, n in self.count(SCHEMA, self.stack.b).items() if n}, {}, "nothing of B in A's schema")
        # the tenant's own fee, and a value that is none falls back to the conf's
        self.assertEqual(self.one(f"SELECT delivery_fee FROM {SCHEMA}.orders_order"), str(FEE))
        self.assertEqual(self.stack.findings(), [])

    def test_a_secret_of_another_row_does_not_open(self):
        """B's sealed token under A's name: nothing is sent with it, and nothing with the conf's either."""
        user = "27849999999"
        self.stack.pg.sql(f"UPDATE wakala.tenant_secret SET sealed = (SELECT sealed FROM wakala.tenant_secret WHERE tenant_id = '{self.stack.b}') "
                          f"WHERE tenant_id = '{self.stack.a}'", "wakala")
        try:
            time.sleep(2)  # until the workers have read it; what must not happen has no moment
            self.stack.sim.say(user, A, "Nobody", text="hi")
            until(lambda: "secret.forged" in self.stack.host.text(), 20, "the operator is told", self.stack.host.tail)
            self.assertEqual(self.stack.sim.messages(user), [])
            self.assertNotIn(demo_values.ACCESS_TOKEN, self.stack.host.text())
        finally:
            self.stack.pg.sql(f"DELETE FROM wakala.tenant_secret WHERE tenant_id = '{self.stack.a}'", "wakala")
            self.stack.pg.sql(seal.insert(self.stack.a, "whatsapp", "access_token", demo_values.ACCESS_TOKEN), "wakala")


if __name__ == "__main__":
    unittest.main()
