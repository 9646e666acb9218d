"""Every error code of the host, the shipped plugins and the simulator, as a page.

    PYTHONPATH=tests python3 -m sdk.errors > docs/errors.md
"""
import re
import sys

from harness.stack import Failed, Stack

REGENERATE = "PYTHONPATH=tests python3 -m sdk.errors > docs/errors.md"

HEAD = """# Error codes

Made from the running code by `{regenerate}`; a test compares. `wakala errors CODE` says the same at the command line.
A code is stable: alerts may match it. Its class says who must act: TRANSIENT nobody, the same may work later; BUSINESS the caller, a rule said no; SYSTEM
the operator; SECURITY the operator, now. People read the text of a BUSINESS code in their language where a locale file has it; of the other classes they read one sentence each:
`SYSTEM_ERROR`'s with a reference, which begins the trace id of every log line of that work, or `FORBIDDEN`'s. Why it is so: [design/errors.md](design/errors.md).
"""


def sections(text):
    """`wakala errors` as {owner: [line, ...]}."""
    out, owner = {}, None
    for line in text.strip().splitlines():
        if line.startswith("## "):
            owner = line[3:]
            out[owner] = []
        elif line.startswith("| `"):
            out[owner].append(line)
    return out


def rows(listed):
    """(owner, code, class, status, text, cure) of every line."""
    for owner, lines in listed.items():
        for line in lines:
            code, cls, status, text, cure = (cell.strip() for cell in line.strip("|").split(" | "))
            yield owner, code.strip("` "), cls, int(status), text, cure.rstrip(" |")


def listed(build=None):
    stack = Stack(build=build)
    try:
        stack.configure()
        found = sections(stack.host.cli("errors"))
        found.update({owner: lines for owner, lines in sections(stack.sim_host.cli("errors")).items() if owner not in found})
    finally:
        stack.stop()
    if "host" not in found or len(found) < 2:
        raise Failed(f"no catalogue: {sorted(found)}")
    return found


def page(found=None):
    out = [HEAD.format(regenerate=REGENERATE)]
    for owner, lines in (found or listed()).items():
        out += [f"## {owner}", "", "| code | class | HTTP | people read | what to do |", "|---|---|---|---|---|", *lines, ""]
    return re.sub(r"\n+$", "\n", "\n".join(out))


if __name__ == "__main__":
    sys.stdout.write(page())
