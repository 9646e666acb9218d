#include "call/pass.h"
#include "fiber/fiber.h"
#include "guard/guard.h"
#include <stdlib.h>
#include <strings.h>

enum { HEADERS_MAX = 110, CONNECTION_MAX = 200 }; /* as many as the listener takes, and what is added */

struct wk_server {
    struct wk_upstream *up;
    unsigned turn; /* of the lists that this server is the first of */
    struct wk_server *next; /* all of them: they end with the process */
    char target[];
};
static struct wk_server *servers;

struct wk_server *wk_server_create(struct event_base *base, const char *address, const char *target, struct wk_err *err)
{
    size_t size = strlen(target) + 1;
    struct wk_server *server = calloc(1, sizeof *server + size);

    if (!server) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "server %.100s", address);
        return NULL;
    }
    memcpy(server->target, target, size);
    if (!(server->up = wk_upstream_create(base, address, NULL, err))) {
        free(server);
        return NULL;
    }
    server->next = servers;
    servers = server;
    return server;
}

/* --- headers: hop-by-hop ones end here (RFC 9110 7.6.1), and our own are never taken from outside ------------------------------- */

static bool is(struct wk_span name, const char *text) { return strlen(text) == name.len && !strncasecmp(name.data, text, name.len); }

static bool is_hop(struct wk_span name, struct wk_span connection)
{
    static const char *const hops[] = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
                                       "transfer-encoding", "upgrade", "content-length"};

    for (size_t i = 0; i < WK_COUNT(hops); i++)
        if (is(name, hops[i]))
            return true;
    for (size_t at = 0; at < connection.len;) { /* what Connection names */
        size_t n = 0;

        while (at < connection.len && strchr(" \t,", connection.data[at]))
            at++;
        while (at + n < connection.len && !strchr(" \t,", connection.data[at + n]))
            n++;
        if (n == name.len && !strncasecmp(connection.data + at, name.data, n))
            return true;
        at += n;
    }
    return name.len >= 9 && !strncasecmp(name.data, "x-wakala-", 9);
}

static bool goes_out(struct wk_span name, const struct wk_pass_try *t)
{
    static const char *const stays[] = {"host", "expect", "accept-encoding"},
                             *const conditions[] = {"if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"};

    for (size_t i = 0; i < WK_COUNT(stays); i++)
        if (is(name, stays[i]))
            return false;
    for (size_t i = 0; t->is_kept && i < WK_COUNT(conditions); i++)
        if (is(name, conditions[i]))
            return false;
    for (size_t i = 0; i < t->n_added; i++)
        if (is(name, t->added[i].name))
            return false;
    return true;
}

/* Into pairs, their text into `text` or, with NULL, only counted: how many bytes it takes. */
static size_t headers_of(struct wk_exchange *x, const struct wk_pass_try *t, struct wk_header_pair *pairs, size_t *n, char *text)
{
    struct wk_span name, value, connection = wk_exchange_header(x, "connection");
    size_t used = 0;

    *n = 0;
    for (size_t i = 0; *n < HEADERS_MAX - t->n_added && wk_exchange_header_at(x, i, &name, &value); i++) {
        if (is_hop(name, connection) || !goes_out(name, t))
            continue;
        if (text) {
            memcpy(text + used, name.data, name.len);
            text[used + name.len] = '\0';
            memcpy(text + used + name.len + 1, value.data, value.len);
            text[used + name.len + 1 + value.len] = '\0';
            pairs[*n] = (struct wk_header_pair){text + used, text + used + name.len + 1};
        }
        used += name.len + value.len + 2;
        ++*n;
    }
    for (size_t i = 0; text && i < t->n_added; i++)
        pairs[(*n)++] = t->added[i];
    return used;
}

bool wk_server_ask(struct wk_server *server, struct wk_exchange *x, const struct wk_pass_try *t, struct wk_upstream_res *res, struct wk_err *err)
{
    struct wk_header_pair pairs[HEADERS_MAX];
    const char *method = wk_exchange_method(x);
    struct wk_span target = wk_exchange_target(x);
    struct wk_upstream_req req = {.method = strcmp(method, "HEAD") ? method : "GET", /* its length is told; the listener leaves the body out */
                                  .target = target.len && *target.data == '/' ? target : wk_exchange_path(x), .headers = pairs,
                                  .timeout_ms = t->timeout_ms, .body_max = t->reply_max};
    char *text = malloc(headers_of(x, t, NULL, &req.n_headers, NULL) + 1);
    bool ok;

    *res = (struct wk_upstream_res){.outcome = WK_CLIENT_NOT_SENT};
    if (!text)
        return wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "headers to pass on");
    (void)headers_of(x, t, pairs, &req.n_headers, text);
    req.body = wk_exchange_body(x, &req.body_len);
    ok = wk_upstream_ask(server->up, &req, res, err);
    free(text);
    if (ok && (res->status < 200 || res->status > 599)) { /* 101: the client would speak another protocol, to us */
        wk_upstream_done(server->up, res);
        res->outcome = WK_CLIENT_UNKNOWN;
        return wk_fail(err, WK_TRANSIENT, "http.unknown", "%s answers with status %d", server->target, res->status);
    }
    return ok;
}

