/* dispatch.c - from entries to fibers: one queue per (subscriber, tenant, key), one fiber per queue at a time, fair between tenants. */
#include "event/internal.h"
#include "fiber/fiber.h"
#include <stdlib.h>

#define SHORT_WAIT_US (INT64_C(90) * 1000000)

static size_t bucket_of(uint32_t sub, const struct wk_uuid *tenant, const char *key, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037) ^ sub;

    for (size_t i = 0; i < 16; i++)
        h = (h ^ tenant->b[i]) * UINT64_C(1099511628211);
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)key[i]) * UINT64_C(1099511628211);
    return (size_t)((h ^ h >> 29) % BUCKETS);
}

struct keyq *keyq_get(struct wk_log *log, uint32_t sub, const struct wk_uuid *tenant, const char *key, unsigned cls, unsigned lane)
{
    size_t len = strlen(key), b = bucket_of(sub, tenant, key, len);
    struct keyq *q = log->bucket[b];

    while (q && (q->sub != sub || q->cls != cls || q->key_len != len || memcmp(q->key, key, len) || !wk_uuid_equal(&q->tenant, tenant)))
        q = q->chain;
    if (q)
        return q;
    q = calloc(1, sizeof *q + len + 1);
    if (!q)
        return NULL;
    *q = (struct keyq){.chain = log->bucket[b], .work = fair_join(log, tenant), .sub = sub, .cls = cls, .lane = lane, .tenant = *tenant, .key_len = len};
    if (!q->work) {
        free(q);
        return NULL;
    }
    memcpy(q->key, key, len);
    q->end = &q->first;
    log->bucket[b] = q;
    log->stats.waiting_keys++;
    return q;
}

/* Out of the buckets: who looks for the key finds, or makes, another queue. */
static void keyq_unlink(struct wk_log *log, struct keyq *q)
{
    struct keyq **p = &log->bucket[bucket_of(q->sub, &q->tenant, q->key, q->key_len)];

    while (*p != q)
        p = &(*p)->chain;
    *p = q->chain;
}

static void keyq_free(struct wk_log *log, struct keyq *q)
{
    if (!q->is_orphan)
        keyq_unlink(log, q);
    while (q->first) {
        struct link *l = q->first;

        q->first = l->next;
        entry_unref(l->entry);
        free(l);
    }
    log->stats.waiting_keys--;
    if (q->is_blocked)
        log->stats.blocked_keys--;
    fair_leave(log, q->work);
    free(q);
}

void keyq_ready(struct wk_log *log, struct keyq *q)
{
    if (q->state == KEYQ_READY || q->state == KEYQ_RUNNING)
        return;
    q->state = KEYQ_READY;
    fair_ready(log, q);
}

void log_offer(struct wk_log *log, struct entry *e)
{
    for (uint32_t i = 0; i < log->subs; i++) {
        struct keyq *q;
        struct link *link;

        if (!(e->pending & UINT64_C(1) << i))
            continue;
        q = keyq_get(log, i, &e->tenant, e->event.key, e->cls, e->lane);
        link = q ? malloc(sizeof *link) : NULL;
        if (!link) { /* out of memory: forget the lane; whoever takes it next begins at the cursor */
            log->are_locks_lost = true;
            return;
        }
        *link = (struct link){.entry = entry_ref(e)};
        *q->end = link;
        q->end = &link->next;
        if (q->state != KEYQ_WAITING || q->is_blocked) /* behind a parked one it is parked at once, or it would hold the lane's cursor */
            keyq_ready(log, q);
    }
}

/* The first of the queue is done for this subscriber. */
void keyq_done(struct wk_log *log, struct keyq *q, bool was_marked)
{
    struct link *l = q->first;
    struct entry *e = l->entry;

    q->first = l->next;
    if (!q->first)
        q->end = &q->first;
    free(l);
    q->attempts = 0;
    q->next_us = 0;
    q->must_park = false;
    if (was_marked)
        e->marked |= UINT64_C(1) << q->sub;
    e->pending &= ~(UINT64_C(1) << q->sub);
    if (log->lane[e->lane].is_owned && !q->is_orphan && !e->pending)
        reader_settle(log, &log->lane[e->lane].reader[e->cls]);
    entry_unref(e);
}

