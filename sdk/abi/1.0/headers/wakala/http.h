/* http.h - answering HTTP requests (routes, filters) and making them (fetch). */
#ifndef WAKALA_HTTP_H
#define WAKALA_HTTP_H
#include <wakala/call.h>

enum wk_method { WK_GET = 1, WK_POST, WK_PUT, WK_PATCH, WK_DELETE, WK_HEAD_, WK_ANY = 99 };

/* A route names its permission; these two are the exceptions that need none. */
#define WK_PERM(name) name
#define WK_PUBLIC "-"         /* anybody, no tenant */
#define WK_AUTHENTICATED "+"  /* any principal */

/* An error becomes an answer (RFC 9457 problem details) by the code's row in the catalogue and its class: guard.h, struct wk_told. */
struct wk_route {
    enum wk_method method; /* 0 ends the table */
    const char *path;      /* "/v1/orders/{id}", "/sim/{rest*}" */
    const char *permission;
    bool (*run)(struct wk_call *call, struct wk_http *http, struct wk_err *err); /* may suspend; false: err is the answer */
    uint32_t flags;        /* WK_ROUTE_... */
    uint32_t deadline_ms;  /* 0: 15 s */
    uint64_t body_max;     /* bytes; 0: 1 MiB */
};
enum wk_route_flags {
    WK_ROUTE_PIECES = 1, /* the handler reads the body with wk_http_body_next() instead of getting it whole */
    WK_ROUTE_CACHE = 2,  /* GET: the answer is the same for who has the same role in the tenant, and may be 300 s old */
    WK_ROUTE_OWN = 4,    /* with CACHE: the answer is the principal's own */
    WK_ROUTE_ALWAYS = 8, /* also for a suspended tenant, and for penalised callers: sign-in, health, keys, what ends a delivery */
};

/* What the answers of a path are made of, as tags (cache.h): a kept answer is forgotten when one of them is invalidated. A path without a row has one tag,
 * its first word behind the version: "orders" of "/v1/orders/{id}". Whatever writes says wk_cache_invalidate() of the tags it changes; a write through
 * the API to a path invalidates that path's tags by itself. */
struct wk_route_tags {
    const char *path; /* as in struct wk_route; NULL ends the table */
    const char *tags;
};

/* The order in which filters see a request; on the way back, after the route, in reverse. */
enum wk_phase { WK_PHASE_EDGE = 1, WK_PHASE_IDENTITY, WK_PHASE_TENANT, WK_PHASE_POLICY, WK_PHASE_CACHE };
struct wk_filter {
    const char *name; /* NULL ends the table */
    enum wk_phase phase;
    int32_t priority; /* lower runs earlier inside its phase; equal: by plugin name */
    uint32_t reserved;
    /* DECLINED: go on; HANDLED: it has answered; FAILED: err is the answer. May suspend. */
    enum wk_verdict (*before)(struct wk_call *call, struct wk_http *http, struct wk_err *err);
    void (*after)(struct wk_call *call, struct wk_http *http); /* in reverse order, once an answer is known; may be NULL */
    /* Before the commit of a route that succeeded, in reverse order: what it queues is committed with the route's own. Not for streamed answers. A
     * failure is the answer. May suspend; may be NULL. */
    bool (*seal)(struct wk_call *call, struct wk_http *http, struct wk_err *err);
};

/* The request. Strings live as long as the call, decoded where HTTP encodes (but the path); NULL when absent. wk_http_peer(): the client's address,
 * also behind proxies that the host trusts (http.trusted_proxies). wk_http_body(): the whole body, len 0 without one. None of these suspends. */
static inline const char *wk_http_method(struct wk_http *http) { return wk_host->http_method(http); }
static inline const char *wk_http_path(struct wk_http *http) { return wk_host->http_path(http); } /* as sent, no query */
static inline const char *wk_http_query_text(struct wk_http *http) { return wk_host->http_query_text(http); } /* as sent, without '?'; "": none */
static inline const char *wk_http_param(struct wk_http *http, const char *name) { return wk_host->http_param(http, name); }
static inline const char *wk_http_query(struct wk_http *http, const char *name) { return wk_host->http_query(http, name); }
static inline const char *wk_http_header(struct wk_http *http, const char *name) { return wk_host->http_header(http, name); }
static inline const char *wk_http_peer(struct wk_http *http) { return wk_host->http_peer(http); }
static inline struct wk_span wk_http_body(struct wk_http *http) { return wk_host->http_body(http); }
/* Is the other end of the connection itself, whatever a header says, one of "10.1.2.3 10.2.0.0/16 fd00::/8"? Before believing what a gateway in front
 * adds. False for an empty list, and for one that cannot be read. Does not suspend. */
