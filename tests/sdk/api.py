"""How to call the REST interface, and its operations as the shipped plugins' fragments and route tables have them, as a page.

    PYTHONPATH=tests python3 -m sdk.api > docs/api.md
"""
import importlib.util
import sys

from harness.stack import ROOT

REGENERATE = "PYTHONPATH=tests python3 -m sdk.api > docs/api.md"

HEAD = """# The REST interface

The table at the end is made from the code by `{regenerate}`; a test compares. What a running host serves, with every
schema, is `GET /v1/openapi.json` (OpenAPI 3.1, nobody need be signed in): it is made from the routes of the plugins that are enabled there, see
[design/openapi.md](design/openapi.md). Client generators and documentation viewers take it as it is.

## Who asks

- **A person** signs in and gets an access token, which lives for minutes, and a refresh token to renew it with: `Authorization: Bearer <access token>`.
- **A program** has an API key, made by an owner, shown once.
- Each operation names the permission that it needs; a role has a list of them. Without a credential, or with a wrong one: 401. Without the permission: 403. A wrong
  credential is refused also where none is needed.

## For which tenant

A credential belongs to one tenant and works in it; nothing in a request changes that. Somebody of the platform (role `admin`) names the tenant by the header
`Wakala-Tenant: <UUID>`, or by the path where it has `{{tenant}}`. What belongs to another tenant is answered as what is not there: 404, the same as for an id of nobody. A suspended tenant gets 403 `tenant.suspended`.

## What is sent and what comes

- JSON in UTF-8, `Content-Type: application/json` (else 415); a member that is not known, or a value out of bounds, is 422 and `message` says which and what is allowed. A body larger than the route takes is 413.
- Ids are UUIDs, times RFC 3339 in UTC, money is `{{"amount": 1999, "currency": "ZAR"}}` in minor units. Languages and currencies are ISO codes.
- **Errors** are problem details (RFC 9457), `application/problem+json`, with a `code` that is stable and listed in [errors.md](errors.md), and `detail` for people, in the language of
  `Accept-Language` where there is one. A fault of the service has a `reference` for the operator.

```json
{{"type": "about:blank", "title": "Conflict", "status": 409, "code": "order.invalid_transition", "detail": "This order can't be changed that way any more."}}
```

- **Lists** are `{{"items": [...], "next": "..."}}`: `limit` (1 to 100, 20 without it), and `after` with the `next` of the page before; `next` is null on the last. What is made or changed meanwhile is neither skipped nor doubled among what stays.
- **Request id**: `X-Request-Id` is taken over or made, comes back, and stands in every log line of the request; `traceparent` (W3C) is continued.

## Asking twice

`Idempotency-Key: <1 to 255 visible characters, a UUID is best>` on POST, PUT, PATCH and DELETE: the first answer is kept for 24 hours, and the same request with the same key gets it again (`Idempotency-Replayed: true`) and does nothing. The same key
with another request: 422. While the first is still under way: 409, ask again after `Retry-After`. Without a key a lost answer means looking before asking again. Answers are kept by tenant: for somebody of the platform who names none the key is only
looked at, so name one, or use what the operation has of its own to be asked twice.

`ETag` and `If-None-Match` on answers that may be kept: 304 when it is still that.

## How much

Each tenant has a rate (1,000 requests a second unless its tier says otherwise), each address one before it has signed in. `RateLimit-Policy` and `RateLimit` say what applies and what is left; past it: 429 with
`Retry-After`. 503 comes with `Retry-After` too: the same may work later, and repeating is safe for GET and with an Idempotency-Key. Who is refused for what is forbidden again and again is shut out for a while (429).

## Versions

`/v1` only grows: new operations, new optional members of requests, new members of answers, new codes. What breaks is `/v2` beside it. Ignore members that you do not know: the document forbids them so that a proof can find
what it does not name, not because they will never come.

## Operations
"""
TAIL_NONE = "\nNo shipped plugin has routes below `/v1/` yet.\n"


def checker():
    spec = importlib.util.spec_from_file_location("openapi_check", f"{ROOT}/sdk/openapi/check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def permission(route):
    return {"-": "nobody", "+": "anybody signed in"}.get(route.permission, f"`{route.permission}`")


def rows():
    """(tag, path, method, permission, summary, plugin) of every operation of the shipped plugins."""
    check = checker().Check()
    for plugin in check.plugins:
        for route in plugin.routes:
            operation = plugin.fragment.data["paths"][route.path][route.method]
            yield operation["tags"][0], route.path, route.method.upper(), permission(route), operation["summary"], plugin.name


def tags():
    check = checker().Check()
    out = {tag["name"]: tag["description"] for tag in check.shared["tags"]}
    for plugin in check.plugins:
        if plugin.fragment:
            out.update({tag["name"]: tag["description"] for tag in plugin.fragment.data.get("tags", [])})
    return out


def page():
    out, described = [HEAD.format(regenerate=REGENERATE)], tags()
    order = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    found = sorted(rows(), key=lambda row: (row[0], row[1], order.index(row[2])))
    for tag in sorted({row[0] for row in found}):
        out += [f"### {tag}", "", described[tag], "", "| operation | needs | what it does | plugin |", "|---|---|---|---|"]
        out += [f"| `{method} {path}` | {who} | {summary} | {plugin} |" for t, path, method, who, summary, plugin in found if t == tag]
        out.append("")
    return "\n".join(out).rstrip() + "\n" + ("" if found else TAIL_NONE)


if __name__ == "__main__":
    sys.stdout.write(page())