static void block(struct wk_log *log, struct keyq *q)
{
    log->stats.blocked_keys += !q->is_blocked;
    q->is_blocked = true;
}

/* A failure that counts: park it, or bury it after the last try. False: the database is away, nothing was decided. */
static bool set_aside(struct wk_log *log, struct keyq *q, bool is_final, const struct wk_err *why)
{
    const struct subscriber *s = &log->sub[q->sub];
    struct entry *e = q->first->entry;
    uint32_t attempts = q->attempts + 1;
    struct wk_err err;
    bool ok;

    log->stats.failed++;
    if (is_final || attempts >= TRIES) {
        ok = bury_event(log, s, &e->tenant, &e->event, e->at.xid, e->cls, e->lane, attempts, why, true, &err);
    } else {
        int64_t next = wk_dbserver_now_us(log->server) + backoff_us(attempts);

        ok = park_event(log, s, e, attempts, next, why, &err);
        if (ok)
            block(log, q);
        q->next_us = next;
    }
    return ok;
}

/* Work off the queue's head. False: stop for now (waiting, draining, lane lost). */
static bool work_head(struct wk_log *log, struct keyq *q)
{
    const struct subscriber *s = &log->sub[q->sub];
    struct entry *e = q->first->entry;
    struct work work = {.tenant = &e->tenant, .event = &e->event, .xid = e->at.xid, .cls = q->cls, .lane = q->lane};
    int64_t later = 0, next_us;
    struct wk_err err = {0};

    if (q->is_blocked) { /* its elders are parked: it queues behind them */
        next_us = q->next_us;
        if (!park_event(log, s, e, 0, 0, NULL, &err))
            return log_pause(log, "log.park", 250);
        keyq_done(log, q, true);
        q->next_us = next_us;
        return true;
    }
    if (q->must_park) {
        if (!park_event(log, s, e, q->attempts, q->next_us, NULL, &err))
            return log_pause(log, "log.park", 250);
        next_us = q->next_us;
        block(log, q);
        keyq_done(log, q, true);
        q->next_us = next_us;
        return true;
    }
    e->event.attempt = q->attempts + 1;
    switch (log_handle(log, s, &work, &later, &err)) {
    case HANDLED_DONE:
        keyq_done(log, q, false);
        return true;
    case HANDLED_MARKED:
        keyq_done(log, q, true);
        return true;
    case HANDLED_LATER:
        if (later - wk_dbserver_now_us(log->server) > SHORT_WAIT_US && park_event(log, s, e, q->attempts, later, NULL, &err)) {
            block(log, q); /* a long wait in memory would hold the lane's cursor back */
            keyq_done(log, q, true);
            q->next_us = later;
            return true;
        }
        q->state = KEYQ_WAITING;
        q->next_us = later;
        return false;
    case HANDLED_AGAIN: /* the database is away: not an attempt */
        return log_pause(log, "log.again", 250);
    case HANDLED_FAILED:
    case HANDLED_DEAD:
        if (!set_aside(log, q, wk_err_is(&err, "plugin.crashed") || err.cls == WK_BUSINESS || err.cls == WK_SECURITY, &err))
            return log_pause(log, "log.park", 250);
        next_us = q->next_us;
        keyq_done(log, q, true);
        q->next_us = q->is_blocked ? next_us : 0;
        return true;
    case HANDLED_STOPPED:
        break;
    }
    return false;
}

