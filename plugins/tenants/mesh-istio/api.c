#include "api.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <wakala/json.h>

enum { TOKEN_MAX = 8192, REPLY_MAX = 16 << 20, PAGE = 100, STARTS = 3 };
#define TARGET "mesh-istio"

/* --- one request --- */

/* Mounted tokens are replaced while we run: read each time. NULL: err. */
static const char *bearer(struct mesh_api *api, struct wk_err *err)
{
    char token[TOKEN_MAX];
    int fd = open(api->conf->token_file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, token, sizeof token - 1) : -1;
    char *value;

    if (fd >= 0)
        (void)close(fd);
    while (n > 0 && strchr("\r\n \t", token[n - 1]))
        n--;
    if (n <= 0) {
        (void)wk_fail(err, WK_SYSTEM, "mesh-istio.token", "%.120s cannot be read or is empty", api->conf->token_file);
        return NULL;
    }
    token[n] = '\0';
    value = wk_printf(api->call, "Bearer %s", token);
    if (!value)
        (void)wk_fail(err, WK_TRANSIENT, "call.memory_limit", "token");
    return value;
}

static uint32_t retry_after_ms(const struct wk_fetched *reply)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (!strcmp(reply->headers[i].name, "retry-after")) {
            long s = strtol(reply->headers[i].value, NULL, 10); /* the API sends seconds */

            return s > 0 ? (uint32_t)(s < 3600 ? s : 3600) * 1000 : 0;
        }
    return 0;
}

/* What a Status object says, in short. */
static const char *said(struct mesh_api *api, const struct wk_fetched *reply)
{
    struct wk_err ignored;
    json_t *status = wk_json_parse(api->call, reply->body, reply->body_len, &ignored);

    return wk_json_string(status, "message", "no reason given");
}

struct request {
    const char *method, *path, *type, *body;
    size_t len;
};

static bool once(struct mesh_api *api, const struct request *r, struct wk_fetched *reply, struct wk_err *err)
{
    struct wk_header headers[3] = {{"Accept", "application/json"}};
    struct wk_fetch fetch = {.size = sizeof fetch, .timeout_ms = api->conf->timeout_ms, .method = r->method, .headers = headers, .header_count = 1,
                             .body = r->body, .body_len = r->len, .reply_max = REPLY_MAX, .target = TARGET,
                             .url = wk_printf(api->call, "%s%s", api->conf->api_server, r->path),
                             .ca_file = *api->conf->ca_file ? api->conf->ca_file : NULL};

    *reply = (struct wk_fetched){.size = sizeof *reply};
    if (!fetch.url)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "request");
    if (r->type)
        headers[fetch.header_count++] = (struct wk_header){"Content-Type", r->type};
    if (*api->conf->token_file) {
        const char *value = bearer(api, err);

        if (!value)
            return false;
        headers[fetch.header_count++] = (struct wk_header){"Authorization", value};
    }
    api->requests++;
    if (!wk_fetch(api->call, &fetch, reply, err))
        return false;
    if (reply->status == 429 || reply->status >= 500) {
        (void)wk_fail(err, WK_TRANSIENT, "mesh-istio.busy", "%s %.60s: status %d", r->method, r->path, reply->status);
        err->retry_after_ms = retry_after_ms(reply);
        return false;
    }
    if (reply->status == 401 || reply->status == 403)
        return wk_fail(err, WK_SYSTEM, "mesh-istio.denied", "%s %.60s: status %d: %.100s", r->method, r->path, reply->status, said(api, reply));
    return true;
}

/* Every request may be repeated, so one whose answer was lost is, too. True: an answer, which the caller judges. */
static bool ask(struct mesh_api *api, const struct request *r, struct wk_fetched *reply, struct wk_err *err)
{
    struct wk_retry retry = {.size = sizeof retry, .target = TARGET};
    bool ok;

    while (!(ok = once(api, r, reply, err)) && err->cls == WK_TRANSIENT && wk_retry(api->call, &retry, err))
        ;
    return ok;
}

static bool refused(struct mesh_api *api, const char *what, const char *name, const struct wk_fetched *reply, struct wk_err *err)
{
    return wk_fail(err, WK_SYSTEM, "mesh-istio.refused", "%s %.60s: status %d: %.140s", what, name, reply->status, said(api, reply));
}

static const char *path_of(struct mesh_api *api, const struct mesh_kind *kind, const char *name, const char *query, struct wk_err *err)
{
    const char *path = wk_printf(api->call, "/apis/%s/namespaces/%s/%s%s%s%s", kind->api, api->conf->namespace, kind->plural, name ? "/" : "",
                                 name ? name : "", query);

    if (!path)
        (void)wk_fail(err, WK_TRANSIENT, "call.memory_limit", "request");
    return path;
}

static const char *name_of(const json_t *object) { return wk_json_string(json_object_get(object, "metadata"), "name", ""); }

/* --- list --- */

