/* outside.c - what a call does beyond the database: HTTP requests, threads, JSON from outside. */
#include "call/call.h"
#include "call/offload.h"
#include "fiber/fault.h"
#include "fiber/fiber.h"
#include "guard/guard.h"
#include "http/client.h"
#include "observe/metric.h"
#include <jansson.h>
#include <stdlib.h>
#include <wakala/json.h>

#define DEADLINE_COUNTS_US INT64_C(1000000)

static void finish_res(void *res) { wk_client_res_finish(res); }

/* Header lines of the answer into name/value pairs. */
static bool copy_headers(struct wk_call *call, const struct wk_client_res *res, struct wk_fetched *reply)
{
    static const char *const wanted[] = {"content-type", "retry-after", "etag", "location", "x-business-use-case-usage", "x-app-usage",
                                         "date", "content-length", "x-request-id"};
    struct wk_header *out = wk_alloc(call, WK_COUNT(wanted) * sizeof *out);

    if (!out)
        return false;
    for (size_t i = 0; i < WK_COUNT(wanted); i++) {
        struct wk_span value = wk_client_header(res, wanted[i]);

        if (value.data)
            out[reply->header_count++] = (struct wk_header){wanted[i], wk_strndup(call, value.data, value.len)};
    }
    reply->headers = out;
    return true;
}

/* What the answer, or its absence, says about the target; our own deadline only when the target had a second of it. */
static enum wk_outcome_class outcome_of(const struct wk_client_res *res, bool ok, const struct wk_err *err, int64_t took_us)
{
    if (ok)
        return res->status >= 500 ? WK_CALL_BROKEN : WK_CALL_GOOD;
    if (wk_err_is(err, "call.cancelled") || wk_err_is(err, "http.bad_request") || wk_err_is(err, "http.client_full") || wk_err_is(err, "http.no_memory"))
        return WK_CALL_SAYS_NOTHING;
    if (wk_err_is(err, "call.deadline"))
        return took_us >= DEADLINE_COUNTS_US ? WK_CALL_TIMEOUT : WK_CALL_SAYS_NOTHING;
    if (res->timed_out)
        return WK_CALL_TIMEOUT;
    return res->outcome == WK_CLIENT_NOT_SENT ? WK_CALL_UNREACHABLE : WK_CALL_BROKEN;
}

/* Through bulkhead and breaker of the target. */
static bool fetch_guarded(struct wk_call *call, const struct wk_fetch *request, const struct wk_client_req *req, struct wk_client_res *res,
                          struct wk_err *err)
{
    struct wk_guard *guard = call->engine->guard;
    bool is_named = request->size >= offsetof(struct wk_fetch, target) + sizeof request->target && request->target;
    char origin[128];
    const char *target = is_named ? request->target : wk_guard_origin(request->url, origin, sizeof origin) ? origin : NULL;
    int64_t began = wk_mono_us();
    struct wk_ticket ticket;
    bool ok;

    if (!guard || !target)
        return wk_client_fetch(call->engine->client, req, res, err);
    if (!wk_guard_enter(guard, target, is_named, &ticket, err)) {
        wk_metric_add(wk_metric(WK_COUNTER, "wakala_calls_refused_total", NULL, "Calls to the outside that failed at once: target open, or too many under way."), 1);
        return false;
    }
    ok = wk_client_fetch(call->engine->client, req, res, err);
    wk_guard_leave(guard, &ticket, outcome_of(res, ok, err, wk_mono_us() - began));
    return ok;
}

bool wk_call_fetch(struct wk_call *call, const struct wk_fetch *request, struct wk_fetched *reply, struct wk_err *err)
{
    struct wk_client_res *res = wk_alloc(call, sizeof *res);
    struct wk_client_req req = {.method = request->method, .url = request->url, .n_headers = request->header_count, .body = request->body,
                                .body_len = request->body_len, .timeout_ms = request->timeout_ms, .res_max_bytes = request->reply_max};
    struct wk_header_pair *pairs = wk_alloc(call, (request->header_count + 1) * sizeof *pairs);
    char traceparent[WK_TRACEPARENT_SIZE];
    struct wk_err mine = {0};
    bool ok;

    if (request->size >= offsetof(struct wk_fetch, ca_file) + sizeof request->ca_file)
        req.ca_file = request->ca_file;
    reply->sent = WK_NOT_SENT;
    if (!wk_call_may_wait(call, "an HTTP request", err))
        return false;
    if (!res || !pairs || !wk_defer(call, finish_res, res))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "HTTP request");
    for (size_t i = 0; i < request->header_count; i++)
        pairs[i] = (struct wk_header_pair){request->headers[i].name, request->headers[i].value};
    pairs[req.n_headers++] = (struct wk_header_pair){"traceparent", wk_trace_format(&call->trace, traceparent)};
    req.headers = pairs;
    err = err ? err : &mine;
    ok = fetch_guarded(call, request, &req, res, err);
    reply->sent = res->outcome == WK_CLIENT_ANSWERED ? WK_ANSWERED : res->outcome == WK_CLIENT_UNKNOWN ? WK_SENT_UNKNOWN : WK_NOT_SENT;
    reply->status = res->status;
    reply->body = res->body ? res->body : "";
    reply->body_len = res->len;
    reply->header_count = 0;
    if (ok && !copy_headers(call, res, reply))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "HTTP answer");
    return ok;
}

/* jansson's own bound is 2,048 levels, which overflows a fiber's stack: count the nesting before it sees the text. */
static bool too_deep(const char *text, size_t len)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > WK_JSON_DEPTH)
                return true;
        } else if ((c == ']' || c == '}') && depth) {
            depth--;
        }
    }
    return false;
}

void *wk_call_json_parse(struct wk_call *call, const char *text, size_t len, struct wk_err *err)
{
    json_error_t where;
    json_t *json;

    if (too_deep(text, len)) {
        wk_fail(err, WK_BUSINESS, "json.depth", "nested deeper than %d levels", WK_JSON_DEPTH);
        return NULL;
    }
    json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (!json) {
        wk_fail(err, WK_BUSINESS, "json.syntax", "line %d, column %d: %s", where.line, where.column, where.text);
        return NULL;
    }
    if (!wk_defer(call, wk_json_drop, json)) {
        json_decref(json);
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "JSON value");
        return NULL;
    }
    return json;
}
