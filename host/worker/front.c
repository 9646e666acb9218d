#include "worker/front.h"
#include "call/call.h"
#include "call/http_hook.h"
#include "call/watch.h"
#include "fiber/fiber.h"
#include "http/client.h"
#include "http/target.h"
#include "observe/log.h"
#include "observe/metric.h"
#include "plugin/loader.h"
#include "plugin/registry.h"
#include "worker/forward.h"
#include <stdlib.h>

enum { RUNS_ON_CONFLICT = 3, CLASSES_HTTP = 5, FORWARD_BODY_MAX = 16 << 20 };
static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

struct target { /* what a route leads to */
    enum { TO_ROUTE, TO_INBOX, TO_FORWARD } kind;
    const struct wk_route_hook *route;
    const struct wk_inbox_hook *inbox;
    struct wk_server *server; /* of a forward */
    const char *label; /* the pattern: what logs, blame and metrics say */
    struct wk_metric *count[CLASSES_HTTP], *seconds;
};
struct wk_front {
    struct wk_engine *engine;
    struct wk_inbox_room *inbox;
    struct wk_httpd *httpd;
    struct wk_router *router;
    struct target *targets;
    size_t n, room;
    uint32_t running;
    struct wk_route_match match; /* of the head being looked at; the loop's */
};
struct job { /* one request on its fiber */
    struct wk_front *front;
    const struct target *target;
    struct wk_http http;
    bool is_preflight; /* OPTIONS that asks for this route's method: only phase EDGE runs */
};

/* --- a request on its fiber --- */

static bool has_permission(const struct wk_principal *who, const char *wanted)
{
    size_t n = strlen(wanted);

    if (!strcmp(wanted, WK_PUBLIC))
        return true;
    if (!who->subject)
        return false;
    if (!strcmp(wanted, WK_AUTHENTICATED))
        return true;
    for (const char *p = who->permissions; p && *p; p += strcspn(p, " "), p += strspn(p, " "))
        if ((*p == '*' && (p[1] == ' ' || p[1] == '\0')) || (!strncmp(p, wanted, n) && (p[n] == ' ' || p[n] == '\0')))
            return true;
    return false;
}

static enum wk_verdict run_phase(struct job *job, struct wk_call *call, enum wk_phase phase, struct wk_err *err)
{
    size_t n;
    const struct wk_filter_hook *filters = wk_registry_filters(call->engine->registry, phase, &n);

    for (size_t i = 0; i < n; i++) {
        struct wk_frame frame;
        enum wk_verdict verdict;

        if (!filters[i].filter->before)
            continue;
        call->may_set_principal = phase == WK_PHASE_IDENTITY;
        wk_call_enter(call, &frame, filters[i].plugin, filters[i].filter->name);
        verdict = filters[i].filter->before(call, &job->http, err);
        wk_call_leave(call, &frame);
        call->may_set_principal = false;
        if (verdict != WK_DECLINED)
            return verdict;
    }
    return WK_DECLINED;
}

static void run_after(struct job *job, struct wk_call *call)
{
    for (int phase = WK_PHASE_CACHE; phase >= WK_PHASE_EDGE; phase--) {
        size_t n;
        const struct wk_filter_hook *filters = wk_registry_filters(call->engine->registry, (enum wk_phase)phase, &n);

        for (size_t i = n; i-- > 0;) {
            struct wk_frame frame;

            if (!filters[i].filter->after)
                continue;
            wk_call_enter(call, &frame, filters[i].plugin, filters[i].filter->name);
            filters[i].filter->after(call, &job->http);
            wk_call_leave(call, &frame);
        }
    }
}

static bool seal(struct job *job, struct wk_call *call, struct wk_err *err)
{
    bool ok = true;

    for (int phase = WK_PHASE_CACHE; phase >= WK_PHASE_EDGE && ok && !job->http.is_streaming; phase--) {
        size_t n;
        const struct wk_filter_hook *filters = wk_registry_filters(call->engine->registry, (enum wk_phase)phase, &n);

        for (size_t i = n; i-- > 0 && ok;) {
            struct wk_frame frame;

            if (!filters[i].filter->seal)
                continue;
            wk_call_enter(call, &frame, filters[i].plugin, filters[i].filter->name);
            ok = filters[i].filter->seal(call, &job->http, err);
            wk_call_leave(call, &frame);
        }
    }
    return ok;
}

