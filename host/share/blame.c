/* blame.c - who is on the CPU: plain stores into the own slot, cheap enough for every hook and every fiber switch.
 * The depth is stored last on entering and first on leaving, so that a reader of a dead process never sees half a frame. */
#include "share/region.h"
#include "share/share.h"

static struct wk_blame *own(void)
{
    struct wk_share *share = wk_share_self();

    return share && share->self < WK_SHARE_SLOTS ? &share->region->slot[share->self].blame : NULL;
}

static void set_depth(struct wk_blame *blame, uint32_t depth)
{
    atomic_signal_fence(memory_order_seq_cst); /* the reader looks after our death: only the compiler's order matters */
    *(volatile uint32_t *)&blame->depth = depth;
    atomic_signal_fence(memory_order_seq_cst);
}

static void put(char *out, size_t size, const char *text)
{
    size_t n = strnlen(text, size - 1);

    memcpy(out, text, n);
    out[n] = '\0';
}

void wk_blame_enter(const char *plugin, const char *hook, const struct wk_uuid *tenant, const struct wk_uuid *message,
                    const char *ref)
{
    static const struct wk_blame_frame nothing;
    struct wk_blame *blame = own();
    const struct wk_blame_frame *below = &nothing;
    struct wk_blame_frame *frame;
    uint32_t depth;

    if (!blame)
        return;
    depth = blame->depth;
    if (depth < WK_BLAME_DEPTH) {
        frame = &blame->frame[depth];
        if (depth)
            below = &blame->frame[depth - 1];
        put(frame->plugin, sizeof frame->plugin, plugin);
        put(frame->hook, sizeof frame->hook, hook);
        frame->tenant = tenant ? *tenant : below->tenant;
        frame->message = message ? *message : below->message;
        put(frame->ref, sizeof frame->ref, ref ? ref : below->ref);
        frame->started_us = wk_share_mono_us();
    }
    set_depth(blame, depth + 1);
}

void wk_blame_leave(void)
{
    struct wk_blame *blame = own();

    if (blame && blame->depth)
        set_depth(blame, blame->depth - 1);
}

static size_t used(uint32_t depth) { return depth < WK_BLAME_DEPTH ? depth : WK_BLAME_DEPTH; }

void wk_blame_save(struct wk_blame *out)
{
    struct wk_blame *blame = own();

    out->depth = 0;
    if (!blame)
        return;
    memcpy(out->frame, blame->frame, used(blame->depth) * sizeof out->frame[0]);
    out->depth = blame->depth;
    set_depth(blame, 0);
}

void wk_blame_restore(const struct wk_blame *saved)
{
    struct wk_blame *blame = own();

    if (!blame)
        return;
    set_depth(blame, 0);
    memcpy(blame->frame, saved->frame, used(saved->depth) * sizeof saved->frame[0]);
    set_depth(blame, saved->depth);
}

bool wk_share_slot_blame(const struct wk_share *share, uint32_t slot, struct wk_blame *out)
{
    memset(out, 0, sizeof *out);
    if (slot >= WK_SHARE_SLOTS)
        return false;
    *out = share->region->slot[slot].blame;
    for (size_t i = 0; i < WK_BLAME_DEPTH; i++) {
        out->frame[i].plugin[sizeof out->frame[i].plugin - 1] = '\0';
        out->frame[i].hook[sizeof out->frame[i].hook - 1] = '\0';
        out->frame[i].ref[sizeof out->frame[i].ref - 1] = '\0';
    }
    return out->depth > 0;
}
