"""Every relation of a database against the rules of isolation: what the catalogue says, and what happens when the app role tries.

Nothing is listed by name but exceptions, each with its reason: a new table, view, partition or function without isolation is a finding."""

APP, OWNER = "wakala_app", "wakala_owner"
NOBODY = "11111111-1111-4111-8111-111111111111"
# Tables without rows of a tenant that the app role may touch.
NO_TENANT = {
    "wakala.mark": "INSERT: which event a subscription has handled, by position; written by a handler's own transaction, read by the host alone",
    "wakala.test_clock": "SELECT: only in databases of tests; how far their clock is moved",
}
# Policies that are not "the row is this transaction's tenant's".
OTHER_POLICY = {
    ("wakala.audit", "written"): "also rows of no tenant: what was done to the platform; nobody reads them by the app role",
}
# What a column must hold for a row to go in where the checks of the table stay (schema wakala: the host is running).
HOST_VALUES = {"class": "1", "lane": "1", "state": "'sent'", "xid": "'1'"}
OWN = ("(tenant_id = wakala.tenant_id())", "(tenant_id = ( SELECT wakala.tenant_id() AS tenant_id))")
SYSTEM = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

RELATIONS = f"""
SELECT n.nspname || '.' || c.relname, n.nspname, c.relkind, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
  (SELECT string_agg(p, ' ') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
    WHERE has_table_privilege('{APP}', c.oid, p) OR (p IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege('{APP}', c.oid, p))),
  EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped),
  (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisprimary)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {SYSTEM} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1"""
POLICIES = f"""
SET search_path = pg_catalog;
SELECT n.nspname || '.' || c.relname, polname, polpermissive, coalesce(pg_get_expr(polqual, polrelid), ''), coalesce(pg_get_expr(polwithcheck, polrelid), '')
FROM pg_policy JOIN pg_class c ON c.oid = polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE 0 = ANY (polroles) OR EXISTS (SELECT FROM unnest(polroles) r WHERE pg_has_role('{APP}', r, 'MEMBER')) ORDER BY 1, 2"""
ROLE = f"""
SELECT rolsuper, rolbypassrls, rolcreaterole, (SELECT count(*) FROM pg_auth_members WHERE member = r.oid),
  (SELECT count(*) FROM pg_class WHERE relowner = r.oid AND relpersistence <> 't') FROM pg_roles r WHERE rolname = '{APP}'"""
FUNCTIONS = f"""
SELECT n.nspname || '.' || p.proname, pg_get_userbyid(p.proowner), array_to_string(p.proargtypes::regtype[], ','), p.proretset OR p.prorettype <> 'trigger'::regtype,
  pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {SYSTEM} AND p.prosecdef AND p.prorettype <> 'trigger'::regtype AND has_function_privilege('{APP}', p.oid, 'EXECUTE') ORDER BY 1"""


class Relation:
    def __init__(self, row):
        self.name, self.schema, self.kind, part, rls, forced, self.owner, privileges, has_tenant, self.key = row
        self.is_part, self.is_protected, self.has_tenant = part == "t", rls == forced == "t", has_tenant == "t"
        self.privileges = privileges.split()
        self.is_tenants_schema = self.schema not in ("wakala", "public")


def relations(sql):
    return [Relation(row) for row in sql(RELATIONS)]


def of_tenants(all_relations):
    """Tables that the app role is to find rows of one tenant in."""
    return [r for r in all_relations if r.kind in "rp" and not r.is_part and r.has_tenant and (r.privileges or r.is_tenants_schema)]


def structure(sql):
    """What the catalogue says that must not be, as texts."""
    found, policies = [], {}
    for table, name, permissive, using, check in sql(POLICIES):
        policies.setdefault(table, []).append((name, permissive, using, check))
    for r in relations(sql):
        if r.kind in "vmf" or r.is_part:
            if r.privileges:
                what = {"v": "a view", "m": "a materialised view", "f": "a foreign table"}.get(r.kind, "a partition")
                found.append(f"{r.name}: {what} that {APP} may {' '.join(r.privileges)}: row-level security does not reach it")
        elif not r.is_tenants_schema and (not r.privileges or r.name in NO_TENANT):
            continue
        elif not r.has_tenant:
            found.append(f"{r.name}: has no tenant_id, and {APP} may {' '.join(r.privileges) or 'nothing yet'}")
        else:
            found += protection(r, policies.get(r.name, []))
    for row in sql(ROLE):
        if row != ["f", "f", "f", "0", "0"]:
            found.append(f"{APP}: superuser, bypasses, makes roles, is a member of, owns: {row}")
    return found


def protection(r, policies):
    found = []
    if not r.is_protected:
        found.append(f"{r.name}: row-level security is not enabled and forced: SELECT wakala.protect('{r.name}')")
    if r.owner != OWNER:
        found.append(f"{r.name}: belongs to {r.owner}, not to {OWNER}")
    if r.is_tenants_schema and r.key != "tenant_id":
        found.append(f"{r.name}: its primary key begins with {r.key or 'nothing'}, not with tenant_id")
    if not policies:
        found.append(f"{r.name}: no policy for {APP}")
    if set(r.privileges) & {"TRUNCATE", "REFERENCES", "TRIGGER"}:
        found.append(f"{r.name}: {APP} may {' '.join(r.privileges)}: what is beside rows is not the app's")
    for name, permissive, using, check in policies:
        if permissive == "t" and (r.name, name) not in OTHER_POLICY and not {using, check} <= {*OWN, ""}:
            found.append(f"{r.name}: policy {name} lets through more than the tenant's rows: USING {using} CHECK {check}")
    return found