static bool run_hook(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct job *job = (struct job *)((char *)http - offsetof(struct job, http));
    const struct wk_route_hook *hook = job->target->route;
    struct wk_frame frame;
    bool ok;

    http->n_kept = http->n_headers;
    wk_call_enter(call, &frame, hook->plugin, job->target->label);
    ok = hook->route->run(call, http, err);
    wk_call_leave(call, &frame);
    return ok;
}

/* A browser asks what it may send. Who knows CORS answers in EDGE; when nobody does, the empty answer is a no. */
static bool run_preflight(struct job *job, struct wk_call *call, struct wk_err *err)
{
    enum wk_verdict verdict = run_phase(job, call, WK_PHASE_EDGE, err);

    job->http.n_kept = job->http.n_headers;
    return verdict == WK_DECLINED ? wk_hook_reply(&job->http, 204, NULL, "", 0, err) : verdict == WK_HANDLED;
}

static bool run_route(struct job *job, struct wk_call *call, struct wk_err *err)
{
    const struct wk_route_hook *hook = job->target->route;

    if (job->is_preflight)
        return run_preflight(job, call, err);
    /* A parameter that cannot be decoded would look as if it were not there. */
    if (!wk_http_form_is_valid(wk_exchange_query(job->http.x)))
        return wk_fail(err, WK_BUSINESS, "http.query", "bytes or escapes that are never allowed");
    for (enum wk_phase phase = WK_PHASE_EDGE; phase <= WK_PHASE_CACHE; phase++) {
        enum wk_verdict verdict;

        if (phase == WK_PHASE_POLICY && !wk_tenant_has(call->tenant, hook->plugin->name)) /* as if the route were not there */
            return wk_fail(err, WK_BUSINESS, "http.not_found", "this tenant has no %s", hook->plugin->name);
        if (phase == WK_PHASE_POLICY && !has_permission(&call->principal, hook->route->permission))
            return call->principal.subject ? wk_fail(err, WK_SECURITY, "http.forbidden", "%s needs %s", job->target->label, hook->route->permission)
                                           : wk_fail(err, WK_BUSINESS, "http.unauthorized", "sign in first");
        job->http.run = phase == WK_PHASE_CACHE ? run_hook : NULL;
        verdict = run_phase(job, call, phase, err);
        if (verdict != WK_DECLINED && (verdict == WK_FAILED || phase != WK_PHASE_CACHE || job->http.run))
            return verdict == WK_HANDLED;
        if (verdict == WK_HANDLED) /* a filter has run the route */
            return seal(job, call, err);
        job->http.n_kept = job->http.n_headers;
    }
    return wk_hook_run(call, &job->http, err) && seal(job, call, err);
}

static void count(const struct target *t, int status, int64_t began_us)
{
    wk_metric_add(t->count[status >= 100 && status < 600 ? status / 100 - 1 : CLASSES_HTTP - 1], 1);
    wk_metric_observe(t->seconds, (double)(wk_mono_us() - began_us) / 1e6);
}

/* With the trace id: the client has its beginning as reference. */
static void watch(struct job *job, struct wk_call *call, const struct wk_err *err)
{
    char owner[WK_UUID_TEXT];

    wk_watch(job->front->engine,
             &(struct wk_watched){.err = err, .plugin = job->target->route->plugin->name, .route = job->target->label, .path = wk_hook_path(&job->http),
                                  .ip = wk_hook_peer(&job->http), .subject = call->principal.subject, .trace_id = call->trace.trace_id,
                                  .tenant = call->tenant ? call->tenant->tenant.id_text : NULL,
                                  .credential_tenant = wk_uuid_is_nil(&call->principal.tenant) ? NULL : wk_uuid_text(&call->principal.tenant, owner)});
}

