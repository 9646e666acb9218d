/* threads.h - between the worker's loop and the two threads that own the connections: lists under a mutex that nobody holds for long, and an eventfd
 * each way. consumer.c takes deliveries from the queues of our lanes and acknowledges; publisher.c runs only where the relay is. */
#ifndef RABBITMQ_THREADS_H
#define RABBITMQ_THREADS_H
#include "conf.h"
#include "wire.h"
#include <pthread.h>
#include <stdatomic.h>

enum { QUEUES = WK_BUS_CLASSES * WK_BUS_LANES, STUCK_US = 5000000 };

struct thread {
    pthread_t id;
    bool is_running;        /* the loop's: started and not joined */
    atomic_bool must_stop, has_ended;
    atomic_bool has_wake;   /* its eventfd is written and not read */
    atomic_llong alive_us;  /* when it last began a turn, monotonic: a library call may stand still for as long as the peer does */
    int fd;
};
struct bus {
    struct bus_conf conf;
    bool is_relay;          /* the loop's: a publisher is wanted */
    atomic_bool has_told;   /* wake() was called and report() not yet */
    struct thread consumer, publisher;
    pthread_mutex_t lock;   /* what follows, up to the blank line */
    struct parcel *deliveries, **deliveries_end;
    struct parcel *orders, **orders_end; /* to be published */
    uint64_t round, taken, done, bytes;  /* of the round: given, confirmed in order; bytes not confirmed */
    bool is_up, may_publish;
    char reason[160];
    void (*wake)(void *arg); /* NULL: stopped */
    void *wake_arg;

    struct parcel *shown;                /* the loop's: what take() handed out last */
    atomic_ullong own;
    atomic_ullong ack[QUEUES], ack_dirty[WK_BUS_CLASSES]; /* receipts; a bit per lane */
    atomic_ullong connects, published, confirmed, returned, nacked, delivered, redelivered;
};
/* A receipt: which opening of its queue, and the broker's tag in it. */
enum { RECEIPT_TAG_BITS = 40 };

bool thread_start(struct thread *t, void *(*run)(void *arg), struct bus *bus, struct wk_err *err);
void thread_ask(struct thread *t);           /* to end; does not wait */
bool thread_join(struct thread *t, int ms);  /* false: still standing in the library */
void thread_wake(struct thread *t);
void bus_tell(struct bus *bus);              /* the loop; on any thread */
void bus_set_up(struct bus *bus, bool is_up, const char *reason);
void *consumer_run(void *arg);
void *publisher_run(void *arg);
/* Everything that is not confirmed has to be given again. */
uint64_t bus_new_round(struct bus *bus, bool may_publish, const char *reason);
#endif
