"""The language: what is understood, what is refused, and that the refusal helps."""
import tempfile
import unittest

from harness.scenario import ScenarioError, load, parse, parse_line, read_duration, strip_comment

HEAD = 'actor customer 27820000001 "Amina"\n'


class Reading(unittest.TestCase):
    def test_every_form(self):
        cases = {
            'title "A title"': ("title", ["A title"]),
            "address 100000000000001": ("address", ["100000000000001"]),
            'actor customer 27820000001 "Amina"': ("actor", ["customer", "27820000001", "Amina"]),
            'include "b.play"': ("include", ["b.play"]),
            "deadline 60s": ("deadline", [60.0]),
            'rules {"duplicate":2, "delay_ms":[0,30000]}': ("rules", [{"duplicate": 2, "delay_ms": [0, 30000]}]),
            'customer says "hi"': ("says", ["customer", "hi"]),
            "customer says $code": ("says", ["customer", "$code"]),
            'customer says "hi" 3 times': ("says_times", ["customer", "hi", 3]),
            "customer sends location -26.2 28.04": ("sends_location", ["customer", "-26.2", "28.04"]),
            'customer sends {"type":"sticker"}': ("sends_raw", ["customer", {"type": "sticker"}]),
            'customer taps "Shop"': ("taps", ["customer", "Shop"]),
            'customer taps "Place order" 2 times': ("taps_times", ["customer", "Place order", 2]),
            'vendor taps old "Accept"': ("taps_old", ["vendor", "Accept"]),
            'sipho, lerato tap "Accept" together': ("tap_together", [["sipho", "lerato"], "Accept"]),
            'customer types the number of "Shop"': ("types_number_of", ["customer", "Shop"]),
            "customer types 2": ("types", ["customer", 2]),
            r'driver hears "code is (\w+)" as code': ("hears_as", ["driver", r"code is (\w+)", ["code"]]),
            'driver hears "a (.) b (.)" as one, two': ("hears_as", ["driver", "a (.) b (.)", ["one", "two"]]),
            'customer hears "Keep .* in cash"': ("hears", ["customer", "Keep .* in cash"]),
            'customer never heard "secret"': ("never_heard", ["customer", "secret"]),
            'customer is offered "Shop"': ("offered", ["customer", "Shop"]),
            "advance 10m": ("advance", [600.0]),
            "kill worker": ("kill", ["worker"]),
            'tenant suspend "Demo A"': ("tenant", ["suspend", "Demo A"]),
            "reload": ("reload", []),
            'reload fails with "unknown setting"': ("reload_fails", ["unknown setting"]),
            "check invariants": ("check_invariants", []),
            "check ledger": ("check_ledger", []),
            "check healed within 10s": ("check_healed", [10.0]),
            'expect order "1001" DELIVERED': ("expect_order", ["1001", "DELIVERED"]),
            "expect order $no DELIVERED": ("expect_order", ["$no", "DELIVERED"]),
            'expect sql "SELECT 1" is "1"': ("expect_sql", ["SELECT 1", "1"]),
            'let fee be "R25"': ("set", ["fee", "R25"]),
        }
        for line, (verb, args) in cases.items():
            with self.subTest(line):
                s = parse_line(line)
                self.assertEqual((s.verb, s.args), (verb, args))

    def test_comments_and_empty_lines(self):
        self.assertIsNone(parse_line("   # nothing"))
        self.assertIsNone(parse_line(""))
        self.assertEqual(parse_line('customer says "order #1042"  # with a number').args[1], "order #1042")
        self.assertEqual(strip_comment('a "b \\" # c" # d'), 'a "b \\" # c" ')

    def test_quotes(self):
        self.assertEqual(parse_line(r'customer says "he said \"yes\" \d"').args[1], r'he said "yes" \d')

    def test_durations(self):
        self.assertEqual([read_duration(t) for t in ("500ms", "2s", "10m", "1.5h", "1d")], [0.5, 2, 600, 5400, 86400])
        with self.assertRaises(ValueError):
            read_duration("10")


class Refusing(unittest.TestCase):
    def refuse(self, text, *parts):
        with self.assertRaises(ScenarioError) as caught:
            parse(text, "x.play")
        for part in parts:
            self.assertIn(part, str(caught.exception))

    def test_names_file_line_and_the_nearest_form(self):
        self.refuse(HEAD + 'customer say "hi"', "x.play:2:", "<word> says <text>")

    def test_unknown_actor(self):
        self.refuse(HEAD + 'vendor says "hi"', "x.play:2:", "nobody is called vendor", "customer")
        self.refuse(HEAD + 'customer, vendor tap "Shop" together', "x.play:2:", "nobody is called vendor", "customer")

    def test_value_before_it_is_kept(self):
        self.refuse(HEAD + "customer says $code", "x.play:2:", "$code is used before")

    def test_value_after_it_is_kept(self):
        parse(HEAD + 'customer hears "(x)" as code\ncustomer says $code', "x.play")

    def test_groups_and_names_must_agree(self):
        self.refuse(HEAD + 'customer hears "x" as code', "0 group(s)", "1 name(s)")

    def test_expression_that_cannot_be_read(self):
        self.refuse(HEAD + 'customer hears "(x"', "x.play:2:", "cannot be read")

    def test_missing_include(self):
        self.refuse('include "nowhere.play"', "x.play:1:", "there is no nowhere.play")

    def test_include(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("a.play", HEAD + 'include "b.play"'), ("b.play", 'customer says "hi"'), ("c.play", 'include "c.play"')):
                with open(f"{folder}/{name}", "w", encoding="utf-8") as f:
                    f.write(text)
            self.assertEqual([(s.verb, s.line) for s in load(f"{folder}/a.play")], [("actor", 1), ("says", 1)])
            with self.assertRaises(ScenarioError) as caught:
                load(f"{folder}/c.play")
            self.assertIn("include each other", str(caught.exception))

    def test_bad_json(self):
        self.refuse("rules {nonsense}", "x.play:1:")


if __name__ == "__main__":
    unittest.main()
