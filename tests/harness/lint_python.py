"""Rules for Python files here: they can be read; standard library only; no process ended by name."""
import ast
import os
import re
import sys

OWN = {"api", "harness", "faults", "sdk"}


def lint(path, text):
    findings = []
    local = {os.path.splitext(name)[0] for name in os.listdir(os.path.dirname(path) or ".")} | OWN
    for node in ast.walk(ast.parse(text, path)):
        names = []
        if isinstance(node, ast.Import):
            names = [a.name.split(".")[0] for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module.split(".")[0]]
        for name in names:
            if name not in sys.stdlib_module_names and name not in local:
                findings.append((node.lineno, f"{name} is not in Python's standard library"))
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"""["'](pkill|killall)\b""", line) and not path.endswith("_lint.py") and os.path.basename(path) != "lint_python.py":
            findings.append((number, "processes end by pid, never by name"))
    return findings


def main(paths):
    for path in paths:
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as f:
            text = f.read()
        try:
            for line, what in lint(path, text):
                print(f"{path}:{line}: {what}")
        except SyntaxError as why:
            print(f"{path}:{why.lineno}: {why.msg}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
