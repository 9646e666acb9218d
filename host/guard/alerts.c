#include "guard/alerts.h"
#include <stdio.h>

enum { PROBES = 16 };
#define QUIET_US (INT64_C(600) * 1000000) /* said long ago and not since: makes room */

const char *wk_severity_name(enum wk_severity severity)
{
    static const char *const names[] = {"warning", "error", "critical"};

    return (size_t)severity < WK_COUNT(names) ? names[severity] : "error";
}

static void fill(struct wk_region_alert *cell, const char *service, const char *error)
{
    (void)snprintf(cell->service, sizeof cell->service, "%s", service); /* whoever is at it, too, writes the same */
    (void)snprintf(cell->error, sizeof cell->error, "%s", error);
    atomic_store(&cell->is_ready, 1);
}

static struct wk_region_alert *find(struct wk_share *share, const char *service, const char *error, int64_t now)
{
    char key[200];
    int n = snprintf(key, sizeof key, "%.47s\n%.111s", service, error);
    uint64_t hash = wk_share_hash(key, (size_t)n);
    struct wk_region_alert *room = NULL;

    for (uint64_t i = 0; i < PROBES; i++) {
        struct wk_region_alert *cell = &share->region->alert[(hash + i) % WK_REGION_ALERTS];
        uint64_t was = atomic_load(&cell->hash);

        if (was == hash) {
            if (!atomic_load(&cell->is_ready))
                fill(cell, service, error);
            return cell;
        }
        if (!room && (!was || (!atomic_load(&cell->count) && now - atomic_load(&cell->next_us) > QUIET_US)))
            room = cell;
    }
    if (room) {
        uint64_t was = atomic_load(&room->hash);

        atomic_store(&room->is_ready, 0);
        atomic_store(&room->next_us, 0);
        if (!atomic_compare_exchange_strong(&room->hash, &was, hash) && was != hash)
            return NULL; /* taken in this moment: the log has it */
        fill(room, service, error);
    }
    return room;
}

void wk_alert_raise(struct wk_share *share, enum wk_severity severity, const char *service, const char *error)
{
    struct wk_region_alert *cell = share ? find(share, service, error, wk_share_mono_us()) : NULL;

    if (!cell)
        return;
    atomic_store(&cell->severity, (uint32_t)severity);
    (void)atomic_fetch_add(&cell->count, 1);
}

bool wk_alert_take(struct wk_share *share, int64_t interval_us, int64_t now_us, struct wk_alert *alert)
{
    for (size_t i = 0; share && i < WK_REGION_ALERTS; i++) {
        struct wk_region_alert *cell = &share->region->alert[i];
        int64_t next = atomic_load(&cell->next_us);

        if (!atomic_load_explicit(&cell->count, memory_order_relaxed) || now_us < next || !atomic_load(&cell->is_ready))
            continue;
        if (!atomic_compare_exchange_strong(&cell->next_us, &next, now_us + interval_us))
            continue; /* another worker tells it */
        *alert = (struct wk_alert){.cell = i, .count = atomic_exchange(&cell->count, 0), .severity = (enum wk_severity)atomic_load(&cell->severity)};
        memcpy(alert->service, cell->service, sizeof alert->service);
        memcpy(alert->error, cell->error, sizeof alert->error);
        alert->service[sizeof alert->service - 1] = alert->error[sizeof alert->error - 1] = '\0';
        if (alert->count)
            return true;
    }
    return false;
}

void wk_alert_return(struct wk_share *share, const struct wk_alert *alert, int64_t again_us)
{
    struct wk_region_alert *cell = &share->region->alert[alert->cell];

    atomic_store(&cell->next_us, again_us);
    (void)atomic_fetch_add(&cell->count, alert->count);
}
