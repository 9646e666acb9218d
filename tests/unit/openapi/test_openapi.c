/* The OpenAPI document: what a route implies stands in it, fragments are merged, what contradicts is refused. Files are real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "openapi.h"
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define OF(name, which) {.plugin = name, .route = which}

static char share[64];
static const struct wk_route_info *table;
static size_t table_len;

static bool fake_share_path(const char *plugin, const char *rest, char *out, size_t size)
{
    return (size_t)snprintf(out, size, "%s/%s/%s", share, plugin, rest) < size;
}
static bool fake_route_at(size_t i, struct wk_route_info *out)
{
    if (i >= table_len)
        return false;
    *out = table[i];
    return true;
}
static const struct wk_host host = {.size = sizeof host, .share_path = fake_share_path, .http_route_at = fake_route_at};
const struct wk_host *wk_host = &host;
void (*wk_fail_ear)(const char *code);

static void put(const char *plugin, const char *rest, const char *text)
{
    char path[256];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", share, plugin);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/assets", share, plugin);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/%s", share, plugin, rest);
    f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* The real shared part, and two plugins. */
static int setup(void **state)
{
    json_t *shared = json_load_file(TEST_SOURCE_DIR "/plugins/api/assets/openapi.json", JSON_REJECT_DUPLICATES, NULL);
    char *text = json_dumps(shared, 0);

    (void)state;
    strcpy(share, "/tmp/wakala-openapi-XXXXXX");
    assert_non_null(mkdtemp(share));
    assert_non_null(text);
    put("api", "assets/openapi.json", text);
    free(text);
    json_decref(shared);
    put("jars", "openapi.json",
        "{\"tags\":[{\"name\":\"jars\",\"description\":\"d\"}],\"paths\":{"
        "\"/v1/jars\":{\"get\":{\"operationId\":\"listJars\","
        "\"responses\":{\"200\":{\"description\":\"d\"},\"404\":{\"description\":\"own words\"}}},"
        "\"post\":{\"operationId\":\"makeJar\",\"requestBody\":{\"required\":true},\"responses\":{\"201\":{\"description\":\"d\"}}}},"
        "\"/v1/jars/{id}\":{\"delete\":{\"operationId\":\"dropJar\",\"responses\":{\"204\":{\"description\":\"d\"}}}},"
        "\"/v1/sign-in\":{\"post\":{\"operationId\":\"signIn\",\"requestBody\":{\"required\":true},\"responses\":{\"200\":{\"description\":\"d\"}}}},"
        "\"/v1/open/{id}\":{\"get\":{\"operationId\":\"openJar\",\"responses\":{\"200\":{\"description\":\"d\"}}}},"
        "\"/v1/of/{tenant}\":{\"get\":{\"operationId\":\"ofTenant\","
        "\"parameters\":[{\"$ref\":\"#/components/parameters/If-None-Match\"}],\"responses\":{\"200\":{\"description\":\"d\"}}}}},"
        "\"components\":{\"schemas\":{\"Jar\":{\"type\":\"string\"}}}}");
    return 0;
}
static int teardown(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", share);
    return system(command);
}

static const struct wk_route list = {.method = WK_GET, .path = "/v1/jars", .permission = "jars.read", .flags = WK_ROUTE_CACHE},
                             make = {.method = WK_POST, .path = "/v1/jars", .permission = "jars.write"},
                             drop = {.method = WK_DELETE, .path = "/v1/jars/{id}", .permission = WK_AUTHENTICATED},
                             sign_in = {.method = WK_POST, .path = "/v1/sign-in", .permission = WK_PUBLIC},
                             shown = {.method = WK_GET, .path = "/v1/open/{id}", .permission = WK_PUBLIC},
                             of = {.method = WK_GET, .path = "/v1/of/{tenant}", .permission = "jars.read", .flags = WK_ROUTE_CACHE},
                             hidden = {.method = WK_POST, .path = "/webhooks/jars", .permission = WK_PUBLIC},
                             files = {.method = WK_GET, .path = "/v1/files/{rest*}", .permission = WK_PUBLIC},
                             any = {.method = WK_ANY, .path = "/v1/any", .permission = WK_PUBLIC},
                             unlisted = {.method = WK_GET, .path = "/v1/unlisted", .permission = WK_PUBLIC};
static const struct wk_route_info jars[] = {OF("jars", &list), OF("jars", &make), OF("jars", &drop), OF("jars", &shown), OF("jars", &of),
                                            OF("jars", &hidden),
                                            OF("jars", &files), OF("jars", &any), OF("jars", &sign_in)};

