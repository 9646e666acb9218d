"""Plans of PostgreSQL as JSON: what each node reads, and the plans that auto_explain left in a server's log."""
import json
import re

# Settings of a server whose log is to hold every plan with what it read, also of statements inside functions. Off until log_plans().
AUTO_EXPLAIN = {"session_preload_libraries": "auto_explain", "auto_explain.log_format": "json",
                "auto_explain.log_nested_statements": "on", "auto_explain.log_analyze": "on", "auto_explain.log_timing": "off"}


TABLE_SCANS = {"Seq Scan", "Sample Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan", "Tid Scan", "Tid Range Scan"}


def rows_read(node):
    """Of a scan that ran: what it gave and what it threw away, over all its loops."""
    per_loop = sum(node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"))
    return per_loop * node.get("Actual Loops", 0)


def scanned(plan):
    """(node, table) of every scan of a table; a bitmap's index scan has the table of the heap scan above it."""
    def walk(node, table):
        table = node.get("Relation Name", table)
        if node["Node Type"] in TABLE_SCANS and table:
            yield node, table
        for child in node.get("Plans", []):
            yield from walk(child, table)
    yield from walk(plan, None)


def whole_tenant(plan):
    """Scans of an index by the tenant alone, or by nothing: every row of a tenant is read, and its other conditions are a filter."""
    found = []
    for node, table in scanned(plan):
        if node["Node Type"] == "Seq Scan":
            found.append(f"sequential scan of {table}")
        elif node.get("Index Name") and " AND " not in node.get("Index Cond", ""):
            found.append(f"all of a tenant through {node['Index Name']}: {node.get('Index Cond', 'no condition')}")
    return found


def too_much(plan, most, tables=None):
    """Scans that read more than `most` rows."""
    return [f"{node['Node Type']} of {table} reads {rows_read(node):.0f} rows" for node, table in scanned(plan)
            if rows_read(node) > most and (tables is None or table in tables)]


def log_plans(pg, is_on):
    """From now on, in sessions that are open as well; the length of the log, to read from there."""
    pg.sql(f"ALTER SYSTEM SET auto_explain.log_min_duration = {0 if is_on else -1}")
    pg.sql("SELECT pg_reload_conf()")
    with open(pg.log, "rb") as f:
        return f.seek(0, 2)


def logged(pg, since):
    """[(text of the statement, its plan)] in the log behind `since`."""
    with open(pg.log, "rb") as f:
        f.seek(since)
        text = f.read().decode("utf-8", "replace")
    found = []
    for match in re.finditer(r"LOG:  duration: [\d.]+ ms  plan:\n((?:\t.*\n)+)", text):
        try:
            plan = json.loads(re.sub(r"(?m)^\t", "", match.group(1)))
        except ValueError:  # a statement with a line break in a constant, or the line that is being written just now
            continue
        found.append((plan["Query Text"], plan["Plan"]))
    return found
