/* push.c - the event carries who, which node and its argument; everything else is read when it is said, so that a late push tells
 * what is true then. */
#include "push.h"

#include <wakala/json.h>
#include <wakala/plugin.h>

#include "home.h"
#include "out.h"
#include "store.h"
#include "texts.h"

#define WINDOW_US (INT64_C(24) * 3600 * 1000000)

static bool publish(struct wk_call *call, const struct wk_uuid *user, const char *node, const char *arg, const struct wk_notice *notice,
                    struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    json_t *payload;

    if (wk_uuid_is_nil(user))
        return wk_fail(err, WK_SYSTEM, "flow.bad_push", "a push to nobody");
    if (arg && strlen(arg) > OUT_TEXT_MAX * 4)
        return wk_fail(err, WK_SYSTEM, "flow.bad_push", "the argument of a push to node %s is too long", node);
    (void)wk_uuid_text(user, id);
    payload = json_pack("{ssssss?ss?ss?}", "user", id, "node", node, "arg", arg, "dedup", notice ? notice->dedup : NULL, "template",
                        notice ? notice->template_name : NULL);
    if (!payload)
        return wk_fail(err, WK_SYSTEM, "flow.bad_push", "the argument of a push to node %s is no UTF-8", node);
    return wk_publish_json(call, "conversation.push", id, payload, err);
}

bool push_node(struct wk_call *call, const struct wk_uuid *user, const char *node, const char *arg, struct wk_err *err)
{
    if (!registry_find(node))
        return wk_fail(err, WK_SYSTEM, "flow.unknown_node", "nobody brought a node %s", node);
    return publish(call, user, node, arg, NULL, err);
}

bool push_tell(struct wk_call *call, const struct wk_notice *notice, struct wk_err *err)
{
    if (!notice->text || !*notice->text)
        return wk_fail(err, WK_SYSTEM, "flow.bad_push", "a notice without text");
    if (notice->dedup && strlen(notice->dedup) > 200)
        return wk_fail(err, WK_SYSTEM, "flow.bad_push", "a notice's dedup key has at most 200 bytes");
    return publish(call, &notice->user, NOTICE_NODE, notice->text, notice, err);
}

bool push_alert(struct wk_call *call, const char *subject, const char *text, struct wk_err *err)
{
    json_t *payload = json_pack("{ssssss}", "service", subject, "error", text, "severity", "error");

    wk_log(call, WK_ERROR, "alert: %s: %s", subject, text);
    if (!payload)
        return wk_fail(err, WK_SYSTEM, "flow.bad_alert", "an alert that is no UTF-8");
    return wk_publish_json(call, "system.error", subject, payload, err);
}

/* Outside the 24-hour window a notice that brought a template goes as that template, its text as the one parameter. Everything else is
 * tried as it is: the channel's sender knows the window best and keeps what it may not send. */
static bool send_template(struct wk_turn *turn, const char *name, struct wk_err *err)
{
    const char *parameters[] = {turn->push_arg};
    struct wk_outgoing out = {.size = sizeof out, .type = WK_OUT_TEMPLATE, .template_name = name, .template_language = turn->language,
                              .parameters = parameters, .parameter_count = 1};

    return wk_send(turn->call, turn->channel, turn->address, turn->user_key, &out, err);
}

static bool say_it(struct wk_turn *turn, const char *node, const char *template_name, struct wk_err *err)
{
    const char *before = turn->node;
    bool is_open = turn->last_inbound_us && wk_now(turn->call) - turn->last_inbound_us < WINDOW_US;
    size_t sent;

    if (template_name && !is_open)
        return send_template(turn, template_name, err);
    if (!turn_go(turn->call, turn, node, err))
        return false;
    turn->node = before; /* they stay where they are */
    return out_flush(turn, &sent, err) && store_queue_user(turn, err) && store_queue_state(turn, err);
}

static bool read_payload(struct wk_turn *turn, const struct wk_event *event, json_t **payload, struct wk_uuid *user, struct wk_err *err)
{
    *payload = wk_json_parse(turn->call, event->payload, event->payload_len, err);
    if (!*payload)
        return false;
    if (!wk_uuid_parse(wk_json_string(*payload, "user", ""), user) || !wk_json_string(*payload, "node", NULL))
        return wk_fail(err, WK_BUSINESS, "flow.bad_event", "a push without user or node");
    turn->push_arg = wk_json_string(*payload, "arg", "");
    return true;
}

static bool run(struct wk_turn *turn, const struct wk_event *event, struct wk_err *err)
{
    json_t *payload;
    struct wk_uuid user;
    const char *node, *dedup;
    bool is_new = true;

    if (!read_payload(turn, event, &payload, &user, err) || !store_load_user(turn, &user, err))
        return false;
    node = wk_json_string(payload, "node", NULL);
    dedup = wk_json_string(payload, "dedup", NULL);
    if (turn->is_muted) {
        wk_count(turn->call, "pushes_muted", 1);
        return true;
    }
    if (!*turn->channel || !*turn->address || !*turn->user_key) {
        wk_log(turn->call, WK_WARN, "node %s cannot be shown: no channel and address are known for this user", node);
        wk_count(turn->call, "pushes_unaddressed", 1);
        return true;
    }
    if (dedup && !store_notice_once(turn->call, &user, dedup, &is_new, err))
        return false;
    wk_count(turn->call, "pushes", is_new);
    return !is_new || say_it(turn, node, wk_json_string(payload, "template", NULL), err);
}

bool push_run(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct wk_turn *turn = (struct wk_turn *)wk_alloc(call, sizeof *turn);
    bool ok;

    if (!turn)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "push");
    turn->call = call;
    turn->is_push = true;
    turn_begin(turn);
    ok = run(turn, event, err);
    turn_end(turn);
    return ok;
}
