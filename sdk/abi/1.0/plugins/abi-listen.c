/* abi-listen - built from the frozen headers of 1.0 and loaded by every later 1.x: event types, a subscription, timers, counters. */
#include <wakala/plugin.h>

static const struct wk_event_type events[] = {
    {.name = "abi.said", .priority = WK_HIGH, .version = 1, .ttl_s = 60, .key = "word", .schema = "abi.said.json", .summary = "A word was said"},
    {.name = "abi.rang", .priority = WK_LOW, .version = 3, .key = "word", .schema = "abi.rang.json", .summary = "A timer has rung"},
    {0},
};

/* POST /abi/say/{word}?tenant=UUID&in_ms=N: an event now, and one by timer. */
static bool say(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *word = wk_http_param(http, "word"), *tenant = wk_http_query(http, "tenant"), *in = wk_http_query(http, "in_ms");
    const char *json = wk_printf(call, "{\"word\":\"%s\"}", word);
    struct wk_uuid id;

    if (!json || !tenant || !wk_uuid_parse(tenant, &id) || !wk_enter_tenant(call, &id, err))
        return wk_fail(err, WK_BUSINESS, "abi-listen.tenant", "tenant: a UUID");
    return wk_publish(call, "abi.said", word, json, strlen(json), err) &&
           wk_schedule(call, word, "ring", wk_now(call) + (in ? strtoll(in, NULL, 10) : 0) * 1000, "abi.rang", json, strlen(json), err) &&
           wk_schedule(call, word, "never", wk_now(call) + INT64_C(1000000), "abi.rang", json, strlen(json), err) &&
           wk_unschedule(call, word, "never", err) && wk_http_reply(http, 202, "text/plain", "said\n", 5, err);
}
static const struct wk_route routes[] = {{.method = WK_POST, .path = "/abi/say/{word}", .permission = WK_PUBLIC, .run = say}, {0}};

static bool heard(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const char *said = wk_printf(call, "{\"word\":\"%s\"}", event->key);
    bool is_timer = !strcmp(event->type, "abi.rang");

    if (!said || strcmp(said, event->payload) || event->payload_len != strlen(said) || event->version != (is_timer ? 3u : 1u) || !event->seq ||
        wk_uuid_is_nil(&event->id) || event->at_us < INT64_C(1600000000000000))
        return wk_fail(err, WK_BUSINESS, "abi-listen.garbled", "%s version %u seq %lld at %lld: %s", event->type, event->version,
                       (long long)event->seq, (long long)event->at_us, event->payload);
    if (!strcmp(event->key, "later") && !is_timer && event->attempt == 1 && !wk_state(call))
        return wk_fail(err, WK_TRANSIENT, "abi-listen.again", "the first try fails");
    wk_count(call, is_timer ? "rang" : event->attempt > 1 ? "heard_again" : "heard", 1);
    return true;
}
static const struct wk_sub subs[] = {{.name = "ears", .pattern = "abi.*", .from = WK_FROM_START, .run = heard}, {0}};

WK_PLUGIN("abi-listen", "1.0.0", .summary = "ABI 1.0: events, subscriptions and timers", .events = events, .routes = routes,
          .subscriptions = subs);
