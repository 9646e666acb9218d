/* router.h - from method and path to a route: a trie of path segments, built once, read only afterwards.
 * Patterns: "/v1/orders/{id}", "/webhooks/whatsapp/{app}", "/sim/" + "*" (the rest, at the end only). A literal wins over
 * {param}, {param} over the wildcard; lookup steps back when the more exact way ends nowhere. */
#ifndef WK_HTTP_ROUTER_H
#define WK_HTTP_ROUTER_H
#include <wakala/base.h>
#include <wakala/err.h>

#define WK_ROUTE_MAX_PARAMS 8
#define WK_ROUTE_MAX_SEGMENTS 32
#define WK_ROUTE_PATH_MAX 8192

struct wk_router;
struct wk_router *wk_router_create(struct wk_err *err);
void wk_router_destroy(struct wk_router *r); /* NULL allowed */
WK_DEFINE_AUTO(wk_router)

/* `owner` names who asks (a plugin), for messages only; `data` comes back from a lookup. Copies the texts. Fails with
 * router.pattern (malformed), router.duplicate (same method and shape, {a} and {b} included) naming both owners. */
bool wk_router_add(struct wk_router *r, const char *method, const char *pattern, const char *owner, void *data,
                   struct wk_err *err);

struct wk_route_param {
    const char *name;     /* the router's text; "*" for the wildcard */
    struct wk_span value; /* percent-decoded, in match.text; NUL-terminated beyond len */
};
enum wk_route_found {
    WK_ROUTE_OK,
    WK_ROUTE_NO_PATH,   /* 404 */
    WK_ROUTE_NO_METHOD, /* 405; allow holds "GET, POST" */
    WK_ROUTE_BAD_PATH,  /* 400: escapes, control characters, "..", too long, too many segments */
};
struct wk_route_match {
    void *data;
    const char *pattern; /* as added: the label for metrics */
    size_t n_params;
    struct wk_route_param params[WK_ROUTE_MAX_PARAMS];
    char allow[96];
    char text[WK_ROUTE_PATH_MAX + 2]; /* decoded parameters live here: do not copy the struct, spans point into it */
};
/* HEAD falls back to GET. `path` is raw (as wk_exchange_path gives it). A trailing slash is a different path. */
enum wk_route_found wk_router_find(const struct wk_router *r, const char *method, struct wk_span path,
                                   struct wk_route_match *match);
/* The value of a parameter; data NULL = no such name. */
struct wk_span wk_route_param(const struct wk_route_match *match, const char *name);
void wk_router_each(const struct wk_router *r,
                    void (*visit)(const char *method, const char *pattern, const char *owner, void *data, void *arg), void *arg);
#endif
