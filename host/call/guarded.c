#include "call/guarded.h"
#include "call/http_hook.h"
#include "fiber/fiber.h"
#include "guard/cluster.h"
#include "plugin/loader.h"
#include <stdlib.h>

enum { TRIES = 3, PAUSE_MS = 100, PAUSE_MAX_MS = 5000, LEAVE_MS = 50 };

/* A plugin without a target of its own spends its own budget. */
static const char *budget_of(struct wk_call *call, const struct wk_retry *retry, char *own, size_t size)
{
    if (retry->target)
        return retry->target;
    (void)snprintf(own, size, "plugin:%s", wk_plugin_name(wk_call_plugin(call)));
    return own;
}

bool wk_call_retry(struct wk_call *call, struct wk_retry *retry, const struct wk_err *why)
{
    int64_t left_ms = (call->until_us - wk_mono_us()) / 1000, pause_ms;
    char own[48];

    retry->tries++;
    if (retry->tries >= TRIES || why->cls != WK_TRANSIENT || wk_err_is(why, "target.open") || wk_err_is(why, "call.cancelled") || wk_call_in_tx(call))
        return false;
    pause_ms = arc4random_uniform((PAUSE_MS << (retry->tries - 1)) + 1);
    if (why->retry_after_ms > pause_ms)
        pause_ms = why->retry_after_ms;
    if (pause_ms > PAUSE_MAX_MS || pause_ms + LEAVE_MS > left_ms ||
        (call->engine->guard && !wk_guard_may_retry(call->engine->guard, budget_of(call, retry, own, sizeof own))))
        return false;
    return wk_fiber_sleep((uint32_t)pause_ms, NULL);
}

int64_t wk_call_target_wait(struct wk_call *call, const char *target)
{
    return call->engine->guard ? wk_guard_wait_ms(call->engine->guard, target) : 0;
}

void wk_call_target_garbage(struct wk_call *call, const char *target)
{
    if (call->engine->guard)
        wk_guard_garbage(call->engine->guard, target);
}

bool wk_call_limit(struct wk_call *call, const char *name, double per_second, uint32_t burst, uint32_t cost, uint32_t max_wait_ms, int64_t *wait_us)
{
    *wait_us = 0;
    return !call->engine->guard || wk_guard_limit(call->engine->guard, wk_plugin_name(wk_call_plugin(call)), call->tenant ? call->tenant->tenant.id_text : "",
                                                  name, per_second, burst, cost, max_wait_ms, wait_us);
}

bool wk_call_limit_cluster(struct wk_call *call, const struct wk_quota *quota, struct wk_quota_left *left)
{
    struct wk_quota q = {0};
    struct wk_quota_left all = {.size = left->size};
    bool ok = true;

    memcpy(&q, quota, quota->size < sizeof q ? quota->size : sizeof q);
    if (call->engine->guard)
        ok = wk_guard_limit_cluster(call->engine->guard, call->engine->redis, !wk_call_in_tx(call), wk_plugin_name(wk_call_plugin(call)),
                                    call->tenant ? call->tenant->tenant.id_text : "", &q, &all);
    memcpy(left, &all, left->size < sizeof all ? left->size : sizeof all);
    return ok;
}

/* Whom the points are for, when the caller does not say. */
static const char *who(struct wk_call *call, struct wk_http *http, int kind, const char *key)
{
    if (key)
        return key;
    if (kind == WK_PENALTY_CREDENTIAL)
        return call->principal.subject;
    if (kind == WK_PENALTY_TENANT)
        return call->tenant ? call->tenant->tenant.id_text : NULL;
    return http ? wk_hook_peer(http) : NULL;
}

bool wk_call_penalty_add(struct wk_call *call, struct wk_http *http, int kind, const char *key, uint32_t points)
{
    return call->engine->guard && wk_guard_penalty_add(call->engine->guard, (enum wk_penalty_kind)kind, who(call, http, kind, key),
                                                       http ? wk_hook_path(http) : NULL, call->principal.subject != NULL, points);
}

int64_t wk_call_penalty_left(struct wk_call *call, struct wk_http *http, int kind, const char *key)
{
    return call->engine->guard ? wk_guard_penalty_left_ms(call->engine->guard, (enum wk_penalty_kind)kind, who(call, http, kind, key),
                                                          http ? wk_hook_path(http) : NULL, call->principal.subject != NULL)
                               : 0;
}
