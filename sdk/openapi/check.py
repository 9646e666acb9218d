#!/usr/bin/env python3
"""Is every route below /v1/ and /.well-known/ described by its plugin's openapi.json, and every entry served? Part of every build; docs/design/openapi.md.

    check.py [FOLDER...]     plugins below these (default: plugins/ of this checkout)

Exit 1 with file:line: what. Not looked at: routes with WK_ANY or WK_HEAD_, paths that end in {rest*}."""
import importlib.util
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PREFIXES = ("/v1/", "/.well-known/")
METHODS = {"WK_GET": "get", "WK_POST": "post", "WK_PUT": "put", "WK_PATCH": "patch", "WK_DELETE": "delete"}
FRAGMENT = {"tags", "paths", "components"}
COMPONENTS = {"schemas", "responses", "parameters", "headers", "requestBodies", "examples"}
OPERATION = {"operationId", "summary", "description", "tags", "parameters", "requestBody", "responses", "deprecated"}
# The gateway adds them where they apply: plugins/api/openapi.c.
MADE = {"idempotency-key", "wakala-tenant", "authorization", "x-api-key"}
BOUNDS = {"string": ("maxLength", "enum", "const", "format"), "array": ("maxItems",)}
SUBSCHEMAS = ("properties", "patternProperties", "$defs", "dependentSchemas")
SUBLISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SUBONE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedProperties")


