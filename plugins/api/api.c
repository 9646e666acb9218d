/* api - the gateway: what every request passes before and after its route. README.md; docs/design/api.md. */
#include "api.h"
#include <stdlib.h>
#include <wakala/plugin.h>
#include "codes.h"
#include "cors.h"
#include "edge.h"
#include "once.h"
#include "openapi.h"

static const struct wk_setting settings[] = {
    WK_SETTING_INT("rate", "1000", 1, 1000000, WK_SCOPE_HOST, "Requests per second of a tenant whose tier is not in tier_rates, over all hosts."),
    WK_SETTING_STRING("tier_rates", "", WK_SCOPE_HOST, "Rates by tier: \"basic=500 enterprise=5000/1000\"; behind the / what may come at once."),
    WK_SETTING_STRING("route_rates", "", WK_SCOPE_HOST, "Rates by route, of each tenant, instead of the tenant's: \"/v1/search=50 POST:/v1/orders=20/5\"."),
    WK_SETTING_INT("tenant_rate", "0", 0, 1000000, WK_SCOPE_TENANT, "This tenant's own requests per second; 0: by its tier."),
    WK_SETTING_DURATION("rate_burst", "50ms", WK_SCOPE_HOST, "How much of a rate may come at once, as time: 50ms of 1000 a second are 50 requests."),
    WK_SETTING_INT("host_share", "100", 1, 100, WK_SCOPE_HOST, "Percent of a rate that this host gives out while Redis is away; with N hosts 100 / N."),
    WK_SETTING_INT("address_rate", "2000", 0, 1000000, WK_SCOPE_HOST, "Requests per second from one address (IPv6: one /64), by all workers; 0: any number."),
    WK_SETTING_STRING("cors_origins", "", WK_SCOPE_HOST, "Pages of which origins may call: \"https://shop.example https://*.shop.example\", or \"*\"; empty: none."),
    WK_SETTING_STRING("cors_methods", "GET, POST, PUT, PATCH, DELETE", WK_SCOPE_HOST, "What they may ask for."),
    WK_SETTING_STRING("cors_headers", "Authorization, Content-Type, Idempotency-Key, If-None-Match, Wakala-Tenant, X-API-Key, X-Request-Id", WK_SCOPE_HOST,
                      "What they may send."),
    WK_SETTING_BOOL("cors_credentials", "false", WK_SCOPE_HOST, "May they send cookies; not with cors_origins \"*\"."),
    WK_SETTING_DURATION("cors_max_age", "10m", WK_SCOPE_HOST, "How long a browser remembers that."),
    WK_SETTING_DURATION("cache_ttl", "300s", WK_SCOPE_HOST, "How long answers of routes that allow it are kept; 0s: not at all."),
    WK_SETTING_STRING("cache_vary", "Accept-Language", WK_SCOPE_HOST, "Request headers that the kept answers depend on."),
    WK_SETTING_DURATION("cache_client_age", "0s", WK_SCOPE_HOST, "How long a client may use an answer without asking again; 0s: it asks, and gets 304."),
    WK_SETTING_DURATION("idempotency_ttl", "24h", WK_SCOPE_HOST, "How long the answer to an Idempotency-Key is kept."),
    WK_SETTING_BOOL("penalties", "true", WK_SCOPE_HOST, "Shut out for a while who is refused for what is forbidden again and again."),
    WK_SETTING_STRING("routes", "", WK_SCOPE_HOST,
                      "Routes that servers behind the gateway answer, \";\" between them: name = /prefix/ -> http://host:port ... permission=name write=name "
                      "timeout=10s retry=0 cache=60s body=1M reply=1M."),
    WK_SETTING_SIZE("gzip_min", "1k", WK_SCOPE_HOST, "Text answers from this size on are compressed for those who can read it; 0: none."),
    {0},
};

static bool document(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct api *api = wk_state(call);

    return openapi_serve(call, http, &api->document, err);
}

