/* task.h - work that is not waiting: long computing and blocking libraries go to a thread, the fiber sleeps. */
#ifndef WAKALA_TASK_H
#define WAKALA_TASK_H
#include <wakala/call.h>

/* Run fn(arg) on one of the host's few threads and suspend until it is done. fn may use no SDK function and no memory but
 * what arg owns; it cannot be cancelled, so the call waits for it even past its deadline.
 * call.wait_in_tx (SYSTEM) inside a transaction, task.busy (TRANSIENT) when the queue is full. */
static inline bool wk_offload(struct wk_call *call, void (*fn)(void *arg), void *arg, struct wk_err *err)
{
    return wk_host->offload(call, fn, arg, err);
}
#endif
