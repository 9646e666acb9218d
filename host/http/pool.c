/* pool.c - last-in first-out buffers: an idle connection holds none, a busy one gets one that is warm in the cache. */
#include <stdlib.h>
#include "internal.h"

struct wk_block *wk_pool_take(struct wk_pool *p)
{
    struct wk_block *b = p->first;

    if (!b)
        return malloc(sizeof *b + p->bytes);
    p->first = b->next;
    p->kept--;
    return b;
}

void wk_pool_give(struct wk_pool *p, struct wk_block *b)
{
    if (p->kept >= WK_HTTP_POOL_KEEP) {
        free(b);
        return;
    }
    b->next = p->first;
    p->first = b;
    p->kept++;
}

void wk_pool_finish(struct wk_pool *p)
{
    while (p->first) {
        struct wk_block *b = p->first;

        p->first = b->next;
        free(b);
    }
    p->kept = 0;
}
