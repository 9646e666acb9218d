"""Schemas that others wrote: Istio's CRDs and Kong's file format, from the Go modules that carry them, through the Go module proxy (GOPROXY, as the
environment or `go env` has it). Kept in a cache folder, so that only the first run needs the network; each file is checked against a digest."""
import hashlib
import io
import json
import os
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
import zipfile

from harness import yaml_text

ISTIO = ("istio.io/api", "v1.32.0", "kubernetes/customresourcedefinitions.gen.yaml")
KONG = ("github.com/kong/go-database-reconciler", "v1.40.0", "pkg/file/kong_json_schema.json")


def proxies():
    setting = os.environ.get("GOPROXY")
    if not setting:
        try:
            setting = subprocess.run(["go", "env", "GOPROXY"], capture_output=True, text=True, timeout=20, check=True).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            setting = ""
    return [word for word in re.split(r"[,|]", setting) if word.startswith("http")]


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for folder in (os.path.join(base, "wakala-tests"), os.path.join(tempfile.gettempdir(), f"wakala-tests-{os.getuid()}")):
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            return folder
        except OSError:
            continue
    return None


def fetch(module, version):
    reasons = []
    for proxy in proxies():
        url = f"{proxy.rstrip('/')}/{module}/@v/{version}.zip"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as why:
            if why.code in (404, 410):
                raise AssertionError(f"{url}: {why}") from why  # it is there for everybody else: our version is wrong
            reasons.append(f"{url}: {why}")
        except OSError as why:
            reasons.append(f"{url}: {why}")
    raise unittest.SkipTest("no Go module proxy can be reached, so there is no schema to check against: " + ("; ".join(reasons) or "neither GOPROXY nor `go env` names one"))


def module_file(what):
    """Bytes of one file of a module; SkipTest, with the reason, only when no proxy can be reached."""
    module, version, path = what
    digest = DIGESTS[what]
    folder = cache_folder()
    kept = folder and os.path.join(folder, digest)
    if kept and os.path.exists(kept):
        with open(kept, "rb") as f:
            data = f.read()
        if hashlib.sha256(data).hexdigest() == digest:
            return data
    with zipfile.ZipFile(io.BytesIO(fetch(module, version))) as z:
        data = z.read(f"{module}@{version}/{path}")
    if hashlib.sha256(data).hexdigest() != digest:
        raise AssertionError(f"{module}@{version}/{path} is not the file that these tests were written against")
    if kept:
        with open(f"{kept}.{os.getpid()}", "wb") as f:
            f.write(data)
        os.replace(f"{kept}.{os.getpid()}", kept)
    return data


# --- a schema, strictly: what it does not name is refused, for the API would drop it without a word ---

CHECKED = {"type", "properties", "required", "items", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties",
           "pattern", "nullable", "anyOf", "oneOf", "allOf", "not", "additionalProperties", "patternProperties", "$ref", "format",
           "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"}
SAID = {"description", "$schema", "definitions", "default", "example"}
KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
FORMATS = {"int32": lambda v: -2**31 <= v < 2**31, "int64": lambda v: -2**63 <= v < 2**63, "uint32": lambda v: 0 <= v < 2**32,
           "uint64": lambda v: 0 <= v < 2**64, "double": lambda v: True, "float": lambda v: True, "date-time": lambda v: "T" in v, "binary": lambda v: True}
DURATION = re.compile(r"^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$")


def has_all(*names):
    return lambda v: sum(n in v for n in names) <= 1


# Rules in the API's own language, read by hand: those that can meet our objects. Another one in the way is an error, never skipped.
RULES = {
    "duration(self) >= duration('1ms')": lambda v: bool(DURATION.match(v)) and not re.match(r"^[0.]+(h|m|s|ms)$", v),
    '!self.contains("*")': lambda v: "*" not in v,
    'self.all(key, !key.contains("*"))': lambda v: not any("*" in k for k in v),
    "self.all(key, key.size() != 0)": all,
    "self.size() == 0": lambda v: not v,
    "(has(self.selector) ? 1 : 0) + (has(self.targetRef) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1": has_all("selector", "targetRef", "targetRefs"),
    "(has(self.jwksUri) ? 1 : 0) + (has(self.jwks_uri) ? 1 : 0) + (has(self.jwks) ? 1 : 0) <= 1": has_all("jwksUri", "jwks_uri", "jwks"),
    'url(self).getScheme() in ["http", "https"]': lambda v: re.match(r"^https?://", v),
    "(has(self.tlsCertificates) ? 1 : 0) + (has(self.credentialNames) ? 1 : 0) <= 1": has_all("tlsCertificates", "credentialNames"),
    "(has(self.credentialName) ? 1 : 0) + (has(self.credentialNames) ? 1 : 0) <= 1": has_all("credentialName", "credentialNames"),
    "(has(self.credentialNames) ? 1 : 0) + (has(self.tlsCertificates) ? 1 : 0) <= 1": has_all("tlsCertificates", "credentialNames"),
}


