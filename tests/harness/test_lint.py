"""The lints find what they are for, and leave the rest alone."""
import unittest

from harness import lint_python, lint_sql

PLUGINS = {"orders", "catalog"}


def sql(text, path="plugins/orders/sql/001-orders.sql"):
    return [what for _, _, what in lint_sql.lint_file(path, text, PLUGINS)]


class Sql(unittest.TestCase):
    def test_a_good_table(self):
        self.assertEqual(sql("CREATE TABLE orders_a (tenant_id uuid NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT wakala.now());\n"
                             "SELECT wakala.protect('orders_a'); -- not now()"), [])

    def test_each_rule(self):
        cases = {
            "SELECT now()": "wakala.now()", "SELECT CURRENT_TIMESTAMP": "wakala.now()", "SELECT clock_timestamp()": "wakala.now()",
            "CREATE TYPE orders_s AS ENUM ('a')": "enum", "ALTER TABLE orders_a ADD x numeric": "numeric",
            "CREATE TABLE orders_a (tenant_id uuid)": "wakala.protect", "CREATE TABLE orders_a (id uuid)": "no tenant_id",
            "CREATE TABLE other (tenant_id uuid); SELECT wakala.protect('other')": "is called orders_",
            "ALTER TABLE orders_a ADD FOREIGN KEY (x) REFERENCES catalog_variant": "foreign key",
            "SELECT * FROM catalog_variant": "table of catalog",
            "CREATE TABLE orders_a (tenant_id uuid, number bigint GENERATED ALWAYS AS IDENTITY)": "drawn number",
            "CREATE TABLE orders_a (tenant_id uuid, id bigserial)": "drawn number",
        }
        for text, part in cases.items():
            with self.subTest(text):
                self.assertTrue(any(part in what for what in sql(text)), sql(text))

    OPERATORS = ("x LIKE 'a%'", "x not ilike $1", "x SIMILAR TO $1", "x ~ $1", "x !~* $1", "x @@ $1", "x % $1", "x %> $1", "x <-> $1 < 3", "x @> $1", "x && $1",
                 "x OPERATOR(wakala.%>) $1")

    def test_operators_that_lose_their_index(self):
        for condition in self.OPERATORS:
            with self.subTest(condition):
                where = f"SELECT a FROM orders_a WHERE {condition}"
                self.assertTrue(any("leakproof" in what for what in sql(where)))
                self.assertTrue(any("leakproof" in what for what in sql(f"CREATE FUNCTION orders_f(x text) RETURNS text LANGUAGE sql AS $$ {where} $$;")))
                found = lint_sql.lint_c("plugins/orders/a.c", f'\nWK_SQL(find, "SELECT a FROM orders_a "\n  "WHERE {condition}");', PLUGINS)
                self.assertEqual({line for _, line, what in found if "leakproof" in what}, {3})
        for good in ("CREATE FUNCTION orders_f(x text) RETURNS text LANGUAGE sql AS $$ SELECT a FROM orders_a WHERE b @@ c $$;\n"
                     "SELECT wakala.search_function('orders_f(text)');",
                     "CREATE FUNCTION orders_f(x text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT a WHERE b LIKE c $$;",
                     "CREATE INDEX orders_i ON orders_a USING gin (name wakala.gin_trgm_ops) WHERE name <> '%';",
                     "CREATE TABLE orders_a (tenant_id uuid, code text CHECK (code ~ '^[A-Z]+$'));\nSELECT wakala.protect('orders_a');",
                     "SELECT a FROM orders_a WHERE b = 'like % && ~' AND c >= 1 AND d <> 2"):
            with self.subTest(good):
                self.assertEqual(sql(good), [])
        self.assertEqual(lint_sql.lint_c("plugins/orders/a.c", 'WK_SQL(a, "SELECT a WHERE b = \'%\'"); printf("%s like %d", x);', PLUGINS), [])

    def test_the_host_has_its_own_rules(self):
        self.assertEqual(sql("CREATE FUNCTION wakala.now() AS 'SELECT clock_timestamp()'; CREATE TABLE wakala.x (id int)",
                             "host/db/sql/001-base.sql"), [])

    def test_sql_in_c(self):
        bad = lint_sql.lint_c("plugins/orders/a.c", 'x("SELECT 1 WHERE at < now()"); y("SELECT a FROM catalog_variant");', PLUGINS)
        self.assertEqual(len(bad), 2)
        good = lint_sql.lint_c("plugins/orders/a.c", '/* now() */ x("SELECT wakala.now()"); y("do it now()"); z("update me from time to time");',
                               PLUGINS)
        self.assertEqual([w for _, _, w in good if "update" in w], [])

    def test_owner_of_a_path(self):
        self.assertEqual([lint_sql.plugin_of(p) for p in ("plugins/orders/sql/1.sql", "plugins/payments/cod/cod.c", "plugins/orders/a.c",
                                                          "host/db/sql/1.sql", "plugins/payments/cod/sql/1.sql")],
                         ["orders", "cod", "orders", None, "cod"])


class Python(unittest.TestCase):
    def test_rules(self):
        self.assertEqual(lint_python.lint(__file__, "import os, json\nfrom harness import x\n"), [])
        self.assertIn("requests", lint_python.lint(__file__, "import requests\n")[0][1])
        self.assertIn("by pid", lint_python.lint(__file__.replace("test_lint", "other"), "run(['pkill', 'x'])\n")[0][1])


if __name__ == "__main__":
    unittest.main()
