/* upstream.h - requests to servers behind the gateway: plain HTTP/1.1 to addresses that stand in the configuration, connections kept. What curl's client
 * does for the whole world costs too much here, and the answer need not be copied. Straight-line: wk_upstream_ask() parks the calling fiber.
 * Threads: loop only. One pool per server and loop. */
#ifndef WK_HTTP_UPSTREAM_H
#define WK_HTTP_UPSTREAM_H
#include "client.h" /* outcomes */

struct wk_upstream;
struct wk_upstream_conf { /* 0: the default in brackets */
    uint32_t connections_max;    /* in use at once [256]; above: http.upstream_full, NOT_SENT */
    uint32_t idle_max;           /* kept [128] */
    uint32_t connect_timeout_ms; /* [2 s] */
    uint32_t head_max;           /* of the answer [32 KiB] */
};
/* `address`: "host:port" or "[::1]:port"; a name is looked up once, here (blocks). http.upstream_address (BUSINESS) otherwise. */
struct wk_upstream *wk_upstream_create(struct event_base *base, const char *address, const struct wk_upstream_conf *conf, struct wk_err *err);
void wk_upstream_destroy(struct wk_upstream *up); /* NULL allowed; nothing may be under way */

struct wk_upstream_req { /* borrowed until the answer has come */
    const char *method;
    struct wk_span target; /* origin form: path and query */
    const struct wk_header_pair *headers; /* without Host, Content-Length, hop-by-hop ones */
    size_t n_headers;
    const char *host; /* Host; NULL: the address */
    const void *body;
    size_t body_len;
    uint32_t timeout_ms; /* all of it; 0: 10 s; the fiber's own deadline also counts */
    size_t body_max;     /* of the answer; 0: 1 MiB; above: http.reply_too_large */
};
enum { WK_UPSTREAM_HEADERS = 64 };
struct wk_upstream_res {
    enum wk_client_outcome outcome;
    int status;
    struct { struct wk_span name, value; } header[WK_UPSTREAM_HEADERS];
    size_t n_headers;
    struct wk_span body;
    void *link; /* whose memory all of that is */
};
/* True: ANSWERED; res lives until wk_upstream_done(). False: err (http.not_sent, http.unknown, http.reply_too_large, http.upstream_full, call.deadline,
 * call.cancelled, all TRANSIENT but reply_too_large) and res->outcome; nothing need be done. A kept connection that turns out closed before a byte of
 * the answer came is tried once more on a new one, if the method is safe to repeat. */
bool wk_upstream_ask(struct wk_upstream *up, const struct wk_upstream_req *req, struct wk_upstream_res *res, struct wk_err *err);
void wk_upstream_done(struct wk_upstream *up, struct wk_upstream_res *res); /* after an answer: its connection may serve again */
struct wk_span wk_upstream_header(const struct wk_upstream_res *res, const char *name); /* the first; data NULL: absent */

struct wk_upstream_stats {
    uint32_t open, idle;
    uint64_t asked, connects, repeats;
};
const struct wk_upstream_stats *wk_upstream_stats(const struct wk_upstream *up);
#endif