static void keyq_main(void *arg)
{
    struct { struct wk_log *log; struct keyq *q; } *job = arg;
    struct wk_log *log = job->log;
    struct keyq *q = job->q;

    free(job);
    q->fiber = wk_fiber_self();
    while (!log->is_draining && !q->is_orphan && !log->lane[q->lane].is_leaving) {
        if (q->is_blocked && q->next_us <= wk_dbserver_now_us(log->server)) {
            if (!parked_work(log, q) && q->is_blocked) {
                q->is_blocked = false;
                log->stats.blocked_keys--;
            }
        } else if (!q->first || !work_head(log, q)) {
            break;
        }
    }
    q->fiber = NULL;
    fair_ended(log, q);
    if (q->is_orphan || !log->lane[q->lane].is_owned || log->lane[q->lane].is_leaving || (!q->first && !q->is_blocked)) {
        keyq_free(log, q);
    } else if (q->state != KEYQ_WAITING) {
        q->state = q->is_blocked && !q->first ? KEYQ_WAITING : KEYQ_IDLE;
        if (q->first)
            keyq_ready(log, q);
    }
    if (log->drainer)
        wk_fiber_wake(log->drainer);
    else
        log_run_ready(log);
}

static bool start(struct wk_log *log, struct keyq *q)
{
    struct { struct wk_log *log; struct keyq *q; } *job = malloc(sizeof *job);

    if (!job)
        return false;
    job->log = log;
    job->q = q;
    q->state = KEYQ_RUNNING;
    if (!wk_fiber_spawn(log->engine->sched, log->sub[q->sub].name, keyq_main, job, NULL)) {
        free(job);
        q->state = KEYQ_IDLE;
        return false;
    }
    fair_began(log, q);
    return true;
}

/* Take from the classes 8 : 4 : 1; inside a class the tenants take turns, and each has its keys in order of arrival. */
void log_run_ready(struct wk_log *log)
{
    static const unsigned weight[13] = {0, 0, 1, 0, 0, 1, 0, 0, 1, 2, 0, 0, 1};
    uint32_t idle_turns = 0;

    while (!log->is_draining && log->stats.running < log->conf.max_running && idle_turns < WK_COUNT(weight)) {
        struct keyq *q = fair_next(log, weight[log->turn++ % WK_COUNT(weight)]);

        if (!q) {
            idle_turns++;
            continue;
        }
        idle_turns = 0;
        q->state = KEYQ_IDLE;
        if (!start(log, q)) {
            keyq_ready(log, q);
            break;
        }
    }
}

/* What waits for a time: wk_later() and parked keys. Who waits in memory while the lane fills up behind it has to go to the parked. */
void log_wake_waiting(struct wk_log *log)
{
    int64_t now = wk_dbserver_now_us(log->server);

    for (size_t b = 0; b < BUCKETS; b++)
        for (struct keyq *q = log->bucket[b]; q; q = q->chain) {
            if (q->state != KEYQ_WAITING && (q->state != KEYQ_IDLE || !q->is_blocked))
                continue;
            q->must_park = !q->is_blocked && q->next_us > now && log->lane[q->lane].reader[q->cls].count >= log->conf.read_max / 2;
            if (q->next_us <= now || q->must_park)
                keyq_ready(log, q);
        }
    log_run_ready(log);
}

/* The lane is leaving (its handlers may finish) or no longer ours (they are cancelled; what they still commit is fenced by the marks). */
void log_drop_lane_work(struct wk_log *log, unsigned lane, bool cancel)
{
    fair_drop_lane(log, lane);
    for (size_t b = 0; b < BUCKETS; b++) {
        struct keyq *q = log->bucket[b], *next;

        for (; q; q = next) {
            next = q->chain;
            if (q->lane != lane)
                continue;
            if (q->state != KEYQ_RUNNING) {
                keyq_free(log, q);
            } else if (cancel) {
                keyq_unlink(log, q);
                q->is_orphan = true; /* the lane may come back before it has ended */
                if (q->fiber)
                    wk_fiber_cancel(q->fiber);
            }
        }
    }
}
