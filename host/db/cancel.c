/* cancel.c - a thread that asks servers to stop a statement. PQcancel connects and waits, and a mute server makes it wait
 * without end, so it may never run on the loop. A request that cannot be queued is dropped: statement_timeout remains.
 * Threads: send and destroy on the loop's; `run` on the helper's. The state is freed by whoever leaves last. */
#include "db/internal.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { QUEUE_MAX = 128, STOP_WAIT_MS = 500, ERROR_BYTES = 256 };

struct wk_canceller {
    pthread_mutex_t lock;
    pthread_cond_t more;
    PGcancel *queue[QUEUE_MAX];
    size_t first, count;
    bool is_stopping, is_abandoned, has_thread;
    pthread_t thread;
};

struct wk_canceller *wk_canceller_create(void)
{
    struct wk_canceller *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->more, NULL);
    return c;
}

static void canceller_free(struct wk_canceller *c)
{
    for (; c->count; c->count--, c->first++)
        PQfreeCancel(c->queue[c->first % QUEUE_MAX]);
    (void)pthread_mutex_destroy(&c->lock);
    (void)pthread_cond_destroy(&c->more);
    free(c);
}

static void *run(void *arg)
{
    struct wk_canceller *c = arg;
    char text[ERROR_BYTES];
    bool is_abandoned;

    (void)pthread_mutex_lock(&c->lock);
    for (;;) {
        PGcancel *cancel;

        while (!c->count && !c->is_stopping)
            (void)pthread_cond_wait(&c->more, &c->lock);
        if (c->is_stopping)
            break;
        cancel = c->queue[c->first++ % QUEUE_MAX];
        c->count--;
        (void)pthread_mutex_unlock(&c->lock);
        (void)PQcancel(cancel, text, sizeof text); /* best effort: the connection is closed anyhow */
        PQfreeCancel(cancel);
        (void)pthread_mutex_lock(&c->lock);
    }
    is_abandoned = c->is_abandoned;
    (void)pthread_mutex_unlock(&c->lock);
    if (is_abandoned)
        canceller_free(c);
    return NULL;
}

static bool start(struct wk_canceller *c)
{
    sigset_t all, before;

    if (c->has_thread)
        return true;
    (void)sigfillset(&all); /* signals are the loop's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    c->has_thread = pthread_create(&c->thread, NULL, run, c) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return c->has_thread;
}

bool wk_canceller_send(struct wk_canceller *c, PGconn *pg)
{
    PGcancel *cancel = pg && start(c) ? PQgetCancel(pg) : NULL;
    bool is_queued = false;

    if (!cancel)
        return false;
    (void)pthread_mutex_lock(&c->lock);
    if (c->count < QUEUE_MAX) {
        c->queue[(c->first + c->count++) % QUEUE_MAX] = cancel;
        is_queued = true;
        (void)pthread_cond_signal(&c->more);
    }
    (void)pthread_mutex_unlock(&c->lock);
    if (!is_queued)
        PQfreeCancel(cancel);
    return is_queued;
}

void wk_canceller_destroy(struct wk_canceller *c)
{
    struct timespec until;

    if (!c)
        return;
    if (!c->has_thread) {
        canceller_free(c);
        return;
    }
    (void)pthread_mutex_lock(&c->lock);
    c->is_stopping = true;
    (void)pthread_cond_signal(&c->more);
    (void)pthread_mutex_unlock(&c->lock);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += STOP_WAIT_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (pthread_timedjoin_np(c->thread, NULL, &until) == 0) {
        canceller_free(c);
        return;
    }
    /* Stuck in a mute server's socket: the thread frees the state when that ends, or the process does. */
    (void)pthread_mutex_lock(&c->lock);
    c->is_abandoned = true;
    (void)pthread_mutex_unlock(&c->lock);
    (void)pthread_detach(c->thread);
}