/* The API's marks of a place are base64, but they are its own business. */
static const char *escaped(struct mesh_api *api, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = wk_alloc(api->call, 3 * strlen(text) + 1), *p = out;

    for (; out && *text; text++) {
        unsigned char c = (unsigned char)*text;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_.~", c)) {
            *p++ = (char)c;
        } else {
            *p++ = '%';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 15];
        }
    }
    return out;
}

/* One page into `all`; *place: where the next one begins, "" behind the last. False: err; *is_expired: not, but from the start again. */
static bool page(struct mesh_api *api, const struct mesh_kind *kind, const char **place, json_t *all, bool *is_expired, struct wk_err *err)
{
    const char *mark = escaped(api, *place),
               *query = mark ? wk_printf(api->call, "?labelSelector=app.kubernetes.io%%2Fmanaged-by%%3D" MESH_MANAGER "%%2Capp.kubernetes.io%%2Finstance%%3D%s"
                                                    "&limit=%d%s%s", api->conf->name, PAGE, *mark ? "&continue=" : "", mark)
                             : NULL;
    struct request r = {.method = "GET", .path = query ? path_of(api, kind, NULL, query, err) : NULL};
    struct wk_fetched reply;
    json_t *list, *items;

    if (!r.path)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "request");
    if (!ask(api, &r, &reply, err))
        return false;
    *is_expired = reply.status == 410;
    if (*is_expired)
        return true;
    if (reply.status == 404)
        return wk_fail(err, WK_SYSTEM, "mesh-istio.no_crd", "the cluster has no %s of %s", kind->kind, kind->api);
    if (reply.status != 200)
        return refused(api, "list of", kind->plural, &reply, err);
    list = wk_json_parse(api->call, reply.body, reply.body_len, err);
    items = json_object_get(list, "items");
    if (!json_is_array(items)) {
        wk_target_garbage(api->call, TARGET);
        return wk_fail(err, WK_TRANSIENT, "mesh-istio.busy", "list of %s: the answer is none", kind->plural);
    }
    for (size_t i = 0; i < json_array_size(items); i++)
        if (json_object_set(all, name_of(json_array_get(items, i)), json_array_get(items, i)))
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "list of %s", kind->plural);
    *place = wk_json_string(json_object_get(list, "metadata"), "continue", "");
    return true;
}

json_t *mesh_list(struct mesh_api *api, const struct mesh_kind *kind, struct wk_err *err)
{
    json_t *all = json_object();
    const char *place = "";
    int starts = 1;

    if (!all || !wk_defer(api->call, wk_json_drop, all)) {
        json_decref(all);
        (void)wk_fail(err, WK_TRANSIENT, "call.memory_limit", "list of %s", kind->plural);
        return NULL;
    }
    do {
        bool is_expired = false;

        if (!page(api, kind, &place, all, &is_expired, err))
            return NULL;
        if (is_expired) {
            if (starts++ == STARTS) {
                (void)wk_fail(err, WK_TRANSIENT, "mesh-istio.busy", "list of %s: its pages expire faster than they can be read", kind->plural);
                return NULL;
            }
            place = "";
            (void)json_object_clear(all);
        }
        if (is_expired)
            continue;
        if (!*place)
            return all;
    } while (wk_left_ms(api->call) > 0);
    (void)wk_fail(err, WK_TRANSIENT, "mesh-istio.unfinished", "list of %s", kind->plural);
    return NULL;
}

/* --- apply --- */

/* Has `actual` all that is wanted? More than that is others' business: what the API fills in, what somebody added where we say nothing. */
static bool covers(const json_t *actual, const json_t *wanted)
{
    const char *key;
    json_t *part;

    if (json_is_object(wanted)) {
        json_object_foreach((json_t *)wanted, key, part)
            if (!covers(json_object_get(actual, key), part))
                return false;
        return json_is_object(actual);
    }
    if (json_is_array(wanted)) {
        if (!json_is_array(actual) || json_array_size(actual) != json_array_size(wanted))
            return false;
        for (size_t i = 0; i < json_array_size(wanted); i++)
            if (!covers(json_array_get(actual, i), json_array_get(wanted, i)))
                return false;
        return true;
    }
    return json_equal(actual, wanted);
}

/* By our labels, or, when somebody has removed them, by our name among its managers. */
static bool is_ours(const json_t *object, const char *instance)
{
    const json_t *meta = json_object_get(object, "metadata"), *labels = json_object_get(meta, "labels"),
                 *managers = json_object_get(meta, "managedFields");

    if (!strcmp(wk_json_string(labels, MESH_LABEL_MANAGED, ""), MESH_MANAGER))
        return !strcmp(wk_json_string(labels, MESH_LABEL_INSTANCE, ""), instance);
    for (size_t i = 0; i < json_array_size(managers); i++)
        if (!strcmp(wk_json_string(json_array_get(managers, i), "manager", ""), MESH_MANAGER))
            return true;
    return false;
}

