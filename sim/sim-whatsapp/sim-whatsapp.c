/* sim-whatsapp - stands in for WhatsApp: the Graph API that we send to, the webhooks that it sends, and the people who chat.
 * A plugin of a second host instance with one worker and a database of its own; never in a production package. sim/README.md */
#include "codes.h"
#include "sim.h"
#include <stdlib.h>

static const struct wk_setting settings[] = {
    {.key = "access_token", .type = WK_TYPE_STRING, .scope = WK_SCOPE_HOST, .fallback = "demo-access-token", .min = 1, .max = 500,
     .help = "The token that senders must show; a demo value, no secret."},
    {.key = "app_secret", .type = WK_TYPE_STRING, .scope = WK_SCOPE_HOST, .fallback = "demo-app-secret", .min = 1, .max = 200,
     .help = "Signs webhooks, as the app secret does at Meta; a demo value, no secret."},
    {.key = "callback_url", .type = WK_TYPE_STRING, .scope = WK_SCOPE_HOST, .fallback = "http://127.0.0.1:8080/webhooks/whatsapp", .min = 8,
     .max = 500, .help = "Where webhooks go."},
    WK_SETTING_DURATION("callback_timeout", "10s", WK_SCOPE_HOST, "How long one webhook may take; at most 20s."),
    {.key = "numbers", .type = WK_TYPE_STRING, .scope = WK_SCOPE_HOST, .min = 1, .max = 20000,
     .fallback = "100000000000001:210000000000001:15550000001 110000000000001:210000000000001:15550100001 "
                 "110000000000003:210000000000001:15550100003 100000000000002:210000000000002:447700900002 "
                 "110000000000002:210000000000002:447700900001",
     .help = "Business numbers that exist: phone_number_id:waba:display_number, separated by spaces; *:waba lets any id exist."},
    WK_SETTING_CHOICE("pair_rate", "real", "real|off", WK_SCOPE_HOST,
                      "Refuse, with 131056, more than 45 messages at once and then one per 6 s to one person."),
    WK_SETTING_INT("throughput", "80", 0, 100000, WK_SCOPE_HOST, "Messages a second of a number, in and out together; a send beyond it gets 130429; 0: any."),
    WK_SETTING_INT("batch_max", "50", 1, 1000, WK_SCOPE_HOST, "Updates in one webhook, when several wait."),
    WK_SETTING_DURATION("batch_wait", "2ms", WK_SCOPE_HOST, "How long a webhook waits for more updates; at most 1s."),
    WK_SETTING_DURATION("retry_first", "100ms", WK_SCOPE_HOST, "Shortest wait before a webhook that was not answered 200 goes again."),
    WK_SETTING_DURATION("retry_max", "2s", WK_SCOPE_HOST, "Longest such wait."),
    {0}};

static const struct wk_event_type events[] = {
    {.name = SIM_EVENT, .priority = WK_NORMAL, .version = 1, .key = "person, message or copy", .schema = "sim.webhook.json",
     .summary = "An update waits to be delivered"},
    {0}};

static const struct wk_sub subscriptions[] = {
    {.name = "deliver", .pattern = SIM_EVENT, .from = WK_FROM_START, .deadline_ms = 60000, .run = sim_on_webhook}, {0}};

static const struct wk_route routes[] = {
    {.method = WK_POST, .path = "/sim/whatsapp/{version}/{phone_number_id}/messages", .permission = WK_PUBLIC, .run = sim_route_send,
     .deadline_ms = 30000, .body_max = 256 * 1024},
    {.method = WK_POST, .path = "/sim/whatsapp/say", .permission = WK_PUBLIC, .run = sim_route_say, .body_max = 128 * 1024},
    {.method = WK_GET, .path = "/sim/whatsapp/messages", .permission = WK_PUBLIC, .run = sim_route_messages, .deadline_ms = 35000},
    {.method = WK_POST, .path = "/sim/whatsapp/rules", .permission = WK_PUBLIC, .run = sim_route_rules, .body_max = 64 * 1024},
    {.method = WK_GET, .path = "/sim/whatsapp/rules", .permission = WK_PUBLIC, .run = sim_route_rules_show},
    {.method = WK_DELETE, .path = "/sim/whatsapp/rules", .permission = WK_PUBLIC, .run = sim_route_rules_reset},
    {.method = WK_POST, .path = "/sim/whatsapp/webhook", .permission = WK_PUBLIC, .run = sim_route_webhook, .deadline_ms = 30000,
     .body_max = 8 * 1024 * 1024},
    {.method = WK_GET, .path = "/sim/whatsapp/stats", .permission = WK_PUBLIC, .run = sim_route_stats},
    {.method = WK_GET, .path = "/sim/", .permission = WK_PUBLIC, .run = sim_route_page},
    {.method = WK_GET, .path = "/sim/chat.js", .permission = WK_PUBLIC, .run = sim_route_script},
    {.method = WK_GET, .path = "/sim/chat.css", .permission = WK_PUBLIC, .run = sim_route_style},
    {0}};

static struct sim the_sim;

static void sim_close(struct wk_plugin *plugin)
{
    (void)plugin;
    sim_numbers_destroy(the_sim.numbers);
    sim_limits_destroy(the_sim.limits);
    the_sim = (struct sim){0};
}

static bool sim_open(struct wk_plugin *plugin, struct wk_err *err)
{
    if (wk_plugin_setting_int(plugin, "callback_timeout") > 20000 || wk_plugin_setting_int(plugin, "batch_wait") > 1000)
        return wk_fail(err, WK_SYSTEM, "sim_whatsapp.setting", "callback_timeout is at most 20s, batch_wait at most 1s");
    sim_rules_init(&the_sim.rules);
    the_sim.numbers = sim_numbers_create(wk_plugin_setting_string(plugin, "numbers"), err);
    the_sim.limits = sim_limits_create();
    if (the_sim.numbers && !the_sim.limits)
        wk_fail(err, WK_SYSTEM, "sim_whatsapp.no_memory", "limits");
    if (!the_sim.numbers || !the_sim.limits) {
        sim_close(plugin);
        return false;
    }
    wk_set_state(plugin, &the_sim);
    return true;
}

WK_PLUGIN("sim-whatsapp", "1.0.0", .summary = "Stands in for WhatsApp: Graph API, webhooks and people", .settings = settings,
          .events = events, .subscriptions = subscriptions, .routes = routes, .errors = codes, .open = sim_open, .close = sim_close);
