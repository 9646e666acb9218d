"""schemathesis against a running host: what its OpenAPI document allows and forbids is sent as one role, and every answer is held to the document.

The tool is no part of the product: script/setup --tests puts it into a folder of its own below build/, from PyPI, in the versions of requirements.txt."""
import os
import re
import subprocess
import tempfile
import time

from harness.stack import ROOT

TOOL = f"{ROOT}/build/schemathesis/bin/schemathesis"
# A value that no JSON of ours may hold, and what the tool must not take for a mistake: a rule of the business may refuse what the schema allows.
CONFIG = """[checks]
enabled = true

[generation]
allow-x00 = false

# Methods that HTTP does not know are answered 501 (RFC 9110), which is right and reads as a failure here.
[phases.coverage]
unexpected-methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

# DELETE of a tenant is 202: accepted, and done when its grace time is over. Until then it is there, says state "deleting", and can be brought back.
[[operations]]
include-operation-id = "getTenant"
checks.use_after_free.enabled = false

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "400", "401", "403", "404", "409", "412", "422", "429"]

[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "404", "406", "415", "422"]
"""


def is_there():
    return os.access(TOOL, os.X_OK)


def good_answers(host):
    """{path of a route: answers with 2xx so far}; counters of the workers reach the master once a second."""
    time.sleep(1.5)
    found = {re.search(r'route="([^"]*)",status_class="2xx"', name): value for name, value in host.metrics().items() if name.startswith("wakala_http_requests_total{")}
    return {match.group(1): value for match, value in found.items() if match}


def run(port, token=None, examples=4, seed=1, phases="examples,coverage,fuzzing,stateful", more=(), timeout=3600):
    """(status, output): 0 when every answer was as the document says. `more`: options of the tool."""
    with tempfile.TemporaryDirectory(prefix="wakala-schemathesis-") as folder:
        with open(f"{folder}/schemathesis.toml", "w", encoding="utf-8") as f:
            f.write(CONFIG)
        argv = [TOOL, "--config-file", f"{folder}/schemathesis.toml", "run", f"http://127.0.0.1:{port}/v1/openapi.json", "--phases", phases,
                "--max-examples", str(examples), "--seed", str(seed), "--suppress-health-check", "all", "--no-color", "--request-timeout", "20",
                "--continue-on-failure", "--warnings", "off", *more]
        if token:
            argv += ["-H", f"Authorization: Bearer {token}"]
        env = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        done = subprocess.run(argv, cwd=folder, env=dict(env, SCHEMATHESIS_HOOKS="", PYTHONHASHSEED="0"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace")
