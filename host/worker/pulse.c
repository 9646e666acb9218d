#include "worker/pulse.h"
#include "cache/cache.h"
#include "db/db.h"
#include "fiber/fiber.h"
#include "observe/metric.h"
#include "redis/redis.h"
#include "share/share.h"
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BEAT_MS = 200, SLOW_EVERY = 5 };

struct shown { /* a counter of this process that /metrics shows as the sum over all workers */
    struct wk_metric *metric;
    uint64_t last;
};
struct wk_pulse {
    struct wk_engine *engine;
    struct wk_front *front;
    const struct wk_log *log[WK_SERVERS];
    struct wk_inbox_room *inbox;
    struct event *timer;
    unsigned beats;
    struct shown bus[9]; /* as bus_shown */
    struct shown read, handled, failed, parked, dead, expired, stored, duplicates, statuses, quarantined, forged, refused, late, flushes, trips, turns, turn_trips;
    struct shown redis_commands, redis_failures, redis_connects, redis_lost, redis_mute;
};

static void show(struct shown *s, uint64_t now)
{
    if (now > s->last)
        wk_metric_add(s->metric, (int64_t)(now - s->last));
    s->last = now;
}

static void show_redis(struct wk_pulse *p, const struct wk_redis_stats *r)
{
    show(&p->redis_commands, r->commands), show(&p->redis_failures, r->failures), show(&p->redis_connects, r->connects);
    show(&p->redis_lost, r->lost), show(&p->redis_mute, r->mute);
}

static const struct {
    const char *name, *help;
} bus_shown[] = {{"wakala_bus_published_total", "events given to the broker, again after a lost connection"},
                 {"wakala_bus_confirmed_total", "events that the broker confirmed"},
                 {"wakala_bus_returned_total", "events that the broker could not route"},
                 {"wakala_bus_nacked_total", "events that the broker refused"},
                 {"wakala_bus_delivered_total", "events that came from the broker"},
                 {"wakala_bus_redelivered_total", "of those, marked as delivered before"},
                 {"wakala_bus_duplicates_total", "of those, already read, by their position"},
                 {"wakala_bus_gaps_total", "lanes filled from the log because an event was missing"},
                 {"wakala_bus_fallback_milliseconds_total", "time in which lanes were read from the log although a bus is enabled, per worker and class"}};

static void show_bus(struct wk_pulse *p, const struct wk_bus_stats *b)
{
    const uint64_t now[WK_COUNT(bus_shown)] = {b->published, b->confirmed, b->returned, b->nacked, b->delivered, b->redelivered, b->duplicates, b->gaps,
                                               b->fallback_ms};

    if (!b->name)
        return;
    for (size_t i = 0; i < WK_COUNT(bus_shown); i++) {
        if (!p->bus[i].metric)
            p->bus[i].metric = wk_metric(WK_COUNTER, bus_shown[i].name, NULL, bus_shown[i].help);
        show(&p->bus[i], now[i]);
    }
}

static void add(struct wk_event_stats *sum, const struct wk_event_stats *one)
{
    sum->read += one->read, sum->handled += one->handled, sum->failed += one->failed;
    sum->parked += one->parked, sum->dead += one->dead, sum->expired += one->expired;
    if (one->bus.name)
        sum->bus = one->bus;
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
    struct wk_pulse *p = arg;
    const struct wk_httpd_stats *h = wk_httpd_stats(wk_front_httpd(p->front));
    struct wk_event_stats sum = {0};
    const struct wk_event_stats *e = &sum;
    const struct wk_inbox_stats *i = wk_inbox_stats(p->inbox);

    (void)fd;
    (void)what;
    wk_share_beat(p->engine->share);
    if (p->beats++ % SLOW_EVERY)
        return;
    for (unsigned s = 0; s < p->engine->servers; s++)
        add(&sum, wk_event_stats(p->log[s]));
    wk_share_set_load(p->engine->share, h->idle, h->busy, wk_sched_live(p->engine->sched));
    show(&p->read, e->read), show(&p->handled, e->handled), show(&p->failed, e->failed), show(&p->parked, e->parked), show(&p->dead, e->dead), show(&p->expired, e->expired);
    show(&p->stored, i->stored), show(&p->duplicates, i->duplicates), show(&p->statuses, i->statuses);
    show(&p->quarantined, i->quarantined), show(&p->forged, i->forged), show(&p->refused, i->refused), show(&p->late, i->late);
    show(&p->flushes, i->flushes), show(&p->trips, p->engine->trips);
    show_bus(p, &e->bus);
    show(&p->turns, p->engine->turns), show(&p->turn_trips, p->engine->turn_trips);
    wk_cache_show(p->engine->cache);
    if (p->engine->redis)
        show_redis(p, wk_redis_stats(p->engine->redis));
}