static json_t *made(const struct wk_route_info *routes, size_t n, struct openapi *out)
{
    struct wk_err err = {0};
    json_t *doc;

    table = routes;
    table_len = n;
    assert_true(openapi_make("3.2.1", out, &err));
    doc = json_loads(out->text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    return doc;
}

/* "200 304 404": the keys of an object, in order of the document, which is sorted. */
static const char *keys(const json_t *object)
{
    static char text[512];
    const char *key;
    json_t *value;

    text[0] = '\0';
    json_object_foreach((json_t *)object, key, value)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text ? " " : "", key);
    return text;
}
static const char *parameters(const json_t *operation)
{
    static char text[512];
    size_t i;
    json_t *one;

    text[0] = '\0';
    json_array_foreach(json_object_get(operation, "parameters"), i, one)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
                       strrchr(json_string_value(json_object_get(one, "$ref")), '/') + 1);
    return text;
}
static const json_t *operation(const json_t *doc, const char *path, const char *method)
{
    const json_t *found = json_object_get(json_object_get(json_object_get(doc, "paths"), path), method);

    assert_non_null(found);
    return found;
}
static const char *dumped(const json_t *value)
{
    static char text[512];
    char *all = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    (void)snprintf(text, sizeof text, "%s", all ? all : "");
    free(all);
    return text;
}

static void what_a_route_implies_stands_beside_what_its_fragment_says(void **state)
{
    static const struct {
        const char *path, *method, *statuses, *parameters, *security, *permission;
    } wanted[] = {
        {"/v1/jars", "get", "200 304 400 401 403 404 429 500 503", "If-None-Match Wakala-Tenant",
         "[{\"bearer\":[\"jars.read\"]},{\"apiKey\":[\"jars.read\"]}]", "jars.read"},
        {"/v1/jars", "post", "201 400 401 403 404 409 413 415 422 429 500 503", "Idempotency-Key Wakala-Tenant",
         "[{\"bearer\":[\"jars.write\"]},{\"apiKey\":[\"jars.write\"]}]", "jars.write"},
        {"/v1/jars/{id}", "delete", "204 400 401 403 404 409 422 429 500 503", "Idempotency-Key Wakala-Tenant",
         "[{\"bearer\":[]},{\"apiKey\":[]}]", NULL},
        {"/v1/sign-in", "post", "200 400 401 413 415 422 429 500 503", "", "[]", NULL},
        {"/v1/open/{id}", "get", "200 400 401 404 429 500 503", "", "[]", NULL},
        {"/v1/of/{tenant}", "get", "200 304 400 401 403 404 429 500 503", "If-None-Match",
         "[{\"bearer\":[\"jars.read\"]},{\"apiKey\":[\"jars.read\"]}]", "jars.read"},
    };
    struct openapi out;
    json_t *doc = made(jars, WK_COUNT(jars), &out);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(json_object_get(doc, "info"), "version")), "3.2.1");
    assert_string_equal(keys(json_object_get(doc, "paths")), "/v1/jars /v1/jars/{id} /v1/of/{tenant} /v1/open/{id} /v1/sign-in");
    for (size_t i = 0; i < WK_COUNT(wanted); i++) {
        const json_t *op = operation(doc, wanted[i].path, wanted[i].method);

        assert_string_equal(keys(json_object_get(op, "responses")), wanted[i].statuses);
        assert_string_equal(parameters(op), wanted[i].parameters);
        assert_string_equal(dumped(json_object_get(op, "security")), wanted[i].security);
        assert_true(!wanted[i].permission == !json_object_get(op, "x-permission"));
        if (wanted[i].permission)
            assert_string_equal(json_string_value(json_object_get(op, "x-permission")), wanted[i].permission);
    }
    assert_int_equal(out.missing_count, 0);
    json_decref(doc);
    openapi_drop(&out);
}

static void own_words_stay_and_answers_carry_what_the_gateway_sets(void **state)
{
    struct openapi out;
    json_t *doc = made(jars, WK_COUNT(jars), &out);
    const json_t *answers = json_object_get(operation(doc, "/v1/jars", "get"), "responses");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(json_object_get(answers, "404"), "description")), "own words");
    assert_string_equal(dumped(json_object_get(answers, "403")), "{\"$ref\":\"#/components/responses/403\"}");
    assert_string_equal(keys(json_object_get(json_object_get(answers, "200"), "headers")), "ETag RateLimit RateLimit-Policy");
    answers = json_object_get(operation(doc, "/v1/jars", "post"), "responses");
    assert_string_equal(keys(json_object_get(json_object_get(answers, "201"), "headers")), "Idempotency-Replayed RateLimit RateLimit-Policy");
    assert_non_null(json_object_get(json_object_get(json_object_get(doc, "components"), "schemas"), "Jar"));
    assert_non_null(json_object_get(json_object_get(json_object_get(doc, "components"), "schemas"), "Problem"));
    json_decref(doc);
    openapi_drop(&out);
}

