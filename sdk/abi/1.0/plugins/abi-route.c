/* abi-route - built from the frozen headers of 1.0 and loaded by every later 1.x: routes, settings of each type, SQL, state, the call's memory. */
#include <wakala/plugin.h>

static const struct wk_setting settings[] = {
    WK_SETTING_STRING("greeting", "hello", WK_SCOPE_TENANT, "put before the name"),
    WK_SETTING_INT("times", "1", 1, 9, WK_SCOPE_HOST, "how often the name is said"),
    WK_SETTING_BOOL("loud", "false", WK_SCOPE_HOST, "with an exclamation mark"),
    WK_SETTING_DURATION("pause", "10ms", WK_SCOPE_HOST, "slept before the answer"),
    WK_SETTING_SIZE("room", "1k", WK_SCOPE_HOST, "memory taken, bytes"),
    WK_SETTING_CHOICE("end", "dot", "dot|none", WK_SCOPE_HOST, "how a sentence ends"),
    WK_SETTING_SECRET("token", WK_SCOPE_TENANT, "told to nobody; its length is"),
    {0},
};
WK_SQL(abi_route_add, "SELECT $1::bigint + 1, $2::text, $3::boolean");

static int opened; /* what open() keeps */

static void count_down(void *arg) { --*(int *)arg; }

/* GET /abi/hello/{name}?tenant=UUID */
static bool hello(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *name = wk_http_param(http, "name"), *tenant = wk_http_query(http, "tenant"), *secret, *text = "";
    struct wk_uuid id;
    struct wk_rows *rows;
    char *room = wk_alloc(call, (size_t)wk_setting_int(call, "room"));
    int *state = wk_state(call);

    if (!room || !state || !wk_sleep(call, (uint32_t)wk_setting_ms(call, "pause"), err))
        return wk_fail(err, WK_SYSTEM, "abi-route.no_memory", "no memory or no state");
    ++*state;
    if (!wk_defer(call, count_down, state)) /* undone when the call ends */
        return wk_fail(err, WK_SYSTEM, "abi-route.no_defer", "cannot defer");
    if (!tenant || !wk_uuid_parse(tenant, &id) || !wk_enter_tenant(call, &id, err))
        return wk_fail(err, WK_BUSINESS, "abi-route.tenant", "tenant: a UUID");
    if (!wk_db_read(call, &abi_route_add, WK_ARGS(wk_int(41), wk_text("a'b"), wk_bool(true)), &rows, err))
        return false;
    secret = wk_secret(call, "token", err);
    if (!secret)
        return false;
    for (int64_t i = 0; i < wk_setting_int(call, "times"); i++)
        text = wk_printf(call, "%s %s", text, name);
    text = wk_printf(call, "%s%s%s%s %lld %s %d %zu %d %s\n", wk_setting_string(call, "greeting"), text,
                     wk_setting_bool(call, "loud") ? "!" : "", strcmp(wk_setting_string(call, "end"), "dot") ? "" : ".",
                     (long long)wk_rows_int(rows, 0, 0), wk_rows_text(rows, 0, 1), (int)wk_rows_bool(rows, 0, 2), strlen(secret), *state,
                     wk_tenant(call)->currency);
    return wk_http_set_header(http, "x-abi", "1.0", err) && wk_http_reply(http, 200, "text/plain", text, strlen(text), err);
}

static bool fails(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call, (void)http;
    return wk_fail(err, WK_BUSINESS, "abi-route.refused", "always");
}

static const struct wk_route routes[] = {
    {.method = WK_GET, .path = "/abi/hello/{name}", .permission = WK_PUBLIC, .run = hello},
    {.method = WK_GET, .path = "/abi/fails", .permission = WK_PUBLIC, .run = fails},
    {0},
};

static bool route_open(struct wk_plugin *plugin, struct wk_err *err)
{
    if (wk_plugin_setting_int(plugin, "times") < 1)
        return wk_fail(err, WK_SYSTEM, "abi-route.times", "times was not read");
    wk_set_state(plugin, &opened);
    return true;
}

WK_PLUGIN("abi-route", "1.0.0", .summary = "ABI 1.0: routes and settings", .settings = settings, .routes = routes, .open = route_open);
