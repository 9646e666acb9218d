"""The event contract as a page: what the enabled plugins declare, with the members of each payload from its schema.

    PYTHONPATH=tests python3 -m sdk.events > docs/events.md
"""
import glob
import json
import os
import sys

from harness.stack import ROOT, Failed, Stack

REGENERATE = "PYTHONPATH=tests python3 -m sdk.events > docs/events.md"

# Names fixed by the contract, the members a payload must have, and, for those that nobody publishes yet, who will.
FIXED = {
    "whatsapp.incoming": ["message", "timestamp"],
    "whatsapp.sent": ["message_id", "status"],
    "tenant.created": ["tenant_id", "name", "tier"],
    "order.created": ["order_id", "total"],
    "order.status_changed": ["order_id", "previous_status", "new_status", "metadata"],
    "payment.status_changed": ["payment_id", "previous_status", "new_status", "metadata"],
    "driver.delivery_offer": ["driver_id", "offer_id", "order", "fee", "expires_in"],
    "delivery.assigned": ["driver_id", "customer_id", "delivery"],
    "cache.invalidated": ["pattern", "timestamp"],
    "system.error": ["service", "error", "severity"],
}
TO_COME = {}

HEAD = """# Event types

Made from the running code by `{regenerate}`; a test compares. What is here is a contract: a payload
only grows, a break is a new type, and the version counts what was added. Events of one key are delivered in order, at least once; what a subscriber
writes takes effect once. `lives` is how long an event is worth acting on: whom it reaches later than
that gets it no more, it is a dead letter `event.expired` (the log keeps it longer). Amounts are minor units of their currency, ids lower-case UUIDs.

Around every payload the log keeps: id (UUIDv7), type, version, tenant, key, time (the database's clock) and trace id; a subscriber gets them as
`struct wk_event`.
"""


def declared(build=None):
    """The table that `wakala plugins --events` prints with every shipped plugin enabled: (text, rows as dicts)."""
    stack = Stack(build=build, sim=False)
    try:
        stack.configure()
        table = stack.host.cli("plugins", "--events")
    finally:
        stack.stop()
    lines = table.strip().split("\n")
    names = [cell.strip() for cell in lines[0].strip("|").split("|")]
    rows = [dict(zip(names, (cell.strip(" `") for cell in line.strip("|").split("|")))) for line in lines[2:]]
    if not rows or "type" not in rows[0]:
        raise Failed(f"no table of events:\n{table}")
    return "\n".join([lines[0], lines[1]] + sorted(lines[2:])), sorted(rows, key=lambda row: row["type"])


def schema_path(payload):
    """`orders/events/x.json` as printed -> the file in the checkout; plugins lie one or two levels deep, the host's own in a room of it."""
    plugin, _, rest = payload.partition("/")
    if plugin == "host":
        return next(iter(glob.glob(f"{ROOT}/host/*/{rest}")), "")
    for folder in [f"{ROOT}/plugins/{plugin}"] + [f"{ROOT}/plugins/{parent}/{plugin}" for parent in os.listdir(f"{ROOT}/plugins")]:
        if os.path.exists(f"{folder}/{rest}"):
            return f"{folder}/{rest}"
    raise Failed(f"{payload}: there is no such file below plugins/")


def schema(payload):
    with open(schema_path(payload), encoding="utf-8") as f:
        return json.load(f)


def type_text(part, root):
    if "$ref" in part:
        for name in part["$ref"].split("/")[1:]:
            root = root[name]
        return type_text(root, root)
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return "one of " + ", ".join(f"`{value}`" for value in part["enum"])
    kind = part.get("type", "any")
    text = " or ".join(kind) if isinstance(kind, list) else kind
    return "UUID" if part.get("format") == "uuid" else text


def members(part, root, depth=0):
    required = part.get("required", [])
    for name, value in part.get("properties", {}).items():
        words = f": {value['description']}" if "description" in value else ""
        yield f"{'  ' * depth}- `{name}` {type_text(value, root)}{'' if name in required else ', optional'}{words}"
        if value.get("properties"):
            yield from members(value, root, depth + 1)


def page(build=None):
    table, rows = declared(build)
    out = [HEAD.format(regenerate=REGENERATE), table]
    have = {row["type"] for row in rows}
    missing = sorted(set(FIXED) - have)
    if missing:
        out += ["", "## Not published yet", "",
                "These names are reserved, and no shipped plugin declares or publishes them; a subscription to one waits for what brings it.", ""]
    for name in missing:
        shape = ", ".join(f"`{member}`" for member in FIXED[name])
        out.append(f"- `{name}`{' {' + shape + '}' if shape else ''}: comes with {TO_COME[name]}")
    out += ["", "## Payloads", ""]
    for row in rows:
        root = schema(row["payload"])
        words = root.get("description", row["what it says"] + ".")
        out += [f"### {row['type']}", "", f"{words} Key: {row['key']}.", "", *members(root, root), ""]
    return "\n".join(out).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
