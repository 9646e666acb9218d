"""The part of JSON Schema 2020-12 that event schemas use. A word that is not known here is an error, never ignored."""
import re
import uuid

KINDS = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
WORDS = {"$schema", "$defs", "$ref", "title", "description", "type", "required", "properties", "enum", "const", "items", "format", "pattern",
         "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "additionalProperties"}
FORMATS = {"uuid"}


class SchemaError(Exception):
    """The schema itself is wrong."""


def _is_uuid(value):
    try:
        return str(uuid.UUID(value)) == value
    except ValueError:
        return False


def check_schema(schema, where="$"):
    """SchemaError for words and forms that problems() would not understand."""
    if not isinstance(schema, dict):
        raise SchemaError(f"{where}: a schema is an object")
    unknown = set(schema) - WORDS
    if unknown:
        raise SchemaError(f"{where}: unknown words {sorted(unknown)}")
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in KINDS:
            raise SchemaError(f"{where}: no type {kind}")
    if schema.get("format", "uuid") not in FORMATS:
        raise SchemaError(f"{where}: no format {schema['format']}")
    if not isinstance(schema.get("additionalProperties", True), bool):
        raise SchemaError(f"{where}: additionalProperties is true or false")
    for name in schema.get("required", []):
        if "properties" in schema and name not in schema["properties"]:
            raise SchemaError(f"{where}: {name} is required and not described")
    for part in ("properties", "$defs"):
        for name, value in schema.get(part, {}).items():
            check_schema(value, f"{where}.{name}")
    if "items" in schema:
        check_schema(schema["items"], f"{where}[]")


def resolve(schema, root, where):
    if "$ref" not in schema:
        return schema
    found = root
    if not schema["$ref"].startswith("#/"):
        raise SchemaError(f"{where}: only references inside the file: {schema['$ref']}")
    for name in schema["$ref"][2:].split("/"):
        if name not in found:
            raise SchemaError(f"{where}: {schema['$ref']} leads nowhere")
        found = found[name]
    return found


def problems(value, schema, root=None, where="$"):
    """What is wrong with value, as texts; [] when nothing is."""
    root = root or schema
    schema = resolve(schema, root, where)
    found = []
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(KINDS[kind](value) for kind in kinds):
        return [f"{where}: {value!r} is not {' or '.join(kinds)}"]
    if "enum" in schema and not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in schema["enum"]):
        found.append(f"{where}: {value!r} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{where}: {value!r} is not {schema['const']!r}")
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            found.append(f"{where}: {len(value)} characters")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            found.append(f"{where}: {value!r} does not match {schema['pattern']}")
        if schema.get("format") == "uuid" and not _is_uuid(value):
            found.append(f"{where}: {value!r} is no lower-case UUID")
    if KINDS["number"](value) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{where}: {value} is out of range")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{where}: {len(value)} items")
        for i, item in enumerate(value):
            found += problems(item, schema.get("items", {}), root, f"{where}[{i}]")
    if isinstance(value, dict):
        found += [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        known = schema.get("properties", {})
        for name, item in value.items():
            if name in known:
                found += problems(item, known[name], root, f"{where}.{name}")
            elif schema.get("additionalProperties", True) is False:
                found.append(f"{where}: {name} is not known")
    return found