void wk_server_done(struct wk_server *server, struct wk_upstream_res *res) { wk_upstream_done(server->up, res); }

/* The answer's bytes are the connection's, and have been read: what ends a name and a value becomes its NUL. */
static char *ended(struct wk_span s)
{
    char *text = (char *)(uintptr_t)s.data;

    text[s.len] = '\0';
    return text;
}

size_t wk_pass_headers(struct wk_upstream_res *res, struct wk_header_pair *out, size_t max)
{
    char connection[CONNECTION_MAX] = "";
    struct wk_span named = wk_upstream_header(res, "connection");
    size_t n = 0;

    (void)snprintf(connection, sizeof connection, "%.*s", (int)named.len, named.data ? named.data : "");
    named = (struct wk_span){connection, strlen(connection)};
    for (size_t i = 0; i < res->n_headers; i++) {
        struct wk_span name = res->header[i].name, value = res->header[i].value;

        if (is_hop(name, named))
            continue;
        if (n < max)
            out[n] = (struct wk_header_pair){ended(name), value.len ? ended(value) : ""};
        n++;
    }
    return n;
}

/* --- with breaker, in turn ------------------------------------------------------------------------------------------------------- */

struct given { /* back to its pool when the call ends */
    struct wk_server *server;
    struct wk_upstream_res res;
};
static void give_back(void *arg)
{
    struct given *g = arg;

    if (g->res.link)
        wk_server_done(g->server, &g->res);
}

static enum wk_outcome_class outcome_of(const struct wk_upstream_res *res, bool ok, const struct wk_err *err, bool was_patient)
{
    if (ok)
        return res->status >= 500 ? WK_CALL_BROKEN : WK_CALL_GOOD;
    if (wk_err_is(err, "call.deadline"))
        return was_patient ? WK_CALL_TIMEOUT : WK_CALL_SAYS_NOTHING;
    if (wk_err_is(err, "http.not_sent"))
        return WK_CALL_UNREACHABLE;
    return wk_err_is(err, "http.unknown") ? WK_CALL_BROKEN : WK_CALL_SAYS_NOTHING;
}

static bool ask(struct wk_call *call, struct wk_http *http, struct wk_server *server, const struct wk_pass_try *t, struct wk_upstream_res *res,
                bool *was_asked, struct wk_err *err)
{
    int64_t began = wk_mono_us();
    struct wk_ticket ticket;
    bool ok;

    *was_asked = !call->engine->guard || wk_guard_admit(call->engine->guard, server->target, &ticket, err);
    if (!*was_asked)
        return false;
    ok = wk_server_ask(server, http->x, t, res, err);
    if (call->engine->guard) /* a second is patience enough, or all that the route allows */
        wk_guard_leave(call->engine->guard, &ticket, outcome_of(res, ok, err, wk_mono_us() - began >= (t->timeout_ms < 1000 ? t->timeout_ms : 1000) * INT64_C(1000)));
    return ok;
}

static bool may_repeat(const char *method, const struct wk_upstream_res *res)
{
    return res->outcome == WK_CLIENT_NOT_SENT || !strcmp(method, "GET") || !strcmp(method, "HEAD") || !strcmp(method, "PUT") || !strcmp(method, "DELETE");
}

static bool has_header(const struct wk_http *http, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcasecmp(http->headers[i].name, name))
            return true;
    return false;
}

/* One header for what filters and the server say: whoever keeps the answer reads it. */
static bool add_vary(struct wk_http *http, const char *value, struct wk_err *err)
{
    const char *has = wk_hook_answer_header(http, "Vary");

    return wk_hook_set_header(http, "Vary", has ? wk_printf(http->call, "%s, %s", has, value) : value, err);
}

