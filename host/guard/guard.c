#include "guard/cluster.h"
#include "guard/limit.h"
#include "guard/targets.h"

#include <ctype.h>
#include <stdlib.h>

enum { PROBES = 16, FULL_WAIT_MS = 1000 };
#define QUIET_US (INT64_C(600) * 1000000) /* a closed target that nobody asked for so long makes room */

struct wk_guard {
    struct wk_guard_conf conf;
    struct wk_region_target *target; /* WK_REGION_TARGETS */
    struct wk_limits limits, penalties;
    void *own; /* without a share: all three */
    uint32_t calls, under_way[WK_REGION_TARGETS];
};


/* --- life ---------------------------------------------------------------------------------------------------------------------- */

struct private_cells {
    struct wk_region_target target[WK_REGION_TARGETS];
    struct wk_region_limit limit[WK_REGION_LIMITS], penalty[WK_REGION_PENALTIES];
};

struct wk_guard *wk_guard_create(const struct wk_guard_conf *conf, struct wk_err *err)
{
    struct wk_guard *guard = calloc(1, sizeof *guard);
    struct private_cells *own = conf->share ? NULL : calloc(1, sizeof *own);

    if (!guard || (!conf->share && !own)) {
        free(guard);
        free(own);
        wk_fail(err, WK_SYSTEM, "host.no_memory", "guards");
        return NULL;
    }
    guard->conf = *conf;
    guard->own = own;
    guard->target = own ? own->target : conf->share->region->target;
    guard->limits = (struct wk_limits){own ? own->limit : conf->share->region->limit, WK_REGION_LIMITS};
    guard->penalties = (struct wk_limits){own ? own->penalty : conf->share->region->penalty, WK_REGION_PENALTIES};
    guard->conf.target_calls = conf->target_calls ? conf->target_calls : 32;
    guard->conf.calls = conf->calls ? conf->calls : 128;
    guard->conf.breaker.failures = conf->breaker.failures ? conf->breaker.failures : 5;
    guard->conf.breaker.delay_ms = conf->breaker.delay_ms ? conf->breaker.delay_ms : 5000;
    guard->conf.breaker.delay_max_ms = conf->breaker.delay_max_ms ? conf->breaker.delay_max_ms : 60000;
    if (!guard->conf.now_us)
        guard->conf.now_us = wk_share_mono_us;
    return guard;
}

void wk_guard_destroy(struct wk_guard *guard)
{
    if (!guard)
        return;
    free(guard->own);
    free(guard);
}

/* --- the table ------------------------------------------------------------------------------------------------------------------- */

static bool is_at_rest(const struct wk_guard *guard, const struct wk_region_target *cell, int64_t now)
{
    return (atomic_load(&cell->word) & 3) == WK_BREAKER_CLOSED && now - atomic_load(&cell->used_us) > QUIET_US &&
           !guard->under_way[cell - guard->target];
}

static void name_it(struct wk_region_target *cell, const char *name, bool is_named)
{
    atomic_store(&cell->is_named, is_named);
    (void)snprintf(cell->name, sizeof cell->name, "%s", name); /* whoever is at it, too, writes the same */
    atomic_store(&cell->is_ready, 1);
}

/* NULL: no room, and none that could be made. */
static struct wk_region_target *find(struct wk_guard *guard, const char *name, bool is_named)
{
    uint64_t hash = wk_limit_key("target", name, NULL);
    int64_t now = guard->conf.now_us();
    struct wk_region_target *cell, *room = NULL;

    for (uint64_t i = 0; i < PROBES; i++) {
        uint64_t was = 0;

        cell = &guard->target[(hash + i) % WK_REGION_TARGETS];
        was = atomic_load(&cell->hash);
        if (was == hash) {
            atomic_store_explicit(&cell->used_us, now, memory_order_relaxed);
            if (is_named && !atomic_load(&cell->is_named))
                atomic_store(&cell->is_named, true);
            if (!atomic_load(&cell->is_ready)) /* new, or its owner died at it */
                name_it(cell, name, is_named);
            return cell;
        }
        if (!room && (!was || is_at_rest(guard, cell, now)))
            room = cell;
    }
    if (room) {
        uint64_t was = atomic_load(&room->hash);

        atomic_store(&room->is_ready, 0);
        for (int i = 0; i < WK_TARGET_CLASSES; i++)
            atomic_store(&room->row[i], 0);
        atomic_store(&room->window, 0);
        atomic_store(&room->opened, 0);
        atomic_store_explicit(&room->used_us, now, memory_order_relaxed);
        if (!atomic_compare_exchange_strong(&room->hash, &was, hash) && was != hash)
            return NULL; /* taken in this moment by another name: this call goes unguarded */
        name_it(room, name, is_named);
    }
    return room;
}

