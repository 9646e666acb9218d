"""Lines reached, from what gcc's coverage build left behind: python3 -m harness.coverage BUILD LEAST SOURCE...

A source may be compiled into several programs (fuzzers include what they test): a line counts as reached when one of them reached it.
Prints SOURCE<TAB>LINES<TAB>PERCENT; exit status 1 when one is below LEAST percent, 2 when nothing is known about one."""
import json
import os
import subprocess
import sys
import tempfile

from .stack import ROOT


def reports(build):
    """What gcov says about each object that ran."""
    found = [os.path.join(folder, name) for folder, _, names in os.walk(build) for name in names if name.endswith(".gcda")]
    with tempfile.TemporaryDirectory() as scratch:
        for path in sorted(found):
            done = subprocess.run(["gcov", "--json-format", "--stdout", path], cwd=scratch, stdout=subprocess.PIPE, check=True)
            for line in done.stdout.splitlines():
                if line.strip():
                    yield json.loads(line)


def reached(build, sources):
    """{source: {line: was reached}} of the lines that have code."""
    lines = {source: {} for source in sources}
    for report in reports(build):
        for file in report["files"]:
            path = os.path.normpath(os.path.join(report["current_working_directory"], file["file"]))
            source = os.path.relpath(path, ROOT)
            if source not in lines:
                continue
            for line in file["lines"]:
                number = line["line_number"]
                lines[source][number] = lines[source].get(number, False) or line["count"] > 0
    return lines


def main(argv):
    build, least, sources = argv[0], float(argv[1]), argv[2:]
    status = 0
    for source, lines in reached(build, sources).items():
        if not lines:
            print(f"{source}: no program that ran contains it", file=sys.stderr)
            return 2
        percent = 100 * sum(lines.values()) / len(lines)
        print(f"{source}\t{len(lines)}\t{percent:.1f}")
        if percent < least:
            missed = ", ".join(str(number) for number, was_reached in sorted(lines.items()) if not was_reached)
            print(f"{source}: below {least:g} %; not reached: {missed}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
