"""No body is taken with a member that the document does not name, at any depth, and the refusal says which."""
import copy
import json

from . import document as doc

UNKNOWN = "zz_not_known"


def is_map(document, operation, path):
    """A map's keys are data."""
    schema = doc.resolve(document, operation.body_schema)
    for part in path:
        schema = doc.resolve(document, schema.get("items", {}) if isinstance(part, int) else schema.get("properties", {}).get(part, {}))
    return schema.get("additionalProperties", False) is not False or "x-why" in schema


def complaints(document, send, values=None):
    """send(operation, url, body text) -> (status, body). What is taken, or refused without a word of it, as texts; and how many bodies were sent.

    Where the path names something, it may not be there: 404 is an answer then, but for the ids in `values` (operationId -> {parameter: value})."""
    found, count = [], 0
    for operation in doc.operations(document):
        if operation.body_schema is None:
            continue
        known = (values or {}).get(operation.name, {})
        ids = {name: known.get(name, "0190f5b6-0000-7000-8000-00000000dead") for name in operation.in_path}
        whole = operation.body(everything=True)
        for path in doc.objects(whole):
            if is_map(document, operation, path):
                continue
            body = copy.deepcopy(whole)
            doc.at(body, path)[UNKNOWN] = 1
            status, answer = send(operation, operation.url(ids), json.dumps(body))
            count += 1
            if status == 404 and operation.in_path and not known:
                continue
            if status != 422 or UNKNOWN not in json.loads(answer).get("message", ""):
                found.append(f"{operation}: {'.'.join(map(str, path + (UNKNOWN,)))}: answered {status} {answer[:200]!r}")
    return found, count
