#include "guard/breaker.h"
#include <stdlib.h>

enum { PROBE_MAX_MS = 60000, HALF_OPEN_WAIT_MS = 250, WINDOW_MS = 10000, RATIO_MIN = 20, RETRIES_MIN = 3, TRIPS_MAX = 255 };

/* The word: 38 bits of milliseconds (8 years of uptime), 16 of episode, 8 of trips, 2 of state. */
static uint64_t make(int64_t until_ms, unsigned episode, unsigned trips, enum wk_breaker_state state)
{
    return (uint64_t)until_ms << 26 | (uint64_t)(episode & 0xffff) << 10 | (uint64_t)(trips & 0xff) << 2 | state;
}
static int64_t until_of(uint64_t word) { return (int64_t)(word >> 26); }
static unsigned episode_of(uint64_t word) { return (unsigned)(word >> 10) & 0xffff; }
static unsigned trips_of(uint64_t word) { return (unsigned)(word >> 2) & 0xff; }
static enum wk_breaker_state state_of(uint64_t word) { return (enum wk_breaker_state)(word & 3); }

/* --- probes: who holds a place -------------------------------------------------------------------------------------------- */

static uint64_t held(uint32_t slot, unsigned episode, int64_t now_ms)
{
    return (uint64_t)((slot + 1) & 0xff) << 56 | (uint64_t)episode << 40 | ((uint64_t)now_ms & 0xffffffffff);
}

/* Left over from before, held for too long, or by a worker that is no more: its slot is free, or another has it since. */
static bool is_free(uint64_t probe, unsigned episode, const struct wk_share *share, int64_t now_ms)
{
    int64_t since_ms = (int64_t)(probe & 0xffffffffff);
    uint32_t slot = (uint32_t)(probe >> 56) - 1;

    if (!probe || ((probe >> 40) & 0xffff) != episode || now_ms - since_ms > PROBE_MAX_MS)
        return true;
    if (!share || slot >= WK_SHARE_SLOTS)
        return false;
    return atomic_load(&share->region->slot[slot].state) == WK_SLOT_FREE || share->region->slot[slot].started_us / 1000 > since_ms;
}

static int take_probe(struct wk_region_target *cell, uint64_t word, const struct wk_share *share, int64_t now_ms)
{
    for (int i = 0; i < WK_TARGET_PROBES; i++) {
        uint64_t was = atomic_load(&cell->probe[i]);

        if (is_free(was, episode_of(word), share, now_ms) &&
            atomic_compare_exchange_strong(&cell->probe[i], &was, held(share ? share->self : WK_SHARE_SLOTS, episode_of(word), now_ms)))
            return i;
    }
    return -1;
}

/* --- letting through ------------------------------------------------------------------------------------------------------- */

bool wk_breaker_enter(struct wk_region_target *cell, const struct wk_share *share, int64_t now_us, struct wk_pass *pass, int64_t *wait_ms)
{
    uint64_t word = atomic_load(&cell->word), half;
    int64_t now_ms = now_us / 1000;

    *pass = (struct wk_pass){.cell = cell, .probe = -1};
    *wait_ms = 0;
    if (state_of(word) == WK_BREAKER_OPEN) {
        if (now_ms < until_of(word)) {
            *wait_ms = until_of(word) - now_ms;
            return false;
        }
        half = make(now_ms, episode_of(word) + 1, trips_of(word), WK_BREAKER_HALF_OPEN);
        if (atomic_compare_exchange_strong(&cell->word, &word, half))
            word = half;
    }
    pass->word = word;
    if (state_of(word) == WK_BREAKER_CLOSED)
        return true;
    if (state_of(word) == WK_BREAKER_HALF_OPEN && (pass->probe = take_probe(cell, word, share, now_ms)) >= 0)
        return true;
    *wait_ms = HALF_OPEN_WAIT_MS;
    return false;
}

int64_t wk_breaker_wait_ms(const struct wk_region_target *cell, const struct wk_share *share, int64_t now_us)
{
    uint64_t word = atomic_load(&cell->word);
    int64_t now_ms = now_us / 1000;

    if (state_of(word) == WK_BREAKER_CLOSED || (state_of(word) == WK_BREAKER_OPEN && now_ms >= until_of(word)))
        return 0;
    if (state_of(word) == WK_BREAKER_OPEN)
        return until_of(word) - now_ms;
    for (int i = 0; i < WK_TARGET_PROBES; i++)
        if (is_free(atomic_load(&cell->probe[i]), episode_of(word), share, now_ms))
            return 0;
    return HALF_OPEN_WAIT_MS;
}