static inline bool wk_http_came_over(struct wk_http *http, const char *networks) { return wk_host->http_came_over(http, networks); }
/* Next piece of the body (WK_ROUTE_PIECES); len 0 at the end. Suspends. The piece is valid until the next call. http.gone (TRANSIENT) when the client
 * left, call.wait_in_tx (SYSTEM) while a transaction is open. */
static inline bool wk_http_body_next(struct wk_call *call, struct wk_http *http, struct wk_span *piece, struct wk_err *err)
{
    return wk_host->http_body_next(call, http, piece, err);
}

/* The answer: whole, or begin + write... (ends with the hook). It leaves after the call's commit; a commit that fails becomes the answer. Everything
 * is copied. status 200..599 (http.status, SYSTEM); no answer at all: 204. A header set again is replaced; http.headers (SYSTEM) past the limit or
 * after the answer has begun; http.twice (SYSTEM) for a second answer after begin. wk_http_set_header() and wk_http_reply() do not suspend. */
static inline bool wk_http_set_header(struct wk_http *http, const char *name, const char *value, struct wk_err *err)
{
    return wk_host->http_set_header(http, name, value, err);
}
static inline bool wk_http_reply(struct wk_http *http, int status, const char *content_type, const void *body, size_t len,
                                 struct wk_err *err)
{
    return wk_host->http_reply(http, status, content_type, body, len, err);
}
/* Streamed answer: no transaction may be open (call.wait_in_tx, SYSTEM). begin does not suspend; write does while the client is slow; http.gone
 * (TRANSIENT) when it left, http.not_begun (SYSTEM). Server-sent events: begin with content type "text/event-stream". */
static inline bool wk_http_begin(struct wk_http *http, int status, const char *content_type, struct wk_err *err)
{
    return wk_host->http_begin(http, status, content_type, err);
}
static inline bool wk_http_write(struct wk_call *call, struct wk_http *http, const void *data, size_t len, struct wk_err *err)
{
    return wk_host->http_write(call, http, data, len, err);
}
static inline int wk_http_status(struct wk_http *http) { return wk_host->http_status(http); } /* 0: no answer yet */
/* For filters: the route that was asked for, and the answer as it stands (seal, after; they may replace it by wk_http_reply()). Body: data NULL when
 * there is none or it is streamed. None suspends; all live as long as the call. */
static inline const struct wk_route *wk_http_route(struct wk_http *http) { return wk_host->http_route(http); }
static inline struct wk_span wk_http_answer(struct wk_http *http) { return wk_host->http_answer(http); }
static inline const char *wk_http_answer_header(struct wk_http *http, const char *name) /* also Content-Type; NULL: not set */
{
    return wk_host->http_answer_header(http, name);
}
/* The request's own id, made here: the same when the host runs its hooks again after db.conflict. Does not suspend. */
static inline struct wk_uuid wk_http_id(struct wk_http *http) { return wk_host->http_id(http); }
/* From a filter of phase CACHE: run the route now, in its own frame, and come back with its answer; the filter then says HANDLED (FAILED with its err).
 * What fails leaves the filters' headers alone. Once per request (http.twice, SYSTEM). Suspends as the route does. */
static inline bool wk_http_run(struct wk_call *call, struct wk_http *http, struct wk_err *err) { return wk_host->http_run(call, http, err); }
/* Every route of every enabled plugin, i from 0; false past the end. In open() and later. */
struct wk_route_info {
    const char *plugin;
    const struct wk_route *route;
    const char *tags; /* of struct wk_route_tags; NULL: none named */
};
static inline bool wk_http_route_at(size_t i, struct wk_route_info *out) { return wk_host->http_route_at(i, out); }

