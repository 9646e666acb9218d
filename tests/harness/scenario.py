"""Scenario files: one statement a line, read by people first.

    title "Cash on delivery, by buttons"
    address 100000000000001                     # the shop's number that the actors below write to
    actor customer 27820000001 "Amina"
    customer says "hi"
    customer hears "What would you like"        # a regular expression, found anywhere in the text
    customer taps "Shop"                        # a button or row by its title (a regular expression for all of it)
    customer types the number of "Bread .*"     # the same, as somebody without buttons does
    vendor hears "code is (\\w+)" as code       # keeps what the group caught
    driver says $code

A statement is a form of the table below with its gaps filled; whatever fits none is an error with the nearest form.
`#` begins a comment outside of quotes. In quotes only \\" is special, so that regular expressions stay readable.
"""
import difflib
import json
import os
import re

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}

# gap -> (expression, reader)
GAPS = {
    "text": (r'"(?:[^"\\]|\\.)*"|\$\w+', str),
    "number": (r"[-+]?\d+(?:\.\d+)?|\$\w+", str),
    "digits": (r"\d{5,20}", str),
    "word": (r"[A-Za-z_][\w-]*", str),
    "words": (r"[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*", lambda s: re.split(r"\s*,\s*", s)),
    "duration": (r"\d+(?:\.\d+)?(?:ms|s|m|h|d)", None),
    "json": (r"\{.*\}", None),
    "count": (r"\d+", int),
}

# verb -> form. The verb names the method that plays it (play.py: do_<verb>).
FORMS = [
    ("title", "title <text>"),
    ("include", "include <text>"),
    ("address", "address <digits>"),
    ("actor", "actor <word> <digits> <text>"),
    ("deadline", "deadline <duration>"),
    ("rules", "rules <json>"),
    ("says", "<word> says <text>"),
    ("says_times", "<word> says <text> <count> times"),
    ("sends_location", "<word> sends location <number> <number>"),
    ("sends_raw", "<word> sends <json>"),
    ("taps", "<word> taps <text>"),
    ("taps_times", "<word> taps <text> <count> times"),
    ("taps_old", "<word> taps old <text>"),
    ("tap_together", "<words> tap <text> together"),
    ("types_number_of", "<word> types the number of <text>"),
    ("types", "<word> types <count>"),
    ("hears_as", "<word> hears <text> as <words>"),
    ("hears", "<word> hears <text>"),
    ("never_heard", "<word> never heard <text>"),
    ("offered", "<word> is offered <text>"),
    ("advance", "advance <duration>"),
    ("kill", "kill <word>"),
    ("start", "start <word>"),
    ("tenant", "tenant <word> <text>"),
    ("reload", "reload"),
    ("reload_fails", "reload fails with <text>"),
    ("check_invariants", "check invariants"),
    ("check_ledger", "check ledger"),
    ("check_healed", "check healed within <duration>"),
    ("expect_order", "expect order <text> <word>"),
    ("expect_sql", "expect sql <text> is <text>"),
    ("set", "let <word> be <text>"),
]


class ScenarioError(Exception):
    """A line that cannot be understood; the text begins with file:line."""


class Statement:
    """One line: verb, arguments in the order of the form's gaps, and where it stands."""

    __slots__ = ("verb", "args", "file", "line", "text")

    def __init__(self, verb, args, file, line, text):
        self.verb, self.args, self.file, self.line, self.text = verb, args, file, line, text

    @property
    def place(self):
        return f"{self.file}:{self.line}"


def read_duration(text):
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if not match:
        raise ValueError(f"not a duration: {text}")
    return float(match.group(1)) * UNITS[match.group(2)]


def unquote(text):
    return text[1:-1].replace('\\"', '"') if text.startswith('"') else text


def _compile(form):
    parts, gaps = [], []
    for word in form.split():
        match = re.fullmatch(r"<(\w+)>", word)
        if match:
            gaps.append(match.group(1))
            parts.append(f"({GAPS[match.group(1)][0]})")
        else:
            parts.append(re.escape(word))
    return re.compile(r"\s+".join(parts) + r"\s*"), gaps


