"""Every shipped plugin with its settings, as a page.

    PYTHONPATH=tests python3 -m sdk.plugins > docs/plugins.md
"""
import glob
import os
import re
import sys

from harness.stack import ROOT, Failed, Stack, write

REGENERATE = "PYTHONPATH=tests python3 -m sdk.plugins > docs/plugins.md"

HEAD = """# Plugins and their settings

Made from the running code by `{regenerate}`; a test compares. A plugin is enabled by its file in `etc/wakala.d`;
`enabled = false;` turns it off. A tenant may have its own value of a setting that is "tenant, host"; the
file's value is for all others. `wakala check` names file and line of what does not fit, and the nearest name for what it does not know. What each
plugin does stands in the README in its folder; events in [events.md](events.md); how to write one in [sdk.md](sdk.md).
"""


def page(build=None):
    stack = Stack(build=build, sim=False)
    try:
        stack.configure()
        for path in glob.glob(f"{stack.host.dir}/wakala.d/*.conf"):  # also what is shipped disabled
            with open(path, encoding="utf-8") as f:
                conf = f.read()
            write(path, conf.replace("enabled = false;", "enabled = true;"))
        stack.host.env["WAKALA_RABBITMQ_PASSWORD"] = "of nobody"
        text = stack.host.cli("plugins", "--settings").strip()
    finally:
        stack.stop()
    files = {os.path.basename(path).partition("-")[2][:-len(".conf")]: path for path in glob.glob(f"{ROOT}/etc/wakala.d/*.conf")}

    def with_file(match):
        if match.group(1) not in files:
            raise Failed(f"no file in etc/wakala.d enables {match.group(1)}")
        return f"{match.group(0)} (`{os.path.relpath(files[match.group(1)], ROOT)}`)"
    return f"{HEAD.format(regenerate=REGENERATE)}\n{re.sub(r'(?m)^## (.+)$', with_file, text)}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
