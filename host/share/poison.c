/* poison.c - messages that kill workers: counted by the master, read by every worker before it runs one.
 * A small table in memory is enough: it holds suspects, not history. After a full restart a killer gets its chances again. */
#include "share/region.h"
#include "share/share.h"

#include <signal.h>

enum {
    CRASHES_MAX = 2, /* a fault in the code: the second time is proof */
    KILLS_MAX = 5,   /* SIGKILL may be the kernel's memory, an operator, a hang elsewhere: more patience */
    WINDOW = 16,     /* entries looked at per id */
};
#define FORGET_US (INT64_C(24) * 3600 * 1000000)

static struct wk_region_poison *find(const struct wk_share *share, const struct wk_uuid *id)
{
    uint64_t h = wk_share_hash(id->b, sizeof id->b);

    for (uint64_t i = 0; i < WINDOW; i++) {
        struct wk_region_poison *p = &share->region->poison[(h + i) % WK_REGION_POISON];

        if ((atomic_load(&p->crashes) || atomic_load(&p->kills)) && wk_uuid_equal(&p->id, id))
            return p;
    }
    return NULL;
}

/* A free entry of the window, else its oldest. */
static struct wk_region_poison *claim(struct wk_share *share, const struct wk_uuid *id, int64_t now)
{
    uint64_t h = wk_share_hash(id->b, sizeof id->b);
    struct wk_region_poison *best = NULL;

    for (uint64_t i = 0; i < WINDOW; i++) {
        struct wk_region_poison *p = &share->region->poison[(h + i) % WK_REGION_POISON];
        bool is_free = !atomic_load(&p->crashes) && !atomic_load(&p->kills);

        if (is_free || now - p->last_us > FORGET_US) {
            best = p;
            break;
        }
        if (!best || p->last_us < best->last_us)
            best = p;
    }
    atomic_store(&best->crashes, 0);
    atomic_store(&best->kills, 0); /* nobody reads the id of a free entry while it changes */
    best->id = *id;
    return best;
}

static bool is_over(const struct wk_region_poison *p)
{
    return atomic_load(&p->crashes) >= CRASHES_MAX || atomic_load(&p->kills) >= KILLS_MAX;
}

bool wk_share_poison_count(struct wk_share *share, const struct wk_uuid *message, int sig)
{
    struct wk_region_poison *p;
    int64_t now = wk_share_mono_us();

    if (wk_uuid_is_nil(message))
        return false;
    p = find(share, message);
    if (!p)
        p = claim(share, message, now);
    p->last_us = now;
    atomic_fetch_add(sig == SIGKILL ? &p->kills : &p->crashes, 1);
    return is_over(p);
}

bool wk_share_is_poison(const struct wk_share *share, const struct wk_uuid *message)
{
    const struct wk_region_poison *p = share ? find(share, message) : NULL;

    return p && is_over(p);
}

void wk_share_poison_forget(struct wk_share *share, const struct wk_uuid *message)
{
    struct wk_region_poison *p = share ? find(share, message) : NULL;

    if (p) {
        atomic_store(&p->crashes, 0);
        atomic_store(&p->kills, 0);
    }
}
