"""Matrices generated from the database and the plugins: tables x scope, column types, statements x plan. A new table or statement
without isolation, or without its index under row-level security, fails here without anybody having to think of it."""
import json
import re
import unittest

from harness.postgres import SqlError
from harness.stack import Stack

SCOPE = "SELECT set_config('app.tenant', '{}', false) \\g /dev/null\n"
OTHER = "11111111-1111-4111-8111-111111111111"
# Leakproof trap: operators of these types lose their index under row-level security.
TYPES = {"uuid", "text", "bigint", "integer", "smallint", "boolean", "timestamp with time zone", "double precision", "date",
         "time without time zone", "bytea", "jsonb"}
# Read by a search function that bypasses row-level security and filters by itself.
SEARCH_TYPES = {"tsvector"}
# Statements that walk an index by tenant alone, each with its reason.
WHOLE_TENANT = {
    "load_user": "any one number of the tenant, for somebody who never wrote: LIMIT 1",
    "list_variants": "a page of the shop in order of name: LIMIT",
    "delivery_live_of_driver": "through the index of live deliveries only",
}
# Tables that stay small for one tenant: a scan of them is the best plan there is.
BIG = 5000


class Isolation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(sim=False, workers=1)
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.stop)
        cls.tenant = cls.stack.sql("SELECT id FROM wakala.tenant WHERE name = 'Demo A'")[0][0]
        cls.tables = [row[0] for row in cls.stack.sql(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'pool'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1")]

    def as_app(self, text, tenant=None):
        return self.stack.pg.sql((SCOPE.format(tenant) if tenant else "") + "SET search_path = pool;\n" + text, "wakala", "wakala_app")

    def test_every_table_has_forced_row_level_security_and_a_tenant_key(self):
        self.assertGreater(len(self.tables), 10)
        for table in self.tables:
            with self.subTest(table):
                row = self.stack.sql(f"""SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner),
                    (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid),
                    (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisprimary)
                    FROM pg_class c WHERE oid = 'pool.{table}'::regclass""")[0]
                self.assertEqual(row[:3], ["t", "t", "wakala_owner"])
                self.assertGreaterEqual(int(row[3]), 1)
                self.assertEqual(row[4], "tenant_id", "the primary key begins with tenant_id")

    def test_without_scope_nothing_is_seen_or_written(self):
        for table in self.tables:
            with self.subTest(table):
                self.assertEqual(self.as_app(f"SELECT count(*) FROM {table}"), [["0"]])
                self.assertEqual(self.as_app(f"SELECT count(*) FROM {table}", OTHER), [["0"]])
                try:
                    self.as_app(f"DELETE FROM {table}", OTHER)
                except SqlError as refused:
                    self.assertIn("append only", str(refused))
        self.assertGreater(int(self.stack.sql("SELECT count(*) FROM catalog_product")[0][0]), 0)
        for table in ("wakala.event", "wakala.tenant", "wakala.tenant_secret", "wakala.seen", "wakala.quarantine"):
            with self.subTest(table), self.assertRaises(SqlError):
                self.as_app(f"SELECT * FROM {table} LIMIT 1", self.tenant)
        with self.assertRaises(SqlError):  # another tenant's event
            self.as_app("INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) VALUES (1, 1, gen_random_uuid(), "
                        f"'{OTHER}', now(), 'x', 'x', '{{}}')", self.tenant)

    def test_the_host_role_reaches_no_tenant_table(self):
        for table in self.tables:
            with self.subTest(table), self.assertRaises(SqlError):
                self.stack.pg.sql(f"SELECT count(*) FROM pool.{table}", "wakala", "wakala_host")

    def test_columns_have_types_whose_operators_are_leakproof(self):
        rows = self.stack.sql("""SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'pool'
            AND table_name IN (SELECT relname FROM pg_class WHERE relnamespace = 'pool'::regnamespace AND relkind IN ('r', 'p'))""")
        wrong = [row for row in rows if row[2] not in TYPES | SEARCH_TYPES and not row[2].startswith("ARRAY")]
        self.assertEqual(wrong, [])

    def statements(self):
        out = self.stack.host.cli("plugins", "--sql")
        return [json.loads(line) for line in out.splitlines() if line]

    def test_statements_name_only_their_own_tables(self):
        allowed = {"whatsapp": {"outbound"}}
        for s in self.statements():
            prefix = s["plugin"].replace("-", "_") + "_"
            for table in self.tables:
                if re.search(rf"\b{table}\b", s["text"]):
                    with self.subTest(s["name"]):
                        self.assertTrue(table.startswith(prefix), f"{s['plugin']}.{s['name']} names {table}")
            for table in re.findall(r"\bwakala\.(\w+)\b(?!\s*\()", s["text"]):
                self.assertIn(table, allowed.get(s["plugin"], set()), f"{s['plugin']}.{s['name']} names wakala.{table}")
            self.assertNotRegex(s["text"], r"(?i)(?<!wakala\.)\bnow\(\)|current_timestamp|clock_timestamp", s["name"])

    def test_every_statement_keeps_its_index_on_a_big_tenant(self):
        statements = self.statements()
        self.assertGreater(len(statements), 30)
        self.fill()
        scans = []
        for s in statements:
            plan = self.plan(s)
            for node in re.findall(r"Seq Scan on (\w+)", plan):
                if node.startswith(s["plugin"].replace("-", "_")):
                    scans.append(f"{s['plugin']}.{s['name']}: sequential scan of {node}")
            for index, condition in re.findall(r"Scan using (\w+) on .*\n\s+Index Cond: (.*)", plan):
                if "AND" not in condition and s["name"] not in WHOLE_TENANT:
                    scans.append(f"{s['plugin']}.{s['name']}: all of a tenant through {index}: {condition}")
        self.assertEqual(scans, [])

    def fill(self):
        """One tenant with many rows in every table: values by type, so that a new table is filled without anybody writing for it."""
        by_type = {"uuid": "gen_random_uuid()", "bigint": "g", "integer": "g", "smallint": "g % 1000", "boolean": "g % 2 = 0", "jsonb": "'{}'",
                   "timestamp with time zone": "wakala.now() - g * interval '1 minute'", "double precision": "g / 100.0", "date": "current_date",
                   "time without time zone": "'08:00'", "bytea": "''", "text": "'v' || g"}
        text = ["SET session_replication_role = replica;"]
        for table in self.tables:
            columns = self.stack.sql(f"""SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'pool' AND table_name = '{table}'
                AND is_generated = 'NEVER' AND (identity_generation IS NULL OR identity_generation <> 'ALWAYS')""")
            names = [c[0] for c in columns]
            values = [f"'{self.tenant}'" if c[0] == "tenant_id" else
                      "(ARRAY['active', 'PENDING', 'CREATED', 'paid'])[1 + g % 4]" if c[0] == "status" else by_type.get(c[1], "NULL") for c in columns]
            for row in self.stack.sql(f"SELECT conname FROM pg_constraint WHERE conrelid = 'pool.{table}'::regclass AND contype = 'c'"):
                text.append(f"ALTER TABLE pool.{table} DROP CONSTRAINT {row[0]};")
            text.append(f"INSERT INTO pool.{table} ({', '.join(names)}) SELECT {', '.join(values)} FROM generate_series(100001, {100000 + BIG}) g ON CONFLICT DO NOTHING;")
            text.append(f"ANALYZE pool.{table};")
        self.stack.sql("\n".join(text), 120)

    def plan(self, s):
        n = max([int(x) for x in re.findall(r"\$(\d+)", s["text"])] or [0])
        args = f"({', '.join(['NULL'] * n)})" if n else ""
        rows = self.as_app("SET plan_cache_mode = force_generic_plan;\nSET enable_seqscan = off;\n"
                           f"PREPARE s AS {s['text']};\nEXPLAIN (COSTS OFF) EXECUTE s{args};", self.tenant)
        return "\n".join(row[0] for row in rows)


if __name__ == "__main__":
    unittest.main()
