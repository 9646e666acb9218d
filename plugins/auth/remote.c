#include "remote.h"

#include <stdlib.h>

enum { PAUSE_US = 30000000, TIMEOUT_MS = 3000, REPLY_MAX = 256 * 1024, WAIT_MS = 50 };

bool remote_may_ask(struct wk_call *call, const struct auth *a)
{
    return *a->url && (a->remote.is_asking || !a->remote.tried_us || wk_now(call) - a->remote.tried_us >= PAUSE_US);
}

bool remote_is_due(struct wk_call *call, const struct auth *a)
{
    return remote_may_ask(call, a) && (!a->remote.loaded_us || wk_now(call) - a->remote.loaded_us >= wk_setting_ms(call, "jwks_refresh") * 1000);
}

static struct auth_ring *fetch(struct wk_call *call, const struct auth *a, struct wk_err *err)
{
    struct wk_fetch request = {.size = sizeof request, .timeout_ms = TIMEOUT_MS, .method = "GET", .url = a->url, .reply_max = REPLY_MAX, .target = "jwks"};
    struct wk_fetched reply = {.size = sizeof reply};
    struct auth_ring *ring;

    if (!wk_fetch(call, &request, &reply, err))
        return NULL;
    if (reply.status != 200) {
        wk_fail(err, WK_TRANSIENT, "auth.jwks", "jwks_url answered %d", reply.status);
        return NULL;
    }
    ring = calloc(1, sizeof *ring);
    if (!ring) {
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "keys");
        return NULL;
    }
    ring->issuer = a->issuer;
    ring->audience = a->audience;
    if (auth_ring_add_set(ring, reply.body, reply.body_len, false, err))
        return ring;
    wk_target_garbage(call, "jwks");
    auth_ring_finish(ring);
    free(ring);
    return NULL;
}

bool remote_ask(struct wk_call *call, struct auth *a)
{
    struct auth_ring *ring, *old = a->remote.ring;
    struct wk_err why = {0};

    if (a->remote.is_asking) {
        int64_t loaded = a->remote.loaded_us;

        while (a->remote.is_asking && wk_sleep(call, WAIT_MS, NULL))
            ;
        return a->remote.loaded_us != loaded;
    }
    a->remote.is_asking = true;
    a->remote.tried_us = wk_now(call);
    ring = fetch(call, a, &why);
    a->remote.is_asking = false;
    wk_count(call, ring ? "jwks_loaded" : "jwks_failed", 1);
    if (!ring) {
        wk_log(call, WK_WARN, "keys of jwks_url are not renewed, %s: %s (%s)", old ? "the old ones serve on" : "there are none", why.msg, why.code);
        return false;
    }
    a->remote.ring = ring;
    a->remote.loaded_us = wk_now(call);
    memo_clear(&a->memo);
    if (old) {
        auth_ring_finish(old); /* nobody waits while holding a ring */
        free(old);
    }
    return true;
}
