"""Matrices generated from the database and the plugins: tables x scope, column types, statements x plan. A new table or statement
without isolation, or without its index under row-level security, fails here without anybody having to think of it."""
import json
import re
import unittest

from harness import meta
from harness.postgres import SqlError
from harness.procs import until
from harness.stack import Stack

from . import plans, tables

SCOPE = "SELECT set_config('app.tenant', '{}', false) \\g /dev/null\n"
OTHER = "11111111-1111-4111-8111-111111111111"
SCHEMA = "t_matrix"  # of a tenant with a schema of its own
# What somebody may do in a migration, and what the matrix then says.
LEAKY = "CREATE TABLE pool.leak_a (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)); ALTER TABLE pool.leak_a OWNER TO wakala_owner"
SLIPS = {
    "a table without protect()": (f"{LEAKY}; GRANT SELECT ON pool.leak_a TO wakala_app", "pool.leak_a: row-level security is not enabled"),
    "a table that nobody was let at yet": (LEAKY, "pool.leak_a: row-level security is not enabled"),
    "not forced": (f"{LEAKY}; SELECT wakala.protect('pool.leak_a'); ALTER TABLE pool.leak_a NO FORCE ROW LEVEL SECURITY", "pool.leak_a: row-level security is not"),
    "a second policy": (f"{LEAKY}; SELECT wakala.protect('pool.leak_a'); CREATE POLICY more ON pool.leak_a USING (true)", "policy more lets through more"),
    "a policy of its own": (f"{LEAKY}; ALTER TABLE pool.leak_a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; "
                            "CREATE POLICY t ON pool.leak_a USING (tenant_id = wakala.tenant_id() OR id IS NOT NULL)", "policy t lets through more"),
    "no tenant": ("CREATE TABLE pool.leak_b (id uuid PRIMARY KEY)", "pool.leak_b: has no tenant_id"),
    "a key that does not begin with the tenant": ("CREATE TABLE pool.leak_c (id uuid PRIMARY KEY, tenant_id uuid); SELECT wakala.protect('pool.leak_c')",
                                                  "pool.leak_c: its primary key begins with id"),
    "a table of the host": ("CREATE TABLE wakala.leak_d (id uuid); GRANT SELECT ON wakala.leak_d TO wakala_app", "wakala.leak_d: has no tenant_id"),
    "one column of it": ("GRANT SELECT (name) ON wakala.tenant TO wakala_app", "wakala.tenant: has no tenant_id"),
    "granted to everybody": ("GRANT SELECT ON wakala.tenant_secret TO PUBLIC", "wakala.tenant_secret: row-level security is not"),
    "a partition": ("GRANT SELECT ON wakala.event_0 TO wakala_app", "wakala.event_0: a partition"),
    "a view": ("CREATE VIEW pool.leak_e AS SELECT * FROM wakala.tenant; GRANT SELECT ON pool.leak_e TO wakala_app", "pool.leak_e: a view"),
    "a schema of a tenant": (f"CREATE TABLE {SCHEMA}.leak_f (tenant_id uuid PRIMARY KEY)", f"{SCHEMA}.leak_f: row-level security is not"),
    "a function with another's rights": ("CREATE FUNCTION pool.leak_g() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM wakala.tenant'",
                                         r"pool.leak_g\(\): runs as postgres"),
    "a search function that looks at all": ("CREATE FUNCTION pool.leak_h() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'; "
                                            "SELECT wakala.search_function('pool.leak_h()')", "does not look at wakala.tenant_id"),
    "the role itself": ("ALTER ROLE wakala_app BYPASSRLS", "wakala_app: superuser, bypasses"),
    "a member of the owner": ("GRANT wakala_owner TO wakala_app", "wakala_app: superuser, bypasses"),
}
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
    "list_categories": "the names of all shelves, from all products: once per visit of the shop's home",
    "dispatch_mean_make": "sums over all drivers, when the last sums are old",
}
# Rows in each table of the big tenant, and how many of them one scan may read: a page, a batch of the log, not a tenth of a tenant.
BIG = 5000
MOST = 500
# Statements that may read more, each with its reason.
MANY_ROWS = {
    "list_categories": WHOLE_TENANT["list_categories"],
    "dispatch_mean_make": WHOLE_TENANT["dispatch_mean_make"],
    "list_variants": "in order of name until its page is full: here no vendor is open, so it looks at all",
}
# The same for statements inside search functions, by function and table.
MANY_FOUND = {("catalog_search", "catalog_variant"): "a word that many products have: one pass over the variants is cheaper than thousands of look-ups"}
# Values for parameters: what the filling has, and words that many of its rows share.
TEXTS = ("v100001", "active", "PENDING")


