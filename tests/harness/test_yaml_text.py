"""What the reader of YAML must tell apart; it was compared with a full reader over Istio's CRDs when it was written."""
import unittest

from .yaml_text import Unreadable, documents, load


class Reads(unittest.TestCase):
    def test_scalars_are_what_yaml_says_not_what_was_meant(self):
        self.assertEqual(load("a: no\nb: 1e3\nc: 0x1f\nd: 012\ne: ~\nf: 1.5\ng: on\nh: 2026-x # c\ni: plain text\n  goes on\n"),
                         {"a": False, "b": 1000.0, "c": 31, "d": 10, "e": None, "f": 1.5, "g": True, "h": "2026-x", "i": "plain text goes on"})

    def test_quotes(self):
        self.assertEqual(load('a: "no"\nb: \'it\'\'s\'\nc: "x: y # z"\nd: "two\n  lines"\ne: "\\u00e9\\n"\n'),
                         {"a": "no", "b": "it's", "c": "x: y # z", "d": "two lines", "e": "é\n"})

    def test_blocks(self):
        self.assertEqual(load("a: |\n  l1\n   l2\n\n  l3\nb: >-\n  one\n  two\n\n  three\nc: 1\n"), {"a": "l1\n l2\n\nl3\n", "b": "one two\nthree", "c": 1})

    def test_sequences(self):
        self.assertEqual(load("l:\n- 1\n- - 2\n  - 3\n- x: 1\n  y: [1, 2]\n-\n  z: {}\nm:\n  - a\n"), {"l": [1, [2, 3], {"x": 1, "y": [1, 2]}, {"z": {}}], "m": ["a"]})

    def test_documents(self):
        self.assertEqual(list(documents("# head\n---\na: 1\n---\n---\nb: 2\n")), [{"a": 1}, {"b": 2}])

    def test_what_it_does_not_know_is_an_error(self):
        for text in ("a: &x 1\n", "a: *x\n", "a: !!str 1\n", "a: {b: c}\n", "a: 1\na: 2\n", "a: |2\n   x\n", 'a: "open\n', "a: 1\n b: 2\n", 'a: "\\x41"\n'):
            with self.assertRaises(Unreadable, msg=text):
                load(text)


if __name__ == "__main__":
    unittest.main()
