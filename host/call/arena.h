/* arena.h - memory of one call: bump allocation in chunks, freed whole, with a limit; and the defer list.
 * Threads: whoever owns the call. Nothing is freed one by one. */
#ifndef WK_ARENA_H
#define WK_ARENA_H
#include <stdbool.h>
#include <stddef.h>

struct wk_arena {
    struct wk_arena_chunk *chunks;
    struct wk_arena_defer *defers;
    size_t used, limit;
};
void wk_arena_init(struct wk_arena *arena, size_t limit_bytes); /* no memory is taken before the first use */
void wk_arena_finish(struct wk_arena *arena);                    /* runs the defers, last first, then frees */
void *wk_arena_alloc(struct wk_arena *arena, size_t bytes);      /* zeroed; NULL past the limit */
bool wk_arena_defer(struct wk_arena *arena, void (*fn)(void *arg), void *arg);
char *wk_arena_copy(struct wk_arena *arena, const char *text, size_t len); /* NUL-terminated */
#endif
