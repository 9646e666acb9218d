/* client.h - outbound HTTP for fibers, on libcurl's multi socket interface. One client per loop; connections are kept and
 * reused per host. Straight-line: wk_client_fetch() parks the calling fiber until the answer, the deadline or a cancel.
 * Threads: loop only. Nothing but http and https, no redirects, no proxy from the environment. */
#ifndef WK_HTTP_CLIENT_H
#define WK_HTTP_CLIENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/base.h>
#include <wakala/err.h>
#include "server.h" /* struct wk_header_pair */

struct event_base;
struct wk_client;

struct wk_client_conf { /* every 0 / NULL means the default in brackets */
    uint32_t max_host_connections;  /* [16] */
    uint32_t max_total_connections; /* [128] */
    uint32_t max_parked;            /* [1,024] calls at once; above: http.client_full, NOT_SENT */
    const char *ca_file;            /* [the system's] */
};
struct wk_client *wk_client_create(struct event_base *base, const struct wk_client_conf *conf, struct wk_err *err);
void wk_client_destroy(struct wk_client *c); /* NULL allowed; no fetch may be under way */

struct wk_client_req {
    const char *method; /* NULL = GET, or POST with a body */
    const char *url;
    const struct wk_header_pair *headers;
    size_t n_headers;
    const void *body;
    size_t body_len;
    uint32_t connect_timeout_ms; /* 0 = 3 s */
    uint32_t timeout_ms;         /* all of it; 0 = 10 s; the fiber's own deadline also counts */
    size_t res_max_bytes;        /* 0 = 1 MiB */
    bool https_only;             /* refuse http:// */
    /* At most one copy leaves, on a connection of its own: curl silently repeats a request, POST included, when a kept
     * connection turns out to be dead. For what must not happen twice. */
    bool once;
    const char *ca_file; /* PEM; NULL = the client's */
};
enum wk_client_outcome {
    WK_CLIENT_NOT_SENT, /* no byte of the request left: DNS, connect or TLS failed. Safe to send again */
    WK_CLIENT_UNKNOWN,  /* sent, no complete answer: it may have taken effect */
    WK_CLIENT_ANSWERED, /* a complete answer, whatever its status */
};
struct wk_client_res {
    enum wk_client_outcome outcome;
    int status;            /* 0 = none seen */
    char *body;            /* NUL-terminated beyond len; "" when empty */
    size_t len;
    char *head;            /* final answer's header lines, internal form: read it with wk_client_header() */
    size_t head_len;
    uint32_t elapsed_ms;
    bool reused_connection;
    bool timed_out;        /* curl's time was up: timeout_ms or connect_timeout_ms */
};
/* On a fiber only. true = ANSWERED. false: err says why (http.not_sent, http.unknown, http.reply_too_large, http.client_full,
 * call.deadline, call.cancelled, http.bad_request) and res->outcome whether it may have left. res is always set; finish it. */
bool wk_client_fetch(struct wk_client *c, const struct wk_client_req *req, struct wk_client_res *res, struct wk_err *err);
struct wk_span wk_client_header(const struct wk_client_res *res, const char *name); /* first; data NULL = absent */
void wk_client_res_finish(struct wk_client_res *res); /* zeroed or filled; may be called twice */

struct wk_client_stats {
    uint32_t running;
    uint64_t calls, answered, not_sent, unknown, cancelled, handles_made;
};
const struct wk_client_stats *wk_client_stats(struct wk_client *c);
#endif
