#include "guard/limit.h"

static uint64_t more(uint64_t h, const char *text) /* with the NUL, so that "a" "bc" is not "ab" "c" */
{
    do
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return h;
}

uint64_t wk_limit_key(const char *kind, const char *a, const char *b)
{
    uint64_t h = more(more(more(UINT64_C(0xcbf29ce484222325), kind), a ? a : ""), b ? b : "");

    h ^= h >> 32;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
    return h ? h : 1;
}

static struct wk_region_limit *set_of(const struct wk_limits *limits, uint64_t key)
{
    return &limits->cell[key % (limits->n / WK_LIMIT_WAYS) * WK_LIMIT_WAYS];
}

static struct wk_region_limit *look(const struct wk_limits *limits, uint64_t key)
{
    struct wk_region_limit *set = set_of(limits, key);

    for (int i = 0; i < WK_LIMIT_WAYS; i++)
        if (atomic_load(&set[i].hash) == key)
            return &set[i];
    return NULL;
}

/* The name's cell; a new name takes over the cell nearest to rest, with the time it has: if that is past, it is as good as new. */
static struct wk_region_limit *find(const struct wk_limits *limits, uint64_t key)
{
    struct wk_region_limit *set = set_of(limits, key), *cell;

    while (!(cell = look(limits, key))) {
        struct wk_region_limit *victim = set;
        uint64_t was;

        for (int i = 1; i < WK_LIMIT_WAYS; i++)
            if (atomic_load(&set[i].tat_us) < atomic_load(&victim->tat_us))
                victim = &set[i];
        was = atomic_load(&victim->hash);
        if (was != key)
            (void)atomic_compare_exchange_strong(&victim->hash, &was, key);
    }
    return cell;
}

bool wk_limit_take(const struct wk_limits *limits, uint64_t key, int64_t interval_us, uint32_t burst, uint32_t cost, int64_t max_wait_us, int64_t now_us,
                   int64_t *wait_us)
{
    struct wk_region_limit *cell = find(limits, key);
    int64_t was = atomic_load(&cell->tat_us), next;

    do {
        next = (was > now_us ? was : now_us) + (int64_t)cost * interval_us;
        *wait_us = next - (int64_t)(burst ? burst : 1) * interval_us - now_us;
        if (*wait_us < 0)
            *wait_us = 0;
        if (*wait_us > max_wait_us)
            return false;
    } while (!atomic_compare_exchange_weak(&cell->tat_us, &was, next));
    return true;
}

void wk_limit_add(const struct wk_limits *limits, uint64_t key, int64_t add_us, int64_t max_us, int64_t now_us)
{
    struct wk_region_limit *cell = find(limits, key);
    int64_t was = atomic_load(&cell->tat_us), next;

    do {
        next = (was > now_us ? was : now_us) + add_us;
        if (next > now_us + max_us)
            next = now_us + max_us;
    } while (!atomic_compare_exchange_weak(&cell->tat_us, &was, next));
}

int64_t wk_limit_score(const struct wk_limits *limits, uint64_t key, int64_t now_us)
{
    const struct wk_region_limit *cell = look(limits, key);
    int64_t left = cell ? atomic_load(&cell->tat_us) - now_us : 0;

    return left > 0 ? left : 0;
}
