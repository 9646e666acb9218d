"""The check of OpenAPI fragments: what is good passes, each slip is found with its file and line; the fragments of the checkout pass."""
import copy
import json
import os
import re
import shutil
import tempfile
import unittest

from harness.stack import ROOT

from . import api

SOURCE = """
#include <wakala/plugin.h>
static const struct wk_route routes[] = {
    {WK_GET, "/v1/jars", WK_PERM("jars.read"), list_jars, WK_ROUTE_CACHE, 0, 0}, /* {WK_GET, "/v1/commented", "-", x} */
    {WK_POST, "/v1/jars", "jars.write", make_jar, 0, 0, 0},
    {.method = WK_GET, .path = "/v1/jars/{id}", .permission = WK_AUTHENTICATED, .run = show_jar},
    {WK_GET, "/.well-known/jars.json", WK_PUBLIC, keys, 0, 0, 0},
    {WK_ANY, "/v1/any", WK_PUBLIC, any, 0, 0, 0},
    {WK_GET, "/v1/files/{rest*}", WK_PUBLIC, any, 0, 0, 0},
    {WK_POST, "/webhooks/jars", WK_PUBLIC, hook, 0, 0, 0},
    {0},
};
WK_PLUGIN("jars", "1.0.0", .routes = routes);
"""
ID = {"name": "id", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/Id"}}
JAR = {"description": "the jar", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Jar"}}}}
GOOD = {
    "tags": [{"name": "jars", "description": "What keeps."}],
    "paths": {
        "/v1/jars": {
            "get": {"operationId": "listJars", "summary": "The jars", "tags": ["jars"], "parameters": [{"$ref": "#/components/parameters/Limit"}],
                    "responses": {"200": {"description": "a page", "content": {"application/json": {"schema": {
                        "type": "object", "additionalProperties": False, "required": ["items", "next"], "properties": {
                            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Jar"}}, "next": {"$ref": "#/components/schemas/Next"}}}}}}}},
            "post": {"operationId": "makeJar", "summary": "A new jar", "tags": ["jars"],
                     "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewJar"}}}},
                     "responses": {"201": JAR, "409": {"$ref": "#/components/responses/409"}}},
        },
        "/v1/jars/{id}": {"get": {"operationId": "showJar", "summary": "One jar", "tags": ["jars"], "parameters": [ID],
                                  "responses": {"200": JAR, "404": {"$ref": "#/components/responses/404"}}}},
        "/.well-known/jars.json": {"get": {"operationId": "jarKeys", "summary": "Keys", "tags": ["jars"], "responses": {"204": {"description": "none"}}}},
    },
    "components": {"schemas": {
        "NewJar": {"type": "object", "additionalProperties": False, "required": ["label"], "properties": {
            "label": {"type": "string", "maxLength": 40}, "of": {"type": "array", "maxItems": 3, "items": {"type": "string", "enum": ["jam", "honey"]}},
            "notes": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 10}}}},
        "Jar": {"unevaluatedProperties": False, "allOf": [{"type": "object", "properties": {"id": {"$ref": "#/components/schemas/Id"}}},
                                                         {"type": "object", "properties": {"label": {"type": "string"}}}]},
    }},
}
GET, POST, ONE = ("paths", "/v1/jars", "get"), ("paths", "/v1/jars", "post"), ("paths", "/v1/jars/{id}", "get")
NEW = ("components", "schemas", "NewJar")
GONE = object()
# What somebody may forget: where, what stands there then, what is said.
SLIPS = {
    "a route without an entry": (POST, GONE, r"jars\.c:5: POST /v1/jars has no entry in jars/openapi\.json"),
    "a route by names, without": (("paths", "/v1/jars/{id}"), GONE, r"jars\.c:6: GET /v1/jars/\{id\} has no entry"),
    "an entry without a route": (("paths", "/v1/jars", "put"), GOOD["paths"]["/v1/jars"]["post"], "openapi.json:%d: PUT /v1/jars is no route of jars"),
    "another parameter": (("paths", "/v1/jars/{jar}"), {"get": GOOD["paths"]["/v1/jars/{id}"]["get"]}, r"other names there, /v1/jars/\{id\}"),
    "a parameter not described": (ONE + ("parameters",), [], r"\{id\} is not described"),
    "one that is not in the path": (GET + ("parameters",), [ID], r"\{id\} is not in the path"),
    "one that is optional": (ONE + ("parameters",), [dict(ID, required=False)], "required: true"),
    "one that is made": (GET + ("parameters",), [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 1}}], "is added where it applies"),
    "one without a limit": (GET + ("parameters",), [{"name": "q", "in": "query", "schema": {"type": "string"}}], "text from outside without a limit"),
    "one in a cookie": (GET + ("parameters",), [{"name": "q", "in": "cookie", "schema": {"type": "integer"}}], "in: path, query or header"),
    "the same id twice": (GET + ("operationId",), "makeJar", "operationId makeJar is also"),
    "no id": (GET + ("operationId",), "List jars", "camelCase"),
    "no summary": (GET + ("summary",), GONE, "summary: one line"),
    "no tags": (GET + ("tags",), [], "tags: at least one"),
    "a tag of nobody": (GET + ("tags",), ["tins"], "tag tins is described by no fragment"),
    "security by hand": (GET + ("security",), [], "security: follows from the route"),
    "an unknown word": (GET + ("respones",), {}, "respones: unknown"),
    "only errors": (POST + ("responses",), {"409": {"$ref": "#/components/responses/409"}}, "none of 2xx or 3xx"),
    "default": (POST + ("responses", "default"), JAR, "each status by its number"),
    "an error as JSON": (POST + ("responses", "409"), JAR, "errors are application/problem"),
    "an answer of nothing": (POST + ("responses", "201"), {"description": "made"}, "201: has no content"),
    "an answer in words only": (POST + ("responses", "201"), {"description": "made", "content": {"application/json": {}}}, "has no schema"),
    "204 with a body": (POST + ("responses", "204"), JAR, "204: has no body"),
    "no description": (POST + ("responses", "201", "description"), "", "201: has no description"),
    "a body with GET": (GET + ("requestBody",), GOOD["paths"]["/v1/jars"]["post"]["requestBody"], "requestBody: get takes none"),
    "a body that may be there": (POST + ("requestBody", "required"), GONE, "required: true or false"),
    "open": (NEW + ("additionalProperties",), GONE, "NewJar: an open object"),
    "open by true": (NEW + ("additionalProperties",), True, "NewJar: an open object"),
    "open inside": (NEW + ("properties", "more"), {"type": "object"}, r"NewJar\.more: an open object"),
    "open in an answer": (POST + ("responses", "201", "content", "application/json", "schema"), {"type": "object", "properties": {}}, "201: an open object"),
    "a part of allOf that is alone": (("components", "schemas", "Jar", "unevaluatedProperties"), GONE, r"Jar \(allOf\): an open object"),
    "anything": (NEW + ("properties", "more"), {}, "anything fits"),
    "text without end": (NEW + ("properties", "label"), {"type": "string"}, r"\.label: text from outside without a limit"),
    "a list without end": (NEW + ("properties", "of", "maxItems"), GONE, "a list from outside without a limit"),
    "a reference into nothing": (NEW + ("properties", "more"), {"$ref": "#/components/schemas/Jug"}, "#/components/schemas/Jug leads nowhere"),
    "a reference outside": (NEW + ("properties", "more"), {"$ref": "other.json#/Jug"}, "leads nowhere"),
    "a name of the shared part": (("components", "schemas", "Money"), {"type": "integer"}, "Money is also the shared part's"),
    "used by nobody": (("components", "schemas", "Lid"), {"type": "integer"}, "schemas/Lid is used by nothing"),
    "a third kind of part": (("info",), {}, "info: a fragment has"),
}


def changed(document, keys, value):
    document = copy.deepcopy(document)
    at = document
    for key in keys[:-1]:
        at = at.setdefault(key, {})
    if value is GONE:
        at.pop(keys[-1])
    else:
        at[keys[-1]] = copy.deepcopy(value)
    return document


class Build(unittest.TestCase):
    def setUp(self):
        self.check = api.checker().Check
        self.dir = tempfile.mkdtemp(prefix="wakala-openapi-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.write("jars/jars.c", SOURCE)

    def write(self, name, text):
        os.makedirs(os.path.dirname(f"{self.dir}/{name}"), exist_ok=True)
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
            f.write(text if isinstance(text, str) else json.dumps(text, indent=1))

    def found(self):
        return self.check([self.dir], self.dir).run()

    def test_what_is_good_passes(self):
        self.write("jars/openapi.json", GOOD)
        self.assertEqual(self.found(), [])

    def test_each_slip_is_found(self):
        for name, (keys, value, wanted) in SLIPS.items():
            with self.subTest(name):
                self.write("jars/openapi.json", changed(GOOD, keys, value))
                found = self.found()
                wanted = wanted.replace("%d", r"\d+")
                self.assertTrue(any(re.search(wanted, line) for line in found), found)
                self.assertTrue(all(re.match(r"jars/(jars\.c|openapi\.json):\d+: ", line) for line in found), found)

    def test_the_line_is_where_it_stands(self):
        text = json.dumps(changed(GOOD, ONE + ("summary",), ""), indent=1)
        self.write("jars/openapi.json", text)
        lines = text.splitlines()
        at = next(i for i, line in enumerate(lines) if '"/v1/jars/{id}"' in line)
        line = next(i for i in range(at, len(lines)) if '"get"' in lines[i]) + 1
        self.assertEqual([f.split(": ")[0] for f in self.found()], [f"jars/openapi.json:{line}"])

    def test_no_fragment_at_all(self):
        self.assertEqual(len(self.found()), 4)

    def test_what_is_no_json_and_what_stands_twice(self):
        self.write("jars/openapi.json", '{"paths": {\n"/v1/jars": }')
        self.assertRegex(self.found()[0], r"jars/openapi\.json:2: is no JSON")
        self.write("jars/openapi.json", '{"tags": [],\n"tags": []}')
        self.assertRegex(self.found()[0], r"tags stands twice")

    def test_a_path_that_cannot_be_read_is_refused(self):
        self.write("jars/openapi.json", GOOD)
        self.write("jars/more.c", "static const struct wk_route more[] = {{WK_GET, JAR_PATH, WK_PUBLIC, x, 0, 0, 0}, {0}};")
        self.assertRegex(self.found()[0], r"more\.c:1: the path of a route is JAR_PATH: write it out")

    def test_two_plugins_do_not_share_names(self):
        self.write("jars/openapi.json", GOOD)
        self.write("tins/tins.c", SOURCE.replace('"jars"', '"tins"').replace("/v1/jars", "/v1/tins").replace("/jars.json", "/tins.json"))
        other = json.loads(json.dumps(GOOD).replace("/v1/jars", "/v1/tins").replace("/jars.json", "/tins.json"))
        self.write("tins/openapi.json", other)
        found = self.found()
        self.assertTrue(any("components/schemas/Jar is also jars's" in line for line in found), found)
        self.assertTrue(any("operationId listJars is also GET /v1/jars's" in line for line in found), found)

    def test_the_checkout_is_clean(self):
        check = self.check()
        self.assertEqual(check.run(), [])

    def test_it_runs_in_every_build_and_ships(self):
        with open(f"{ROOT}/CMakeLists.txt", encoding="utf-8") as f:
            self.assertRegex(f.read(), r"(?s)sdk/openapi/check\.py.*add_custom_target\(openapi_entries ALL")
        with open(f"{ROOT}/sdk/cmake/install.cmake", encoding="utf-8") as f:
            self.assertIn("install(PROGRAMS sdk/openapi/check.py", f.read())


class Page(unittest.TestCase):
    def test_the_page_is_what_the_code_says(self):
        with open(f"{ROOT}/docs/api.md", encoding="utf-8") as f:
            self.assertTrue(f.read() == api.page(), f"docs/api.md is old; make it again:\n    {api.REGENERATE}")


if __name__ == "__main__":
    unittest.main()
