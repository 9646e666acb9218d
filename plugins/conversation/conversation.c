/* conversation - dialogue over any channel: who wrote, where they are, what to say. Nodes come from the plugins (flow/1); this one keeps
 * states, turns, menus, language and the way back. Also a first intent/1.
 * docs/design/conversation.md. */
#include <wakala/plugin.h>
#include <wakala/service/flow.h>
#include <wakala/service/intent.h>
#include <wakala/service/notify.h>

#include "codes.h"
#include "hear.h"
#include "home.h"
#include "intent.h"
#include "out.h"
#include "push.h"
#include "store.h"

static const struct wk_setting settings[] = {
    WK_SETTING_DURATION("idle_after", "4h", WK_SCOPE_TENANT, "silence after which people begin at the welcome again; their cart and context stay"),
    WK_SETTING_STRING("default_channel", "whatsapp", WK_SCOPE_TENANT, "channel for people who never wrote, while nobody of the tenant has"),
    WK_SETTING_STRING("default_address", "", WK_SCOPE_TENANT, "our address on it (phone_number_id); empty: such people cannot be reached yet"),
    {0}};

static const struct wk_event_type events[] = {
    {.name = "conversation.push", .priority = WK_HIGH, .version = 1, .ttl_s = 24 * 3600, .key = "user id",
     .schema = "conversation.push.json", .summary = "A node is shown to a person who did not ask for it just now"},
    {0}};

static const struct wk_sub subscriptions[] = {{.name = "push", .pattern = "conversation.push", .from = WK_FROM_START, .run = push_run}, {0}};

static void arrived(struct wk_turn *turn, const struct wk_message *message)
{
    int64_t now = wk_now(turn->call);

    if (turn->last_inbound_us && now - turn->last_inbound_us > wk_setting_ms(turn->call, "idle_after") * 1000) {
        turn->node = turn->start_node = NULL;
        turn->depth = 0;
        turn->misses = 0;
    }
    turn->last_inbound_us = message->at_us > 0 && message->at_us < now ? message->at_us : now;
}

static bool take_turn(struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    bool is_silent = false;
    size_t sent;

    if (!store_load_message(turn, message, err))
        return false;
    arrived(turn, message);
    if (message->failure ? !hear_failure(turn, message->failure, err) : !hear(turn, message, &is_silent, err))
        return false;
    if (is_silent)
        return true;
    wk_count(turn->call, "turns", 1);
    return out_flush(turn, &sent, err) && store_queue_user(turn, err) && store_queue_state(turn, err);
}

static enum wk_verdict on_message(struct wk_call *call, const struct wk_message *message, struct wk_err *err)
{
    struct wk_turn *turn = (struct wk_turn *)wk_alloc(call, sizeof *turn);
    bool ok;

    if (!turn) {
        (void)wk_fail(err, WK_TRANSIENT, "call.memory_limit", "turn");
        return WK_FAILED;
    }
    turn->call = call;
    turn_begin(turn);
    ok = take_turn(turn, message, err);
    turn_end(turn);
    return ok ? WK_HANDLED : WK_FAILED;
}

/* flow/1, the parts that read the turn. */

static const struct wk_uuid *flow_user(struct wk_turn *turn) { return &turn->user; }
static const char *flow_user_name(struct wk_turn *turn) { return turn->name; }
static const char *flow_language(struct wk_turn *turn) { return turn->language; }
static const char *flow_node(struct wk_turn *turn) { return turn->node ? turn->node : ""; }
static bool flow_is_push(struct wk_turn *turn) { return turn->is_push; }

static struct wk_flow flow = {
    .head = {.size = sizeof flow, .version = 1},
    .add_nodes = registry_add_nodes,
    .add_entries = registry_add_entries,
    .set_search = registry_add_search,
    .user = flow_user,
    .user_name = flow_user_name,
    .language = flow_language,
    .node = flow_node,
    .is_push = flow_is_push,
    .has_role = turn_has_role,
    .get = turn_get,
    .set = turn_set,
    .say = out_say,
    .menu = out_menu,
    .ask_location = out_ask_location,
    .go = turn_go,
    .stay = turn_stay,
    .push = push_node,
    .grant_role = store_grant_role,
    .find_user = store_find_user,
    .tell = push_tell,
    .look_user = store_look_user,
};

static bool detect(struct wk_call *call, const char *text, const char *language, struct wk_intent *intent, struct wk_err *err)
{
    (void)call;
    (void)err;
    intent_score(text, language, intent);
    return true;
}
static struct wk_intent_detector detector = {.head = {.size = sizeof detector, .version = 1}, .detect = detect};

static const struct wk_provide provides[] = {{WK_FLOW, &flow.head}, {WK_INTENT, &detector.head}, {0}};

static bool conversation_open(struct wk_plugin *plugin, struct wk_err *err)
{
    registry_clear();
    return registry_add_nodes(plugin, home_nodes, err);
}

static void conversation_close(struct wk_plugin *plugin)
{
    (void)plugin;
    registry_clear();
}

WK_PLUGIN("conversation", "1.0.0", .summary = "Dialogue: turns, menus, language and a first intent detector", .settings = settings,
          .events = events, .subscriptions = subscriptions, .provides = provides, .on_message = on_message, .message_priority = 100,
          .errors = codes, .open = conversation_open, .close = conversation_close);
