#include "guard/targets.h"

const char *wk_breaker_state_name(enum wk_breaker_state state)
{
    static const char *const names[] = {"closed", "half-open", "open"};

    return (size_t)state < WK_COUNT(names) ? names[state] : "?";
}

const char *wk_breaker_cause_name(uint32_t cause)
{
    static const char *const names[] = {"not reachable", "timed out", "broken answers"};

    return cause < WK_COUNT(names) ? names[cause] : "";
}

void wk_guard_each(const struct wk_share *share, void (*visit)(const struct wk_target_info *info, void *arg), void *arg)
{
    int64_t now = wk_share_mono_us();

    for (size_t i = 0; share && i < WK_REGION_TARGETS; i++) {
        const struct wk_region_target *cell = &share->region->target[i];
        struct wk_target_info info = {.is_named = atomic_load(&cell->is_named), .opened = atomic_load(&cell->opened), .cause = ""};
        uint32_t cause = atomic_load(&cell->cause);

        if (!atomic_load(&cell->is_ready))
            continue;
        memcpy(info.name, cell->name, sizeof info.name);
        info.name[sizeof info.name - 1] = '\0'; /* its writer may be dead in mid-copy */
        info.state = wk_breaker_look(cell, now, &info.open_ms, &info.trips);
        if (info.opened)
            info.cause = wk_breaker_cause_name(cause);
        visit(&info, arg);
    }
}
