"""A reader of YAML for the tests, standard library only: block mappings and sequences, scalars of every style, flow collections that are JSON. What it
does not understand (anchors, tags, other flow collections) is an error, never a guess. Plain scalars are read as YAML 1.1 does, which is where texts
without quotes go wrong: no, off and 1e3 are no texts.

    for document in documents(text): ...
"""
import json
import re

BOOLEANS = {word: value for value, words in ((True, "yes on true"), (False, "no off false")) for word in words.split()}
NUMBER = re.compile(r"[-+]?(0x[0-9a-fA-F_]+|0[0-7_]+|[0-9][0-9_]*)$")
FRACTION = re.compile(r"[-+]?([0-9][0-9_]*)?\.?[0-9]*([eE][-+]?[0-9]+)?$")
KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#\[\]{},&*!|>%@`?-][^#]*?|-[^\s#][^#]*?):(?:\s+|$)""")


class Unreadable(Exception):
    pass


def plain(text):
    lower = text.lower()
    if lower in BOOLEANS:
        return BOOLEANS[lower]
    if lower in ("", "~", "null"):
        return None
    if NUMBER.match(text):
        digits = text.replace("_", "")
        return int(digits, 16 if "0x" in digits else 8 if re.match(r"[-+]?0[0-7]", digits) else 10)
    if any(c.isdigit() for c in text) and FRACTION.match(text):
        return float(text.replace("_", ""))
    return text


class Reader:
    def __init__(self, lines):
        self.lines, self.at = lines, 0

    def fail(self, why):
        raise Unreadable(f"line {self.at + 1}: {why}: {self.lines[self.at][:60] if self.at < len(self.lines) else 'the end'}")

    def peek(self):
        """Indent and text of the next line that says something; -1 at the end."""
        while self.at < len(self.lines):
            text = self.lines[self.at].lstrip(" ")
            if text and not text.startswith("#"):
                return len(self.lines[self.at]) - len(text), text
            self.at += 1
        return -1, ""

    def node(self, least):
        indent, text = self.peek()
        if indent < least:
            return None
        if text.startswith("- ") or text == "-":
            return self.sequence(indent)
        if KEY.match(text):
            return self.mapping(indent)
        self.at += 1
        return self.scalar(text, indent)

    def sequence(self, indent):
        out = []
        while True:
            here, text = self.peek()
            if here != indent or not (text.startswith("- ") or text == "-"):
                return out
            rest = text[1:].lstrip(" ")
            if not rest:
                self.at += 1
                out.append(self.node(indent + 1))
            else:
                inner = indent + len(text) - len(rest)
                self.lines[self.at] = " " * inner + rest  # what stands behind the dash is a node of its own, there
                out.append(self.node(inner))

    def mapping(self, indent):
        out = {}
        while True:
            here, text = self.peek()
            if here != indent or text.startswith("- "):
                return out
            found = KEY.match(text)
            if not found:
                self.fail("no key")
            key = self.quoted(found.group(1)) if found.group(1)[0] in "\"'" else plain(found.group(1).strip())
            if key in out:
                self.fail(f"{key} stands twice")
            rest = text[found.end():].strip()
            self.at += 1
            if rest and not rest.startswith("#"):
                out[key] = self.scalar(rest, indent + 1)
            else:
                below, next_text = self.peek()
                out[key] = self.node(indent if below == indent and (next_text.startswith("- ") or next_text == "-") else indent + 1)

    def scalar(self, text, indent):
        """It begins with `text` (the line before self.at); lines at `indent` or deeper may go on with it."""
        if text[0] in "|>":
            return self.block(text, indent)
        if text[0] in "\"'":
            while not self.is_closed(text):
                if self.at == len(self.lines):
                    self.fail("a quote that does not end")
                text = self.fold(text, self.lines[self.at].strip())
                self.at += 1
            return self.quoted(text)
        if text[0] in "[{":
            try:
                return json.loads(text)
            except ValueError:
                self.fail("a flow collection that is not JSON")
        if text[0] in "&*!%@`":
            self.fail("anchors, tags and their like are not read")
        text = re.split(r"\s#", text)[0].rstrip()
        is_more = False
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip(" ")) < indent:
                break
            if not line.strip() and self.peek()[0] < indent:
                break
            if KEY.match(line.strip()):
                self.fail("a key below a text")
            text = self.fold(text, line.strip())
            is_more = True
            self.at += 1
        return text if is_more else plain(text)

    @staticmethod
    def fold(text, line):
        if not line:
            return text + "\n"
        return text + line if text.endswith("\n") else text.rstrip(" ") + " " + line

    @staticmethod
    def is_closed(text):
        return bool(re.match(r'"(?:[^"\\]|\\.)*"\s*(#.*)?$' if text[0] == '"' else r"'(?:[^']|'')*'\s*(#.*)?$", text, re.S))

    def quoted(self, text):
        if text[0] == "'":
            return re.match(r"'((?:[^']|'')*)'", text, re.S).group(1).replace("''", "'")
        try:
            return json.loads(re.match(r'"(?:[^"\\]|\\.)*"', text, re.S).group(0), strict=False)
        except ValueError:
            return self.fail("an escape that JSON does not know")

    def block(self, text, indent):
        found = re.match(r"([|>])([-+]?)\s*(#.*)?$", text)
        if not found:
            self.fail("a block scalar of a kind that is not read")
        lines, deep = [], None
        while self.at < len(self.lines):
            line = self.lines[self.at]
            here = len(line) - len(line.lstrip(" "))
            if line.strip() and here < (deep if deep is not None else indent):
                break
            deep = here if deep is None and line.strip() else deep
            lines.append(line[deep or 0:])
            self.at += 1
        while lines and not lines[-1].strip():
            lines.pop()
        if found.group(1) == "|":
            out = "\n".join(lines)
        else:
            out = lines[0] if lines else ""
            for line in lines[1:]:
                out = self.fold(out, line)
        return out + ("" if found.group(2) == "-" else "\n")


def documents(text):
    for part in re.split(r"(?m)^---[ \t]*(?:#.*)?$", text):
        reader = Reader(part.splitlines())
        if reader.peek()[0] < 0:
            continue
        yield reader.node(0)
        if reader.peek()[0] >= 0:
            reader.fail("not understood")


def load(text):
    found = list(documents(text))
    if len(found) != 1:
        raise Unreadable(f"{len(found)} documents, not one")
    return found[0]