static const struct wk_route routes[] = {
    {WK_GET, "/v1/openapi.json", WK_PUBLIC, document, WK_ROUTE_ALWAYS, 0, 0},
    {0},
};

static const struct wk_filter filters[] = {
    {.name = "edge", .phase = WK_PHASE_EDGE, .priority = -100, .before = edge_before, .after = edge_after},
    {.name = "rate", .phase = WK_PHASE_POLICY, .priority = -100, .before = rate_before},
    {.name = "idempotency", .phase = WK_PHASE_POLICY, .priority = 100, .before = once_before, .after = once_after, .seal = once_seal},
    {.name = "cache", .phase = WK_PHASE_CACHE, .before = cached_before, .seal = cached_seal},
    {0},
};

static const struct wk_event_type events[] = {
    {.name = "api.clean", .priority = WK_LOW, .version = 1, .key = "once", .schema = "api.clean.json", .summary = "Time to forget old Idempotency-Keys"},
    {0},
};
static const struct wk_sub subscriptions[] = {
    {.name = "clean", .pattern = "api.clean", .from = WK_FROM_START, .run = once_clean},
    {0},
};

static bool refuse(struct wk_plugin *plugin, const char *key, struct wk_span bad, const char *allowed, struct wk_err *err)
{
    char where[120];

    (void)wk_plugin_setting_where(plugin, key, where, sizeof where);
    return wk_fail(err, WK_SYSTEM, "api.setting", "%s: %s: \"%.*s\": %s", where, key, (int)(bad.len < 40 ? bad.len : 40), bad.data ? bad.data : "", allowed);
}

static bool read_settings(struct wk_plugin *plugin, struct api *api, struct wk_err *err)
{
    static const char a_rate[] = "allowed are name=rate and name=rate/burst, rates above 0 up to 1000000";
    const char *allowed;
    struct wk_span bad;

    if (!proxies_parse(wk_plugin_setting_string(plugin, "routes"), &api->proxies, &bad, &allowed))
        return refuse(plugin, "routes", bad, allowed, err);
    if (!rates_parse(wk_plugin_setting_string(plugin, "tier_rates"), &api->tiers, &bad))
        return refuse(plugin, "tier_rates", bad, a_rate, err);
    if (!rates_parse(wk_plugin_setting_string(plugin, "route_rates"), &api->routes, &bad))
        return refuse(plugin, "route_rates", bad, a_rate, err);
    if (!cors_check(wk_plugin_setting_string(plugin, "cors_origins"), wk_plugin_setting_int(plugin, "cors_credentials") != 0, &bad))
        return refuse(plugin, "cors_origins", bad, "allowed are http(s)://host, https://*.host and, without cors_credentials, *", err);
    return true;
}

static struct api *open_api; /* one per worker */

static void finish(struct api *api)
{
    rates_finish(&api->tiers);
    rates_finish(&api->routes);
    tagged_finish(&api->tagged);
    openapi_drop(&api->document);
    proxies_finish(&api->proxies);
    free(api);
}

static bool api_open(struct wk_plugin *plugin, struct wk_err *err)
{
    struct api *api = calloc(1, sizeof *api);

    if (!api)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "gateway");
    if (!read_settings(plugin, api, err) || !proxies_open(plugin, &api->proxies, err) || !tagged_make(&api->tagged, err) ||
        !openapi_make("1.0.0", &api->document, err)) {
        finish(api);
        return false;
    }
    wk_set_state(plugin, open_api = api);
    return true;
}

static void api_close(struct wk_plugin *plugin)
{
    (void)plugin;
    finish(open_api);
    open_api = NULL;
}

WK_PLUGIN("api", "1.0.0", .summary = "The gateway: request ids, CORS, limits, penalties, idempotency, kept answers, compression", .settings = settings,
          .routes = routes, .filters = filters, .events = events, .subscriptions = subscriptions, .errors = codes, .open = api_open,
          .close = api_close);