/* Calling out. */
struct wk_header {
    const char *name, *value;
};
enum wk_sent {
    WK_NOT_SENT = 1, /* no byte of the request left: safe to repeat elsewhere */
    WK_SENT_UNKNOWN, /* it left and no whole answer came: ask before repeating */
    WK_ANSWERED,
};
struct wk_fetch { /* borrowed until wk_fetch() returns */
    uint32_t size; /* sizeof(struct wk_fetch) */
    uint32_t timeout_ms; /* 0: 10 s, never past the call's deadline */
    const char *method, *url;
    const struct wk_header *headers;
    size_t header_count;
    const void *body;
    size_t body_len;
    size_t reply_max; /* 0: 1 MiB */
    const char *target; /* whose failures are counted together, fixed text or configuration: "paystack:acct-1"; NULL: scheme, host and port of the URL */
    const char *ca_file; /* PEM file with the authorities that may vouch for the other side, read for each new connection; NULL: the machine's */
};
struct wk_fetched { /* the answer lives until the call ends */
    uint32_t size; /* sizeof(struct wk_fetched), set by the caller */
    enum wk_sent sent;
    int status;
    uint32_t reserved;
    const struct wk_header *headers;
    size_t header_count;
    const char *body; /* NUL-terminated, never NULL */
    size_t body_len;
};
/* True when an answer came, whatever its status. False: reply->sent tells NOT_SENT from UNKNOWN; err is TRANSIENT (http.not_sent, http.unknown,
 * call.deadline) but for http.bad_request and http.reply_too_large (SYSTEM); target.open, target.full and target.all_full: the target fails or too much is
 * under way, nothing was tried, err->retry_after_ms says when it is worth it (guard.h). Suspends; call.wait_in_tx inside a transaction. */
static inline bool wk_fetch(struct wk_call *call, const struct wk_fetch *request, struct wk_fetched *reply, struct wk_err *err)
{
    return wk_host->fetch(call, request, reply, err);
}

/* Servers behind the gateway: plain HTTP/1.1 to addresses of the configuration, connections kept. */

/* In open(): one more route of the plugin, as if it stood in its table; *route lives as long as the worker. plugin.descriptor, plugin.route_taken (SYSTEM). */
static inline bool wk_add_route(struct wk_plugin *plugin, const struct wk_route *route, struct wk_err *err) { return wk_host->add_route(plugin, route, err); }
/* In open(): "10.0.0.5:8080"; a name is looked up once, here. `target` names it for its breaker, as in struct wk_fetch. Lives as long as the worker. NULL:
 * http.upstream_address (BUSINESS). */
static inline struct wk_server *wk_server_open(struct wk_plugin *plugin, const char *address, const char *target, struct wk_err *err)
{
    return wk_host->server_open(plugin, address, target, err);
}
struct wk_passing {
    uint32_t size, timeout_ms; /* of one try; 0: 10 s, never past the call's deadline */
    struct wk_server *const *servers; /* taken in turn; those whose breaker is open are left out */
    size_t count;
    uint32_t retries;  /* further tries, at the next server: of GET, HEAD, PUT and DELETE, of others only when nothing was sent */
    uint32_t is_kept;  /* the answer is for all (WK_ROUTE_CACHE): conditions and ranges of this caller do not travel */
    size_t reply_max;  /* bytes; 0: 1 MiB */
};
/* The request as it came goes to one of the servers, whose answer becomes this one's. Hop-by-hop headers, Accept-Encoding and x-wakala-* end here; added are
 * x-wakala-tenant, -subject, -role, traceparent, X-Request-Id (as a filter set it), X-Forwarded-For and -Host. Headers that a filter has set stay theirs. Errors: target.open,
 * http.not_sent, http.unknown, http.upstream_full, call.deadline (TRANSIENT), http.reply_too_large, http.headers (SYSTEM), call.wait_in_tx. Suspends. */
static inline bool wk_http_pass(struct wk_call *call, struct wk_http *http, const struct wk_passing *passing, struct wk_err *err)
{
    return wk_host->http_pass(call, http, passing, err);
}
#endif