static bool take_over(struct wk_http *http, struct wk_upstream_res *res, struct wk_err *err)
{
    struct wk_header_pair pairs[WK_UPSTREAM_HEADERS];
    size_t n = wk_pass_headers(res, pairs, WK_COUNT(pairs)), mine = http->n_headers;

    for (size_t i = 0; i < n; i++) {
        if (!strcasecmp(pairs[i].name, "content-type"))
            http->content_type = pairs[i].value;
        else if (!strcasecmp(pairs[i].name, "vary")) {
            if (!add_vary(http, pairs[i].value, err))
                return false;
        } else if (strcasecmp(pairs[i].name, "set-cookie") != 0 && has_header(http, mine, pairs[i].name))
            continue;
        else if (http->n_headers == WK_HTTP_HEADERS_MAX - 8) /* the filters have something to say, too */
            return wk_fail(err, WK_SYSTEM, "http.headers", "the server's answer has too many headers");
        else
            http->headers[http->n_headers++] = pairs[i];
    }
    http->status = res->status;
    http->body = res->body.len ? res->body.data : "";
    http->body_len = res->body.len;
    return true;
}

static size_t add_headers(struct wk_call *call, struct wk_http *http, struct wk_header_pair *out)
{
    const struct wk_principal *who = &call->principal;
    struct wk_span host = wk_exchange_host(http->x), through = wk_exchange_header(http->x, "x-forwarded-for");
    const char *id = wk_hook_answer_header(http, "X-Request-Id");
    char *trace = wk_alloc(call, WK_TRACEPARENT_SIZE);
    size_t n = 0;

    if (!trace)
        return 0;
    out[n++] = (struct wk_header_pair){"traceparent", wk_trace_format(&call->trace, trace)};
    out[n++] = (struct wk_header_pair){"X-Forwarded-For", through.data ? wk_printf(call, "%.*s, %s", (int)through.len, through.data, wk_hook_peer(http))
                                                                       : wk_hook_peer(http)};
    out[n++] = (struct wk_header_pair){"X-Forwarded-Host", host.data ? wk_strndup(call, host.data, host.len) : ""};
    if (id)
        out[n++] = (struct wk_header_pair){"X-Request-Id", id};
    if (call->tenant)
        out[n++] = (struct wk_header_pair){"x-wakala-tenant", call->tenant->tenant.id_text};
    if (who->subject)
        out[n++] = (struct wk_header_pair){"x-wakala-subject", who->subject};
    if (who->role)
        out[n++] = (struct wk_header_pair){"x-wakala-role", who->role};
    for (size_t i = 0; i < n; i++)
        if (!out[i].value)
            return 0;
    return n;
}

bool wk_call_pass(struct wk_call *call, struct wk_http *http, const struct wk_passing *passing, struct wk_err *err)
{
    struct given *g = wk_alloc(call, sizeof *g);
    struct wk_passing p = {0};
    struct wk_header_pair added[8];
    struct wk_pass_try t = {.added = added};
    struct wk_err mine = {0};
    unsigned turn;

    err = err ? err : &mine;
    memcpy(&p, passing, passing->size < sizeof p ? passing->size : sizeof p);
    if (!wk_call_may_wait(call, "passing a request on", err))
        return false;
    if (!http->x || http->is_gone)
        return wk_fail(err, WK_TRANSIENT, "http.gone", "the client left");
    if (!g || !wk_defer(call, give_back, g) || !(t.n_added = add_headers(call, http, added)))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "passing a request on");
    t.timeout_ms = p.timeout_ms ? p.timeout_ms : 10000;
    t.reply_max = p.reply_max;
    t.is_kept = p.is_kept;
    turn = p.servers[0]->turn++;
    for (uint32_t i = 0, tries = 0; i < p.count + p.retries; i++) {
        bool was_asked;

        g->server = p.servers[(turn + i) % p.count];
        if (ask(call, http, g->server, &t, &g->res, &was_asked, err))
            return take_over(http, &g->res, err);
        if (!was_asked) /* left alone by its breaker: that is no try */
            continue;
        if (tries++ == p.retries || !may_repeat(wk_exchange_method(http->x), &g->res) || wk_err_is(err, "call.cancelled") ||
            wk_err_is(err, "http.reply_too_large") || wk_mono_us() + 10000 > call->until_us || http->is_gone)
            return false;
        /* Going elsewhere with what was never sent loads nobody twice; all else is within what may be repeated. */
        if (g->res.outcome != WK_CLIENT_NOT_SENT && call->engine->guard && !wk_guard_may_retry(call->engine->guard, g->server->target))
            return false;
    }
    return false;
}
