#include "call/offload.h"
#include "fiber/fiber.h"
#include <event2/event.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct job {
    struct job *next;
    void (*fn)(void *arg);
    void *arg;
    struct wk_fiber *fiber;
    bool is_done;
};
struct list {
    struct job *first, **end;
};
struct wk_offload {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct list todo, done;
    unsigned queued, queue_max, threads;
    bool is_ending;
    int fd;
    struct event *event;
    pthread_t thread[16];
};

static void push(struct list *l, struct job *j)
{
    j->next = NULL;
    *l->end = j;
    l->end = &j->next;
}
static struct job *pop(struct list *l)
{
    struct job *j = l->first;

    if (j && !(l->first = j->next))
        l->end = &l->first;
    return j;
}

static void *work(void *arg)
{
    struct wk_offload *pool = arg;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct job *j = pop(&pool->todo);

        if (!j && pool->is_ending)
            break;
        if (!j) {
            pthread_cond_wait(&pool->more, &pool->lock);
            continue;
        }
        pthread_mutex_unlock(&pool->lock);
        j->fn(j->arg);
        pthread_mutex_lock(&pool->lock);
        push(&pool->done, j);
        uint64_t one = 1;
        if (write(pool->fd, &one, sizeof one) < 0) /* a full counter is readable already */
            continue;
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    struct wk_offload *pool = arg;
    uint64_t n;
    struct job *j;

    (void)what;
    if (read(fd, &n, sizeof n) < 0)
        return;
    pthread_mutex_lock(&pool->lock);
    while ((j = pop(&pool->done))) {
        pool->queued--;
        j->is_done = true;
        wk_fiber_wake(j->fiber);
    }
    pthread_mutex_unlock(&pool->lock);
}

struct wk_offload *wk_offload_create(struct event_base *base, unsigned threads, unsigned queue_max, struct wk_err *err)
{
    struct wk_offload *pool = calloc(1, sizeof *pool);

    if (!pool || (pool->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0 ||
        !(pool->event = event_new(base, pool->fd, EV_READ | EV_PERSIST, on_done, pool)) || event_add(pool->event, NULL)) {
        free(pool);
        wk_fail(err, WK_SYSTEM, "host.no_memory", "thread pool");
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    pool->todo.end = &pool->todo.first;
    pool->done.end = &pool->done.first;
    pool->queue_max = queue_max;
    for (; pool->threads < threads && pool->threads < 16; pool->threads++)
        if (pthread_create(&pool->thread[pool->threads], NULL, work, pool))
            break;
    return pool;
}

void wk_offload_destroy(struct wk_offload *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->is_ending = true;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->threads; i++)
        pthread_join(pool->thread[i], NULL);
    event_free(pool->event);
    close(pool->fd);
    free(pool);
}

bool wk_offload_run(struct wk_offload *pool, void (*fn)(void *arg), void *arg, struct wk_err *err)
{
    struct job job = {.fn = fn, .arg = arg, .fiber = wk_fiber_self()};
    bool full;

    pthread_mutex_lock(&pool->lock);
    full = pool->queued >= pool->queue_max || !pool->threads;
    if (!full) {
        pool->queued++;
        push(&pool->todo, &job);
        pthread_cond_signal(&pool->more);
    }
    pthread_mutex_unlock(&pool->lock);
    if (full)
        return wk_fail(err, WK_TRANSIENT, "task.busy", "%u tasks are waiting already", pool->queue_max);
    while (!job.is_done) /* a cancel or a deadline cannot take `job` away from the thread */
        wk_fiber_park_shielded("offload");
    return true;
}
