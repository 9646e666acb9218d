"""Rules that SQL must keep, in *.sql files of host, plugins and simulators and in SQL strings of their C files.

clock       wakala.now() decides, so that tests can move it: no now(), CURRENT_TIMESTAMP, clock_timestamp() and the like
types       status columns are text and money is bigint: operators of enum and numeric are not leakproof and lose their index under
            row-level security
protect     every table with a tenant_id in a plugin's SQL is followed by wakala.protect('<table>')
names       a plugin's tables, sequences and functions begin with its name; it names no table of another plugin
foreign     no foreign key leaves the plugin
numbers     a number that the database draws is called id and means nothing but its rows' order: it is drawn anew when a tenant moves to another server
operators   no LIKE, regular expression, text search, trigram, distance or containment in a plugin's statements: such operators are not leakproof and
            lose their index under row-level security; they belong into a function given to wakala.search_function()
"""
import os
import re
import sys

CLOCK = re.compile(r"(?<![\w.])(now\s*\(\s*\)|current_timestamp|current_time\b|current_date|localtimestamp|localtime\b|clock_timestamp\s*\("
                   r"|statement_timestamp\s*\(|transaction_timestamp\s*\(|timeofday\s*\()", re.I)
ENUM = re.compile(r"\bcreate\s+type\s+[\w.\"]+\s+as\s+enum\b", re.I)
NUMERIC = re.compile(r"(?<![\w.])(numeric|decimal|money)\b(?!\s*_)", re.I)
TABLE = re.compile(r"\bcreate\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?([\w.]+)\s*\(", re.I)
PARTITION = re.compile(r"\bpartition\s+of\b", re.I)
PROTECT = re.compile(r"\bwakala\.protect\s*\(\s*'([\w.]+)'\s*\)", re.I)
REFERENCES = re.compile(r"\breferences\s+([\w.]+)", re.I)
IDENTITY = re.compile(r"(\w+)\s+(?:(?:big|small)?int(?:eger)?\s+generated\s+(?:always|by\s+default)\s+as\s+identity|(?:big|small)?serial)\b", re.I)
SQL_WORD = re.compile(r"\b(select|insert\s+into|update|delete\s+from|with)\b", re.I)
OPERATOR = re.compile(r"\b(?:not\s+)?i?like\b|\bsimilar\s+to\b|\boperator\s*\(|@@@?|<->|<#>|@>|<@|&&|!?~~?\*?|<<%|<%|%>>?|%", re.I)
FUNCTION = re.compile(r"\bcreate\s+(?:or\s+replace\s+)?function\s+([\w.]+)\s*\((?:(?!\$\$).)*?\$\$(.*?)\$\$[^;]*;", re.I | re.S)
SEARCH = re.compile(r"\bwakala\.search_function\s*\(\s*'([\w.]+)", re.I)
INDEX = re.compile(r"\bcreate\s+(?:unique\s+)?index\b[^;]*;", re.I)
CONSTANT = re.compile(r"'(?:[^']|'')*'")
STATEMENT = re.compile(r'\bWK_SQL\s*\(\s*\w+\s*,((?:\s*"(?:[^"\\\n]|\\.)*")+)')
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def without_comments(text):
    return re.sub(r"--[^\n]*|/\*.*?\*/", blank, text, flags=re.S)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def body_of(text, at):
    """The text between the parenthesis at `at` and its partner."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return text[at:i]
    return text[at:]


def plugin_of(path):
    """plugins/orders/sql/001.sql -> orders; plugins/payments/cod/... -> cod; None for the host."""
    parts = path.split("/")
    if parts[0] not in ("plugins", "sim"):
        return None
    return parts[2] if len(parts) > 4 or (len(parts) == 4 and parts[2] not in ("sql", "events", "locale", "assets")) else parts[1]


def lint_file(path, text, plugins):
    plugin, findings = plugin_of(path), []
    bare = without_comments(text)

    def add(at, what):
        findings.append((path, line_of(text, at), what))

    if plugin:
        for m in CLOCK.finditer(bare):
            add(m.start(), f"{m.group(0)}: wakala.now() is the only clock that decides")
        for m in ENUM.finditer(bare):
            add(m.start(), "enum: a status is text with a CHECK (enum operators are not leakproof)")
        for m in NUMERIC.finditer(bare):
            add(m.start(), f"{m.group(1)}: amounts are bigint minor units (numeric operators are not leakproof)")
    protected = {name.split(".")[-1] for name in PROTECT.findall(bare)}
    for m in TABLE.finditer(bare):
        name = m.group(1)
        body = body_of(bare, m.end() - 1)
        if not plugin or PARTITION.search(bare[m.start():m.end() + 1]):
            continue
        prefix = plugin.replace("-", "_") + "_"
        if not name.startswith(prefix):
            add(m.start(), f"table {name}: a table of this plugin is called {prefix}...")
        if re.search(r"\btenant_id\b", body) and name not in protected:
            add(m.start(), f"table {name} has a tenant_id and no SELECT wakala.protect('{name}')")
        for drawn in IDENTITY.finditer(body) if path.startswith("plugins/") else ():
            if drawn.group(1).lower() != "id" or re.search(r"serial\b", drawn.group(0), re.I):
                add(m.end() - 1 + drawn.start(), f"{drawn.group(1)}: a drawn number is `id bigint GENERATED ALWAYS AS IDENTITY` and only orders rows: a tenant that moves to "
                    "another server gets new ones")
        if not re.search(r"\btenant_id\b", body) and not path.startswith("sim/"):
            add(m.start(), f"table {name} has no tenant_id: whose rows are these?")
    for m in REFERENCES.finditer(bare):
        if plugin and not m.group(1).startswith(plugin.replace("-", "_") + "_"):
            add(m.start(), f"foreign key to {m.group(1)}: none leaves the plugin")
    return findings + foreign_tables(path, bare, plugin, plugins) + leaking_operators(path, bare, plugin)


def leaking_operators(path, bare, plugin):
    """In what runs under row-level security: not in indexes and the definitions of tables, not in search functions."""
    if not plugin or not path.startswith("plugins/"):
        return []
    search = set(SEARCH.findall(bare))
    sql = FUNCTION.sub(lambda m: blank(m) if m.group(1) in search or re.search(r"\bsecurity\s+definer\b", m.group(0), re.I) else m.group(0), bare)
    sql = INDEX.sub(blank, sql)
    for m in TABLE.finditer(sql):
        body = body_of(sql, m.end() - 1)
        sql = sql[:m.end() - 1] + re.sub(r"[^\n]", " ", body) + sql[m.end() - 1 + len(body):]
    return operators_in(path, sql, sql, 0)


def operators_in(path, sql, text, at):
    """Findings in `sql`, which begins at `at` of the file's text. What lies in constants is no operator."""
    return [(path, line_of(text, at + m.start()), f"{m.group(0)}: not leakproof, so a statement under row-level security loses its index: "
             "search through a function given to wakala.search_function()") for m in OPERATOR.finditer(CONSTANT.sub(blank, sql))]