# One try after the other, each undone; what came through is collected. $1.. are filled by attempts().
TRY = """
DO $matrix$
DECLARE found text := ''; n bigint; t record;
BEGIN
  FOR t IN SELECT * FROM (VALUES {values}) v (name, label, wanted, statement) LOOP
    BEGIN
      EXECUTE t.statement;
      GET DIAGNOSTICS n = ROW_COUNT;
      RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = n::text;
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
      IF t.wanted = 'nothing' AND SQLERRM <> '0' OR t.wanted = 'refused' OR t.wanted = 'rows' AND SQLERRM = '0' THEN
        found := found || format(E'%s: %s: %s row(s)\\n', t.name, t.label, SQLERRM);
      END IF;
    WHEN insufficient_privilege THEN -- no grant, or the policy's check
      IF t.wanted = 'rows' THEN
        found := found || format(E'%s: %s: %s\\n', t.name, t.label, SQLERRM);
      END IF;
    WHEN OTHERS THEN
      found := found || format(E'%s: %s: was stopped by something else than isolation: %s\\n', t.name, t.label, SQLERRM);
    END;
  END LOOP;
  PERFORM set_config('matrix.found', found, false);
END $matrix$;
"""


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def columns(sql, table):
    schema, _, name = table.partition(".")
    return sql(f"""SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = '{name}'
        AND is_generated = 'NEVER' AND (identity_generation IS NULL OR identity_generation <> 'ALWAYS') ORDER BY ordinal_position""")


def row_of(sql, table, tenant, seed):
    """An INSERT of one row of the tenant, values by type: a new table gets one without anybody writing for it."""
    kinds = {"uuid": "gen_random_uuid()", "bigint": f"{seed}", "integer": f"{seed}", "smallint": f"{seed % 1000}", "boolean": "true", "jsonb": "'{}'",
             "json": "'{}'", "timestamp with time zone": "wakala.now() + interval '10 days'", "double precision": "1", "date": "wakala.now()::date",
             "time without time zone": "'08:00'", "bytea": "''", "text": f"'v{seed}'", "numeric": "1"}
    names = columns(sql, table)
    host = HOST_VALUES if table.startswith("wakala.") else {}
    values = [quote(tenant) if name == "tenant_id" else host.get(name, kinds.get(kind, "NULL")) for name, kind in names]
    return f"INSERT INTO {table} ({', '.join(name for name, _ in names)}) VALUES ({', '.join(values)})"


def tries(table, scope, own, other, insert_own):
    """(label, wanted, statement) of everything that is tried on one table in one scope; rows of `own` are there."""
    if scope == own:
        return [("reading the tenant's own rows", "rows", f"SELECT 1 FROM {table.name}")] * ("SELECT" in table.privileges) + [
            ("giving a row away", "refused", f"UPDATE {table.name} SET tenant_id = {quote(other)}"),
            ("writing a row of another", "refused", insert_own.replace(quote(own), quote(other)))]
    foreign = f" WHERE tenant_id IS DISTINCT FROM {quote(scope)}" if scope else ""
    return [("reading", "nothing", f"SELECT 1 FROM {table.name}{foreign}"), ("deleting", "nothing", f"DELETE FROM {table.name}{foreign}"),
            ("changing", "nothing", f"UPDATE {table.name} SET tenant_id = tenant_id{foreign}"), ("writing a row of another", "refused", insert_own)]


def attempts(sql, own, other):
    """What the app role gets at without a scope, as `other`, as nobody, and what it can take out of `own`: texts, and how much was tried.

    All in one transaction of a superuser that takes the app role's rights for the tries and is rolled back: the running host sees none of it."""
    targets = of_tenants(relations(sql))
    text = ["BEGIN;", "SET LOCAL session_replication_role = replica;"]
    for r in targets:
        if r.is_tenants_schema:
            text += [f"ALTER TABLE {r.name} DROP CONSTRAINT {row[0]};"
                     for row in sql(f"SELECT quote_ident(conname) FROM pg_constraint WHERE conrelid = '{r.name}'::regclass AND contype = 'c'")]
        text += [row_of(sql, r.name, own, 990001) + ";"]
    count = 0
    for scope in ("", NOBODY, other, own):
        values = [f"({quote(r.name)}, {quote(f'as {scope or None}: {label}')}, {quote(wanted)}, {quote(statement)})"
                  for r in targets for label, wanted, statement in tries(r, scope, own, other, row_of(sql, r.name, own, 990002))]
        count += len(values)
        text += [f"SET LOCAL ROLE {APP};", f"SELECT set_config('app.tenant', '{scope}', true) \\g /dev/null", TRY.format(values=",\n".join(values)),
                 "SELECT current_setting('matrix.found');", "RESET ROLE;"]
    rows = sql("\n".join(text + ["ROLLBACK;"]))
    return [line for row in rows for cell in row for line in cell.splitlines() if line], count


def functions(sql):
    """Functions that run with another's rights, for the app role: (name, types, wrong)."""
    out = []
    for name, owner, types, _, text in sql(FUNCTIONS):
        wrong = [] if "wakala.tenant_id()" in text else [f"{name}({types}): runs as {owner} and does not look at wakala.tenant_id()"]
        if owner not in ("wakala_search", OWNER):
            wrong.append(f"{name}({types}): runs as {owner}")
        out.append((name, types.split(",") if types else [], wrong))
    return out