/* An object of that name that is not in our list: nobody's, ours without its labels, or somebody else's. */
static enum mesh_applied look_first(struct mesh_api *api, const struct mesh_kind *kind, const char *name, struct wk_err *err)
{
    struct request r = {.method = "GET", .path = path_of(api, kind, name, "", err)};
    struct wk_fetched reply;
    json_t *there;

    if (!r.path || !ask(api, &r, &reply, err))
        return MESH_FAILED;
    if (reply.status == 404)
        return MESH_APPLIED;
    if (reply.status != 200 || !(there = wk_json_parse(api->call, reply.body, reply.body_len, err))) {
        (void)refused(api, kind->kind, name, &reply, err);
        return MESH_FAILED;
    }
    if (is_ours(there, api->conf->name))
        return MESH_APPLIED;
    (void)wk_fail(err, WK_SYSTEM, "mesh-istio.foreign", "%s %s/%s is there and not ours", kind->kind, api->conf->namespace, name);
    return MESH_LEFT;
}

static bool is_about_fields(struct mesh_api *api, const struct wk_fetched *reply, const char **who)
{
    struct wk_err ignored;
    json_t *status = wk_json_parse(api->call, reply->body, reply->body_len, &ignored),
           *causes = json_object_get(json_object_get(status, "details"), "causes");

    *who = wk_json_string(status, "message", "");
    for (size_t i = 0; i < json_array_size(causes); i++)
        if (!strcmp(wk_json_string(json_array_get(causes, i), "reason", ""), "FieldManagerConflict"))
            return true;
    return false;
}

static enum mesh_applied patch(struct mesh_api *api, const struct mesh_kind *kind, json_t *wanted, bool force, struct wk_err *err)
{
    const char *name = name_of(wanted), *who = "";
    struct request r = {.method = "PATCH", .type = "application/apply-patch+yaml", /* JSON is YAML */
                        .path = path_of(api, kind, name,
                                        force ? "?fieldManager=" MESH_MANAGER "&force=true" : "?fieldManager=" MESH_MANAGER "&force=false", err)};
    struct wk_fetched reply;

    r.body = r.path ? wk_json_text(api->call, json_incref(wanted), &r.len) : NULL;
    if (!r.body) {
        (void)wk_fail(err, WK_TRANSIENT, "call.memory_limit", "object %s", name);
        return MESH_FAILED;
    }
    if (!ask(api, &r, &reply, err))
        return MESH_FAILED;
    if (reply.status == 200 || reply.status == 201)
        return force ? MESH_TAKEN : MESH_APPLIED;
    if (reply.status != 409) {
        (void)refused(api, kind->kind, name, &reply, err);
        return MESH_FAILED;
    }
    if (!is_about_fields(api, &reply, &who)) { /* changed under our hands: the next round sees what it is now */
        (void)wk_fail(err, WK_TRANSIENT, "mesh-istio.conflict", "%s %s was changed at the same moment", kind->kind, name);
        return MESH_FAILED;
    }
    (void)wk_fail(err, WK_TRANSIENT, "mesh-istio.conflict", "%s %s: %.150s", kind->kind, name, who);
    return MESH_LEFT;
}

enum mesh_applied mesh_apply(struct mesh_api *api, const struct mesh_kind *kind, json_t *wanted, const json_t *actual, struct wk_err *err)
{
    enum mesh_applied how = MESH_APPLIED;

    if (actual && covers(actual, wanted))
        return MESH_SAME;
    if (!actual)
        how = look_first(api, kind, name_of(wanted), err);
    if (how != MESH_APPLIED)
        return how;
    how = patch(api, kind, wanted, false, err);
    if (how != MESH_LEFT || !api->conf->takes)
        return how;
    wk_log(api->call, WK_WARN, "taking fields back: %s", err->msg);
    return patch(api, kind, wanted, true, err);
}

/* --- delete --- */

bool mesh_delete(struct mesh_api *api, const struct mesh_kind *kind, const json_t *actual, struct wk_err *err)
{
    const char *name = name_of(actual);
    struct request r = {.method = "DELETE", .type = "application/json", .path = path_of(api, kind, name, "", err)};
    struct wk_fetched reply;

    r.body = r.path ? wk_json_text(api->call, json_pack("{s:s, s:s, s:{s:s*}}", "apiVersion", "v1", "kind", "DeleteOptions", "preconditions", "uid",
                                                        json_string_value(json_object_get(json_object_get(actual, "metadata"), "uid"))), &r.len)
                    : NULL;
    if (!r.body)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "object %s", name);
    if (!ask(api, &r, &reply, err))
        return false;
    if (reply.status == 409) /* another one of that name by now */
        return wk_fail(err, WK_TRANSIENT, "mesh-istio.conflict", "%s %s was made anew at the same moment", kind->kind, name);
    return reply.status == 404 || reply.status / 100 == 2 || refused(api, kind->kind, name, &reply, err);
}
