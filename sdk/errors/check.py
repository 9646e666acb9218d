#!/usr/bin/env python3
"""Is every error code that the sources use in the catalogue, with the class it is used with? Part of every build; docs/design/errors.md.

    check.py [FOLDER...]     sources below these, beside the host's own codes (default: everything of this checkout)

Exit 1 with file:line: what. A code is a literal "<plugin>.<what>" that reaches wk_fail(), a function or table that carries codes, wk_err_is(), or
wakala.refuse() in SQL; it is listed by a row WK_ERROR_...("code", ...) or {"code", WK_CLASS, ...} of a table of struct wk_error_type."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("host", "plugins", "sim", "sdk/include", "tests/plugins")

# Functions (of one file: with its path) that hand a code on: which argument it is (from 0), and the class it ends with; None: any class.
CARRIERS = {
    "wk_db_queue": (-2, "WK_BUSINESS"),      # what the commit fails with when the count of rows differs; db.conflict is the one exception
    "wk_problems_fail": (1, "WK_SYSTEM"),
    "host/guard/guard.c:refuse": (1, "WK_TRANSIENT"),
    "host/http/upstream.c:failed": (1, "WK_TRANSIENT"),
    "host/plugin/elf.c:refuse": (1, "WK_SYSTEM"),
    "host/worker/front.c:turn_away": (2, None),
    "plugins/tenants/quota.c:refusal": (1, "WK_BUSINESS"),
    "plugins/whatsapp/verify.c:forged": (2, "WK_SECURITY"),
    "wk_err_is": (1, None),
}
# In these functions wk_fail()'s code is their own parameter: their callers are looked at instead.
PARAMETER = {("host/guard/guard.c", "code"), ("host/http/upstream.c", "code"), ("host/plugin/elf.c", "code"), ("host/config/problems.c", "code"), ("plugins/whatsapp/verify.c", "code"),
             ("host/db/errors.c", "code"), ("host/db/errors.c", "rule->code")}
# Handed on: the error was made by somebody who was looked at. `why` may be called anything, the class must come along.
HANDED = re.compile(r"^(\w+)(\.|->)code$")
# Named by the contract ahead of what raises them: comes with, so that it is taken out then.
AHEAD = {
    "catalog.invalid_product": "products that owners and imports write",
    "delivery.offer_gone": "the drivers' REST interface",
    "delivery.not_your_offer": "the drivers' REST interface",
    "delivery.order_gone": "the drivers' REST interface",
    "payment.webhook_forged": "the gateways that sign",
}
CODE = re.compile(r"^[a-z][a-z0-9_-]*(\.[a-z0-9_]+)+$")
REFUSED = re.compile(r"\bwakala\.refuse\s*\(\s*'([^']+)'") # in SQL files
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
ROW = re.compile(r'\bWK_ERROR_(TRANSIENT|BUSINESS|REFUSAL|SYSTEM|SECURITY)\s*\(\s*"([^"]+)"')
PAIR = re.compile(r'(?:"([a-z][a-z0-9_.-]*)"\s*,\s*(WK_(?:TRANSIENT|BUSINESS|SYSTEM|SECURITY))|(WK_(?:TRANSIENT|BUSINESS|SYSTEM|SECURITY))\s*,'
                  r'\s*"([a-z][a-z0-9_.-]*)"|\.cls\s*=\s*(WK_\w+)\s*,\s*\.code\s*=\s*"([^"]+)")')
CLASSES = ("WK_TRANSIENT", "WK_BUSINESS", "WK_SYSTEM", "WK_SECURITY")


def without_comments(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0)) if match.group(0).startswith("/") else match.group(0)
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', blank, text, flags=re.S)


def arguments(text, at):
    """The arguments of the call whose parenthesis stands at `at`."""
    out, depth, start, i = [], 0, at + 1, at
    while i < len(text):
        c = text[i]
        if c in "\"'":
            i = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'').match(text, i).end() - 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if not depth:
                return out + [text[start:i].strip()]
        elif c == "," and depth == 1:
            out.append(text[start:i].strip())
            start = i + 1
        i += 1
    return out


def branches(text):
    """`a ? b : c` -> (a, [b, c]); anything else -> (None, [text])."""
    match = re.match(r"^(.*?)\?(.*):(.*)$", text, re.S)
    return (match.group(1).strip(), [match.group(2).strip(), match.group(3).strip()]) if match else (None, [text])


class Check:
    def __init__(self, folders=None, root=ROOT):
        self.root, self.found, self.listed, self.used = root, [], {}, {}
        self.is_whole = folders is None
        self.texts, self.sql = {}, {}
        for folder in folders or [os.path.join(root, name) for name in FOLDERS]:
            for path, _, files in sorted(os.walk(folder)):
                for name in sorted(files):
                    full = os.path.join(path, name)
                    if name.endswith((".c", ".h")):
                        with open(full, encoding="utf-8") as f:
                            self.texts[os.path.relpath(full, root)] = without_comments(f.read())
                    elif name.endswith(".sql"):
                        with open(full, encoding="utf-8") as f:
                            self.sql[os.path.relpath(full, root)] = f.read()

    def say(self, path, at, what):
        self.found.append(f"{path}:{self.texts[path].count(chr(10), 0, at) + 1}: {what}")

    def run(self):
        if not self.is_whole:
            self.hosts_own()
        for path, text in self.texts.items():
            self.rows(path, text)
        for path, text in self.texts.items():
            self.calls(path, text)
            self.pairs(path, text)
        for path, text in self.sql.items():
            self.texts[path] = text
            for match in REFUSED.finditer(text):
                self.use(path, match.start(), match.group(1), "WK_BUSINESS")
        if self.is_whole:
            self.unused()
        return self.found

    def hosts_own(self):
        """The host's codes, which every plugin may use: beside this file in an installed SDK."""
        for path in (os.path.join(os.path.dirname(os.path.abspath(__file__)), "host_errors.c"), os.path.join(ROOT, "host/plugin/host_errors.c")):
            if os.path.exists(path):
                with open(path, encoding="utf-8") as f:
                    for kind, code in ROW.findall(without_comments(f.read())):
                        self.listed[code] = ("WK_BUSINESS" if kind == "REFUSAL" else f"WK_{kind}", "the host", 0)
                return

    def rows(self, path, text):
        for match in ROW.finditer(text):
            kind, code = match.groups()
            self.list_one(path, match.start(), code, "WK_BUSINESS" if kind == "REFUSAL" else f"WK_{kind}")

    def list_one(self, path, at, code, cls):
        if not CODE.match(code):
            self.say(path, at, f'"{code}" is no code: "<plugin>.<what>", lower case')
        elif code in self.listed:
            self.say(path, at, f"{code} is listed twice: also in {self.listed[code][1]}")
        else:
            self.listed[code] = (cls, path, at)

    def use(self, path, at, code, cls):
        if not CODE.match(code):
            self.say(path, at, f'"{code}" is no code: "<plugin>.<what>", lower case')
            return
        self.used.setdefault(code, path)
        if code not in self.listed:
            self.say(path, at, f"{code} is in no catalogue: list it in .errors of its plugin, or in host/plugin/host_errors.c")
        elif cls in CLASSES and cls != self.listed[code][0]:
            self.say(path, at, f"{code} is listed as {self.listed[code][0]} in {self.listed[code][1]} and used as {cls}: one code, one class")

    def calls(self, path, text):
        for match in re.finditer(r"\b(\w+)\s*\(", text):
            name = match.group(1)
            if name == "wk_fail":
                self.fail(path, match.start(), arguments(text, match.end() - 1))
            elif name in CARRIERS or f"{path}:{name}" in CARRIERS:
                self.carry(path, match.start(), CARRIERS.get(name) or CARRIERS[f"{path}:{name}"], arguments(text, match.end() - 1))

    def fail(self, path, at, args):
        if len(args) < 4 or "enum wk_class" in args[1]: # its own declaration
            return
        test, codes = branches(args[2])
        class_test, classes = branches(args[1])
        for i, code in enumerate(codes):
            cls = classes[i] if class_test and class_test == test else args[1]
            literal = STRING.fullmatch(code)
            if literal:
                if cls not in CLASSES:
                    self.say(path, at, f"{literal.group(1)}: its class is {cls}, and must be written out beside the code")
                self.use(path, at, literal.group(1), cls)
            elif HANDED.match(code):
                who = HANDED.match(code)
                if cls != f"{who.group(1)}{who.group(2)}cls" and (path, code) not in PARAMETER:
                    self.say(path, at, f"{code} goes on with the class {cls} instead of its own")
            elif (path, code) not in PARAMETER:
                self.say(path, at, f"wk_fail() with the code {code}: say in {os.path.relpath(__file__, ROOT)} where it comes from, or write it out")

    def carry(self, path, at, carrier, args):
        place, cls = carrier
        if len(args) < 2 or len(args) <= place or re.match(r"^(const )?(struct|char|enum) ", args[place]):
            return
        for code in branches(args[place])[1]:
            literal = STRING.fullmatch(code)
            if literal:
                self.use(path, at, literal.group(1), None if literal.group(1) == "db.conflict" else cls)

    def pairs(self, path, text):
        """Tables and initialisers: a code beside a class."""
        for match in PAIR.finditer(text):
            code, cls = match.group(1) or match.group(4) or match.group(6), match.group(2) or match.group(3) or match.group(5)
            if CODE.match(code) and not re.search(r"\bwk_fail\s*\(\s*[^,()]*,\s*$", text[max(0, match.start() - 60):match.start()]):
                self.use(path, match.start(), code, cls)

    def unused(self):
        for code, (_, path, at) in self.listed.items():
            if code not in self.used and code not in AHEAD and not path.startswith("tests/"):
                self.say(path, at, f"{code} is listed and nobody uses it")
        for code in sorted(AHEAD):
            if code in self.used:
                self.say(self.used[code], 0, f"{code} is used now: take it out of AHEAD in sdk/errors/check.py")
            elif code not in self.listed:
                self.found.append(f"sdk/errors/check.py:1: {code} is named by the contract and listed nowhere")


def main(argv):
    found = Check(argv or None).run()
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
