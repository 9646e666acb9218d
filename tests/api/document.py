"""An OpenAPI document as tests need it: its operations, and bodies and parameters that fit."""
import re
import uuid

METHODS = ("get", "post", "put", "patch", "delete")
# Members that mean the same wherever they stand, and whose type does not say what fits.
KNOWN = {"timezone": "Africa/Johannesburg", "language": "en"}


class Operation:
    def __init__(self, document, path, method, data):
        self.document, self.path, self.method, self.data = document, path, method.upper(), data
        self.name, self.permission, self.is_public = data["operationId"], data.get("x-permission"), data["security"] == []
        self.parameters = [resolve(document, p) for p in data.get("parameters", [])]
        self.in_path = re.findall(r"\{(\w+)\}", path)
        body = resolve(document, data.get("requestBody", {})).get("content", {}).get("application/json", {})
        self.body_schema = body.get("schema")

    def __str__(self):
        return f"{self.method} {self.path}"

    def url(self, values, query=""):
        return re.sub(r"\{(\w+)\}", lambda match: str(values[match.group(1)]), self.path) + query

    def body(self, everything=False):
        """A body that fits its schema; None without one. `everything`: optional members too."""
        return None if self.body_schema is None else sample(self.document, self.body_schema, everything)


def operations(document):
    return [Operation(document, path, method, data) for path, item in document["paths"].items() for method, data in item.items() if method in METHODS]


def resolve(document, value):
    while isinstance(value, dict) and "$ref" in value:
        found = document
        for part in value["$ref"].split("/")[1:]:
            found = found[part]
        value = found
    return value


def sample(document, schema, everything=False, depth=0):
    """One value that fits. What cannot be made by type alone has an example in its schema (`examples`, `default`)."""
    schema = resolve(document, schema)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return sample(document, schema[key][0], everything, depth)
    if "allOf" in schema:
        parts = [sample(document, part, everything, depth) for part in schema["allOf"]]
        return {name: value for part in parts for name, value in part.items()}
    kind = schema.get("type", "object")
    kind = next(k for k in kind if k != "null") if isinstance(kind, list) else kind
    if kind == "object":
        names = [n for n in schema.get("properties", {}) if everything and depth < 4 or n in schema.get("required", [])]
        return {name: KNOWN.get(name) or sample(document, schema["properties"][name], everything, depth + 1) for name in names}
    if kind == "array":
        count = max(schema.get("minItems", 0), 1 if everything else 0)
        return [sample(document, schema["items"], everything, depth + 1) for _ in range(count)]
    if kind == "string":
        return text(schema)
    if kind == "boolean":
        return True
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    return least if kind == "integer" else float(least)


def text(schema):
    known = {"uuid": lambda: str(uuid.uuid4()), "date-time": lambda: "2027-01-02T03:04:05Z", "date": lambda: "2027-01-02", "email": lambda: "a@example.com",
             "uri": lambda: "https://example.com/"}
    by_pattern = {"^[A-Z]{3}$": "ZAR", "^[a-z]{2}$": "en"}
    if schema.get("format") in known:
        return known[schema["format"]]()
    if schema.get("pattern") in by_pattern:
        return by_pattern[schema["pattern"]]
    if "pattern" in schema:
        for tried in ("Some text", "text", "27820000042", "+27820000042", "100000000000042", "a.b", "12345678", "123456", "A1", "Text text"):
            if re.search(schema["pattern"], tried) and schema.get("minLength", 0) <= len(tried) <= schema.get("maxLength", 99):
                return tried
        raise ValueError(f"no example for the pattern {schema['pattern']}: give the schema `examples`")
    length = max(schema.get("minLength", 1), 1)
    return ("text" * (length // 4 + 1))[:max(length, min(4, schema.get("maxLength", 4)))]


def objects(value, path=()):
    """Paths of every object in a JSON value, the outermost first."""
    if isinstance(value, dict):
        yield path
        for name, inner in value.items():
            yield from objects(inner, path + (name,))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from objects(inner, path + (i,))


def at(value, path):
    for part in path:
        value = value[part]
    return value