def _rule(text):
    if "serviceAccounts" in text:
        return lambda v: not ({"serviceAccounts", "notServiceAccounts"} & set(v))
    if text not in RULES:
        raise AssertionError(f"a rule that these tests cannot read: {text}")
    return RULES[text]


def problems(schema, value, root, where="$", is_closed=True):
    """What is wrong with `value`: a list of sentences. is_closed: fields that no part of the schema names are wrong."""
    unknown = set(schema) - CHECKED - SAID
    if unknown:
        raise AssertionError(f"{where}: words of the schema that these tests cannot read: {sorted(unknown)}")
    if "$ref" in schema:
        return problems(root["definitions"][schema["$ref"].rpartition("/")[2]], value, root, where, is_closed)
    if value is None and schema.get("nullable"):
        return []
    out = []
    if schema.get("x-kubernetes-int-or-string"):
        return out if isinstance(value, (int, str)) and not isinstance(value, bool) else [f"{where}: neither number nor text"]
    kind = schema.get("type")
    if kind and (not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{where}: {json.dumps(value)[:60]} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        out.append(f"{where}: {value!r} is none of {schema['enum']}")
    if "format" in schema and not FORMATS[schema["format"]](value):
        out.append(f"{where}: {value!r} is no {schema['format']}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        out.append(f"{where}: {value!r} does not match {schema['pattern']}")
    for low, high, measured in (("minimum", "maximum", value), ("minLength", "maxLength", value), ("minItems", "maxItems", value), ("", "maxProperties", value)):
        size = measured if low == "minimum" else len(measured) if isinstance(measured, (str, list, dict)) else None
        if low in schema and size is not None and size < schema[low]:
            out.append(f"{where}: below {low} {schema[low]}")
        if high in schema and size is not None and size > schema[high]:
            out.append(f"{where}: above {high} {schema[high]}")
    for rule in schema.get("x-kubernetes-validations", []):
        if not _rule(rule["rule"])(value):
            out.append(f"{where}: {rule.get('message', rule['rule'])}")
    parts = {name: [problems(s, value, root, where, False) for s in schema.get(name, [])] for name in ("anyOf", "oneOf", "allOf")}
    if parts["anyOf"] and all(parts["anyOf"]):
        out.append(f"{where}: none of the alternatives fits: {parts['anyOf'][0][:1]}")
    if parts["oneOf"] and sum(not p for p in parts["oneOf"]) != 1:
        out.append(f"{where}: not exactly one of the alternatives fits")
    out += [p for found in parts["allOf"] for p in found]
    if "not" in schema and not problems(schema["not"], value, root, where, False):
        out.append(f"{where}: is what it must not be")
    if isinstance(value, dict):
        out += [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        is_loose = schema.get("x-kubernetes-preserve-unknown-fields") or not is_closed or not ({"properties", "patternProperties"} & set(schema))
        for name, part in value.items():
            named = schema.get("properties", {}).get(name)
            patterns = [s for p, s in schema.get("patternProperties", {}).items() if re.search(p, name)]
            more = schema.get("additionalProperties")
            if named is not None:
                out += problems(named, part, root, f"{where}.{name}", is_closed)
            elif patterns:
                out += [p for s in patterns for p in problems(s, part, root, f"{where}.{name}", is_closed)]
            elif isinstance(more, dict):
                out += problems(more, part, root, f"{where}.{name}", is_closed)
            elif more is False or (more is None and not is_loose):
                out.append(f"{where}: {name} is not known")
    if isinstance(value, list) and "items" in schema:
        out += [p for i, part in enumerate(value) for p in problems(schema["items"], part, root, f"{where}[{i}]", is_closed)]
    return out


def kong_schema():
    return json.loads(module_file(KONG))


def istio_schemas():
    """{(apiVersion, kind): schema}, and {plural: (apiVersion, kind)} of what the host makes."""
    text = module_file(ISTIO).decode()
    schemas, plurals = {}, {}
    for part in re.split(r"(?m)^---\s*$", text):
        found = re.search(r"(?m)^    kind: (\w+)$", part)
        if not found or found.group(1) not in ("Gateway", "VirtualService", "DestinationRule", "RequestAuthentication", "AuthorizationPolicy"):
            continue
        crd = yaml_text.load(part)
        for version in crd["spec"]["versions"]:
            key = (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"])
            schemas[key] = version["schema"]["openAPIV3Schema"]
            if version["name"] == "v1":
                plurals[crd["spec"]["names"]["plural"]] = key
    return schemas, plurals


DIGESTS = {
    ISTIO: "c65d3908ee5eefea7cb5f3baad2622455fd7b483e920ee428500b44da73f2601",
    KONG: "ac10e78c646817d69f617355691f3d8a9185b7b8e3e7cbd038becd6081ba7f6f",
}
