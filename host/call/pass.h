/* pass.h - a request passed on as it came to a server behind us, and its answer back: wk_http_pass() of the SDK, and the forwards of wakala.conf.
 * Threads: the loop's, on a fiber. */
#ifndef WK_PASS_H
#define WK_PASS_H
#include "call/http_hook.h"
#include "http/upstream.h"

struct wk_server; /* one address and its kept connections; lives as long as the worker */
struct wk_server *wk_server_create(struct event_base *base, const char *address, const char *target, struct wk_err *err);

struct wk_pass_try { /* 0 and NULL: the defaults of wk_upstream_req */
    const struct wk_header_pair *added; /* instead of those of that name that came */
    size_t n_added;
    uint32_t timeout_ms;
    size_t reply_max;
    bool is_kept; /* see struct wk_passing */
};
/* One try, without breaker: as wk_upstream_ask(); after an answer: wk_server_done(). */
bool wk_server_ask(struct wk_server *server, struct wk_exchange *x, const struct wk_pass_try *t, struct wk_upstream_res *res, struct wk_err *err);
void wk_server_done(struct wk_server *server, struct wk_upstream_res *res);
/* The answer's headers that travel on, at most `max` of them: text inside res. Returns how many there are. */
size_t wk_pass_headers(struct wk_upstream_res *res, struct wk_header_pair *out, size_t max);

bool wk_call_pass(struct wk_call *call, struct wk_http *http, const struct wk_passing *passing, struct wk_err *err);
#endif
