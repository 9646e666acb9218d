/* handle.c - one event, one subscriber, one call: run, commit with the mark, and say what became of it. */
#include "event/internal.h"
#include "event/message.h"
#include "fiber/fault.h"
#include "fiber/fiber.h"
#include "observe/log.h"
#include "plugin/loader.h"

enum { RUNS_ON_CONFLICT = 5 };

static bool run(struct wk_call *call, const struct subscriber *s, const struct wk_event *event, struct wk_err *err)
{
    struct wk_frame frame;
    bool ok;

    if (!s->sub)
        return wk_message_run(call, event, err);
    wk_call_enter(call, &frame, s->plugin, s->sub->name);
    ok = s->sub->run(call, event, err);
    wk_call_leave(call, &frame);
    return ok;
}

/* Not the handler's fault: nothing can be decided or even recorded now. */
static bool is_weather(const struct wk_err *err)
{
    return wk_err_is(err, "db.unavailable") || wk_err_is(err, "db.commit_unknown") || wk_err_is(err, "fiber.limit");
}

static enum handled once(struct wk_log *log, const struct subscriber *s, const struct wk_uuid *tenant, const struct wk_event *event,
                         unsigned cls, unsigned lane, bool is_parked, int64_t *later_us, struct wk_err *err)
{
    struct wk_call_spec spec = {.hook = s->name, .plugin = s->plugin, .tenant = tenant, .message = &event->id, .ref = event->type,
                                .deadline_ms = s->deadline_ms};
    struct wk_call call;
    enum handled result;
    bool wrote, ok;

    if (!wk_call_init(&call, log->engine, &spec, err))
        return HANDLED_FAILED;
    if (event->trace_id && strlen(event->trace_id) == 32)
        (void)snprintf(call.trace.trace_id, sizeof call.trace.trace_id, "%s", event->trace_id);
    call.event = event;
    call.sub = s->name;
    call.cls = cls;
    call.lane = lane;
    call.is_parked = is_parked;
    wk_fault_point("handler.before");
    ok = run(&call, s, event, err);
    wrote = call.conn || call.queue;
    if (ok) {
        wk_fault_point("handler.commit");
        ok = wk_call_commit(&call, true, err);
    }
    if (ok)
        result = wrote ? HANDLED_MARKED : HANDLED_DONE;
    else if (wk_err_is(err, "call.handled")) /* by another owner, or by our own commit whose answer was lost: the mark is there */
        result = HANDLED_MARKED;
    else if (call.later_us) {
        *later_us = call.later_us;
        result = HANDLED_LATER;
    } else if (wk_err_is(err, "db.conflict"))
        result = HANDLED_AGAIN;
    else
        result = HANDLED_FAILED;
    if (!s->sub && result == HANDLED_MARKED) {
        log->engine->turns++;
        log->engine->turn_trips += call.trips;
    }
    wk_call_finish(&call);
    return result;
}

enum handled log_handle(struct wk_log *log, const struct subscriber *s, const struct wk_uuid *tenant, const struct wk_event *event,
                        unsigned cls, unsigned lane, bool is_parked, int64_t *later_us, struct wk_err *err)
{
    struct wk_log_fields fields = {.plugin = s->plugin ? s->plugin->name : "host", .hook = s->name, .trace_id = event->trace_id, .err = err};
    enum handled result = HANDLED_FAILED;

    if (log->engine->share && wk_share_is_poison(log->engine->share, &event->id)) {
        wk_fail(err, WK_SYSTEM, "plugin.crashed", "workers died while handling it");
        return HANDLED_DEAD;
    }
    for (int i = 0; i < RUNS_ON_CONFLICT; i++) {
        result = once(log, s, tenant, event, cls, lane, is_parked, later_us, err);
        if (result != HANDLED_AGAIN)
            break;
        log->stats.conflicts++;
    }
    if (log->is_draining && result >= HANDLED_AGAIN)
        return HANDLED_STOPPED; /* not finished: the next owner begins it again */
    if (wk_fiber_is_cancelled(wk_fiber_self()) && result >= HANDLED_AGAIN)
        return HANDLED_STOPPED;
    if (result == HANDLED_FAILED && is_weather(err))
        return HANDLED_AGAIN;
    if (result == HANDLED_AGAIN)
        result = HANDLED_FAILED;
    if (result <= HANDLED_MARKED)
        log->stats.handled++;
    if (result == HANDLED_FAILED)
        wk_log_line(WK_WARN, &fields, "event %s failed", event->type);
    return result;
}
