#include "call/http_hook.h"
#include "call/told.h"
#include "fiber/fiber.h"
#include "http/target.h"
#include <jansson.h>
#include <stdlib.h>

static const char *copy(struct wk_call *call, struct wk_span s) { return s.data ? wk_arena_copy(&call->arena, s.data, s.len) : NULL; }

const char *wk_hook_method(struct wk_http *http) { return http->x ? wk_exchange_method(http->x) : ""; }
const char *wk_hook_path(struct wk_http *http)
{
    if (!http->path && http->x)
        http->path = copy(http->call, wk_exchange_path(http->x));
    return http->path ? http->path : "";
}
const char *wk_hook_param(struct wk_http *http, const char *name)
{
    struct wk_span value = http->match ? wk_route_param(http->match, name) : (struct wk_span){0};

    if (!value.data && http->match) /* "{rest*}": the router calls it "*" */
        value = wk_route_param(http->match, "*");
    return copy(http->call, value);
}
const char *wk_query_value(struct wk_arena *arena, struct wk_span query, const char *wanted)
{
    struct wk_query_iter it = {.rest = query};
    struct wk_span name, value;
    size_t len = strlen(wanted);
    char *out;

    while (query.data && wk_query_next(&it, &name, &value)) {
        if (name.len != len || memcmp(name.data, wanted, len))
            continue;
        out = wk_arena_alloc(arena, value.len + 1);
        if (!out || !wk_http_decode_form(value, out, &len))
            return NULL;
        out[len] = '\0';
        return out;
    }
    return NULL;
}
const char *wk_hook_query(struct wk_http *http, const char *name)
{
    return http->x ? wk_query_value(&http->call->arena, wk_exchange_query(http->x), name) : NULL;
}
const char *wk_hook_query_text(struct wk_http *http)
{
    const char *text = http->x ? copy(http->call, wk_exchange_query(http->x)) : NULL;

    return text ? text : "";
}
const char *wk_hook_header(struct wk_http *http, const char *name)
{
    return http->x ? copy(http->call, wk_exchange_header(http->x, name)) : NULL;
}
const char *wk_peer_of(const struct wk_engine *engine, const struct wk_exchange *x, char client[WK_ADDRESS_TEXT])
{
    struct wk_span name, value;
    size_t n = 0;
    bool is_found = false;

    (void)snprintf(client, WK_ADDRESS_TEXT, "%s", wk_exchange_peer(x));
    if (!engine->proxies || !wk_networks_have(engine->proxies, client))
        return client;
    while (wk_exchange_header_at(x, n, &name, &value))
        n++;
    while (n-- > 0 && !is_found) /* several lines are one list: the last one was added last */
        if (wk_exchange_header_at(x, n, &name, &value) && name.len == 15 && !strncasecmp(name.data, "x-forwarded-for", 15))
            is_found = wk_networks_client(engine->proxies, value, client);
    return client;
}
const char *wk_hook_peer(struct wk_http *http)
{
    if (!*http->client && http->x)
        (void)wk_peer_of(http->call->engine, http->x, http->client);
    return http->client;
}
bool wk_hook_came_over(struct wk_http *http, const char *networks)
{
    struct wk_networks list;
    char why[128];

    return http->x && wk_networks_parse(networks, &list, why, sizeof why) && wk_networks_have(&list, wk_exchange_peer(http->x));
}
int wk_hook_status(struct wk_http *http) { return http->status; }
const struct wk_route *wk_hook_route(struct wk_http *http) { return http->route; }
struct wk_uuid wk_hook_id(struct wk_http *http)
{
    if (wk_uuid_is_nil(&http->id))
        wk_uuid7(wk_dbserver_now_us(wk_call_server(http->call)), &http->id);
    return http->id;
}
bool wk_hook_run(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    bool (*run)(struct wk_call *, struct wk_http *, struct wk_err *) = http->run;

    http->run = NULL;
    return run ? run(call, http, err) : wk_fail(err, WK_SYSTEM, "http.twice", "the route has run already, or may not run yet");
}
struct wk_span wk_hook_answer(struct wk_http *http)
{
    return http->status && !http->is_streaming && http->body ? (struct wk_span){http->body, http->body_len} : (struct wk_span){0};
}
const char *wk_hook_answer_header(struct wk_http *http, const char *name)
{
    for (size_t i = 0; i < http->n_headers; i++)
        if (!strcasecmp(http->headers[i].name, name))
            return http->headers[i].value;
    return strcasecmp(name, "Content-Type") ? NULL : http->content_type;
}

struct wk_span wk_hook_body(struct wk_http *http)
{
    struct wk_span body = {"", 0};

    if (http->x)
        body.data = wk_exchange_body(http->x, &body.len);
    return body;
}

bool wk_hook_body_next(struct wk_call *call, struct wk_http *http, struct wk_span *piece, struct wk_err *err)
{
    if (!wk_call_may_wait(call, "reading the body", err))
        return false;
    if (http->piece.is_given) /* the first one may lie here before anybody has asked for it */
        http->piece.is_full = http->piece.is_given = false;
    if (http->x && !http->piece.is_full && !http->piece.is_end)
        wk_exchange_resume(http->x);
    while (http->x && !http->is_gone && !http->piece.is_full && !http->piece.is_end) {
        http->fiber = wk_fiber_self();
        if (!wk_fiber_wake_ok(wk_fiber_park("http.body", call->until_us), "reading the body", err)) {
            http->fiber = NULL;
            return false;
        }
    }
    http->fiber = NULL;
    if (http->is_gone || !http->x)
        return wk_fail(err, WK_TRANSIENT, "http.gone", "the client left in the middle of the body");
    http->piece.is_given = http->piece.is_full;
    *piece = http->piece.is_full ? (struct wk_span){http->piece.data, http->piece.len} : (struct wk_span){"", 0};
    return true;
}