def c_source():
    """How C is read: the check of error codes has it, beside this one in the checkout and in an installed SDK."""
    spec = importlib.util.spec_from_file_location("wakala_c_source", os.path.join(os.path.dirname(HERE), "errors", "check.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


C = c_source()


def shared_part():
    for path in (os.path.join(HERE, "openapi.json"), os.path.join(ROOT, "plugins/api/assets/openapi.json")):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                return json.load(f)
    raise SystemExit(f"{HERE}: the shared part of the document is not there: assets/openapi.json of the plugin api")


class Twice(Exception):
    pass


def once(pairs):
    out = {}
    for name, value in pairs:
        if name in out:
            raise Twice(name)
        out[name] = value
    return out


class Route:
    def __init__(self, file, line, method, path, permission, flags):
        self.file, self.line, self.method, self.path, self.permission, self.flags = file, line, method, path, permission, flags


class Fragment:
    """One openapi.json, and where in it things stand."""

    def __init__(self, file, text):
        self.file, self.text, self.data = file, text, {}

    def line(self, *keys):
        at = 0
        for key in keys:
            match = re.compile(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:").search(self.text, at)
            at = match.start() if match else at
        return self.text.count("\n", 0, at) + 1


class Plugin:
    def __init__(self, name, folder):
        self.name, self.folder, self.routes, self.fragment = name, folder, [], None


class Check:
    def __init__(self, folders=None, root=ROOT):
        self.root, self.found, self.shared = root, [], shared_part()
        self.operations, self.components = {}, {}
        self.plugins = []
        for folder in folders or [os.path.join(root, "plugins")]:
            for path, _, files in sorted(os.walk(folder)):
                self.read(path, sorted(files))

    def say(self, file, line, what):
        self.found.append(f"{file}:{line}: {what}")

    def read(self, path, files):
        texts, name = {}, None
        for file in files:
            if file.endswith((".c", ".h")):
                full = os.path.join(path, file)
                with open(full, encoding="utf-8") as f:
                    texts[os.path.relpath(full, self.root)] = C.without_comments(f.read())
        for text in texts.values():
            match = re.search(r'\bWK_PLUGIN\s*\(\s*"([^"]+)"', text)
            name = match.group(1) if match else name
        if not name:
            return
        plugin = Plugin(name, path)
        for file, text in texts.items():
            plugin.routes += self.routes(file, text)
        if "openapi.json" in files:
            plugin.fragment = self.load(os.path.join(path, "openapi.json"))
        self.plugins.append(plugin)

    # the route tables

    def routes(self, file, text):
        for table in re.finditer(r"\bstruct\s+wk_route\s+\w+\s*\[[^\]]*\]\s*=\s*\{", text):
            for row in C.arguments(text, table.end() - 1):
                at = text.index(row, table.end() - 1) if row else 0
                if row.startswith("{") and not re.match(r"\{\s*(0?)\s*\}", row):
                    yield from self.route(file, text.count("\n", 0, at) + 1, C.arguments(row, 0))

    def route(self, file, line, cells):
        names, values = ("method", "path", "permission", "run", "flags"), {}
        for i, cell in enumerate(cells):
            match = re.match(r"\.(\w+)\s*=\s*(.*)$", cell, re.S)
            if match:
                values[match.group(1)] = match.group(2).strip()
            elif i < len(names):
                values[names[i]] = cell
        path = "".join(C.STRING.findall(values.get("path", "")))
        if not path:
            self.say(file, line, f"the path of a route is {values.get('path')}: write it out, so that it can be looked up")
        elif path.startswith(PREFIXES) and values["method"] in METHODS and not path.endswith("*}"):
            permission = values.get("permission", "")
            literal = re.search(r'"([^"]*)"', permission)
            yield Route(file, line, METHODS[values["method"]], path, literal.group(1) if literal else {"WK_PUBLIC": "-", "WK_AUTHENTICATED": "+"}.get(permission, permission),
                        values.get("flags", "0"))

    # the fragments

    def load(self, full):
        file = os.path.relpath(full, self.root)
        with open(full, encoding="utf-8") as f:
            fragment = Fragment(file, f.read())
        try:
            fragment.data = json.loads(fragment.text, object_pairs_hook=once)
        except json.JSONDecodeError as wrong:
            self.say(file, wrong.lineno, f"is no JSON: {wrong.msg}")
        except Twice as name:
            self.say(file, fragment.line(str(name)), f"{name} stands twice in one object")
        for key in sorted(set(fragment.data) - FRAGMENT):
            self.say(file, fragment.line(key), f"{key}: a fragment has {', '.join(sorted(FRAGMENT))}; the rest is made")
        return fragment

    def run(self):
        for plugin in self.plugins:
            fragment = plugin.fragment
            for route in plugin.routes:
                if not fragment or route.method not in fragment.data.get("paths", {}).get(route.path, {}):
                    where = fragment.file if fragment else os.path.relpath(os.path.join(plugin.folder, "openapi.json"), self.root)
                    self.say(route.file, route.line, f"{route.method.upper()} {route.path} has no entry in {where}")
            if fragment:
                self.fragment(plugin, fragment)
        return self.found

    def fragment(self, plugin, fragment):
        served = {(r.method, r.path) for r in plugin.routes}
        used = set()
        for path, item in fragment.data.get("paths", {}).items():
            for method, operation in item.items():
                where = (fragment.file, fragment.line("paths", path, method))
                what = f"{method.upper()} {path}"
                if (method, path) not in served:
                    near = [r.path for r in plugin.routes if r.method == method and re.sub(r"\{\w+\}", "{}", r.path) == re.sub(r"\{\w+\}", "{}", path)]
                    self.say(*where, f"{what} is no route of {plugin.name}" + (f": its parameters have other names there, {near[0]}" if near else ""))
                self.operation(fragment, where, what, method, path, operation)
        self.own_components(plugin, fragment)
        for pointer, keys in self.refs(fragment.data, ()):
            used.add(pointer)
            if self.target(fragment, pointer) is None:
                self.say(fragment.file, fragment.line(*keys), f"{pointer} leads nowhere: own components and {os.path.basename(self.shared_name())} are what may be referred to")
        for kind, named in fragment.data.get("components", {}).items():
            for name in named:
                if f"#/components/{kind}/{name}" not in used:
                    self.say(fragment.file, fragment.line("components", kind, name), f"#/components/{kind}/{name} is used by nothing")
        self.tags(fragment)

    @staticmethod
    def shared_name():
        return "plugins/api/assets/openapi.json"

    def tags(self, fragment):
        known = {tag.get("name") for plugin in self.plugins if plugin.fragment for tag in plugin.fragment.data.get("tags", [])}
        known |= {tag["name"] for tag in self.shared["tags"]}
        for tag in fragment.data.get("tags", []):
            if not tag.get("description"):
                self.say(fragment.file, fragment.line("tags"), f"tag {tag.get('name')}: says nothing (description)")
        for path, item in fragment.data.get("paths", {}).items():
            for method, operation in item.items():
                for tag in operation.get("tags", []) if isinstance(operation, dict) else []:
                    if tag not in known:
                        self.say(fragment.file, fragment.line("paths", path, method), f"tag {tag} is described by no fragment (tags: name, description)")

    def own_components(self, plugin, fragment):
        for kind, named in fragment.data.get("components", {}).items():
            if kind not in COMPONENTS:
                self.say(fragment.file, fragment.line("components", kind), f"components/{kind}: a fragment has {', '.join(sorted(COMPONENTS))}")
            for name, value in named.items():
                line = fragment.line("components", kind, name)
                other = self.components.setdefault((kind, name), plugin.name)
                if other != plugin.name or name in self.shared["components"].get(kind, {}):
                    self.say(fragment.file, line, f"components/{kind}/{name} is also {'the shared part' if other == plugin.name else other}'s: one name, one thing")
                if kind == "schemas":
                    self.schema(fragment, line, name, value)

    def refs(self, value, keys):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"], keys + ("$ref",)
            for name, inner in value.items():
                yield from self.refs(inner, keys + (name,))
        elif isinstance(value, list):
            for inner in value:
                yield from self.refs(inner, keys)

    def target(self, fragment, pointer):
        parts = pointer.split("/")
        if len(parts) != 4 or parts[:2] != ["#", "components"]:
            return None
        for source in (fragment.data, self.shared):
            found = source.get("components", {}).get(parts[2], {}).get(parts[3])
            if found is not None:
                return found
        return None

    def resolve(self, fragment, value):
        for _ in range(8):
            if not isinstance(value, dict) or "$ref" not in value:
                return value
            value = self.target(fragment, value["$ref"]) or {}
        return value

    # one operation

    def operation(self, fragment, where, what, method, path, operation):
        if method not in METHODS.values() or not isinstance(operation, dict):
            self.say(*where, f"{path}: {method}: an entry has {', '.join(METHODS.values())}")
            return
        for key in sorted(set(operation) - OPERATION):
            if key in ("security", "x-permission") or not key.startswith("x-"):
                self.say(*where, f"{what}: {key}: " + ("follows from the route" if key in ("security", "x-permission") else f"unknown; there are {', '.join(sorted(OPERATION))}"))
        name = operation.get("operationId", "")
        if not re.fullmatch(r"[a-z][A-Za-z0-9]*", name):
            self.say(*where, f"{what}: operationId {name!r}: camelCase, for example listOrders")
        elif name in self.operations:
            self.say(*where, f"{what}: operationId {name} is also {self.operations[name]}'s")
        self.operations.setdefault(name, what)
        if not 0 < len(operation.get("summary", "")) <= 80:
            self.say(*where, f"{what}: summary: one line of at most 80 characters")
        if not operation.get("tags"):
            self.say(*where, f"{what}: tags: at least one")
        self.parameters(fragment, where, what, path, operation)
        self.body(fragment, where, what, method, operation)
        self.responses(fragment, where, what, operation)

    def parameters(self, fragment, where, what, path, operation):
        wanted, have = set(re.findall(r"\{(\w+)\}", path)), set()
        for parameter in operation.get("parameters", []):
            p = self.resolve(fragment, parameter)
            name = p.get("name", "?")
            if p.get("in") == "path":
                have.add(name)
                if p.get("required") is not True:
                    self.say(*where, f"{what}: parameter {name}: of the path, so required: true")
            elif p.get("in") not in ("query", "header"):
                self.say(*where, f"{what}: parameter {name}: in: path, query or header")
            if name.lower() in MADE:
                self.say(*where, f"{what}: parameter {name}: is added where it applies")
            if "schema" not in p:
                self.say(*where, f"{what}: parameter {name}: has no schema")
            else:
                self.schema(fragment, where[1], f"{what}: parameter {name}", p["schema"], True, set())
        for name in sorted(wanted ^ have):
            self.say(*where, f"{what}: {{{name}}} is {'not described (parameters)' if name in wanted else 'not in the path'}")

    def body(self, fragment, where, what, method, operation):
        if "requestBody" not in operation:
            return
        body = self.resolve(fragment, operation["requestBody"])
        if method in ("get", "delete"):
            self.say(*where, f"{what}: requestBody: {method} takes none")
        if not isinstance(body.get("required"), bool):
            self.say(*where, f"{what}: requestBody: required: true or false")
        if not body.get("content"):
            self.say(*where, f"{what}: requestBody: has no content")
        for kind, media in body.get("content", {}).items():
            if "schema" not in media:
                self.say(*where, f"{what}: requestBody: {kind} has no schema")
            elif kind == "application/json":
                self.schema(fragment, where[1], f"{what}: requestBody", media["schema"], True, set())

    def responses(self, fragment, where, what, operation):
        responses = operation.get("responses", {})
        if not any(status.startswith(("2", "3")) for status in responses):
            self.say(*where, f"{what}: responses: none of 2xx or 3xx")
        for status, response in responses.items():
            if not re.fullmatch(r"[2-5]\d\d", status):
                self.say(*where, f"{what}: responses: {status}: each status by its number")
                continue
            r = self.resolve(fragment, response)
            content = r.get("content", {})
            if not r.get("description"):
                self.say(*where, f"{what}: {status}: has no description")
            if status >= "400" and set(content) != {"application/problem+json"}:
                self.say(*where, f"{what}: {status}: errors are application/problem+json: {{\"$ref\": \"#/components/responses/{status}\"}}")
            if status.startswith("2") and status not in ("204", "205") and not content:
                self.say(*where, f"{what}: {status}: has no content")
            if status in ("204", "205", "304") and content:
                self.say(*where, f"{what}: {status}: has no body, so no content")
            for kind, media in content.items():
                if "schema" not in media:
                    self.say(*where, f"{what}: {status}: {kind} has no schema")
                elif "$ref" not in response:
                    self.schema(fragment, where[1], f"{what}: {status}", media["schema"])

    # schemas

    def schema(self, fragment, line, what, schema, is_input=False, seen=None, is_closed=False):
        """Closed, described, and bounded where it comes from outside (references are followed there; elsewhere components are looked at by themselves)."""
        if isinstance(schema, bool):
            return
        if "$ref" in schema:
            if is_input and schema["$ref"] not in seen:
                seen.add(schema["$ref"])
                inner = self.target(fragment, schema["$ref"])
                if inner and schema["$ref"].split("/")[-1] in fragment.data.get("components", {}).get("schemas", {}):
                    self.schema(fragment, line, f"{what} ({schema['$ref'].split('/')[-1]})", inner, True, seen, True)
            return
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        members = {"properties", "patternProperties"} & set(schema)
        if not kinds and not members and not {"enum", "const", "not", *SUBLISTS} & set(schema) and "x-why" not in schema:
            self.say(fragment.file, line, f"{what}: anything fits: give it a type, or say why in x-why")
        if ("object" in kinds or members) and not is_closed:
            self.closed(fragment, line, what, schema)
        if is_input:
            for kind in kinds:
                if kind in BOUNDS and not set(BOUNDS[kind]) & set(schema):
                    self.say(fragment.file, line, f"{what}: {'text' if kind == 'string' else 'a list'} from outside without a limit ({', '.join(BOUNDS[kind])})")
        around = "unevaluatedProperties" in schema or (is_closed and "additionalProperties" not in schema)
        for key in SUBSCHEMAS:
            for name, inner in schema.get(key, {}).items():
                self.schema(fragment, line, f"{what}.{name}", inner, is_input, seen)
        for key in SUBLISTS:
            for inner in schema.get(key, []):
                self.schema(fragment, line, f"{what} ({key})", inner, is_input, seen, around)
        for key in SUBONE:
            if isinstance(schema.get(key), dict):
                self.schema(fragment, line, f"{what}[]" if key == "items" else f"{what} ({key})", schema[key], is_input, seen, key not in ("items", "additionalProperties"))

    def closed(self, fragment, line, what, schema):
        rest = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        if rest is False or isinstance(rest, dict) and rest:
            return
        if "x-why" not in schema:
            self.say(fragment.file, line, f"{what}: an open object: additionalProperties: false (or unevaluatedProperties: false, or the schema of a map's values, or x-why)")


if __name__ == "__main__":
    complaints = Check([os.path.abspath(folder) for folder in sys.argv[1:]] or None, ROOT if len(sys.argv) == 1 else os.getcwd()).run()
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)