/* One run of the hook; true: run it again (somebody else changed the rows first, and nothing has left yet). */
static bool attempt(struct job *job, bool is_last)
{
    const struct wk_route_hook *hook = job->target->route;
    struct wk_exchange *x = job->http.x;
    struct wk_span trace = wk_exchange_header(x, "traceparent");
    struct wk_call_spec spec = {.hook = job->target->label, .plugin = hook->plugin, .ref = job->target->label, .traceparent = trace.data,
                                .traceparent_len = trace.len, .deadline_ms = hook->route->deadline_ms ? hook->route->deadline_ms : 15000};
    int64_t began = wk_exchange_received_us(x);
    struct wk_call call;
    struct wk_err err = {0};
    int status = 0;
    bool ok;

    if (!wk_call_init(&call, job->front->engine, &spec, &err)) {
        wk_exchange_set_data(x, NULL);
        (void)wk_exchange_reply(x, 503, NULL, 0, "", 0);
        return false;
    }
    job->http = (struct wk_http){.call = &call, .x = x, .match = job->http.match, .route = hook->route, .id = job->http.id, .is_gone = job->http.is_gone, .piece = job->http.piece};
    call.http = &job->http;
    ok = run_route(job, &call, &err) && wk_call_commit(&call, false, &err);
    if (!ok && wk_err_is(&err, "db.conflict") && !is_last && !job->http.is_streaming && !job->http.is_gone &&
        !(hook->route->flags & WK_ROUTE_PIECES)) { /* pieces are read once */
        wk_call_finish(&call);
        return true;
    }
    if (!ok) {
        watch(job, &call, &err);
        wk_call_rollback(&call);
        status = wk_http_fail(&job->http, &err);
    }
    run_after(job, &call);
    count(job->target, ok ? (job->http.status ? job->http.status : 204) : status, began);
    wk_http_send(&job->http);
    wk_call_finish(&call);
    return false;
}

/* The method that is looked for: of a preflight the one it asks for. */
static const char *wanted_method(struct wk_exchange *x)
{
    const char *method = wk_exchange_method(x);
    struct wk_span asked = wk_exchange_header(x, "access-control-request-method");

    for (size_t i = 0; asked.data && !strcmp(method, "OPTIONS") && i < WK_COUNT(methods); i++)
        if (asked.len == strlen(methods[i]) && !memcmp(asked.data, methods[i], asked.len))
            return methods[i];
    return method;
}

static void job_main(void *arg)
{
    struct job *job = arg;
    struct wk_route_match *match = malloc(sizeof *match);
    struct wk_front *front = job->front;

    if (match && job->target->kind == TO_ROUTE) {
        (void)wk_router_find(front->router, wanted_method(job->http.x), wk_exchange_path(job->http.x), match);
        job->http.match = match;
        for (int i = 1; attempt(job, i == RUNS_ON_CONFLICT); i++)
            ;
    } else if (match) {
        int64_t began = wk_exchange_received_us(job->http.x);

        count(job->target, wk_forward_run(job->target->server, &job->http), began);
    } else {
        wk_exchange_set_data(job->http.x, NULL);
        wk_exchange_release(job->http.x);
    }
    free(match);
    free(job->http.piece.data);
    free(job);
    front->running--;
}

/* --- what the listener calls, on the loop --- */

/* Before there is a call: in English, one of the host's own codes. What is no rule's is told by its class, as everywhere. */
static void turn_away(const struct wk_front *front, struct wk_exchange *x, const char *code, const char *allow)
{
    struct wk_header_pair headers[3] = {{"Content-Type", "application/problem+json"}, {"Retry-After", "1"}, {"Allow", allow}};
    const struct wk_error_type *type = wk_registry_error(front->engine->registry, code)->type,
                               *says = type->cls == WK_BUSINESS ? type : wk_registry_error(front->engine->registry, WK_TOLD_SYSTEM)->type;
    char body[512];
    int n = snprintf(body, sizeof body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"code\":\"%s\",\"detail\":\"%s\"}",
                     wk_http_reason(type->status), type->status, says->code, says->text);

    if (allow)
        headers[1] = headers[2];
    (void)wk_exchange_reply(x, type->status, headers, allow || type->status == 503 ? 2 : 1, body, (size_t)n);
}

