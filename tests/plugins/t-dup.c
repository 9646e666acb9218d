/* t-dup - wants an event type, a route, an inbox and an error code that t-good has, and one of the host. */
#include <wakala/plugin.h>

static bool on_http(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call;
    return wk_http_reply(http, 204, "text/plain", "", 0, err);
}
static const struct wk_route routes[] = {{.method = WK_GET, .path = "/v1/hello/{who}", .permission = WK_PUBLIC, .run = on_http},
                                         {.method = WK_POST, .path = "/v1/hello/{who}", .permission = WK_PUBLIC, .run = on_http},
                                         {0}};
static const struct wk_event_type events[] = {
    {.name = "hello.said", .priority = WK_LOW, .version = 1, .key = "name", .summary = "also greeted"}, {0}};

static enum wk_authentic verify(const struct wk_webhook *hook, struct wk_err *err)
{
    (void)hook, (void)err;
    return WK_FORGED;
}
static bool split(const struct wk_webhook *hook, struct wk_split *to, struct wk_err *err)
{
    (void)hook, (void)to, (void)err;
    return true;
}
static const struct wk_inbox inboxes[] = {
    {.path = "/webhooks/good/{id?}", .channel = "dup", .body_max = 1024, .verify = verify, .split = split}, {0}};

#define TAKEN(code) {code, WK_BUSINESS, 422, 0, "No.", "It belongs to somebody else."}
static const struct wk_error_type errors[] = {TAKEN("hello.rude"), TAKEN("db.unique"), TAKEN("t-dup.own"), {0}};

WK_PLUGIN("t-dup", "1.0.0", .summary = "Wants what is taken", .routes = routes, .events = events, .inboxes = inboxes,
          .errors = errors);