/* --- what became of it ------------------------------------------------------------------------------------------------------ */

/* A counter of ten seconds: number of the ten seconds, n, and how many of them. Saturates. */
static uint64_t count(_Atomic uint64_t *window, int64_t now_us, bool is_failure)
{
    uint64_t was = atomic_load(window), epoch = (uint64_t)(now_us / 1000 / WINDOW_MS), next;

    do {
        uint64_t n = was >> 16 & 0xffff, failed = was & 0xffff;

        if (was >> 32 != (epoch & 0xffffffff))
            n = failed = 0;
        if (n < 0xffff) {
            n++;
            failed += is_failure;
        }
        next = epoch << 32 | n << 16 | failed;
    } while (!atomic_compare_exchange_weak(window, &was, next));
    return next;
}

static void forget(struct wk_region_target *cell)
{
    for (int i = 0; i < WK_TARGET_CLASSES; i++)
        if (atomic_load_explicit(&cell->row[i], memory_order_relaxed))
            atomic_store(&cell->row[i], 0);
}

static uint64_t opened(uint64_t word, const struct wk_breaker_conf *conf, int64_t now_us)
{
    unsigned trips = trips_of(word), doubled = trips < 16 ? trips : 16;
    int64_t delay = (int64_t)conf->delay_ms << doubled;

    if (delay > conf->delay_max_ms)
        delay = conf->delay_max_ms;
    delay += delay / 4 * (int64_t)(arc4random() % 1001) / 500 - delay / 4; /* a quarter more or less */
    return make(now_us / 1000 + delay, episode_of(word) + 1, trips < TRIPS_MAX ? trips + 1 : trips, WK_BREAKER_OPEN);
}

static enum wk_breaker_turn trip(struct wk_region_target *cell, uint64_t word, const struct wk_breaker_conf *conf, enum wk_outcome_class cause,
                                 int64_t now_us)
{
    if (!atomic_compare_exchange_strong(&cell->word, &word, opened(word, conf, now_us)))
        return WK_BREAKER_SAME; /* somebody else saw it, too */
    atomic_store(&cell->cause, (uint32_t)cause);
    atomic_fetch_add(&cell->opened, 1);
    forget(cell);
    return WK_BREAKER_OPENED;
}

static enum wk_breaker_turn leave_closed(const struct wk_pass *pass, const struct wk_breaker_conf *conf, enum wk_outcome_class outcome, int64_t now_us)
{
    struct wk_region_target *cell = pass->cell;
    uint64_t window = count(&cell->window, now_us, outcome != WK_CALL_GOOD), n = window >> 16 & 0xffff, failed = window & 0xffff;
    uint32_t row, limit = outcome == WK_CALL_BROKEN ? 2 * conf->failures : conf->failures;

    if (atomic_load(&cell->word) != pass->word) /* it was let through before the breaker opened */
        return WK_BREAKER_SAME;
    if (outcome == WK_CALL_GOOD) {
        (void)atomic_fetch_add_explicit(&cell->goods, 1, memory_order_relaxed);
        forget(cell);
        return WK_BREAKER_SAME;
    }
    row = atomic_fetch_add(&cell->row[outcome], 1) + 1;
    if (row >= limit || (n >= RATIO_MIN && 2 * failed >= n))
        return trip(cell, pass->word, conf, outcome, now_us);
    return WK_BREAKER_SAME;
}

static enum wk_breaker_turn leave_probe(const struct wk_pass *pass, const struct wk_breaker_conf *conf, enum wk_outcome_class outcome, int64_t now_us)
{
    struct wk_region_target *cell = pass->cell;
    uint64_t word = pass->word;
    uint32_t was = atomic_load(&cell->good), next;

