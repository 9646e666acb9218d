/* handle.c - one event, one subscriber, one call: run, commit with the mark, and say what became of it. */
#include "call/told.h"
#include "call/watch.h"
#include "event/internal.h"
#include "event/message.h"
#include "fiber/fault.h"
#include "fiber/fiber.h"
#include "observe/backtrace.h"
#include "observe/log.h"
#include "plugin/loader.h"

enum { RUNS_ON_CONFLICT = 5, WEATHER_TRIES = 3, SYSTEM_TRIES = 2 };

static bool run(struct wk_call *call, const struct subscriber *s, const struct wk_event *event, struct wk_err *err)
{
    struct wk_frame frame;
    bool ok;

    if (!s->sub)
        return wk_message_run(call, event, err);
    if (!wk_tenant_has(call->tenant, s->plugin->name)) /* it passes by, and does not come back when the tenant gets it */
        return true;
    wk_call_enter(call, &frame, s->plugin, s->sub->name);
    ok = s->sub->run(call, event, err);
    wk_call_leave(call, &frame);
    return ok;
}

/* Is its tenant on this log's server? One that has left took what was not handled along, also when it is back; one whose arrival this worker has not read
 * of yet waits. */
enum whereabouts { HERE, GONE, COMING };
static enum whereabouts whereabouts(const struct wk_log *log, const struct work *work, struct wk_err *err)
{
    const struct wk_directory *dir = log->engine->directory;
    const struct wk_tenant_ref *ref = wk_uuid_is_nil(work->tenant) ? NULL : wk_directory_find(dir, work->tenant);

    if (!ref)
        return HERE;
    if (ref->server == log->conf.server)
        return work->xid && work->xid < ref->since_xid ? GONE : HERE;
    if (wk_directory_has_left(dir, log->conf.server, work->tenant))
        return GONE;
    (void)wk_fail(err, WK_TRANSIENT, "tenant.moving", "it is coming to this server");
    return COMING;
}

/* Not the handler's fault: nothing can be decided or even recorded now. */
static bool is_weather(const struct wk_err *err)
{
    return wk_err_is(err, "tenant.moving") || wk_err_is(err, "db.unavailable") || wk_err_is(err, "db.commit_unknown") || wk_err_is(err, "fiber.limit");
}

static enum handled once(struct wk_log *log, const struct subscriber *s, const struct work *work, const struct wk_err *given_up, int64_t *later_us,
                         const struct wk_plugin **culprit, struct wk_err *err)
{
    const struct wk_event *event = work->event;
    struct wk_call_spec spec = {.hook = s->name, .plugin = s->plugin, .message = &event->id, .ref = event->type,
                                .tenant = wk_uuid_is_nil(work->tenant) ? NULL : work->tenant, .deadline_ms = s->deadline_ms, .home = log->conf.server};
    struct wk_call call;
    enum handled result;
    bool wrote, ok;

    if (!wk_call_init(&call, log->engine, &spec, err))
        return HANDLED_FAILED;
    if (event->trace_id && strlen(event->trace_id) == 32)
        (void)snprintf(call.trace.trace_id, sizeof call.trace.trace_id, "%s", event->trace_id);
    call.event = event;
    call.sub = s->name;
    call.cls = work->cls;
    call.lane = work->lane;
    call.is_parked = work->is_parked;
    call.given_up = given_up;
    wk_fault_point("handler.before");
    ok = run(&call, s, event, err);
    wrote = (call.conn || call.queue) && wk_call_server_index(&call) == call.home;
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
    *culprit = call.culprit ? call.culprit : s->plugin;
    wk_call_finish(&call);
    return result;
}

/* A person waits for an answer: what cannot be handled is told them, once it is sure. A rule stays a rule, a bug gets a second chance, weather two:
 * a person waits six seconds for it, not half a minute. */
static bool is_final(const struct wk_event *event, const struct wk_err *err)
{
    return err->cls == WK_BUSINESS || err->cls == WK_SECURITY || event->attempt >= (err->cls == WK_TRANSIENT ? WEATHER_TRIES : SYSTEM_TRIES);
}

static void log_told(const struct wk_log_fields *fields, const struct wk_event *event, const struct wk_err *why)
{
    enum wk_level level = why->cls == WK_BUSINESS ? WK_INFO : why->cls == WK_SECURITY ? WK_WARN : WK_ERROR;

    wk_log_line(level, fields, "%s failed for good; the person was told (reference %.8s)", event->type, event->trace_id ? event->trace_id : "");
}