def foreign_tables(path, sql, plugin, plugins):
    if not plugin:
        return []
    findings = []
    for other in plugins - {plugin.replace("-", "_")}:
        for m in re.finditer(rf"\b(?:from|join|into|update|table)\s+(?:pool\.)?({other}_\w+)", sql, re.I):
            if not m.group(1).startswith(plugin.replace("-", "_") + "_"):
                findings.append((path, line_of(sql, m.start()), f"{m.group(1)} is a table of {other}: use its service"))
    return findings


def lint_c(path, text, plugins):
    """Only strings that look like SQL. host/db makes the clock, so it may know others."""
    findings, plugin = [], plugin_of(path)
    bare = re.sub(r"/\*.*?\*/", blank, text, flags=re.S)
    for m in STRING.finditer(bare):
        sql = m.group(1)
        if not SQL_WORD.search(sql) and not CLOCK.search(sql):
            continue
        if not path.startswith("host/db/") and re.search(r"\bnow\s*\(\s*\)|current_timestamp|clock_timestamp", sql, re.I) and CLOCK.search(sql):
            findings.append((path, line_of(bare, m.start()), f"{CLOCK.search(sql).group(0)} in SQL: wakala.now() is the only clock that decides"))
        findings += [(path, line_of(bare, m.start()), what) for _, _, what in foreign_tables(path, sql, plugin, plugins)]
    if plugin and path.startswith("plugins/"):
        for m in STATEMENT.finditer(bare):
            findings += operators_in(path, m.group(1).replace('"', " "), bare, m.start(1))
    return findings


def main(paths):
    plugins = {plugin_of(p).replace("-", "_") for p in paths if plugin_of(p) and p.endswith(".sql")}
    findings = []
    for path in paths:
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as f:
            text = f.read()
        findings += lint_c(path, text, plugins) if path.endswith(".c") else lint_file(path, text, plugins)
    for path, line, what in sorted(set(findings)):
        print(f"{path}:{line}: {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
