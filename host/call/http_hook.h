/* http_hook.h - struct wk_http: one exchange as a plugin's hook sees it. The answer is kept until the call has committed, then sent; a
 * streamed one goes out as it is written. */
#ifndef WK_HTTP_HOOK_H
#define WK_HTTP_HOOK_H
#include "call/call.h"
#include "config/networks.h"
#include "http/router.h"
#include "http/server.h"

enum { WK_HTTP_HEADERS_MAX = 64 };
struct wk_http {
    struct wk_call *call;
    struct wk_exchange *x; /* NULL once it is answered or gone */
    const struct wk_route_match *match;
    const struct wk_route *route;
    struct wk_uuid id; /* of the request, over all its runs; nil: nobody has asked yet */
    bool (*run)(struct wk_call *call, struct wk_http *http, struct wk_err *err); /* the route, for a filter; NULL: it has run, or cannot */
    const char *path, *query; /* NUL-terminated copies */
    struct wk_header_pair headers[WK_HTTP_HEADERS_MAX];
    size_t n_headers;
    size_t n_kept; /* of them set by filters before the route ran: they stay on an error's answer */
    int status; /* 0: no answer yet */
    const char *content_type;
    const char *body;
    size_t body_len;
    bool is_streaming, is_gone;
    char client[WK_ADDRESS_TEXT]; /* who asked; empty until somebody wants to know */
    bool is_cut; /* a streamed answer that failed */
    struct wk_fiber *fiber; /* who waits for a piece or for room */
    bool can_write;
    struct { /* WK_ROUTE_PIECES */
        char *data;
        size_t len;
        bool is_end, is_full, is_given;
    } piece;
};
void wk_http_send(struct wk_http *http);                        /* what was kept; ends the exchange */
/* err as a problem+json answer, instead of what was kept; not sent yet. Returns its status, also of a streamed answer that can only be cut. */
int wk_http_fail(struct wk_http *http, const struct wk_err *err);
const char *wk_query_value(struct wk_arena *arena, struct wk_span query, const char *name); /* decoded; NULL: absent or malformed */

/* Who asked: the other end of the connection, or whom trusted proxies name. Into client; returns it. */
const char *wk_peer_of(const struct wk_engine *engine, const struct wk_exchange *x, char client[WK_ADDRESS_TEXT]);

const char *wk_hook_method(struct wk_http *http);
const char *wk_hook_path(struct wk_http *http);
const char *wk_hook_param(struct wk_http *http, const char *name);
const char *wk_hook_query(struct wk_http *http, const char *name);
const char *wk_hook_query_text(struct wk_http *http);
const char *wk_hook_header(struct wk_http *http, const char *name);
const char *wk_hook_peer(struct wk_http *http);
bool wk_hook_came_over(struct wk_http *http, const char *networks);
struct wk_span wk_hook_body(struct wk_http *http);
bool wk_hook_body_next(struct wk_call *call, struct wk_http *http, struct wk_span *piece, struct wk_err *err);
bool wk_hook_set_header(struct wk_http *http, const char *name, const char *value, struct wk_err *err);
bool wk_hook_reply(struct wk_http *http, int status, const char *content_type, const void *body, size_t len, struct wk_err *err);
bool wk_hook_begin(struct wk_http *http, int status, const char *content_type, struct wk_err *err);
bool wk_hook_write(struct wk_call *call, struct wk_http *http, const void *data, size_t len, struct wk_err *err);
struct wk_uuid wk_hook_id(struct wk_http *http);
bool wk_hook_run(struct wk_call *call, struct wk_http *http, struct wk_err *err);
int wk_hook_status(struct wk_http *http);
const struct wk_route *wk_hook_route(struct wk_http *http);
struct wk_span wk_hook_answer(struct wk_http *http);
const char *wk_hook_answer_header(struct wk_http *http, const char *name);
#endif