bool wk_hook_set_header(struct wk_http *http, const char *name, const char *value, struct wk_err *err)
{
    size_t i = 0;

    for (; i < http->n_headers && strcasecmp(http->headers[i].name, name); i++)
        ;
    if (http->is_streaming || i == WK_HTTP_HEADERS_MAX)
        return wk_fail(err, WK_SYSTEM, "http.headers", http->is_streaming ? "the answer has begun" : "more than %d headers", WK_HTTP_HEADERS_MAX);
    http->headers[i] = (struct wk_header_pair){wk_strdup(http->call, name), wk_strdup(http->call, value)};
    if (!http->headers[i].name || !http->headers[i].value)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "header %s", name);
    http->n_headers += i == http->n_headers;
    return true;
}

bool wk_hook_reply(struct wk_http *http, int status, const char *content_type, const void *body, size_t len, struct wk_err *err)
{
    if (http->is_streaming)
        return wk_fail(err, WK_SYSTEM, "http.twice", "the answer has begun already");
    if (status < 200 || status > 599)
        return wk_fail(err, WK_SYSTEM, "http.status", "status %d: allowed are 200 to 599", status);
    http->body = len ? wk_arena_copy(&http->call->arena, body, len) : "";
    http->content_type = content_type ? wk_strdup(http->call, content_type) : NULL;
    if (!http->body || (content_type && !http->content_type))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "answer of %zu bytes", len);
    http->body_len = len;
    http->status = status;
    return true;
}

bool wk_hook_begin(struct wk_http *http, int status, const char *content_type, struct wk_err *err)
{
    if (!wk_call_may_wait(http->call, "a streamed answer", err))
        return false;
    if (http->status || http->is_streaming)
        return wk_fail(err, WK_SYSTEM, "http.twice", "there is an answer already");
    if (content_type && !wk_hook_set_header(http, "Content-Type", content_type, err))
        return false;
    http->status = status;
    http->is_streaming = true;
    if (!http->x || wk_exchange_begin(http->x, status, http->headers, http->n_headers) == WK_WRITE_GONE)
        return wk_fail(err, WK_TRANSIENT, "http.gone", "the client left");
    return true;
}

bool wk_hook_write(struct wk_call *call, struct wk_http *http, const void *data, size_t len, struct wk_err *err)
{
    enum wk_written w;

    if (!http->is_streaming)
        return wk_fail(err, WK_SYSTEM, "http.not_begun", "wk_http_write() before wk_http_begin()");
    if (!wk_call_may_wait(call, "a streamed answer", err)) /* a slow client would hold the transaction open */
        return false;
    if (!http->x || http->is_gone)
        return wk_fail(err, WK_TRANSIENT, "http.gone", "the client left");
    http->can_write = false;
    w = wk_exchange_write(http->x, data, len);
    while (w == WK_WRITE_WAIT && !http->can_write && !http->is_gone) {
        http->fiber = wk_fiber_self();
        if (!wk_fiber_wake_ok(wk_fiber_park("http.write", call->until_us), "writing the answer", err)) {
            http->fiber = NULL;
            return false;
        }
    }
    http->fiber = NULL;
    return (w != WK_WRITE_GONE && !http->is_gone) || wk_fail(err, WK_TRANSIENT, "http.gone", "the client left");
}

void wk_http_send(struct wk_http *http)
{
    struct wk_exchange *x = http->x;
    struct wk_header_pair headers[WK_HTTP_HEADERS_MAX + 1];
    size_t n = http->n_headers;

    http->x = NULL;
    if (!x)
        return;
    wk_exchange_set_data(x, NULL);
    if (http->is_gone || http->is_cut) {
        wk_exchange_release(x); /* in mid-stream: the client must not take what it got for the whole */
        return;
    }
    if (http->is_streaming) {
        (void)wk_exchange_end(x);
        return;
    }
    memcpy(headers, http->headers, n * sizeof *headers);
    if (http->content_type)
        headers[n++] = (struct wk_header_pair){"Content-Type", http->content_type};
    (void)wk_exchange_reply(x, http->status ? http->status : 204, headers, n, http->body, http->body_len);
}

/* RFC 9457, with the code, and what people see of it: told.h. */
static const char *problem(struct wk_http *http, const struct wk_told *told)
{
    json_t *json = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s*, s:s*}", "type", "about:blank", "title", wk_http_reason(told->status), "status",
                             (int)told->status, "code", told->code, "detail", told->text, "message", told->message, "reference", told->reference);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    const char *kept = text ? wk_strdup(http->call, text) : NULL;

    json_decref(json);
    free(text);
    return kept ? kept : "";
}

int wk_http_fail(struct wk_http *http, const struct wk_err *err)
{
    struct wk_told told = {.size = sizeof told};
    char seconds[16];

    wk_call_error_told(http->call, err, wk_told_language(http->call, err, wk_hook_header(http, "accept-language")), &told);
    if (!http->is_streaming) {
        http->n_headers = http->n_kept;
        http->status = 0;
        if (told.status == 503 || told.status == 429 || err->retry_after_ms) {
            (void)snprintf(seconds, sizeof seconds, "%u", err->retry_after_ms ? (err->retry_after_ms + 999) / 1000 : 1);
            (void)wk_hook_set_header(http, "Retry-After", seconds, NULL);
        }
        http->status = told.status;
        http->content_type = "application/problem+json";
        http->body = problem(http, &told);
        http->body_len = strlen(http->body);
    }
    http->is_cut = http->is_streaming;
    return told.status;
}