static void every_reference_leads_somewhere(void **state)
{
    struct openapi out;
    json_t *doc = made(jars, WK_COUNT(jars), &out);
    size_t seen = 0;

    (void)state;
    for (const char *p = out.text; (p = strstr(p, "\"$ref\":\"#/components/")); seen++) {
        char kind[32], name[64];

        p += strlen("\"$ref\":\"#/components/");
        assert_int_equal(sscanf(p, "%31[^/]/%63[^\"]", kind, name), 2);
        if (!json_object_get(json_object_get(json_object_get(doc, "components"), kind), name))
            fail_msg("#/components/%s/%s leads nowhere", kind, name);
    }
    assert_true(seen > 40);
    json_decref(doc);
    openapi_drop(&out);
}

static void the_same_routes_give_the_same_document_in_any_order(void **state)
{
    const struct wk_route_info backwards[] = {OF("jars", &sign_in), OF("jars", &of), OF("jars", &shown), OF("jars", &drop), OF("jars", &make),
                                              OF("jars", &list)};
    struct openapi a, b, c;
    struct wk_err err;

    (void)state;
    json_decref(made(jars, WK_COUNT(jars), &a));
    json_decref(made(backwards, WK_COUNT(backwards), &b));
    assert_string_equal(a.text, b.text);
    assert_string_equal(a.etag, b.etag);
    assert_int_equal(strlen(a.etag), 34);
    assert_true(openapi_make("3.2.2", &c, &err));
    assert_string_not_equal(a.etag, c.etag);
    openapi_drop(&a);
    openapi_drop(&b);
    openapi_drop(&c);
}

static void a_route_that_nobody_describes_is_left_out_and_named(void **state)
{
    const struct wk_route_info routes[] = {OF("jars", &list), OF("jars", &unlisted), OF("tins", &unlisted)};
    struct openapi out;
    json_t *doc = made(routes, WK_COUNT(routes), &out);

    (void)state;
    assert_string_equal(keys(json_object_get(doc, "paths")), "/v1/jars");
    assert_int_equal(out.missing_count, 2);
    assert_string_equal(out.missing, "jars: get /v1/unlisted");
    json_decref(doc);
    openapi_drop(&out);
}

static void refused(const char *part)
{
    const struct wk_route_info routes[] = {OF("jars", &list), OF("tins", &unlisted)};
    struct openapi out;
    struct wk_err err = {0};

    table = routes;
    table_len = WK_COUNT(routes);
    assert_false(openapi_make("1", &out, &err));
    assert_string_equal(err.code, "api.openapi");
    if (!strstr(err.msg, part))
        fail_msg("'%s' is not in: %s", part, err.msg);
    assert_null(out.text);
}
static void what_contradicts_or_cannot_be_read_is_refused(void **state)
{
    (void)state;
    put("tins", "openapi.json", "{\"components\":{\"schemas\":{\"Jar\":{}}}}");
    refused("openapi.json of tins: components/schemas/Jar is another's already");
    put("tins", "openapi.json", "{\"components\":{\"responses\":{\"404\":{}}}}");
    refused("openapi.json of tins: components/responses/404");
    put("tins", "openapi.json", "{\"paths\": {\n\"/v1/unlisted\": }}");
    refused("/tins/openapi.json:2: ");
    put("tins", "openapi.json", "{\"paths\":{},\"paths\":{}}");
    refused("duplicate");
    put("tins", "openapi.json", "{}");
    put("api", "assets/openapi.json", "{\"info\":{}}");
    refused("info, tags, paths and components must be there");
    put("api", "assets/openapi.json", "[");
    refused("/api/assets/openapi.json:1: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_route_implies_stands_beside_what_its_fragment_says, setup, teardown),
        cmocka_unit_test_setup_teardown(own_words_stay_and_answers_carry_what_the_gateway_sets, setup, teardown),
        cmocka_unit_test_setup_teardown(every_reference_leads_somewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_routes_give_the_same_document_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_route_that_nobody_describes_is_left_out_and_named, setup, teardown),
        cmocka_unit_test_setup_teardown(what_contradicts_or_cannot_be_read_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
