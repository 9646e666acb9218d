"""The event contract: the page says what the code declares, schemas exist and name what is fixed, and what is really published fits them."""
import glob
import json
import unittest

from harness import scenario
from harness.play import Player
from harness.stack import ROOT, Stack

from . import events, json_schema, plugins


class Validator(unittest.TestCase):
    """The validator refuses what it should: otherwise the rest proves nothing."""

    def refused(self, value, schema, pattern):
        found = json_schema.problems(value, schema)
        self.assertTrue(found, f"{value!r} passed {schema}")
        self.assertRegex("; ".join(found), pattern)

    def test_values(self):
        self.refused(1, {"type": "string"}, "not string")
        self.refused(True, {"type": "integer"}, "not integer")
        self.refused(1.5, {"type": "integer"}, "not integer")
        self.refused("c", {"enum": ["a", "b"]}, "none of")
        self.refused(True, {"enum": [1]}, "none of")
        self.refused("b", {"const": "a"}, "is not")
        self.refused("", {"type": "string", "minLength": 1}, "characters")
        self.refused("zar", {"pattern": "^[A-Z]{3}$"}, "match")
        self.refused("0190F5B6-0000-7000-8000-000000000000", {"format": "uuid"}, "UUID")
        self.refused(-1, {"type": "integer", "minimum": 0}, "range")
        self.refused({}, {"required": ["a"]}, "a is missing")
        self.refused({"a": {"b": "x"}}, {"properties": {"a": {"properties": {"b": {"type": "null"}}}}}, r"\$\.a\.b")
        self.refused([1, "x"], {"type": "array", "items": {"type": "integer"}}, r"\$\[1\]")
        self.refused("x", {"$ref": "#/$defs/n", "$defs": {"n": {"type": "number"}}}, "not number")
        self.refused({"a": 1}, {"additionalProperties": False, "properties": {}}, "a is not known")
        self.assertEqual(json_schema.problems({"a": None, "more": 1}, {"required": ["a"], "properties": {"a": {"type": ["string", "null"]}}}), [])

    def test_schemas(self):
        for bad in ({"typ": "string"}, {"type": "text"}, {"format": "uri"}, {"properties": {"a": {"items": {"oneOf": []}}}},
                    {"required": ["b"], "properties": {"a": {}}}, {"properties": {"a": []}}):
            with self.assertRaises(json_schema.SchemaError, msg=str(bad)):
                json_schema.check_schema(bad)


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table, cls.rows = events.declared()
        cls.by_type = {row["type"]: row for row in cls.rows}

    def test_the_page_is_what_the_code_says(self):
        with open(f"{ROOT}/docs/events.md", encoding="utf-8") as f:
            self.assertTrue(f.read() == events.page(), f"docs/events.md is old; make it again:\n    {events.REGENERATE}")

    def test_every_declared_type_is_whole(self):
        for row in self.rows:
            with self.subTest(row["type"]):
                self.assertRegex(row["type"], r"^[a-z_]+(\.[a-z_]+)+$")
                self.assertGreaterEqual(int(row["version"]), 1)
                self.assertIn(row["priority"], ("high", "normal", "low"))
                self.assertRegex(row["lives"], r"^(for ever|\d+ s)$")
                self.assertTrue(row["key"] and row["what it says"])
                schema = events.schema(row["payload"])
                json_schema.check_schema(schema)
                self.assertEqual(schema["title"], row["type"])
                self.assertEqual(schema["type"], "object")
                self.assertEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")

    def test_every_schema_file_is_declared(self):
        used = {events.schema_path(row["payload"]) for row in self.rows}
        there = set(glob.glob(f"{ROOT}/plugins/**/events/*.json", recursive=True) + glob.glob(f"{ROOT}/host/*/events/*.json"))
        self.assertEqual(there - used, set())

    def test_fixed_names_have_their_members(self):
        for name, wanted in events.FIXED.items():
            with self.subTest(name):
                if name in events.TO_COME and name not in self.by_type:
                    continue
                schema = events.schema(self.by_type[name]["payload"])
                self.assertEqual(set(wanted) - set(schema["required"]), set())
                self.assertEqual(set(wanted) - set(schema["properties"]), set())

    def test_what_is_said_to_come_is_not_there_yet(self):
        self.assertEqual(set(events.TO_COME) & set(self.by_type), set(), "take it out of TO_COME")


class Settings(unittest.TestCase):
    def test_the_page_is_what_the_code_says(self):
        with open(f"{ROOT}/docs/plugins.md", encoding="utf-8") as f:
            self.assertTrue(f.read() == plugins.page(), f"docs/plugins.md is old; make it again:\n    {plugins.REGENERATE}")


class Published(unittest.TestCase):
    """A whole journey: every row of the log fits the schema that its plugin ships."""
    expected = {"whatsapp.incoming", "whatsapp.outgoing", "whatsapp.sent", "conversation.push", "order.created", "order.status_changed",
                "payment.status_changed", "driver.delivery_offer", "delivery.assigned", "tenant.created"}

    def test_every_event_of_the_journey_fits_its_schema(self):
        _, rows = events.declared()
        schemas = {row["type"]: (row, events.schema(row["payload"])) for row in rows}
        wrong, seen = [], {}
        with Stack() as stack:
            Player(stack).play(scenario.load(f"{ROOT}/tests/journeys/cod-by-buttons.play"))
            log = stack.sql("SELECT type, version, key, payload FROM wakala.event ORDER BY seq")
            self.assertEqual(stack.findings(), [])
        for kind, version, key, payload in log:
            seen[kind] = seen.get(kind, 0) + 1
            if kind not in schemas:
                wrong.append(f"{kind} is published and declared by nobody")
                continue
            row, schema = schemas[kind]
            wrong += [f"{kind}: {what}" for what in json_schema.problems(json.loads(payload), schema)]
            if version != row["version"]:
                wrong.append(f"{kind}: version {version}, declared is {row['version']}")
            if not key:
                wrong.append(f"{kind}: no key")
        self.assertEqual(wrong, [])
        self.assertEqual(self.expected - set(seen), set(), f"seen: {seen}")


if __name__ == "__main__":
    unittest.main()