class Isolation(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(sim=False, workers=1)
        cls.stack.pg.settings.update(plans.AUTO_EXPLAIN)
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.stop)
        cls.tenant = cls.stack.sql("SELECT id FROM wakala.tenant WHERE name = 'Demo A'")[0][0]
        cls.other = cls.stack.sql("SELECT id FROM wakala.tenant WHERE name = 'Demo B'")[0][0]
        own = cls.stack.host.cli("tenant", "create", "Own", "--number", "100000000000099", "--waba", "210000000000099").split("\t")[0]
        cls.stack.sql(f"UPDATE wakala.tenant SET isolation = 'schema', schema_name = '{SCHEMA}', tier = 'enterprise' WHERE id = '{own}'")
        cls.stack.host.cli("migrate", "--test-clock", timeout=120)
        cls.tables = [row[0] for row in cls.stack.sql(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'pool'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1")]

    def as_app(self, text, tenant=None):
        return self.stack.pg.sql((SCOPE.format(tenant) if tenant else "") + "SET search_path = pool;\n" + text, "wakala", "wakala_app")

    def test_the_catalogue_lets_the_app_role_at_no_row_but_the_tenants(self):
        targets = tables.of_tenants(tables.relations(self.stack.sql))
        self.assertGreater(len([t for t in targets if t.schema == "pool"]), 10)
        for wanted in ("wakala.event", "wakala.audit", "wakala.timer", f"{SCHEMA}.orders_order"):
            self.assertIn(wanted, [t.name for t in targets])
        self.assertEqual(tables.structure(self.stack.sql), [])
        self.assertEqual([what for _, _, wrong in tables.functions(self.stack.sql) for what in wrong], [])

    def test_no_row_is_seen_changed_or_given_away_out_of_scope(self):
        """Every table, with a row of one tenant in it: read, changed, deleted and written without a scope, as nobody, as another, and out of its own."""
        found, count = tables.attempts(self.stack.sql, self.tenant, self.other)
        self.assertEqual(found, [])
        self.assertGreater(count, 14 * len(self.tables))

    def test_what_the_app_role_has_no_business_with_is_shut(self):
        names = [r.name for r in tables.relations(self.stack.sql) if r.schema == "wakala" and not r.privileges and r.kind in "rp"]
        for wanted in ("wakala.tenant", "wakala.tenant_secret", "wakala.tenant_setting", "wakala.seen", "wakala.quarantine", "wakala.dead"):
            self.assertIn(wanted, names)
        ask = "".join(f"DO $$ BEGIN PERFORM 1 FROM {name}; RAISE 'open: {name}'; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;\n" for name in names)
        self.as_app(ask, self.tenant)

    def test_search_functions_find_nothing_out_of_scope(self):
        word = self.stack.sql("SELECT p.name FROM catalog_product p JOIN catalog_vendor s ON s.id = p.vendor_id AND s.is_open AND s.tenant_id = p.tenant_id "
                              f"WHERE p.tenant_id = '{self.tenant}' AND p.status = 'active' AND p.name !~ '^v[0-9]' ORDER BY 1")[0][0]
        values = {"text": tables.quote(word), "integer": "10", "bigint": "10", "uuid": f"'{OTHER}'", "double precision": "1", "boolean": "true"}
        for name, types, _ in tables.functions(self.stack.sql):
            call = f"SELECT * FROM {name}({', '.join('0' if t == 'integer' and 'integer' not in types[:i] else values[t] for i, t in enumerate(types))})"
            if not name.startswith("pool."):
                continue
            with self.subTest(name):
                own = self.as_app(call, self.tenant)
                self.assertTrue(own, "nor in scope: the question proves nothing")
                self.assertEqual([self.as_app(call), self.as_app(call, OTHER)], [[], []])
                self.assertEqual([row for row in self.as_app(call, self.other) if row in own], [])

    def test_each_way_to_forget_isolation_is_found(self):
        """Planted in a transaction that is rolled back: the matrix says so, by name."""
        for label, (plant, wanted) in SLIPS.items():
            def planted(text, plant=plant):
                return [row for row in self.stack.sql(f"BEGIN;\n{plant};\n{text};\nROLLBACK;") if len(row) > 1]
            with self.subTest(label):
                found = tables.structure(planted) + [what for _, _, wrong in tables.functions(planted) for what in wrong]
                self.assertTrue(any(re.search(wanted, what) for what in found), f"{label} went unseen: {found}")

    def test_a_leak_is_seen_when_it_is_tried(self):
        """What the catalogue's rules might overlook is met by the tries: a policy that looks right and is not."""
        plant = ("CREATE OR REPLACE FUNCTION wakala.tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS "
                 f"$$ SELECT coalesce(nullif(current_setting('app.tenant', true), ''), '{self.tenant}')::uuid $$")

        def planted(text):
            return self.stack.sql(text.replace("BEGIN;", f"BEGIN;\n{plant};", 1))
        found, _ = tables.attempts(planted, self.tenant, self.other)
        for table in ("pool.orders_order", "wakala.timer", "wakala.audit"):
            self.assertTrue(any(what.startswith(f"{table}: as None: reading: ") for what in found), found[:5])

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
        allowed = {"whatsapp": {"outbound"}, "auth": {"audit"}}
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
        wrong, unused = [], set(WHOLE_TENANT)
        for s in statements:
            name = f"{s['plugin']}.{s['name']}"
            whole = plans.whole_tenant(self.plan(s))
            if whole and s["name"] in WHOLE_TENANT:
                unused.discard(s["name"])
            else:
                wrong += [f"{name}: {what}" for what in whole]
        self.assertEqual(wrong, [])
        self.assertEqual(unused, set(), "these need no exception any more")

    def test_every_statement_reads_a_bounded_part_of_a_big_tenant(self):
        """Run, not only planned: with values that the tenant's rows have, and rolled back."""
        self.fill()
        wrong, ran, unused = [], 0, set(MANY_ROWS)
        for s in self.statements():
            for text in TEXTS:
                try:
                    plan = self.plan(s, text)
                except SqlError:  # these values are none of its: a unique key, a foreign key, a check
                    continue
                ran += 1
                many = plans.too_much(plan, MOST)
                if many and s["name"] in MANY_ROWS:
                    unused.discard(s["name"])
                else:
                    wrong += [f"{s['plugin']}.{s['name']} with '{text}': {what}" for what in many]
        self.assertEqual(sorted(set(wrong)), [])
        self.assertEqual(unused, set(), "these need no exception any more")
        self.assertGreater(ran, 2 * len(self.statements()), "most statements did not run at all")

    def test_search_functions_keep_their_index_on_a_big_tenant(self):
        """Functions that bypass row-level security: the plans of the statements inside them, from the server's log."""
        self.fill()
        functions = self.stack.sql("SELECT p.proname, array_to_string(p.proargtypes::regtype[], ' ') FROM pg_proc p "
                                   "WHERE p.prosecdef AND p.pronamespace = 'pool'::regnamespace ORDER BY 1")
        self.assertIn("catalog_search", [name for name, _ in functions])
        values = {"text": "'v100001 v100002'", "integer": "10", "bigint": "10", "uuid": f"'{OTHER}'", "double precision": "1"}
        wrong = []
        for name, types in functions:
            since = plans.log_plans(self.stack.pg, True)
            for words in ("'v100001'", "'v100001 v100002 v100003'", "'v10000'", "'nothing of it'"):
                args = ", ".join(words if t == "text" else values[t] for t in types.split())
                self.as_app(f"SET enable_seqscan = off;\nSELECT * FROM {name}({args});", self.tenant)
            plans.log_plans(self.stack.pg, False)
            inside = [(text, plan) for text, plan in plans.logged(self.stack.pg, since) if f"{name}(" not in text]
            self.assertTrue(any(table in self.tables for _, plan in inside for _, table in plans.scanned(plan)), f"no plan inside {name} was seen")
            for _, plan in inside:
                wrong += [f"{name}: {what}" for what in plans.too_much(plan, MOST, {t for t in self.tables if (name, t) not in MANY_FOUND})]
        self.assertEqual(sorted(set(wrong)), [])

    def test_the_hosts_own_statements_read_a_bounded_part_of_big_tables(self):
        """A webhook in, its answer, dead letters and tenants listed, while the host's tables hold many rows: plans as they ran."""
        tables = {"event": "(class, lane, id, tenant_id, at, type, key, payload) SELECT 1, g % 64, gen_random_uuid(), '{t}', wakala.now(), 'matrix.nobody', 'k', '{{}}'",
                  "dead": "(name, class, lane, seq, event_id, tenant_id, type, key, payload, attempts, code, error, first_at, state) "
                          "SELECT 'matrix.gone', 1, 1, g, gen_random_uuid(), '{t}', 'matrix.gone', 'k', '{{}}', 3, 'x', 'x', wakala.now(), 'requeued'",
                  "parked": "(name, class, lane, xid, seq, tenant_id, key, next_at) SELECT 'matrix.later', 1, g % 64, '1', g, '{t}', 'k' || g, wakala.now() + interval '1 day'",
                  "seen": "(k) SELECT gen_random_uuid()"}
        for table, row in tables.items():
            columns, values = row.format(t=self.tenant).split(") SELECT ", 1)
            self.stack.sql(f"INSERT INTO wakala.{table} {columns}) SELECT {values} FROM generate_series(1, {BIG}) g; ANALYZE wakala.{table};", 60)

        def is_read():
            return self.stack.sql("SELECT count(*) FROM wakala.event e WHERE type LIKE 'whatsapp.outgoing' AND key = '27820000055'") != [["0"]]
        body = meta.envelope(meta.change("100000000000001", [meta.text_message("wamid.matrix.1", "27820000055", "hi")]))
        self.assertEqual(meta.post(self.stack.host.port, body)[0], 200)
        until(is_read, 30, "the log has been read to its end", self.stack.host.tail)
        since = plans.log_plans(self.stack.pg, True)
        for n in range(3):
            body = meta.envelope(meta.change("100000000000001", [meta.text_message(f"wamid.matrix.more.{n}", f"2782000006{n}", "hi")]))
            self.assertEqual(meta.post(self.stack.host.port, body)[0], 200)
            until(lambda n=n: self.stack.sql(f"SELECT 1 FROM wakala.event WHERE type = 'whatsapp.outgoing' AND key = '2782000006{n}'"), 20, "answered",
                  self.stack.host.tail)
        for command in (("dead", "list"), ("tenant", "list")):
            self.stack.host.cli(*command)
        plans.log_plans(self.stack.pg, False)
        seen, wrong = set(), []
        for text, plan in plans.logged(self.stack.pg, since):
            if "whatsapp.outgoing' AND key = '2782" in text:  # our own question
                continue
            for _, table in plans.scanned(plan):
                seen.add(re.sub(r"_\d+$", "", table))
            wrong += [f"{' '.join(text.split())[:200]}: {what}" for what in plans.too_much(plan, MOST)]
        for table in ("event", "dead", "tenant", "address", "outbound", "timer"):
            self.assertIn(table, seen, "the host was not seen reading it")
        self.assertEqual(sorted(set(wrong)), [])

    def fill(self):
        """Once. One tenant with many rows in every table: values by type, so that a new table is filled without anybody writing for it."""
        by_type = {"uuid": "gen_random_uuid()", "bigint": "g", "integer": "g", "smallint": "g % 1000", "boolean": "g % 2 = 0", "jsonb": "'{}'",
                   "timestamp with time zone": "wakala.now() - g * interval '1 minute'", "double precision": "g / 100.0", "date": "current_date",
                   "time without time zone": "'08:00'", "bytea": "''", "text": "'v' || g"}
        if getattr(Isolation, "is_filled", False):
            return
        Isolation.is_filled = True
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

    def parameters(self, s):
        """Their types, as PostgreSQL finds them."""
        rows = self.as_app(f"PREPARE s AS {s['text']};\nSELECT array_to_string(parameter_types, ',') FROM pg_prepared_statements WHERE name = 's';", self.tenant)
        return rows[0][0].split(",") if rows and rows[0] else []

    @staticmethod
    def value(kind, text):
        if kind.endswith("[]"):
            return f"ARRAY[{Isolation.value(kind[:-2], text)}]::{kind}"
        values = {"uuid": f"'{OTHER}'", "text": f"'{text}'", "boolean": "true", "timestamp with time zone": "wakala.now()", "date": "wakala.now()::date",
                  "bytea": "''", "jsonb": "'{}'", "json": "'{}'", "time without time zone": "'08:00'"}
        return f"{values.get(kind, '100')}::{kind}"

    def plan(self, s, text=None):
        """The generic plan under row-level security; with a text for its parameters: as it ran, in a transaction that is rolled back."""
        kinds = self.parameters(s)
        args = ", ".join("NULL" if text is None else self.value(kind, text) for kind in kinds)
        options = "COSTS OFF, FORMAT JSON" if text is None else "ANALYZE, TIMING OFF, FORMAT JSON"
        rows = self.as_app("SET plan_cache_mode = force_generic_plan;\nSET enable_seqscan = off;\n"
                           f"PREPARE s AS {s['text']};\nBEGIN;\nEXPLAIN ({options}) EXECUTE s{f'({args})' if args else ''};\nROLLBACK;", self.tenant)
        return json.loads(rows[0][0])[0]["Plan"]


if __name__ == "__main__":
    unittest.main()