struct wk_pulse *wk_pulse_create(struct wk_engine *engine, struct wk_front *front, const struct wk_log *const *logs, struct wk_inbox_room *inbox, struct wk_err *err)
{
    static const struct timeval beat = {0, BEAT_MS * 1000};
    struct wk_pulse *p = calloc(1, sizeof *p);

    if (!p || !(p->timer = event_new(engine->base, -1, EV_PERSIST, on_beat, p)) || event_add(p->timer, &beat)) {
        free(p);
        wk_fail(err, WK_SYSTEM, "host.no_memory", "heartbeat");
        return NULL;
    }
    p->engine = engine;
    p->front = front;
    memcpy(p->log, logs, engine->servers * sizeof *p->log);
    p->inbox = inbox;
    p->read.metric = wk_metric(WK_COUNTER, "wakala_events_read_total", NULL, "events read from the log");
    p->handled.metric = wk_metric(WK_COUNTER, "wakala_events_handled_total", NULL, "events handled, once per subscriber");
    p->failed.metric = wk_metric(WK_COUNTER, "wakala_events_failed_total", NULL, "attempts that failed");
    p->parked.metric = wk_metric(WK_COUNTER, "wakala_events_parked_total", NULL, "events set aside to be tried again, or behind one of their key");
    p->dead.metric = wk_metric(WK_COUNTER, "wakala_events_dead_total", NULL, "dead letters");
    p->expired.metric = wk_metric(WK_COUNTER, "wakala_events_expired_total", NULL, "events that were past their type's time to live; dead letters");
    p->stored.metric = wk_metric(WK_COUNTER, "wakala_inbox_stored_total", NULL, "webhooks stored and answered 200");
    p->duplicates.metric = wk_metric(WK_COUNTER, "wakala_inbox_duplicates_total", NULL, "updates that had been stored before");
    p->statuses.metric = wk_metric(WK_COUNTER, "wakala_inbox_statuses_total", NULL, "delivery statuses merged");
    p->quarantined.metric = wk_metric(WK_COUNTER, "wakala_inbox_quarantined_total", NULL, "updates that belong to nobody or are not understood");
    p->forged.metric = wk_metric(WK_COUNTER, "wakala_inbox_forged_total", NULL, "webhooks with a wrong or missing signature");
    p->refused.metric = wk_metric(WK_COUNTER, "wakala_inbox_refused_total", NULL, "webhooks answered 503");
    p->late.metric = wk_metric(WK_COUNTER, "wakala_inbox_late_total", NULL, "webhooks past their deadline");
    p->flushes.metric = wk_metric(WK_COUNTER, "wakala_inbox_flushes_total", NULL, "commits of the inbox");
    p->turns.metric = wk_metric(WK_COUNTER, "wakala_turns_total", NULL, "messages of people that were worked through");
    p->turn_trips.metric = wk_metric(WK_COUNTER, "wakala_turn_round_trips_total", NULL, "round trips to PostgreSQL of those, without the sender");
    p->trips.metric = wk_metric(WK_COUNTER, "wakala_call_round_trips_total", NULL, "round trips to PostgreSQL by calls");
    p->redis_commands.metric = wk_metric(WK_COUNTER, "wakala_redis_commands_total", NULL, "commands sent to Redis");
    p->redis_failures.metric = wk_metric(WK_COUNTER, "wakala_redis_failures_total", NULL, "commands that were refused, or had no answer in time");
    p->redis_connects.metric = wk_metric(WK_COUNTER, "wakala_redis_connects_total", NULL, "connections to Redis that were made");
    p->redis_lost.metric = wk_metric(WK_COUNTER, "wakala_redis_lost_total", NULL, "connections to Redis that were lost, or could not be made");
    p->redis_mute.metric = wk_metric(WK_COUNTER, "wakala_redis_mute_total", NULL, "connections to Redis that were closed because it said nothing");
    on_beat(-1, 0, p);
    return p;
}

void wk_pulse_destroy(struct wk_pulse *pulse)
{
    if (pulse)
        event_free(pulse->timer);
    free(pulse);
}

/* In the signal handler: only write(2). The master reads the rest from the blame slot. */
static void on_fatal(int sig, bool is_overflow, void *fiber_data)
{
    static const char overflow[] = "{\"level\":\"error\",\"msg\":\"a fiber's stack overflowed: the plugin is named by the master\"}\n";
    static const char other[] = "{\"level\":\"error\",\"msg\":\"fatal signal: the plugin is named by the master\"}\n";

    (void)sig;
    (void)fiber_data;
    if (write(STDERR_FILENO, is_overflow ? overflow : other, is_overflow ? sizeof overflow - 1 : sizeof other - 1) < 0)
        return;
}

void wk_pulse_guard(void) { wk_fiber_guard_install(on_fatal); }
