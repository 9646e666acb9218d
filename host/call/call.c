/* call.c - life of a call: memory, tenant, frames, blame. */
#include "call/call.h"
#include "fiber/fiber.h"
#include "fiber/stack.h"
#include "plugin/loader.h"
#include <openssl/rand.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>
#ifdef WK_ASAN
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc does not install the header that has it */
#endif

enum { WEIGH_EVERY = 8, WEIGH_US = 1000 };

/* Random bytes for ids come a hundred ids at a time: OpenSSL's generator costs more to enter than to run. */
static void random_for_id(struct wk_uuid *out)
{
    static uint8_t pool[1600];
    static size_t used = sizeof pool;

    if (used == sizeof pool) {
        if (RAND_bytes(pool, sizeof pool) != 1)
            abort(); /* ids that repeat would lose money: better no worker than a guess */
        used = 0;
    }
    memcpy(out->b, pool + used, sizeof out->b);
    used += sizeof out->b;
}

void wk_uuid7(int64_t now_us, struct wk_uuid *out)
{
    uint64_t ms = (uint64_t)(now_us / 1000);

    random_for_id(out);
    for (int i = 0; i < 6; i++)
        out->b[i] = (uint8_t)(ms >> (8 * (5 - i)));
    out->b[6] = (uint8_t)(0x70 | (out->b[6] & 0x0f));
    out->b[8] = (uint8_t)(0x80 | (out->b[8] & 0x3f));
}

void wk_call_enter(struct wk_call *call, struct wk_frame *frame, const struct wk_plugin *plugin, const char *hook)
{
    *frame = (struct wk_frame){.below = call->frame, .plugin = plugin};
    call->frame = frame;
    wk_blame_enter(plugin ? plugin->name : "host", hook, NULL, NULL, NULL);
}

void wk_call_leave(struct wk_call *call, struct wk_frame *frame)
{
    call->frame = frame->below;
    wk_blame_leave();
}

const struct wk_plugin *wk_call_plugin(const struct wk_call *call) { return call->frame ? call->frame->plugin : NULL; }

/* Every eighth call is weighed, but not more than one a millisecond, for a look at the heap takes microseconds: what stays allocated after it counts
 * against its plugin, for itself and for those that were not weighed. Calls that overlap disturb each other, but up and down alike; only a leak
 * adds up. */
static int64_t heap_bytes(void)
{
#ifdef WK_ASAN /* its allocator is not the one that mallinfo2 knows */
    return (int64_t)__sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 m = mallinfo2();

    return (int64_t)(m.uordblks + m.hblkhd);
#endif
}

static void weigh(struct wk_call *call, struct wk_engine *engine, const struct wk_call_spec *spec, int64_t now)
{
    if (++engine->unweighed < WEIGH_EVERY || now - engine->weighed_us < WEIGH_US)
        return;
    call->weight = engine->unweighed;
    call->weighed = spec->plugin ? spec->plugin->name : NULL;
    engine->unweighed = 0;
    engine->weighed_us = now;
    if (call->weighed)
        call->heap_bytes = heap_bytes();
}

bool wk_call_init(struct wk_call *call, struct wk_engine *engine, const struct wk_call_spec *spec, struct wk_err *err)
{
    int64_t now = wk_mono_us();

    *call = (struct wk_call){.engine = engine, .hook = spec->hook, .home = spec->home};
    call->queue_end = &call->queue;
    for (size_t i = 0; i < WK_COUNT(call->frames); i++) {
        call->frames[i].below = call->spare;
        call->spare = &call->frames[i];
    }
    call->until_us = now + (int64_t)spec->deadline_ms * 1000;
    weigh(call, engine, spec, now);
    wk_arena_init(&call->arena, engine->call_memory_max);
    call->principal.size = sizeof call->principal;
    if (spec->tenant) {
        call->tenant = wk_tenant_take(wk_directory_find(engine->directory, spec->tenant));
        if (!call->tenant) {
            char text[WK_UUID_TEXT];

            /* Tenants are never removed: the log was read before the directory, and a later try finds it. */
            return wk_fail(err, WK_TRANSIENT, "tenant.not_loaded", "no tenant %s yet", wk_uuid_text(spec->tenant, text));
        }
    }
    (void)wk_trace_begin(&call->trace, spec->traceparent, spec->traceparent_len);
    wk_fiber_set_deadline(wk_fiber_self(), call->until_us);
    wk_fiber_set_data(wk_fiber_self(), call);
    wk_blame_enter(spec->plugin ? spec->plugin->name : "host", spec->hook, spec->tenant, spec->message, spec->ref);
    return true;
}

void wk_call_finish(struct wk_call *call)
{
    if (!call->engine)
        return;
    /* Ending takes no new waits on a deadline that has passed: give the clean-up its own second. */
    wk_fiber_set_deadline(wk_fiber_self(), wk_mono_us() + 1000000);
    wk_call_rollback(call);
    wk_arena_finish(&call->arena);
    call->frame = call->spare = NULL;
    wk_tenant_drop(call->tenant);
    call->tenant = NULL;
    if (call->weighed && call->engine->share)
        wk_share_suspect(call->engine->share, call->weighed, (heap_bytes() - call->heap_bytes) * call->weight);
    if (call->hook)
        wk_blame_leave();
    wk_fiber_set_data(wk_fiber_self(), NULL);
    wk_fiber_set_deadline(wk_fiber_self(), 0); /* the clean-up's: what the fiber does next has deadlines of its own */
    call->engine = NULL;
}

bool wk_call_may_wait(struct wk_call *call, const char *what, struct wk_err *err)
{
    if (!wk_call_in_tx(call))
        return true;
    return wk_fail(err, WK_SYSTEM, "call.wait_in_tx",
                   "%s while the call's transaction is open: publish an event and do it in its subscriber", what);
}
