"""Every route of a running host, from its OpenAPI document, asked for another tenant's things: each id that the tables have of one tenant is put where the
other's requests name something. What comes back must be what an id of nobody gets, and hold nothing of the first.

Nothing here is listed by name: a new route or table is tried as soon as it is there."""
import json
import re
import uuid

from api import document as doc

from . import tables

PER_COLUMN = 2  # ids of one column of one table that are tried
REFUSED = (401, 403, 404)


class Party:
    """A tenant's principal: how it asks, and what is its own. Of the platform: it may name any tenant, and works for this one."""

    def __init__(self, tenant, send, is_platform=False):
        self.tenant, self.send, self.is_platform = tenant, send, is_platform  # send(method, url, body text or None, headers) -> (status, body bytes, headers)


def ids_of(sql, tenant, other):
    """{id: "table.column"} of the tenant's rows, which are not also the other's. From the catalogue: every uuid column but tenant_id."""
    out = {}
    for r in tables.of_tenants(tables.relations(sql)):
        if r.name in ("wakala.event", "wakala.once"):
            continue  # of the log: no request names them
        for name, kind in tables.columns(sql, r.name):
            if kind != "uuid" or name == "tenant_id":
                continue
            rows = sql(f"SELECT DISTINCT {name} FROM {r.name} WHERE tenant_id = '{tenant}' AND {name} IS NOT NULL AND NOT EXISTS "
                       f"(SELECT FROM {r.name} o WHERE o.tenant_id = '{other}' AND o.{name} = {r.name}.{name}) ORDER BY 1 LIMIT {PER_COLUMN}")
            out.update({row[0]: f"{r.name}.{name}" for row in rows if row[0] != tenant})
    return out


def fingerprint(sql, tenant, without=()):
    """Of all rows of a tenant, by table: what others did must leave them as they are."""
    out = {}
    for r in tables.of_tenants(tables.relations(sql)):
        if r.name not in without:
            out[r.name] = sql(f"SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {r.name} t WHERE tenant_id = '{tenant}'")[0]
    return out


def masked(body, *values):
    """An answer without what differs by chance: what was asked for, and the reference of its log lines."""
    text = body.decode("utf-8", "replace")
    for value in values:
        text = text.replace(str(value), "<asked for>")
    return re.sub(r'"reference":\s*"[0-9a-f]+"', '"reference":"<of this call>"', text)


def seed(document, party, word="text"):
    """Make what can be made without naming anything that is there, with `word` where a text may be any. (operations that made something, those that did not)"""
    made, refused = [], {}
    for operation in doc.operations(document):
        if operation.method == "POST" and not operation.in_path and not operation.is_public:
            body = json.dumps(operation.body(everything=True)).replace('"text"', json.dumps(word)) if operation.body_schema is not None else None
            status, answer, _ = party.send("POST", operation.path, body, {})
            if 200 <= status < 300:
                made.append(operation.name)
            else:
                refused[operation.name] = f"{status} {answer[:200]!r}"
    return made, refused


def named(operation, foreign, nobody):
    """(label, values) of the path, each parameter in turn another's, the rest nobody's."""
    for name in operation.in_path:
        for value, where in foreign.items():
            yield f"{{{name}}} = {where}", dict({n: nobody for n in operation.in_path}, **{name: value}), value


def ask(operation, party, values, query="", headers=None):
    body = operation.body(everything=False)
    return party.send(operation.method, operation.url(values, query), None if body is None else json.dumps(body), headers or {})


def by_path(operation, stranger, foreign, marks):
    """Another's ids in the path."""
    nobody = str(uuid.uuid4())
    status, body, _ = ask(operation, stranger, {n: nobody for n in operation.in_path})
    wanted, count, found = (status, masked(body, nobody)), 1, []
    if status not in REFUSED + (409, 422):
        found.append(f"{operation}: an id of nobody is answered {status}")
    for label, values, value in named(operation, foreign, nobody):
        status, body, _ = ask(operation, stranger, values)
        count += 1
        if (status, masked(body, value, nobody)) != wanted:
            found.append(f"{operation}: {label}: answered {status} {masked(body)[:160]}, an id of nobody {wanted[0]} {wanted[1][:160]}")
        found += leaks(operation, label, body, marks, value)
    return found, count


