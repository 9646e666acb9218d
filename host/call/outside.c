/* outside.c - what a call does beyond the database: HTTP requests, threads, JSON from outside. */
#include "call/call.h"
#include "call/offload.h"
#include "fiber/fault.h"
#include "fiber/fiber.h"
#include "http/client.h"
#include <jansson.h>
#include <stdlib.h>
#include <wakala/json.h>

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

bool wk_call_fetch(struct wk_call *call, const struct wk_fetch *request, struct wk_fetched *reply, struct wk_err *err)
{
    struct wk_client_res *res = wk_alloc(call, sizeof *res);
    struct wk_client_req req = {.method = request->method, .url = request->url, .n_headers = request->header_count, .body = request->body,
                                .body_len = request->body_len, .timeout_ms = request->timeout_ms, .res_max_bytes = request->reply_max};
    struct wk_header_pair *pairs = wk_alloc(call, (request->header_count + 1) * sizeof *pairs);
    char traceparent[WK_TRACEPARENT_SIZE];
    bool ok;

    reply->sent = WK_NOT_SENT;
    if (!wk_call_may_wait(call, "an HTTP request", err))
        return false;
    if (!res || !pairs || !wk_defer(call, finish_res, res))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "HTTP request");
    for (size_t i = 0; i < request->header_count; i++)
        pairs[i] = (struct wk_header_pair){request->headers[i].name, request->headers[i].value};
    pairs[req.n_headers++] = (struct wk_header_pair){"traceparent", wk_trace_format(&call->trace, traceparent)};
    req.headers = pairs;
    ok = wk_client_fetch(call->engine->client, &req, res, err);
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
