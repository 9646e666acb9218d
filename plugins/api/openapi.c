#include "openapi.h"
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <wakala/plugin.h>

enum { FLAGS = JSON_REJECT_DUPLICATES, PATH_MAX_LEN = 1024 };
static const char *const methods[] = {[WK_GET] = "get", [WK_POST] = "post", [WK_PUT] = "put", [WK_PATCH] = "patch", [WK_DELETE] = "delete"};

/* What is being put together. */
struct draft {
    json_t *doc;       /* begins as the shared part */
    json_t *fragments; /* by plugin; null: it has none */
    struct openapi *out;
};

/* --- what a route implies --- */

static json_t *reference(const char *kind, const char *name) { return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name)); }

static bool answers(json_t *operation, const char *status)
{
    json_t *all = json_object_get(operation, "responses");

    return json_object_get(all, status) || !json_object_set_new(all, status, reference("responses", status));
}

static bool takes(json_t *operation, const char *parameter)
{
    json_t *all = json_object_get(operation, "parameters"), *made = reference("parameters", parameter), *one;
    size_t i;

    if (!all && json_object_set_new(operation, "parameters", all = json_array()))
        all = NULL;
    json_array_foreach(all, i, one)
        if (json_equal(one, made)) { /* the fragment has it */
            json_decref(made);
            return true;
        }
    return !json_array_append_new(all, made);
}

/* Headers of the answers that are written out in the fragment: what the gateway sets on them. */
static bool carries(json_t *operation, const char *header, bool is_for_all)
{
    const char *status;
    json_t *answer;

    json_object_foreach(json_object_get(operation, "responses"), status, answer) {
        json_t *headers = json_object_get(answer, "headers");

        if (json_object_get(answer, "$ref") || (is_for_all ? *status != '2' : strcmp(status, "200") != 0) || json_object_get(headers, header))
            continue;
        if (!headers && json_object_set_new(answer, "headers", headers = json_object()))
            return false;
        if (json_object_set_new(headers, header, reference("headers", header)))
            return false;
    }
    return true;
}

static bool secure(json_t *operation, const char *permission)
{
    json_t *ways = json_array();
    bool has_name = strcmp(permission, WK_PUBLIC) != 0 && strcmp(permission, WK_AUTHENTICATED) != 0;

    for (int i = 0; i < 2 && strcmp(permission, WK_PUBLIC) != 0; i++) {
        json_t *names = has_name ? json_pack("[s]", permission) : json_array();

        if (json_array_append_new(ways, json_pack("{s:o}", i ? "apiKey" : "bearer", names)))
            return json_decref(ways), false;
    }
    return !json_object_set_new(operation, "security", ways) &&
           (!has_name || !json_object_set_new(operation, "x-permission", json_string(permission)));
}

/* The table of docs/design/openapi.md: what the host and the gateway answer, take and set, by the kind of route. */
static bool openapi_rules(json_t *operation, const struct wk_route *route)
{
    bool needs_somebody = strcmp(route->permission, WK_PUBLIC) != 0, has_parameter = strchr(route->path, '{') != NULL,
         has_body = json_object_get(operation, "requestBody") != NULL, is_once = route->method != WK_GET && needs_somebody,
         is_kept = route->method == WK_GET && route->flags & WK_ROUTE_CACHE;
    const struct {
        const char *status;
        bool is_there;
    } rules[] = {{"304", is_kept}, {"400", true}, {"401", true}, {"403", needs_somebody}, {"404", needs_somebody || has_parameter}, {"409", is_once},
                 {"413", has_body}, {"415", has_body}, {"422", has_body || is_once}, {"429", true}, {"500", true}, {"503", true}};

    for (size_t i = 0; i < WK_COUNT(rules); i++)
        if (rules[i].is_there && !answers(operation, rules[i].status))
            return false;
    if ((is_once && (!takes(operation, "Idempotency-Key") || !carries(operation, "Idempotency-Replayed", true))) ||
        (is_kept && (!takes(operation, "If-None-Match") || !carries(operation, "ETag", false))) ||
        (needs_somebody && !strstr(route->path, "{tenant}") && !takes(operation, "Wakala-Tenant")))
        return false;
    return carries(operation, "RateLimit", true) && carries(operation, "RateLimit-Policy", true) && secure(operation, route->permission);
}

