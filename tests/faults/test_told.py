"""What a person in chat reads when their message fails: by class, once, with a reference that the log has; and what they never read."""
import re
import unittest

from harness.inbox import Message
from harness.procs import until
from harness.stack import plugin_of_tests, write
from sdk.test_out_of_tree import OwnPlugins

SENTENCE = "We're experiencing technical difficulties. Please try again later."
ADDRESS = "100000000000001"


class Chat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = OwnPlugins()
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start()
        conf = f"{cls.stack.dir}/29-t-breaks.conf"
        write(conf, "enabled = true;\n")
        cls.stack.drop(plugin_of_tests("t-breaks"), conf)
        cls.stack.host.cli("reload", timeout=120)

    def say(self, text, number):
        """What the person then reads: the texts of the next messages, until there is one."""
        self.stack.sim.say(number, ADDRESS, name="Lindiwe", text=text)
        got = until(lambda: [Message(m) for m in self.stack.sim.messages(number, self.seen)], 30, f"an answer to {text!r}", self.stack.host.tail)
        self.seen = got[-1].n
        return [m.text for m in got]

    def setUp(self):
        self.seen = 0

    def broken(self, how, number):
        answers = self.say(f"break {how}", number)
        self.assertEqual(len(answers), 1, answers)
        self.assertNotIn("cause", answers[0])
        self.assertNotIn("never arrive", answers[0])
        after = " ".join(self.say("hi", number))  # the person goes on where they were
        self.assertIn("What would you like to do", after)
        return answers[0]

    def reference(self, answer):
        match = re.fullmatch(re.escape(SENTENCE) + r" \(Reference: ([0-9a-f]{8})\)", answer)
        self.assertTrue(match, answer)
        lines = [line for line in self.stack.host.text().splitlines() if f'"trace_id":"{match.group(1)}' in line]
        self.assertTrue(lines, f"the log has no {match.group(1)}")
        return lines

    def test_a_rule_is_told_in_the_words_of_the_catalogue(self):
        self.assertEqual(self.broken("a rule", "27820000101"), "You can't do that twice.")

    def test_a_rule_that_only_the_commit_finds(self):
        self.assertEqual(self.broken("the commit", "27820000102"), "Somebody took the last one.")

    def test_a_bug_is_told_with_a_reference_that_the_log_has(self):
        lines = self.reference(self.broken("down", "27820000103"))
        self.assertTrue(any("t-breaks.bug" in line and "row 4712" in line and "the person was told" in line for line in lines), lines)

    def test_weather_is_told_after_three_tries(self):
        lines = self.reference(self.broken("the weather", "27820000104"))
        self.assertEqual(len([line for line in lines if "t-breaks.weather" in line]), 3, lines)  # two parked, one told

    def test_an_attack_is_denied(self):
        answer = self.broken("in", "27820000105")
        self.assertEqual(re.sub(r"[0-9a-f]{8}", "R", answer), "Access denied (Reference: R)")

    def test_nothing_of_it_is_a_dead_letter(self):
        self.broken("a rule", "27820000106")
        self.assertEqual(self.stack.sql("SELECT count(*) FROM wakala.dead"), [["0"]])

    def tearDown(self):
        self.assertEqual(self.stack.findings(), [])


if __name__ == "__main__":
    unittest.main()
