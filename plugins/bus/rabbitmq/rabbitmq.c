/* rabbitmq - carries the log's events over RabbitMQ: bus/1. The functions here run on the worker's loop and never wait; the threads do. */
#include "codes.h"
#include "link.h"
#include "threads.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { END_MS = 1500 };
static struct bus *the_bus; /* one worker, one bus */

/* --- threads --- */

bool thread_start(struct thread *t, void *(*run)(void *arg), struct bus *bus, struct wk_err *err)
{
    sigset_t all, before;
    int status;

    atomic_store(&t->must_stop, false);
    atomic_store(&t->has_ended, false);
    atomic_store(&t->alive_us, mono_us());
    (void)sigfillset(&all); /* signals are the loop's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    status = pthread_create(&t->id, NULL, run, bus);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    t->is_running = status == 0;
    return t->is_running || wk_fail(err, WK_SYSTEM, "rabbitmq.thread", "a thread cannot be started: %s", strerror(status));
}

void thread_wake(struct thread *t)
{
    static const uint64_t one = 1;

    if (t->is_running && !atomic_exchange(&t->has_wake, true))
        (void)!write(t->fd, &one, sizeof one);
}

void thread_ask(struct thread *t)
{
    atomic_store(&t->must_stop, true);
    atomic_store(&t->has_wake, false);
    thread_wake(t);
}

bool thread_join(struct thread *t, int ms)
{
    for (; t->is_running && !atomic_load(&t->has_ended) && ms > 0; ms -= 5)
        (void)usleep(5000);
    if (t->is_running && atomic_load(&t->has_ended)) {
        (void)pthread_join(t->id, NULL);
        t->is_running = false;
    }
    return !t->is_running;
}

/* --- what the threads say --- */

void bus_tell(struct bus *bus)
{
    if (atomic_exchange(&bus->has_told, true))
        return;
    (void)pthread_mutex_lock(&bus->lock);
    if (bus->wake)
        bus->wake(bus->wake_arg);
    (void)pthread_mutex_unlock(&bus->lock);
}

void bus_set_up(struct bus *bus, bool is_up, const char *reason)
{
    (void)pthread_mutex_lock(&bus->lock);
    bus->is_up = is_up;
    (void)snprintf(bus->reason, sizeof bus->reason, "%s", reason);
    (void)pthread_mutex_unlock(&bus->lock);
    bus_tell(bus);
}

static void clear_round(struct bus *bus) /* locked */
{
    bus->round++;
    bus->taken = bus->done = bus->bytes = 0;
    parcels_free(bus->orders);
    bus->orders = NULL;
    bus->orders_end = &bus->orders;
}

uint64_t bus_new_round(struct bus *bus, bool may_publish, const char *reason)
{
    uint64_t round;

    (void)pthread_mutex_lock(&bus->lock);
    clear_round(bus);
    bus->may_publish = may_publish;
    if (*reason)
        (void)snprintf(bus->reason, sizeof bus->reason, "%s", reason);
    round = bus->round;
    (void)pthread_mutex_unlock(&bus->lock);
    bus_tell(bus);
    return round;
}

/* --- bus/1 --- */

static bool start(struct wk_plugin *plugin, void (*wake)(void *arg), void *arg, struct wk_err *err)
{
    (void)plugin;
    the_bus->wake = wake;
    the_bus->wake_arg = arg;
    return thread_start(&the_bus->consumer, consumer_run, the_bus, err);
}

static void stop(struct wk_plugin *plugin)
{
    (void)plugin;
    thread_ask(&the_bus->consumer);
    thread_ask(&the_bus->publisher);
    (void)pthread_mutex_lock(&the_bus->lock);
    the_bus->wake = NULL;
    (void)pthread_mutex_unlock(&the_bus->lock);
}

/* The relay went and came back while its thread was ending: then there is none. */
static void keep_publisher(struct bus *b)
{
    struct wk_err err;

    if (b->is_relay && (!b->publisher.is_running || thread_join(&b->publisher, 0)))
        (void)thread_start(&b->publisher, publisher_run, b, &err); /* else with the next report */
}

static bool is_alive(const struct thread *t) { return t->is_running && mono_us() - atomic_load(&t->alive_us) < STUCK_US + 5000000; }

static void report(struct wk_plugin *plugin, struct wk_bus_report *out)
{
    struct bus *b = the_bus;
    struct wk_bus_report now = {.size = out->size, .connects = atomic_load(&b->connects), .published = atomic_load(&b->published),
                                .confirmed = atomic_load(&b->confirmed), .returned = atomic_load(&b->returned), .nacked = atomic_load(&b->nacked),
                                .delivered = atomic_load(&b->delivered), .redelivered = atomic_load(&b->redelivered)};

    (void)plugin;
    keep_publisher(b);
    (void)atomic_exchange(&b->has_told, false); /* before: what changes while we look tells again */
    (void)pthread_mutex_lock(&b->lock);
    now.is_up = b->is_up && is_alive(&b->consumer);
    now.may_publish = b->may_publish && is_alive(&b->publisher);
    now.round = b->round;
    now.done = b->done;
    (void)snprintf(now.reason, sizeof now.reason, "%s", b->reason);
    (void)pthread_mutex_unlock(&b->lock);
    memcpy(out, &now, out->size < sizeof now ? out->size : sizeof now);
}

static void relay(struct wk_plugin *plugin, bool on)
{
    struct bus *b = the_bus;

    (void)plugin;
    b->is_relay = on;
    (void)pthread_mutex_lock(&b->lock);
    clear_round(b); /* a thread that goes on sees that its round is over, and begins with a new connection */
    b->may_publish = false;
    (void)pthread_mutex_unlock(&b->lock);
    if (!on) {
        thread_ask(&b->publisher);
        return;
    }
    atomic_store(&b->publisher.must_stop, false);
    thread_wake(&b->publisher);
    keep_publisher(b);
}

/* High has half a window of its own, low may fill a quarter: what is published stands in one line. */
static uint32_t window_of(const struct bus *b, unsigned cls)
{
    uint32_t w = b->conf.window;

    return cls == WK_HIGH ? w + w / 2 + 1 : cls == WK_NORMAL ? w : w / 4 + 1;
}

static size_t publish(struct wk_plugin *plugin, uint64_t round, const struct wk_bus_record *records, size_t n)
{
    struct bus *b = the_bus;
    size_t taken = 0;

    (void)plugin;
    (void)pthread_mutex_lock(&b->lock);
    while (round == b->round && b->may_publish && taken < n && b->taken - b->done < window_of(b, records[taken].cls) &&
           (b->bytes < WINDOW_BYTES || b->taken == b->done)) {
        struct parcel *p = parcel_create(&records[taken]);

        if (!p)
            break; /* without memory: given again */
        *b->orders_end = p;
        b->orders_end = &p->next;
        b->taken++;
        b->bytes += p->bytes;
        taken++;
    }
    (void)pthread_mutex_unlock(&b->lock);
    if (taken)
        thread_wake(&b->publisher);
    return taken;
}

static void own(struct wk_plugin *plugin, uint64_t lanes)
{
    (void)plugin;
    atomic_store(&the_bus->own, lanes);
    thread_wake(&the_bus->consumer);
}

static size_t take(struct wk_plugin *plugin, struct wk_bus_record *out, size_t max)
{
    struct bus *b = the_bus;
    struct parcel **end = &b->shown;
    size_t n = 0;

    (void)plugin;
    parcels_free(b->shown);
    b->shown = NULL;
    (void)pthread_mutex_lock(&b->lock);
    while (n < max && b->deliveries) {
        struct parcel *p = b->deliveries;

        b->deliveries = p->next;
        p->next = NULL;
        *end = p;
        end = &p->next;
        out[n++] = p->record;
    }
    if (!b->deliveries)
        b->deliveries_end = &b->deliveries;
    (void)pthread_mutex_unlock(&b->lock);
    return n;
}

static void settle(struct wk_plugin *plugin, unsigned cls, unsigned lane, uint64_t receipt)
{
    (void)plugin;
    atomic_store(&the_bus->ack[cls * WK_BUS_LANES + lane], receipt);
    atomic_fetch_or(&the_bus->ack_dirty[cls], UINT64_C(1) << lane);
    thread_wake(&the_bus->consumer);
}

static struct wk_bus service = {.head = {.size = sizeof service, .version = 1}, .start = start, .stop = stop, .report = report, .relay = relay,
                                .publish = publish, .own = own, .take = take, .settle = settle};
static const struct wk_provide provides[] = {{WK_BUS, &service.head}, {0}};

/* --- life --- */

static void bus_close(struct wk_plugin *plugin)
{
    struct bus *b = the_bus;

    (void)plugin;
    if (!b)
        return;
    stop(plugin);
    if (!thread_join(&b->consumer, END_MS) || !thread_join(&b->publisher, END_MS))
        return; /* a library call that nobody can cut short: the process ends now anyway */
    parcels_free(b->shown);
    parcels_free(b->deliveries);
    parcels_free(b->orders);
    (void)close(b->consumer.fd);
    (void)close(b->publisher.fd);
    (void)pthread_mutex_destroy(&b->lock);
    free(b);
    the_bus = NULL;
}

static bool bus_open(struct wk_plugin *plugin, struct wk_err *err)
{
    struct bus *b = the_bus = calloc(1, sizeof *b);

    if (!b)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "rabbitmq");
    b->deliveries_end = &b->deliveries;
    b->orders_end = &b->orders;
    (void)pthread_mutex_init(&b->lock, NULL);
    b->consumer.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    b->publisher.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->consumer.fd < 0 || b->publisher.fd < 0)
        return wk_fail(err, WK_SYSTEM, "rabbitmq.thread", "no more open files: %s", strerror(errno));
    return rabbitmq_conf_read(plugin, &b->conf, err);
}

WK_PLUGIN("rabbitmq", "1.0.0", .summary = "Carries events over RabbitMQ, between hosts and to outsiders", .settings = rabbitmq_settings,
          .provides = provides, .errors = codes, .open = bus_open, .close = bus_close);