/* --- files --- */

/* A new reference; NULL: not there (err untouched) or not readable as JSON (err filled). */
static json_t *load(const char *plugin, const char *rest, struct wk_err *err)
{
    char path[PATH_MAX_LEN];
    json_error_t where;
    json_t *json = NULL;
    FILE *f = NULL;

    if (!wk_share_path(plugin, rest, path, sizeof path))
        wk_fail(err, WK_SYSTEM, "api.openapi", "%s of %s: host.share_dir makes its path longer than %d bytes", rest, plugin, PATH_MAX_LEN);
    else if (!(f = fopen(path, "re")) && errno != ENOENT)
        wk_fail(err, WK_SYSTEM, "api.openapi", "%s: %s", path, strerror(errno));
    else if (f && !(json = json_loadf(f, FLAGS, &where)))
        wk_fail(err, WK_SYSTEM, "api.openapi", "%s:%d: %s", path, where.line, where.text);
    if (f)
        (void)fclose(f);
    return json;
}

/* Members of `from` into `to`; a name that both have is a clash, told by its file. */
static bool merge_named(json_t *to, json_t *from, const char *plugin, const char *kind, struct wk_err *err)
{
    const char *name;
    json_t *value;

    json_object_foreach(from, name, value) {
        if (json_object_get(to, name))
            return wk_fail(err, WK_SYSTEM, "api.openapi", "openapi.json of %s: components/%s/%s is another's already: one name, one thing", plugin, kind,
                           name);
        if (json_object_set(to, name, value))
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "openapi.json of %s", plugin);
    }
    return true;
}

static bool merge_fragment(struct draft *draft, const char *plugin, json_t *fragment, struct wk_err *err)
{
    json_t *components = json_object_get(draft->doc, "components"), *value, *tags = json_object_get(draft->doc, "tags");
    const char *kind;
    size_t i;

    json_object_foreach(json_object_get(fragment, "components"), kind, value) {
        json_t *to = json_object_get(components, kind);

        if (!to && json_object_set_new(components, kind, to = json_object()))
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "openapi.json of %s", plugin);
        if (!merge_named(to, value, plugin, kind, err))
            return false;
    }
    json_array_foreach(json_object_get(fragment, "tags"), i, value)
        if (json_array_append(tags, value))
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "openapi.json of %s", plugin);
    return true;
}

/* Borrowed; *fragment NULL: the plugin has none. Merged the first time that it is asked for. */
static bool fragment_of(struct draft *draft, const char *plugin, json_t **fragment, struct wk_err *err)
{
    json_t *known = json_object_get(draft->fragments, plugin);
    struct wk_err why = {0};

    if (!known) {
        known = load(plugin, "openapi.json", &why);
        if (!known && why.code)
            return wk_fail(err, why.cls, why.code, "%s", why.msg);
        if (json_object_set_new(draft->fragments, plugin, known ? known : json_null()))
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "openapi.json of %s", plugin);
        known = json_object_get(draft->fragments, plugin);
        if (json_is_object(known) && !merge_fragment(draft, plugin, known, err))
            return false;
    }
    *fragment = json_is_object(known) ? known : NULL;
    return true;
}

/* --- the document --- */

static bool is_described(const struct wk_route *route)
{
    size_t n = strlen(route->path);

    return (!strncmp(route->path, "/v1/", 4) || !strncmp(route->path, "/.well-known/", 13)) && (size_t)route->method < WK_COUNT(methods) &&
           (n < 2 || strcmp(route->path + n - 2, "*}") != 0);
}

static void note_missing(struct openapi *out, const struct wk_route_info *info)
{
    if (!out->missing_count++)
        (void)snprintf(out->missing, sizeof out->missing, "%s: %s %s", info->plugin, methods[info->route->method], info->route->path);
}

