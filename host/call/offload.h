/* offload.h - a few threads for long computing and blocking libraries; the fiber sleeps meanwhile. */
#ifndef WK_OFFLOAD_H
#define WK_OFFLOAD_H
#include <stdbool.h>
#include <wakala/err.h>

struct event_base;
struct wk_offload;
struct wk_offload *wk_offload_create(struct event_base *base, unsigned threads, unsigned queue_max, struct wk_err *err);
void wk_offload_destroy(struct wk_offload *pool); /* waits for what runs; NULL allowed */
/* On a fiber: run fn(arg) on a thread and park until it is done, whatever the deadline says: the thread still uses arg. */
bool wk_offload_run(struct wk_offload *pool, void (*fn)(void *arg), void *arg, struct wk_err *err);
#endif