static bool is_options(struct wk_exchange *x) { return !strcmp(wk_exchange_method(x), "OPTIONS"); }

/* OPTIONS of a path (RFC 9110 9.3.7), no preflight of a route. */
static void tell_allowed(struct wk_front *front, struct wk_exchange *x)
{
    struct wk_header_pair header = {"Allow", front->match.allow};

    (void)wk_exchange_reply(x, 204, &header, 1, "", 0);
}

static void on_head(struct wk_exchange *x, void *arg)
{
    struct wk_front *front = arg;
    const struct target *t;

    switch (wk_router_find(front->router, wanted_method(x), wk_exchange_path(x), &front->match)) {
    case WK_ROUTE_OK:
        t = front->match.data;
        if (is_options(x) && t->kind != TO_ROUTE) { /* webhooks and forwards are no browser's */
            turn_away(front, x, "http.method", NULL);
            break;
        }
        wk_exchange_set_data(x, front->match.data);
        if (t->kind == TO_INBOX)
            wk_exchange_set_body(x, WK_BODY_WHOLE, t->inbox->inbox->body_max);
        else if (t->kind == TO_FORWARD)
            wk_exchange_set_body(x, WK_BODY_WHOLE, FORWARD_BODY_MAX);
        else
            wk_exchange_set_body(x, t->route->route->flags & WK_ROUTE_PIECES ? WK_BODY_PIECES : WK_BODY_WHOLE, t->route->route->body_max);
        break;
    case WK_ROUTE_NO_PATH:
        turn_away(front, x, "http.not_found", NULL);
        break;
    case WK_ROUTE_NO_METHOD:
        if (is_options(x))
            tell_allowed(front, x);
        else
            turn_away(front, x, "http.method", front->match.allow);
        break;
    case WK_ROUTE_BAD_PATH:
        turn_away(front, x, "http.path", NULL);
        break;
    }
}

static void take_webhook(struct wk_front *front, struct wk_exchange *x, const struct target *t)
{
    bool is_get = !strcmp(wk_exchange_method(x), "GET") || !strcmp(wk_exchange_method(x), "HEAD");
    char app[256] = "";

    if (strchr(t->label, '{')) {
        size_t n = 0;

        (void)wk_router_find(front->router, wk_exchange_method(x), wk_exchange_path(x), &front->match);
        for (size_t i = 0; i < front->match.n_params && n < sizeof app - 1; i++)
            n += (size_t)snprintf(app + n, sizeof app - n, "%s%.*s", i ? "/" : "", (int)front->match.params[i].value.len, front->match.params[i].value.data);
    }
    wk_exchange_set_data(x, NULL);
    if (is_get)
        wk_inbox_handshake(front->inbox, x, t->inbox, app);
    else
        wk_inbox_take(front->inbox, x, t->inbox, app);
}

static void on_request(struct wk_exchange *x, void *arg)
{
    struct wk_front *front = arg;
    const struct target *t = wk_exchange_data(x);
    struct job *job;

    if (t->kind == TO_INBOX) {
        take_webhook(front, x, t);
        return;
    }
    job = calloc(1, sizeof *job);
    if (!job || !wk_fiber_spawn(front->engine->sched, t->label, job_main, job, NULL)) {
        free(job);
        wk_exchange_set_data(x, NULL);
        turn_away(front, x, "host.busy", NULL);
        return;
    }
    job->front = front;
    job->target = t;
    job->is_preflight = is_options(x);
    job->http.x = x;
    wk_exchange_set_data(x, &job->http);
    front->running++;
}

static bool is_target(const struct wk_front *front, const void *data)
{
    return (const struct target *)data >= front->targets && (const struct target *)data < front->targets + front->n;
}

