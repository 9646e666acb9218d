#include "call/arena.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 16 * 1024 };

struct wk_arena_chunk {
    struct wk_arena_chunk *next;
    size_t size, used;
    alignas(max_align_t) unsigned char data[];
};
struct wk_arena_defer {
    struct wk_arena_defer *next;
    void (*fn)(void *arg);
    void *arg;
};

void wk_arena_init(struct wk_arena *arena, size_t limit_bytes)
{
    *arena = (struct wk_arena){.limit = limit_bytes};
}

void wk_arena_finish(struct wk_arena *arena)
{
    while (arena->defers) { /* a deferred function may defer again: take one off at a time */
        struct wk_arena_defer *d = arena->defers;

        arena->defers = d->next;
        d->fn(d->arg);
    }
    while (arena->chunks) {
        struct wk_arena_chunk *c = arena->chunks;

        arena->chunks = c->next;
        free(c);
    }
    arena->used = 0;
}

void *wk_arena_alloc(struct wk_arena *arena, size_t bytes)
{
    struct wk_arena_chunk *c = arena->chunks;
    size_t need = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1), size;
    void *p;

    if (need < bytes || need > arena->limit - arena->used)
        return NULL;
    if (!c || c->size - c->used < need) {
        size = need > CHUNK / 4 ? need : CHUNK;
        c = malloc(sizeof *c + size);
        if (!c)
            return NULL;
        c->size = size;
        c->used = 0;
        if (need > CHUNK / 4 && arena->chunks) { /* a big one gets its own chunk behind the one still being filled */
            c->next = arena->chunks->next;
            arena->chunks->next = c;
        } else {
            c->next = arena->chunks;
            arena->chunks = c;
        }
    }
    p = c->data + c->used;
    c->used += need;
    arena->used += need;
    return memset(p, 0, need);
}

bool wk_arena_defer(struct wk_arena *arena, void (*fn)(void *arg), void *arg)
{
    struct wk_arena_defer *d = wk_arena_alloc(arena, sizeof *d);

    if (!d)
        return false;
    *d = (struct wk_arena_defer){.next = arena->defers, .fn = fn, .arg = arg};
    arena->defers = d;
    return true;
}

char *wk_arena_copy(struct wk_arena *arena, const char *text, size_t len)
{
    char *copy = wk_arena_alloc(arena, len + 1);

    if (copy)
        memcpy(copy, text, len);
    return copy;
}
