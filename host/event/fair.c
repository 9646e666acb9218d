/* fair.c - whose turn it is. Ready keys stand in a queue per tenant and class; a class goes round its tenants one key at a time; a tenant with
 * a quarter of all handlers running is taken out of the rounds until one of them ends. A class below high may have only a part of all handlers, and
 * of a tenant's: a flood of it finds its end there, and what is higher need not wait for a handler that takes long. Every step is O(1): a burst of thousands of keys of
 * one tenant must cost nobody, also not itself, more than its own handlers do. */
#include "event/internal.h"
#include <stdlib.h>

static size_t bucket_of(const struct wk_uuid *tenant)
{
    uint64_t h;

    memcpy(&h, tenant->b + 8, sizeof h); /* the random half of a UUIDv7 */
    return (size_t)((h ^ h >> 29) * UINT64_C(0x9E3779B97F4A7C15) >> 32) % TENANT_BUCKETS;
}

struct tenant_work *fair_join(struct wk_log *log, const struct wk_uuid *tenant)
{
    struct tenant_work **bucket = &log->tenant[bucket_of(tenant)], *w = *bucket;

    while (w && !wk_uuid_equal(&w->tenant, tenant))
        w = w->chain;
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w)
            return NULL;
        w->tenant = *tenant;
        w->chain = *bucket;
        for (unsigned c = 0; c < CLASSES; c++)
            w->ready[c].end = &w->ready[c].first;
        *bucket = w;
    }
    w->keys++;
    return w;
}

void fair_leave(struct wk_log *log, struct tenant_work *w)
{
    struct tenant_work **p = &log->tenant[bucket_of(&w->tenant)];

    if (--w->keys)
        return;
    while (*p != w)
        p = &(*p)->chain;
    *p = w->chain;
    free(w);
}

static bool may_run(const struct wk_log *log, const struct tenant_work *w, unsigned cls)
{
    return w->running < tenant_max(log) && w->running_of[cls] < class_max(tenant_max(log), cls);
}

/* A tenant stands in a class's round exactly while it has a ready key there and may run one more. */
static void list(struct wk_log *log, struct tenant_work *w, unsigned cls)
{
    struct round *r = &log->round[cls];

    if (w->is_listed[cls] || !w->ready[cls].first || !may_run(log, w, cls))
        return;
    w->is_listed[cls] = true;
    w->next[cls] = NULL;
    *r->end = w;
    r->end = &w->next[cls];
}

void fair_ready(struct wk_log *log, struct keyq *q)
{
    struct ready *keys = &q->work->ready[q->cls];

    q->next = NULL;
    *keys->end = q;
    keys->end = &q->next;
    list(log, q->work, q->cls);
}

struct keyq *fair_next(struct wk_log *log, unsigned cls)
{
    struct round *r = &log->round[cls];

    if (log->running_of[cls] >= class_max(log->conf.max_running, cls))
        return NULL;
    for (;;) {
        struct tenant_work *w = r->first;
        struct keyq *q;

        if (!w)
            return NULL;
        r->first = w->next[cls];
        if (!r->first)
            r->end = &r->first;
        w->is_listed[cls] = false;
        if (!may_run(log, w, cls))
            continue; /* filled its share in another class meanwhile: fair_ended() brings it back */
        q = w->ready[cls].first;
        w->ready[cls].first = q->next;
        if (!q->next)
            w->ready[cls].end = &w->ready[cls].first;
        list(log, w, cls);
        return q;
    }
}

void fair_began(struct wk_log *log, struct keyq *q)
{
    q->work->running++;
    q->work->running_of[q->cls]++;
    log->running_of[q->cls]++;
    log->lane[q->lane].running++;
    log->stats.running++;
}

void fair_ended(struct wk_log *log, struct keyq *q)
{
    q->work->running--;
    q->work->running_of[q->cls]--;
    log->running_of[q->cls]--;
    log->lane[q->lane].running--;
    log->stats.running--;
    for (unsigned c = 0; c < CLASSES; c++)
        list(log, q->work, c);
}

static void drop_keys(struct ready *keys, unsigned lane)
{
    struct keyq **p = &keys->first;

    while (*p)
        if ((*p)->lane == lane) {
            (*p)->state = KEYQ_IDLE;
            *p = (*p)->next;
        } else {
            p = &(*p)->next;
        }
    keys->end = p;
}

/* Rare (a lane changes hands), so all rounds are simply made anew. */
void fair_drop_lane(struct wk_log *log, unsigned lane)
{
    for (unsigned c = 0; c < CLASSES; c++) {
        log->round[c].first = NULL;
        log->round[c].end = &log->round[c].first;
    }
    for (size_t b = 0; b < TENANT_BUCKETS; b++)
        for (struct tenant_work *w = log->tenant[b]; w; w = w->chain)
            for (unsigned c = 0; c < CLASSES; c++) {
                drop_keys(&w->ready[c], lane);
                w->is_listed[c] = false;
                list(log, w, c);
            }
}