/* Too old to be worth acting on, by its type; unless somebody asked for it. */
static bool is_expired(const struct wk_log *log, const struct work *work, struct wk_err *err)
{
    const struct wk_event_hook *hook = work->is_asked ? NULL : wk_registry_event(log->engine->registry, work->event->type);
    int64_t ttl_s = hook ? hook->type->ttl_s : 0, age_s = ttl_s ? (wk_dbserver_now_us(log->server) - work->event->at_us) / 1000000 : 0;

    if (age_s <= ttl_s)
        return false;
    wk_fail(err, WK_BUSINESS, "event.expired", "%lld s old, worth acting on for %lld s", (long long)age_s, (long long)ttl_s);
    return true;
}

/* A SYSTEM failure is the operator's at the first try, whatever the next ones bring; weather only when it was too much for a person. */
static void watch_failure(struct wk_log *log, const struct subscriber *s, const struct work *work, const char *plugin, bool was_told,
                          const struct wk_err *err)
{
    struct wk_log_fields fields = {.plugin = plugin, .hook = s->name, .trace_id = work->event->trace_id, .err = err};
    char tenant[WK_UUID_TEXT], trace[1024];

    (void)wk_error_look(log->engine->registry, err);
    if (err->cls == WK_SECURITY)
        wk_watch(log->engine, &(struct wk_watched){.err = err, .plugin = plugin, .route = s->name, .trace_id = work->event->trace_id,
                                                   .tenant = wk_uuid_text(work->tenant, tenant)});
    if (err->cls == WK_SYSTEM)
        fields.backtrace = wk_backtrace_of(err->code, trace, sizeof trace) ? trace : NULL;
    if (err->cls == WK_SYSTEM || (was_told && err->cls == WK_TRANSIENT))
        alert_of(log, WK_SEVERITY_ERROR, plugin, work->event->type, err->code ? err->code : "a failure without a code");
    if (was_told)
        log_told(&fields, work->event, err);
    else
        wk_log_line(WK_WARN, &fields, "event %s failed", work->event->type);
}

enum handled log_handle(struct wk_log *log, const struct subscriber *s, const struct work *work, int64_t *later_us, struct wk_err *err)
{
    const struct wk_event *event = work->event;
    enum handled result = HANDLED_FAILED;
    enum whereabouts where = whereabouts(log, work, err);
    struct wk_err why;
    const struct wk_plugin *culprit = s->plugin, *teller = NULL;
    bool is_telling = false;

    if (where != HERE)
        return where == GONE ? HANDLED_DONE : HANDLED_AGAIN;
    if (log->engine->share && wk_share_is_poison(log->engine->share, &event->id)) {
        wk_fail(err, WK_SYSTEM, "plugin.crashed", "workers died while handling it");
        return HANDLED_DEAD;
    }
    if (is_expired(log, work, err)) {
        if (s->host && !clean_again(log, event, &why))
            return HANDLED_AGAIN;
        log->stats.expired++;
        alert_of(log, WK_SEVERITY_WARNING, s->name, event->type, "event.expired");
        return HANDLED_DEAD;
    }
    if (s->host)
        return s->host(log, event, err) ? HANDLED_DONE : log->is_draining ? HANDLED_STOPPED : is_weather(err) ? HANDLED_AGAIN : HANDLED_FAILED;
    for (int i = 0; i < RUNS_ON_CONFLICT; i++) {
        result = once(log, s, work, is_telling ? &why : NULL, later_us, is_telling ? &teller : &culprit, err);
        if (result == HANDLED_FAILED && !s->sub && !is_telling && !is_weather(err) && is_final(event, err)) {
            is_telling = true;
            why = *err;
            i = -1;
        } else if (result != HANDLED_AGAIN) {
            break;
        }
        log->stats.conflicts += result == HANDLED_AGAIN;
    }
    if (log->is_draining && result >= HANDLED_AGAIN)
        return HANDLED_STOPPED; /* not finished: the next owner begins it again */
    if (wk_fiber_is_cancelled(wk_fiber_self()) && result >= HANDLED_AGAIN)
        return HANDLED_STOPPED;
    if (result == HANDLED_FAILED && is_weather(err))
        return HANDLED_AGAIN;
    if (result == HANDLED_AGAIN || (is_telling && result == HANDLED_LATER))
        result = HANDLED_FAILED;
    if (result <= HANDLED_MARKED)
        log->stats.handled++;
    if (result == HANDLED_FAILED && is_telling)
        *err = why; /* telling failed, too: it is the first failure that the dead letter names */
    if (result == HANDLED_FAILED || is_telling)
        watch_failure(log, s, work, culprit ? culprit->name : "host", result != HANDLED_FAILED, is_telling ? &why : err);
    return result;
}