def by_query(operation, stranger, foreign, marks):
    """Another's ids in each parameter of the query: whatever the answer, nothing of the other in it."""
    count, found = 0, []
    for p in operation.parameters:
        schema = doc.resolve(operation.document, p.get("schema", {}))
        if p["in"] != "query" or schema.get("type") != "string" or "enum" in schema:
            continue
        for value, where in foreign.items():
            status, body, _ = ask(operation, stranger, {n: value for n in operation.in_path}, f"?{p['name']}={value}")
            count += 1
            if status >= 500:
                found.append(f"{operation}: ?{p['name']} = {where}: answered {status}")
            found += leaks(operation, f"?{p['name']} = {where}", body, marks, value)
    return found, count


def by_body(operation, stranger, foreign, marks):
    """Another's ids where a body names something."""
    count, found = 0, []
    whole = operation.body(everything=True) if operation.body_schema is not None else None
    for path in list(doc.objects(whole)):
        for name, member in list(doc.at(whole, path).items()):
            if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(member)):
                continue
            for value, where in foreign.items():
                doc.at(whole, path)[name] = value
                status, body, _ = stranger.send(operation.method, operation.url({n: str(uuid.uuid4()) for n in operation.in_path}), json.dumps(whole), {})
                count += 1
                if status >= 500:
                    found.append(f"{operation}: {name} = {where}: answered {status}")
                found += leaks(operation, f"{name} = {where}", body, marks, value)
            doc.at(whole, path)[name] = member
    return found, count


def by_header(operation, stranger, owner_tenant, marks):
    """Another's tenant in the header that names one: refused like a tenant that nobody has."""
    if stranger.is_platform or not any(p["name"] == "Wakala-Tenant" for p in operation.parameters):
        return [], 0
    nobody, found = str(uuid.uuid4()), []
    values = {n: str(uuid.uuid4()) for n in operation.in_path}
    wanted = ask(operation, stranger, values, headers={"Wakala-Tenant": nobody})
    got = ask(operation, stranger, values, headers={"Wakala-Tenant": owner_tenant})
    if got[0] < 400 or (got[0], masked(got[1])) != (wanted[0], masked(wanted[1])):
        found.append(f"{operation}: Wakala-Tenant of another: answered {got[0]} {masked(got[1])[:160]}, a tenant of nobody {wanted[0]} {masked(wanted[1])[:160]}")
    return found + leaks(operation, "Wakala-Tenant of another", got[1], marks), 2


def leaks(operation, label, body, marks, asked=None):
    """Anything of the other in an answer, but what the asker sent."""
    text = body.decode("utf-8", "replace")
    return [f"{operation}: {label}: {what} of the other tenant is in the answer" for mark, what in marks.items() if mark != asked and mark in text]


def unnamed(operation, stranger, marks):
    """Lists and whatever else names nothing: asked as oneself, with the other's tenant in the header that names one."""
    status, body, _ = ask(operation, stranger, {n: str(uuid.uuid4()) for n in operation.in_path})
    found = leaks(operation, "asked as oneself", body, marks)
    if status >= 500:
        found.append(f"{operation}: answered {status}")
    return found, 1


def anonymous(operation, nobody):
    """Without a credential: 401, and no body that says more than that."""
    status, body, _ = ask(operation, nobody, {n: str(uuid.uuid4()) for n in operation.in_path})
    if operation.is_public or status == 401 and json.loads(body).get("code"):
        return [], 1
    return [f"{operation}: nobody is signed in, and the answer is {status} {body[:160]!r}"], 1


def complaints(document, sql, owner, stranger, nobody, marks, skip=()):
    """All of it: texts, and how many requests were made. `skip`: {operationId: reason} of what may not be called here."""
    foreign = ids_of(sql, owner.tenant, stranger.tenant)
    marks = dict({value: f"{where} {value}" for value, where in foreign.items()}, **marks)
    found, count = [], 0
    for operation in doc.operations(document):
        if operation.name in skip:
            continue
        runs = [anonymous(operation, nobody), unnamed(operation, stranger, marks)]
        if not operation.is_public:
            runs += [by_path(operation, stranger, foreign, marks)] if operation.in_path else []
            runs += [by_query(operation, stranger, foreign, marks), by_body(operation, stranger, foreign, marks)]
            runs += [by_header(operation, stranger, owner.tenant, marks)]
        for what, n in runs:
            found += what
            count += n
    return found, count, foreign
