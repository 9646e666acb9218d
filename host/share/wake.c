/* wake.c - telling another worker of this machine that one of its lanes has news.
 * Order matters. The waker: lanes, then the flag, then the eventfd if the flag was down. The sleeper: eventfd, flag down, then
 * lanes. So a lane marked at any moment is either in this take or has its own wake-up on the way. */
#include "share/region.h"
#include "share/share.h"

#include <unistd.h>

void wk_share_set_lanes(struct wk_share *share, unsigned cls, uint64_t lanes)
{
    if (share && share->self < WK_SHARE_SLOTS && cls < WK_SHARE_CLASSES)
        atomic_store(&share->region->slot[share->self].owned[cls], lanes);
}

void wk_share_wake_others(struct wk_share *share, unsigned cls, uint64_t lanes)
{
    if (!share || cls >= WK_SHARE_CLASSES)
        return;
    for (uint32_t i = 0, n = atomic_load(&share->region->n_slots); i < n; i++) {
        struct wk_region_slot *slot = &share->region->slot[i];
        uint64_t theirs = atomic_load_explicit(&slot->owned[cls], memory_order_relaxed) & lanes;

        if (!theirs || i == share->self)
            continue;
        atomic_fetch_or(&slot->dirty[cls], theirs);
        if (!atomic_exchange(&slot->has_wake, 1)) {
            static const uint64_t one = 1;

            /* full (2^64 - 2 unread wakes) cannot be, and a dead sleeper's lanes are re-read by the next owner */
            if (write(share->region->wake_fd[i], &one, sizeof one) != (ssize_t)sizeof one)
                atomic_store(&slot->has_wake, 0);
        }
    }
}

int wk_share_wake_fd(const struct wk_share *share)
{
    return share && share->self < WK_SHARE_SLOTS ? share->region->wake_fd[share->self] : -1;
}

void wk_share_wake_take(struct wk_share *share, uint64_t lanes[WK_SHARE_CLASSES])
{
    struct wk_region_slot *slot;
    uint64_t count;

    memset(lanes, 0, WK_SHARE_CLASSES * sizeof lanes[0]);
    if (!share || share->self >= WK_SHARE_SLOTS)
        return;
    slot = &share->region->slot[share->self];
    (void)!read(share->region->wake_fd[share->self], &count, sizeof count); /* EAGAIN: taken without a wake, fine */
    atomic_store(&slot->has_wake, 0);
    for (int c = 0; c < WK_SHARE_CLASSES; c++)
        lanes[c] = atomic_exchange(&slot->dirty[c], 0);
}