_TABLE = [(verb, form) + _compile(form) for verb, form in FORMS]


def _read_gap(gap, raw):
    if gap == "duration":
        return read_duration(raw)
    if gap == "json":
        return json.loads(raw)
    if gap == "text":
        return raw if raw.startswith("$") else unquote(raw)
    return GAPS[gap][1](raw)


def strip_comment(line):
    quoted = False
    for i, c in enumerate(line):
        if c == '"' and (i == 0 or line[i - 1] != "\\"):
            quoted = not quoted
        elif c == "#" and not quoted:
            return line[:i]
    return line


def parse_line(text, file="-", line=0):
    """A Statement; None for an empty line; ScenarioError when no form fits."""
    bare = strip_comment(text).strip()
    if not bare:
        return None
    for verb, _, pattern, gaps in _TABLE:
        match = pattern.fullmatch(bare)
        if not match:
            continue
        try:
            args = [_read_gap(gap, raw) for gap, raw in zip(gaps, match.groups())]
        except ValueError as why:
            raise ScenarioError(f"{file}:{line}: {why}\n    {bare}") from why
        return Statement(verb, args, file, line, bare)
    skeleton = re.sub(r'"(?:[^"\\]|\\.)*"', "<text>", bare)
    near = difflib.get_close_matches(skeleton, [form for _, form in FORMS], 2, 0.3)
    hint = f"; forms like it: {' | '.join(near)}" if near else ""
    raise ScenarioError(f"{file}:{line}: not a statement{hint}\n    {bare}")


def read(text, file, depth=0):
    """Statements in order, those of included files (paths from the including file's folder) in the place of `include`."""
    for number, line in enumerate(text.splitlines(), 1):
        s = parse_line(line, file, number)
        if not s:
            continue
        if s.verb != "include":
            yield s
            continue
        path = os.path.join(os.path.dirname(file), s.args[0])
        if depth == 4 or not os.path.exists(path):
            raise ScenarioError(f"{s.place}: {'files include each other' if depth == 4 else 'there is no ' + path}")
        with open(path, encoding="utf-8") as f:
            yield from read(f.read(), path, depth + 1)


def parse(text, file="-"):
    """All statements of a scenario, checked for what can be known without playing it."""
    statements, actors, names = [], set(), set()
    for s in read(text, file):
        if s.verb == "actor":
            actors.add(s.args[0])
        for word in _who(s):
            if word not in actors:
                raise ScenarioError(f"{s.place}: nobody is called {word} yet; actors: {', '.join(sorted(actors)) or 'none'}")
        for arg in s.args:
            for name in re.findall(r"\$(\w+)", arg) if isinstance(arg, str) and s.verb != "title" else []:
                if name not in names and not name.isdigit():
                    raise ScenarioError(f"{s.place}: ${name} is used before anything is kept in it\n    {s.text}")
        if s.verb == "hears_as":
            groups = _groups(s)
            if groups != len(s.args[2]):
                raise ScenarioError(f"{s.place}: {groups} group(s) in the expression, {len(s.args[2])} name(s)\n    {s.text}")
            names.update(s.args[2])
        elif s.verb == "set":
            names.add(s.args[0])
        elif s.verb in ("hears", "taps", "taps_old", "tap_together", "never_heard", "types_number_of", "offered"):
            _groups(s)
        statements.append(s)
    return statements


def _who(s):
    """The actors that a statement begins with."""
    if s.verb == "tap_together":
        return s.args[0]
    return s.args[:1] if s.args and s.verb != "actor" and s.text.split()[0] == s.args[0] else []


def _groups(s):
    try:
        return re.compile(s.args[1]).groups
    except re.error as why:
        raise ScenarioError(f"{s.place}: the expression cannot be read: {why}\n    {s.text}") from why


def load(path):
    with open(path, encoding="utf-8") as f:
        return parse(f.read(), path)
