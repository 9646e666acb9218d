/* t-secured - a route that asks for a permission, and a filter where only identity providers may stand. */
#include <wakala/plugin.h>

static bool on_http(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call;
    return wk_http_reply(http, 204, "text/plain", "", 0, err);
}
static const struct wk_route routes[] = {
    {.method = WK_DELETE, .path = "/v1/safe", .permission = WK_PERM("safe.open"), .run = on_http}, {0}};
static enum wk_verdict before(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call, (void)http, (void)err;
    return WK_DECLINED;
}
static const struct wk_filter filters[] = {{.name = "guess", .phase = WK_PHASE_IDENTITY, .before = before}, {0}};

WK_PLUGIN("t-secured", "1.0.0", .summary = "Has something to guard", .routes = routes, .filters = filters);