    if (outcome == WK_CALL_SAYS_NOTHING || atomic_load(&cell->word) != word)
        return WK_BREAKER_SAME;
    if (outcome != WK_CALL_GOOD)
        return trip(cell, word, conf, outcome, now_us);
    do
        next = was >> 16 == episode_of(word) ? was + 1 : (episode_of(word) << 16 | 1);
    while (!atomic_compare_exchange_weak(&cell->good, &was, next));
    if ((next & 0xffff) < WK_TARGET_PROBES ||
        !atomic_compare_exchange_strong(&cell->word, &word, make(0, episode_of(word) + 1, 0, WK_BREAKER_CLOSED)))
        return WK_BREAKER_SAME;
    forget(cell);
    atomic_store(&cell->window, 0);
    return WK_BREAKER_CLOSED_AGAIN;
}

enum wk_breaker_turn wk_breaker_leave(const struct wk_pass *pass, const struct wk_breaker_conf *conf, enum wk_outcome_class outcome, int64_t now_us)
{
    enum wk_breaker_turn turn;

    if (!pass->cell)
        return WK_BREAKER_SAME;
    if (pass->probe < 0)
        return outcome == WK_CALL_SAYS_NOTHING ? WK_BREAKER_SAME : leave_closed(pass, conf, outcome, now_us);
    turn = leave_probe(pass, conf, outcome, now_us);
    /* Ours still? A probe that took longer than its place is held has lost it. */
    for (uint64_t ours = atomic_load(&pass->cell->probe[pass->probe]); (ours >> 40 & 0xffff) == episode_of(pass->word);)
        if (atomic_compare_exchange_weak(&pass->cell->probe[pass->probe], &ours, 0))
            break;
    return turn;
}

enum wk_breaker_turn wk_breaker_garbage(struct wk_region_target *cell, const struct wk_breaker_conf *conf, int64_t now_us)
{
    uint64_t word = atomic_load(&cell->word), window;
    uint32_t row;

    if (state_of(word) == WK_BREAKER_HALF_OPEN)
        return trip(cell, word, conf, WK_CALL_BROKEN, now_us);
    if (state_of(word) != WK_BREAKER_CLOSED)
        return WK_BREAKER_SAME;
    if (atomic_exchange(&cell->goods, 0) > 1) /* others were fine meanwhile */
        atomic_store(&cell->nonsense, 0);
    row = atomic_fetch_add(&cell->nonsense, 1) + 1;
    window = count(&cell->window, now_us, true);
    if (row < 2 * conf->failures && ((window >> 16 & 0xffff) < RATIO_MIN || 2 * (window & 0xffff) < (window >> 16 & 0xffff)))
        return WK_BREAKER_SAME;
    atomic_store(&cell->nonsense, 0);
    return trip(cell, word, conf, WK_CALL_BROKEN, now_us);
}

bool wk_breaker_merge(struct wk_region_target *cell, int64_t open_for_ms, unsigned trips, int64_t now_us)
{
    uint64_t word = atomic_load(&cell->word), next;
    int64_t until = now_us / 1000 + open_for_ms;

    do {
        if (open_for_ms <= 0 || (state_of(word) == WK_BREAKER_OPEN && until_of(word) >= until))
            return false;
        next = make(until, episode_of(word) + 1, trips > trips_of(word) ? (trips < TRIPS_MAX ? trips : TRIPS_MAX) : trips_of(word), WK_BREAKER_OPEN);
    } while (!atomic_compare_exchange_weak(&cell->word, &word, next));
    forget(cell);
    return true;
}

bool wk_breaker_may_retry(struct wk_region_target *cell, int64_t now_us)
{
    uint64_t epoch = (uint64_t)(now_us / 1000 / WINDOW_MS) & 0xffffffff, window = atomic_load(&cell->window), was = atomic_load(&cell->retried), next;
    uint64_t calls = window >> 32 == epoch ? window >> 16 & 0xffff : 0;

    do {
        uint64_t n = was >> 32 == epoch ? was & 0xffffffff : 0;

        if (n >= RETRIES_MIN + calls / 10)
            return false;
        next = epoch << 32 | (n + 1);
    } while (!atomic_compare_exchange_weak(&cell->retried, &was, next));
    return true;
}

enum wk_breaker_state wk_breaker_look(const struct wk_region_target *cell, int64_t now_us, int64_t *open_ms, unsigned *trips)
{
    uint64_t word = atomic_load(&cell->word);

    *open_ms = state_of(word) == WK_BREAKER_OPEN && until_of(word) > now_us / 1000 ? until_of(word) - now_us / 1000 : 0;
    *trips = trips_of(word);
    return state_of(word);
}