static bool add_route(struct draft *draft, const struct wk_route_info *info, struct wk_err *err)
{
    const struct wk_route *route = info->route;
    json_t *fragment = NULL, *operation, *paths = json_object_get(draft->doc, "paths"), *item;

    if (!fragment_of(draft, info->plugin, &fragment, err))
        return false;
    operation = json_object_get(json_object_get(json_object_get(fragment, "paths"), route->path), methods[route->method]);
    if (!json_is_object(operation) || !json_is_object(json_object_get(operation, "responses"))) {
        note_missing(draft->out, info);
        return true;
    }
    operation = json_deep_copy(operation);
    item = json_object_get(paths, route->path);
    if (!item && json_object_set_new(paths, route->path, item = json_object()))
        item = NULL;
    if (!item || !operation || !openapi_rules(operation, route)) {
        json_decref(operation);
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "%s in the OpenAPI document", route->path);
    }
    return !json_object_set_new(item, methods[route->method], operation) ||
           wk_fail(err, WK_TRANSIENT, "call.memory_limit", "%s in the OpenAPI document", route->path);
}

static bool begin(struct draft *draft, const char *version, struct wk_err *err)
{
    struct wk_err why = {0};
    json_t *info;

    draft->fragments = json_object();
    draft->doc = load("api", "assets/openapi.json", &why);
    if (!draft->doc)
        return why.code ? wk_fail(err, why.cls, why.code, "%s", why.msg)
                        : wk_fail(err, WK_SYSTEM, "api.openapi", "<share_dir>/api/assets/openapi.json is not there");
    info = json_object_get(draft->doc, "info");
    if (!json_is_object(info) || !json_is_object(json_object_get(draft->doc, "components")) || !json_is_array(json_object_get(draft->doc, "tags")) ||
        !json_is_object(json_object_get(draft->doc, "paths")))
        return wk_fail(err, WK_SYSTEM, "api.openapi", "api/assets/openapi.json: info, tags, paths and components must be there");
    return (draft->fragments && !json_object_set_new(info, "version", json_string(version))) ||
           wk_fail(err, WK_TRANSIENT, "call.memory_limit", "the OpenAPI document");
}

static bool finish(struct draft *draft, struct wk_err *err)
{
    struct openapi *out = draft->out;
    unsigned char sum[EVP_MAX_MD_SIZE];

    out->text = json_dumps(draft->doc, JSON_COMPACT | JSON_SORT_KEYS);
    out->len = out->text ? strlen(out->text) : 0;
    if (!out->text || EVP_Digest(out->text, out->len, sum, NULL, EVP_sha256(), NULL) != 1)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "the OpenAPI document");
    for (size_t i = 0; i < 16; i++)
        (void)snprintf(out->etag + 1 + 2 * i, 3, "%02x", sum[i]);
    out->etag[0] = out->etag[33] = '"';
    out->etag[34] = '\0';
    return true;
}

bool openapi_make(const char *version, struct openapi *out, struct wk_err *err)
{
    struct draft draft = {.out = out};
    struct wk_route_info info;
    bool ok;

    *out = (struct openapi){0};
    ok = begin(&draft, version, err);
    for (size_t i = 0; ok && wk_http_route_at(i, &info); i++)
        if (is_described(info.route))
            ok = add_route(&draft, &info, err);
    ok = ok && finish(&draft, err);
    json_decref(draft.doc);
    json_decref(draft.fragments);
    if (!ok)
        openapi_drop(out);
    return ok;
}

void openapi_drop(struct openapi *doc)
{
    free(doc->text);
    *doc = (struct openapi){0};
}

bool openapi_serve(struct wk_call *call, struct wk_http *http, struct openapi *doc, struct wk_err *err)
{
    const char *has = wk_http_header(http, "If-None-Match");

    if (doc->missing_count) {
        wk_log(call, WK_WARN, "not in the OpenAPI document, because no openapi.json describes them: %zu route(s), the first is %s", doc->missing_count,
               doc->missing);
        doc->missing_count = 0;
    }
    if (!wk_http_set_header(http, "ETag", doc->etag, err) || !wk_http_set_header(http, "Cache-Control", "public, max-age=300", err))
        return false;
    return has && strstr(has, doc->etag) ? wk_http_reply(http, 304, NULL, "", 0, err)
                                         : wk_http_reply(http, 200, "application/json", doc->text, doc->len, err);
}