bool wk_guard_origin(const char *url, char *out, size_t size)
{
    const char *host = strstr(url, "://"), *at;
    size_t scheme = host ? (size_t)(host - url) + 3 : 0, n = host ? strcspn(url + scheme, "/?#") : 0;

    if (!n || (strncasecmp(url, "http://", 7) && strncasecmp(url, "https://", 8)))
        return false;
    at = memrchr(url + scheme, '@', n); /* a name and password in front of the host are nobody's business */
    if (at) {
        n -= (size_t)(at + 1 - (url + scheme));
        at++;
    } else {
        at = url + scheme;
    }
    if (!n || (size_t)snprintf(out, size, "%.*s%.*s", (int)scheme, url, (int)n, at) >= size)
        return false;
    for (char *p = out; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return true;
}

/* --- a call ------------------------------------------------------------------------------------------------------------------------ */

static bool refuse(struct wk_err *err, const char *code, int64_t wait_ms, const char *target)
{
    wk_fail(err, WK_TRANSIENT, code, "%s: not asked, again in %lld ms", target, (long long)wait_ms);
    if (err)
        err->retry_after_ms = (uint32_t)(wait_ms < 1 ? 1 : wait_ms > UINT32_MAX ? UINT32_MAX : wait_ms);
    return false;
}

bool wk_guard_enter(struct wk_guard *guard, const char *target, bool is_named, struct wk_ticket *ticket, struct wk_err *err)
{
    struct wk_region_target *cell = find(guard, target, is_named);
    int64_t wait_ms;

    *ticket = (struct wk_ticket){.pass = {.probe = -1}, .target = cell ? (int)(cell - guard->target) : -1};
    if (guard->calls >= guard->conf.calls)
        return refuse(err, "target.all_full", FULL_WAIT_MS, target);
    if (cell && guard->under_way[ticket->target] >= guard->conf.target_calls)
        return refuse(err, "target.full", FULL_WAIT_MS, target);
    if (cell && !wk_breaker_enter(cell, guard->conf.share, guard->conf.now_us(), &ticket->pass, &wait_ms))
        return refuse(err, "target.open", wait_ms, target);
    guard->calls++;
    if (cell)
        guard->under_way[ticket->target]++;
    return true;
}

bool wk_guard_admit(struct wk_guard *guard, const char *target, struct wk_ticket *ticket, struct wk_err *err)
{
    struct wk_region_target *cell = find(guard, target, true);
    int64_t wait_ms;

    *ticket = (struct wk_ticket){.pass = {.probe = -1}, .target = cell ? (int)(cell - guard->target) : -1, .is_uncounted = true};
    return !cell || wk_breaker_enter(cell, guard->conf.share, guard->conf.now_us(), &ticket->pass, &wait_ms) || refuse(err, "target.open", wait_ms, target);
}

static void tell(struct wk_guard *guard, const struct wk_region_target *cell, enum wk_breaker_turn turn)
{
    int64_t open_ms;
    unsigned trips;
    uint32_t cause = atomic_load(&cell->cause);

    if (turn == WK_BREAKER_SAME || !guard->conf.turned)
        return;
    (void)wk_breaker_look(cell, guard->conf.now_us(), &open_ms, &trips);
    guard->conf.turned(guard->conf.arg, cell->name, turn, open_ms, trips, wk_breaker_cause_name(cause));
}

void wk_guard_leave(struct wk_guard *guard, const struct wk_ticket *ticket, enum wk_outcome_class outcome)
{
    guard->calls -= !ticket->is_uncounted;
    if (ticket->target < 0)
        return;
    guard->under_way[ticket->target] -= !ticket->is_uncounted;
    tell(guard, &guard->target[ticket->target], wk_breaker_leave(&ticket->pass, &guard->conf.breaker, outcome, guard->conf.now_us()));
}

int64_t wk_guard_wait_ms(struct wk_guard *guard, const char *target)
{
    struct wk_region_target *cell = find(guard, target, true);

    if (guard->calls >= guard->conf.calls || (cell && guard->under_way[cell - guard->target] >= guard->conf.target_calls))
        return FULL_WAIT_MS;
    return cell ? wk_breaker_wait_ms(cell, guard->conf.share, guard->conf.now_us()) : 0;
}

void wk_guard_garbage(struct wk_guard *guard, const char *target)
{
    struct wk_region_target *cell = find(guard, target, true);

    if (cell)
        tell(guard, cell, wk_breaker_garbage(cell, &guard->conf.breaker, guard->conf.now_us()));
}

bool wk_guard_may_retry(struct wk_guard *guard, const char *target)
{
    struct wk_region_target *cell = find(guard, target, true);

    return cell && wk_breaker_may_retry(cell, guard->conf.now_us());
}

void wk_guard_merge(struct wk_guard *guard, const char *target, int64_t open_for_ms, unsigned trips)
{
    struct wk_region_target *cell = find(guard, target, false);
    int64_t max = 2 * (int64_t)guard->conf.breaker.delay_max_ms; /* whatever a neighbour says */

    if (cell)
        (void)wk_breaker_merge(cell, open_for_ms < max ? open_for_ms : max, trips, guard->conf.now_us());
}

int64_t wk_guard_alert_interval_us(const struct wk_guard *guard)
{
    return (guard && guard->conf.alert_interval_ms ? guard->conf.alert_interval_ms : 60000) * INT64_C(1000);
}

/* --- limits, penalties --------------------------------------------------------------------------------------------------------------- */

bool wk_guard_limit(struct wk_guard *guard, const char *owner, const char *tenant, const char *name, double per_second, uint32_t burst, uint32_t cost,
                    uint32_t max_wait_ms, int64_t *wait_us)
{
    return wk_limit_take(&guard->limits, wk_limit_key(owner, tenant, name), wk_quota_interval_us(per_second), burst, cost ? cost : 1,
                         (int64_t)max_wait_ms * 1000, guard->conf.now_us(), wait_us);
}
struct wk_limits wk_guard_limits(const struct wk_guard *guard) { return guard->limits; }
int64_t wk_guard_now_us(const struct wk_guard *guard) { return guard->conf.now_us(); }

/* Where only a signature decides, or nothing is decided: whoever shares an address with a forger must not pay for him. */
static bool is_exempt(const char *path)
{
    static const char *const trees[] = {"/webhooks", "/healthz", "/readyz", "/metrics", "/.well-known"};

    for (size_t i = 0; path && i < WK_COUNT(trees); i++) {
        size_t n = strlen(trees[i]);

        if (!strncmp(path, trees[i], n) && (path[n] == '/' || path[n] == '?' || !path[n]))
            return true;
    }
    return false;
}

static const char *const kinds[] = {NULL, "credential", "tenant", "address"};

static bool counts(enum wk_penalty_kind kind, const char *key, const char *path, bool is_signed_in)
{
    return kind >= WK_PENALTY_CREDENTIAL && kind <= WK_PENALTY_ADDRESS && key && *key && !is_exempt(path) && !(kind == WK_PENALTY_ADDRESS && is_signed_in);
}

bool wk_guard_penalty_add(struct wk_guard *guard, enum wk_penalty_kind kind, const char *key, const char *path, bool is_signed_in, uint32_t points)
{
    static const int64_t point_us = WK_PENALTY_POINT_MS * INT64_C(1000);

    if (!counts(kind, key, path, is_signed_in))
        return false;
    wk_limit_add(&guard->penalties, wk_limit_key("penalty", kinds[kind], key), points * point_us,
                 WK_PENALTY_FREE * point_us + WK_PENALTY_MAX_MS * INT64_C(1000), guard->conf.now_us());
    return true;
}

int64_t wk_guard_penalty_left_ms(struct wk_guard *guard, enum wk_penalty_kind kind, const char *key, const char *path, bool is_signed_in)
{
    int64_t left;

    if (!counts(kind, key, path, is_signed_in))
        return 0;
    left = wk_limit_score(&guard->penalties, wk_limit_key("penalty", kinds[kind], key), guard->conf.now_us()) / 1000 -
           (int64_t)WK_PENALTY_FREE * WK_PENALTY_POINT_MS;
    return left > 0 ? left : 0;
}
