/* whatsapp - WhatsApp Business Cloud API: webhooks in, messages out. README.md: settings, routes, events, counters. */
#include <wakala/plugin.h>
#include <wakala/service/channel.h>
#include "codes.h"
#include "compose.h"
#include "decode.h"
#include "sender.h"
#include "split.h"
#include "verify.h"

static const struct wk_setting settings[] = {
    WK_SETTING_SECRET("app_secret", WK_SCOPE_HOST, "App secret of the Meta app that calls /webhooks/whatsapp: signs every webhook."),
    WK_SETTING_SECRET("verify_token", WK_SCOPE_HOST, "What Meta must say when it checks the webhook address: any text, the same in the app's dashboard."),
    WK_SETTING_SECRET("apps", WK_SCOPE_HOST,
                      "Further Meta apps, reached at /webhooks/whatsapp/<name>: a file with one line per app: name, app secret, verify token."),
    WK_SETTING_SECRET("access_token", WK_SCOPE_TENANT, "System user token that sends; a tenant with its own account has its own."),
    WK_SETTING_STRING("base_url", "https://graph.facebook.com", WK_SCOPE_HOST, "Where the Graph API is; another address only for tests."),
    WK_SETTING_STRING("api_version", "v23.0", WK_SCOPE_HOST, "Version of the Graph API; each lives about two years."),
    WK_SETTING_INT("rate_per_number", "80", 1, 1000, WK_SCOPE_TENANT,
                   "Messages per second from one number, by all workers of a machine together: the number's throughput."),
    WK_SETTING_DURATION("send_timeout", "10s", WK_SCOPE_HOST, "How long one call to the Graph API may take."),
    WK_SETTING_DURATION("resend_after", "60s", WK_SCOPE_HOST, "How long a message whose answer was lost waits for a status before it is sent again."),
    WK_SETTING_DURATION("give_up_after", "24h", WK_SCOPE_TENANT, "A message that could not be sent for so long has failed."),
    {0}};

static const struct wk_event_type events[] = {
    {.name = "whatsapp.incoming", .priority = WK_HIGH, .version = 1, .key = "business-scoped user id, else phone number",
     .schema = "whatsapp.incoming.json", .summary = "A person wrote"},
    {.name = "whatsapp.outgoing", .priority = WK_HIGH, .version = 1, .key = "business-scoped user id, else phone number",
     .schema = "whatsapp.outgoing.json", .summary = "A message waits to be sent"},
    {.name = WA_SETTLED_EVENT, .priority = WK_NORMAL, .version = 1, .key = "business-scoped user id, else phone number",
     .schema = "whatsapp.sent.json", .summary = "A message was taken by Meta, or has failed"},
    {.name = "whatsapp.other", .priority = WK_NORMAL, .version = 1, .key = "WhatsApp business account id", .schema = "whatsapp.other.json",
     .summary = "Any other change: templates, quality, account, echoes, errors"},
    {0}};

static const struct wk_inbox inboxes[] = {
    {.path = "/webhooks/whatsapp/{app?}", .channel = "whatsapp", .body_max = 3 * 1024 * 1024, .verify = wa_verify, .split = wa_split,
     .handshake = wa_handshake},
    {0}};

/* One attempt sleeps at most 2 s and talks at most send_timeout; two trips to the database beside it. */
static const struct wk_sub subscriptions[] = {
    {.name = "send", .pattern = "whatsapp.outgoing", .from = WK_FROM_START, .deadline_ms = 60000, .run = wa_send_outgoing}, {0}};

static struct wk_channel channel = {.head = {.size = sizeof channel, .version = 1}, .decode = wa_decode, .compose = wa_compose};
static const struct wk_provide provides[] = {{.interface = WK_CHANNEL, .service = &channel.head}, {0}};

static bool whatsapp_open(struct wk_plugin *plugin, struct wk_err *err)
{
    return wa_keys_open(wk_plugin_setting_string(plugin, "app_secret"), wk_plugin_setting_string(plugin, "verify_token"),
                        wk_plugin_setting_string(plugin, "apps"), err) &&
           wa_sender_open(plugin, err);
}

static void whatsapp_close(struct wk_plugin *plugin)
{
    (void)plugin;
    wa_sender_close();
    wa_keys_close();
}

WK_PLUGIN("whatsapp", "1.0.0", .summary = "WhatsApp Business Cloud API: webhooks in, messages out", .settings = settings, .events = events,
          .inboxes = inboxes, .subscriptions = subscriptions, .provides = provides, .errors = codes, .open = whatsapp_open, .close = whatsapp_close);
