/* follow.c - what drivers do when an order moves, and when a driver does not. */
#include <wakala/json.h>
#include <wakala/setting.h>
#include "nodes.h"

/* A live delivery that ended by somebody else's hand: its driver is told why. */
static bool end_live(struct wk_call *call, const struct wk_uuid *order, const char *status, const char *reason, const char *word,
                     struct wk_err *err)
{
    struct wk_uuid user;
    char id[WK_UUID_TEXT];
    bool ended;

    if (!store_delivery_end(call, order, status, reason, false, &user, &ended, err))
        return false;
    if (!ended)
        return true;
    return wk_unschedule(call, wk_uuid_text(order, id), "silent", err) && push_id(call, &user, "D5X", order, word, err);
}

static bool order_cancelled(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    char id[WK_UUID_TEXT];

    (void)wk_uuid_text(order, id);
    return store_close(call, order, err) && wk_unschedule(call, id, "round", err) && wk_unschedule(call, id, "again", err) &&
           end_live(call, order, "FAILED", "order cancelled", "cancelled", err);
}

static bool order_picked_up(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    struct wk_uuid delivery, user;
    bool moved;

    if (!store_picked_up(call, order, &delivery, &user, &moved, err))
        return false;
    return !moved || push_id(call, &user, "D7", &delivery, NULL, err); /* the shop tapped [Handed over] */
}

bool on_order(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const json_t *payload = wk_json_parse(call, event->payload, event->payload_len, err), *more;
    const char *status;
    struct wk_uuid order;

    if (!payload)
        return false;
    if (!wk_uuid_parse(wk_json_string(payload, "order_id", ""), &order))
        return wk_fail(err, WK_BUSINESS, "driver.bad_event", "%s without order_id", event->type);
    status = wk_json_string(payload, "new_status", "");
    more = json_object_get(payload, "metadata");
    if (strcmp(wk_json_string(more, "fulfilment", "delivery"), "delivery"))
        return true;
    if (!strcmp(status, "READY_FOR_PICKUP")) {
        bool again = strcmp(wk_json_string(payload, "previous_status", ""), "PREPARING") != 0;

        return (!again || end_live(call, &order, "FAILED", "taken back", "taken", err)) && dispatch_start(call, &order, err);
    }
    if (!strcmp(status, "IN_TRANSIT"))
        return order_picked_up(call, &order, err);
    if (!strcmp(status, "DELIVERED"))
        return end_live(call, &order, "DELIVERED", "closed by the shop or an admin", "delivered", err);
    return strcmp(status, "CANCELLED") || order_cancelled(call, &order, err);
}

/* A driver who accepted and is not heard of: asked after a while, then the job goes back. step 1 asks, step 2 takes it. */
bool follow_watch(struct wk_call *call, const struct delivery_row *job, int step, struct wk_err *err)
{
    char delivery[WK_UUID_TEXT], order[WK_UUID_TEXT];
    const char *json = wk_printf(call, "{\"delivery_id\":\"%s\",\"step\":%d}", wk_uuid_text(&job->v.id, delivery), step);
    int64_t wait = wk_setting_ms(call, step == 1 ? "silent_ask" : "silent_take");

    return json ? wk_schedule(call, wk_uuid_text(&job->v.order, order), "silent", wk_now(call) + wait * 1000, "drivers.silent", json,
                              strlen(json), err)
                : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a timer");
}

bool on_silent(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const json_t *payload = wk_json_parse(call, event->payload, event->payload_len, err);
    struct delivery_row job;
    struct wk_uuid id;
    struct wk_err no = {0};
    int64_t step;
    bool found;

    if (!payload)
        return false;
    if (!wk_uuid_parse(wk_json_string(payload, "delivery_id", ""), &id))
        return wk_fail(err, WK_BUSINESS, "driver.bad_event", "%s without delivery_id", event->type);
    step = wk_json_int(payload, "step", 1);
    if (!store_delivery(call, &id, wk_setting_ms(call, "silent_ask"), &job, &found, err))
        return false;
    if (!found || strcmp(job.v.status, "ASSIGNED"))
        return true;
    if (!job.is_quiet) /* heard of since: look again later */
        return follow_watch(call, &job, 1, err);
    if (step == 1)
        return push_id(call, &job.d.user, "D5", &id, "remind", err) && follow_watch(call, &job, 2, err);
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_SYSTEM, .order = job.v.order, .to = "READY_FOR_PICKUP",
                           .reason = "the driver went silent"};

    /* The order's event ends the delivery, tells the driver and looks for another one. */
    if (wk_orders_move(call, &move, NULL, &no) || wk_err_is(&no, "order.invalid_transition"))
        return true;
    return wk_fail(err, no.cls, no.code, "%s", no.msg);
}