static void on_body(struct wk_exchange *x, const char *data, size_t len, void *arg)
{
    struct wk_http *http = wk_exchange_data(x);

    (void)arg;
    if (!http)
        return;
    if (!len) {
        http->piece.is_end = true;
    } else {
        char *copy = realloc(http->piece.data, len);

        if (copy) {
            memcpy(copy, data, len);
            http->piece.data = copy;
            http->piece.len = len;
            http->piece.is_full = true;
        } else {
            http->is_gone = true;
        }
        wk_exchange_pause(x);
    }
    if (http->fiber)
        wk_fiber_wake(http->fiber);
}

static void on_drain(struct wk_exchange *x, void *arg)
{
    struct wk_http *http = wk_exchange_data(x);

    (void)arg;
    if (http) {
        http->can_write = true;
        if (http->fiber)
            wk_fiber_wake(http->fiber);
    }
}

static void on_abort(struct wk_exchange *x, void *arg)
{
    struct wk_front *front = arg;
    void *data = wk_exchange_data(x);
    struct wk_http *http = data;

    if (!data || is_target(front, data))
        return;
    if (wk_inbox_owns(front->inbox, data)) {
        wk_inbox_gone(x);
        return;
    }
    http->is_gone = true;
    if (http->fiber)
        wk_fiber_wake(http->fiber);
}

/* --- building --- */

static struct target *target_add(struct wk_front *front, struct target t)
{
    struct target *to = &front->targets[front->n++];
    char labels[256], class[8];

    *to = t;
    for (int i = 0; i < CLASSES_HTTP; i++) {
        (void)snprintf(class, sizeof class, "%dxx", i + 1);
        to->count[i] = wk_metric(WK_COUNTER, "wakala_http_requests_total",
                                 wk_metric_labels(labels, sizeof labels, "route", t.label, "status_class", class, NULL), "requests answered");
    }
    to->seconds = wk_metric(WK_HISTOGRAM, "wakala_http_request_duration_seconds",
                            wk_metric_labels(labels, sizeof labels, "route", t.label, NULL), "from the first byte to the answer");
    return to;
}

/* The SDK names the rest of a path ("/sim/{rest*}"), the router does not ("/sim/" and a star). The caller's, as long as the process. */
static char *router_pattern(const char *path)
{
    char *pattern = strdup(path), *brace = pattern ? strrchr(pattern, '{') : NULL;

    if (brace && strlen(brace) > 2 && !strcmp(brace + strlen(brace) - 2, "*}"))
        strcpy(brace, "*");
    return pattern;
}

static bool add_routes(struct wk_front *front, struct wk_err *err)
{
    static const char *const names[] = {[WK_GET] = "GET", [WK_POST] = "POST", [WK_PUT] = "PUT", [WK_PATCH] = "PATCH", [WK_DELETE] = "DELETE", [WK_HEAD_] = "HEAD"};
    size_t n;
    const struct wk_route_hook *routes = wk_registry_routes(front->engine->registry, &n);

    for (size_t i = 0; i < n; i++) {
        const char *label = router_pattern(routes[i].route->path);
        struct target *t = label ? target_add(front, (struct target){.kind = TO_ROUTE, .route = &routes[i], .label = label}) : NULL;
        enum wk_method m = routes[i].route->method;

        if (!t)
            return wk_fail(err, WK_SYSTEM, "host.no_memory", "routes");

        if (m != WK_ANY && !wk_router_add(front->router, names[m], t->label, routes[i].plugin->name, t, err))
            return false;
        for (size_t k = 0; m == WK_ANY && k < WK_COUNT(methods); k++)
            if (!wk_router_add(front->router, methods[k], t->label, routes[i].plugin->name, t, err))
                return false;
    }
    return true;
}

/* "/webhooks/whatsapp/{app?}" is two paths: with and without its last segment. */
static bool add_inbox(struct wk_front *front, const struct wk_inbox_hook *hook, struct wk_err *err)
{
    char path[256];
    char *optional;

    (void)snprintf(path, sizeof path, "%s", hook->inbox->path);
    optional = strstr(path, "?}");
    if (optional)
        memmove(optional, optional + 1, strlen(optional));
    for (;;) {
        const char *label = strdup(path); /* as long as the process */
        struct target *t = label ? target_add(front, (struct target){.kind = TO_INBOX, .inbox = hook, .label = label}) : NULL;

        if (!t || !wk_router_add(front->router, "POST", label, hook->plugin->name, t, err) ||
            !wk_router_add(front->router, "GET", label, hook->plugin->name, t, err))
            return false;
        if (!optional)
            return true;
        optional = NULL;
        *strrchr(path, '/') = '\0';
    }
}

