/* targets.h - every target outside that is known on this machine, for the master's status and metrics. */
#ifndef WK_GUARD_TARGETS_H
#define WK_GUARD_TARGETS_H
#include "guard/breaker.h"

struct wk_target_info {
    char name[80];
    bool is_named;
    enum wk_breaker_state state;
    int64_t open_ms;
    unsigned trips, opened;
    const char *cause; /* of the last opening; "": none */
};
void wk_guard_each(const struct wk_share *share, void (*visit)(const struct wk_target_info *info, void *arg), void *arg);
const char *wk_breaker_state_name(enum wk_breaker_state state); /* closed half-open open */
const char *wk_breaker_cause_name(uint32_t cause); /* of enum wk_outcome_class; "": none */
#endif
