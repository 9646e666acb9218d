/* t-good - a plugin with one of everything: every kind of setting, hook and service. */
#include <wakala/plugin.h>

static const struct wk_setting settings[] = {
    WK_SETTING_STRING("greeting", "hello", WK_SCOPE_TENANT, "put before each name"),
    WK_SETTING_INT("retries", "3", 0, 9, WK_SCOPE_HOST, "how often"),
    WK_SETTING_BOOL("loud", "false", WK_SCOPE_TENANT, "in capitals"),
    WK_SETTING_DURATION("pause", "30s", WK_SCOPE_HOST, "between two"),
    WK_SETTING_SIZE("buffer", "64k", WK_SCOPE_HOST, "bytes kept"),
    WK_SETTING_CHOICE("mode", "fast", "fast|safe", WK_SCOPE_HOST, "which way"),
    WK_SETTING_SECRET("token", WK_SCOPE_TENANT, "of the outside"),
    {0}};

struct greet {
    struct wk_service_head head;
    int (*number)(void);
};
static int number(void) { return 1; }
static struct greet greet = {{.size = sizeof greet, .version = 1}, number};
static const struct wk_provide provides[] = {{"greet/1", &greet.head}, {0}};

static bool on_http(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call;
    return wk_http_reply(http, 204, "text/plain", "", 0, err);
}
static const struct wk_route routes[] = {{.method = WK_GET, .path = "/v1/hello/{name}", .permission = WK_PUBLIC, .run = on_http}, {0}};

static bool on_event(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    (void)call, (void)event, (void)err;
    return true;
}
static const struct wk_sub subs[] = {{.name = "on-any", .pattern = "hello.*", .from = WK_FROM_NOW, .run = on_event},
                                     {.name = "on-other", .pattern = "other.said", .from = WK_FROM_START, .run = on_event},
                                     {0}};
static const struct wk_event_type events[] = {
    {.name = "hello.said", .priority = WK_HIGH, .version = 1, .key = "name", .schema = "hello.said.json", .summary = "somebody was greeted"},
    {0}};

static enum wk_verdict before(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call, (void)http, (void)err;
    return WK_DECLINED;
}
static const struct wk_filter filters[] = {{.name = "late", .phase = WK_PHASE_EDGE, .priority = 90, .before = before},
                                           {.name = "early", .phase = WK_PHASE_EDGE, .priority = -5, .before = before},
                                           {.name = "policy", .phase = WK_PHASE_POLICY, .before = before},
                                           {0}};

static enum wk_verdict on_message(struct wk_call *call, const struct wk_message *message, struct wk_err *err)
{
    (void)call, (void)message, (void)err;
    return WK_DECLINED;
}

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
    {.path = "/webhooks/good/{app?}", .channel = "good", .body_max = 1 << 20, .verify = verify, .split = split}, {0}};

WK_SQL(good_one, "SELECT 1");

static bool good_open(struct wk_plugin *plugin, struct wk_err *err)
{
    static int state;

    (void)err;
    wk_set_state(plugin, &state);
    return true;
}
static void good_close(struct wk_plugin *plugin) { wk_set_state(plugin, NULL); }

static const struct wk_error_type errors[] = {
    WK_ERROR_BUSINESS("hello.rude", 422, "Please say hello first.", "The client greets."),
    WK_ERROR_SYSTEM("hello.dumb", "Nothing can be said."),
    {0},
};

WK_PLUGIN("t-good", "1.2.3", .summary = "One of everything", .settings = settings, .provides = provides, .routes = routes,
          .subscriptions = subs, .events = events, .filters = filters, .inboxes = inboxes, .on_message = on_message,
          .message_priority = 50, .errors = errors, .open = good_open, .close = good_close);