static bool add_forwards(struct wk_front *front, const struct wk_config *config, struct wk_err *err)
{
    size_t n;
    const struct wk_forward *forwards = wk_config_forwards(config, &n);

    for (size_t i = 0; i < n; i++) {
        char path[256];
        const char *label;
        struct target *t;

        (void)snprintf(path, sizeof path, "%s*", forwards[i].prefix);
        label = strdup(path);
        if (!label)
            return wk_fail(err, WK_SYSTEM, "host.no_memory", "forwards");
        t = target_add(front, (struct target){.kind = TO_FORWARD, .label = label});
        if (!(t->server = wk_server_create(front->engine->base, forwards[i].to, label, err)))
            return false;
        for (size_t k = 0; k < WK_COUNT(methods); k++)
            if (!wk_router_add(front->router, methods[k], label, "forward", t, err))
                return false;
    }
    return true;
}

static bool build(struct wk_front *front, const struct wk_config *config, struct wk_err *err)
{
    size_t routes, inboxes, forwards;
    const struct wk_inbox_hook *hooks;

    (void)wk_registry_routes(front->engine->registry, &routes);
    hooks = wk_registry_inboxes(front->engine->registry, &inboxes);
    (void)wk_config_forwards(config, &forwards);
    front->router = wk_router_create(err);
    front->targets = calloc(routes + 2 * inboxes + forwards + 1, sizeof *front->targets);
    if (!front->router || !front->targets)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "routes");
    for (size_t i = 0; i < inboxes; i++)
        if (!add_inbox(front, &hooks[i], err))
            return false;
    return add_routes(front, err) && add_forwards(front, config, err);
}

struct wk_front *wk_front_create(struct wk_engine *engine, struct wk_inbox_room *inbox, const struct wk_config *config, struct wk_err *err)
{
    static const struct wk_httpd_ops ops = {.on_head = on_head, .on_request = on_request, .on_body = on_body, .on_drain = on_drain, .on_abort = on_abort};
    const struct wk_settings *s = wk_config_host(config);
    struct wk_httpd_conf conf = {.header_max_bytes = (uint32_t)wk_settings_int(s, "http.header_max"),
                                 .body_max_bytes = (uint64_t)wk_settings_int(s, "http.body_max"),
                                 .body_total_bytes = (uint64_t)wk_settings_int(s, "http.body_total_max"),
                                 .max_connections = (uint32_t)wk_settings_int(s, "http.max_connections"),
                                 .header_deadline_ms = (uint32_t)wk_settings_int(s, "http.header_deadline"),
                                 .idle_timeout_ms = (uint32_t)wk_settings_int(s, "http.idle_timeout"),
                                 .body_min_rate = (uint32_t)wk_settings_int(s, "http.min_body_rate"),
                                 .write_min_rate = (uint32_t)wk_settings_int(s, "http.min_body_rate")};
    struct wk_front *front = calloc(1, sizeof *front);

    if (!front) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "front");
        return NULL;
    }
    front->engine = engine;
    front->inbox = inbox;
    if (!build(front, config, err) || !(front->httpd = wk_httpd_create(engine->base, &conf, &ops, front, err))) {
        wk_front_destroy(front);
        return NULL;
    }
    return front;
}

void wk_front_destroy(struct wk_front *front)
{
    if (!front)
        return;
    wk_httpd_destroy(front->httpd);
    wk_router_destroy(front->router);
    for (size_t i = 0; i < front->n; i++)
        free((char *)front->targets[i].label);
    free(front->targets);
    free(front);
}

struct wk_httpd *wk_front_httpd(struct wk_front *front) { return front->httpd; }
uint32_t wk_front_running(const struct wk_front *front) { return front->running; }
