/* consumer.c - the thread that consumes the queues of our lanes: one channel a queue, so that one ack stands for all before it. */
#include "link.h"
#include "threads.h"
#include <stdlib.h>

enum { TURN_FRAMES = 2000, IDLE_MS = 5000 };
enum state { SHUT, OPEN, CLOSING };

struct queue {
    enum state state;
    uint64_t opened;       /* how often, over all connections: first part of its receipts */
    uint64_t tag, acked;   /* of the delivery that is coming in; acknowledged up to here */
    struct parcel *coming; /* its body is not complete */
    size_t got;
    uint64_t body_len;     /* of one that is not ours to understand: skipped */
    bool is_foreign;
};
struct consumer {
    struct bus *bus;
    struct link link;
    struct queue queue[QUEUES];
};

static amqp_channel_t channel_of(size_t q) { return (amqp_channel_t)(QUEUE_CHANNEL + q); }

static bool send(struct consumer *c, size_t q, amqp_method_number_t id, void *method, const char *what)
{
    int status = amqp_send_method(c->link.c, channel_of(q), id, method);

    return !status || link_fail(&c->link, what, status);
}

static void forget(struct queue *q)
{
    free(q->coming);
    *q = (struct queue){.opened = q->opened};
}

/* All three at once; what the broker thinks of it comes with the frames. */
static bool open_queue(struct consumer *c, size_t q)
{
    char name[160];
    amqp_channel_open_t open = {0};
    uint32_t prefetch = c->bus->conf.prefetch / (q / WK_BUS_LANES == WK_LOW ? 8 : 1); /* a flood of low fills the wire less */
    amqp_basic_qos_t qos = {.prefetch_count = (uint16_t)(prefetch ? prefetch : 1)};
    amqp_basic_consume_t consume = {.consumer_tag = amqp_cstring_bytes("lane"), .nowait = 1};

    (void)snprintf(name, sizeof name, "%s.%s.%zu", c->bus->conf.prefix, class_names[q / WK_BUS_LANES], q % WK_BUS_LANES);
    consume.queue = amqp_cstring_bytes(name);
    forget(&c->queue[q]);
    c->queue[q].opened++;
    c->queue[q].state = OPEN;
    return send(c, q, AMQP_CHANNEL_OPEN_METHOD, &open, "opening a channel") && send(c, q, AMQP_BASIC_QOS_METHOD, &qos, "prefetch") &&
           send(c, q, AMQP_BASIC_CONSUME_METHOD, &consume, "consuming");
}

static bool close_queue(struct consumer *c, size_t q)
{
    amqp_channel_close_t close = {.reply_code = AMQP_REPLY_SUCCESS};

    forget(&c->queue[q]);
    c->queue[q].state = CLOSING;
    return send(c, q, AMQP_CHANNEL_CLOSE_METHOD, &close, "closing a channel");
}

static bool follow_lanes(struct consumer *c)
{
    uint64_t own = atomic_load(&c->bus->own);

    for (size_t q = 0; q < QUEUES; q++) {
        bool is_wanted = own >> q % WK_BUS_LANES & 1;

        if (is_wanted && c->queue[q].state == SHUT && !open_queue(c, q))
            return false;
        if (!is_wanted && c->queue[q].state == OPEN && !close_queue(c, q))
            return false;
    }
    return true;
}

static bool ack(struct consumer *c, size_t q, uint64_t tag)
{
    amqp_basic_ack_t method = {.delivery_tag = tag, .multiple = 1};

    if (tag <= c->queue[q].acked)
        return true;
    c->queue[q].acked = tag;
    return send(c, q, AMQP_BASIC_ACK_METHOD, &method, "acknowledging");
}

static bool send_acks(struct consumer *c)
{
    for (unsigned k = 0; k < WK_BUS_CLASSES; k++) {
        uint64_t lanes = atomic_exchange(&c->bus->ack_dirty[k], 0);

        for (; lanes; lanes &= lanes - 1) {
            size_t q = k * WK_BUS_LANES + (size_t)__builtin_ctzll(lanes);
            uint64_t receipt = atomic_load(&c->bus->ack[q]);

            if (c->queue[q].state == OPEN && receipt >> RECEIPT_TAG_BITS == c->queue[q].opened &&
                !ack(c, q, receipt & ((UINT64_C(1) << RECEIPT_TAG_BITS) - 1)))
                return false;
        }
    }
    return true;
}

static void complete(struct consumer *c, struct queue *q)
{
    struct bus *bus = c->bus;
    struct parcel *p = q->coming;

    q->coming = NULL;
    (void)pthread_mutex_lock(&bus->lock);
    *bus->deliveries_end = p;
    bus->deliveries_end = &p->next;
    (void)pthread_mutex_unlock(&bus->lock);
}

/* One frame of a queue's channel. What is not understood is acknowledged when its body has passed: it would come again for ever. */
static bool take_frame(struct consumer *c, size_t n, const amqp_frame_t *f)
{
    struct queue *q = &c->queue[n];

    if (f->frame_type == AMQP_FRAME_METHOD && f->payload.method.id == AMQP_CHANNEL_CLOSE_OK_METHOD) {
        q->state = SHUT;
    } else if (q->state != OPEN) {
        return true; /* on its way when we closed */
    } else if (f->frame_type == AMQP_FRAME_METHOD && f->payload.method.id == AMQP_BASIC_DELIVER_METHOD) {
        const amqp_basic_deliver_t *m = f->payload.method.decoded;

        q->tag = m->delivery_tag;
        atomic_fetch_add(&c->bus->delivered, 1);
        atomic_fetch_add(&c->bus->redelivered, m->redelivered != 0);
    } else if (f->frame_type == AMQP_FRAME_HEADER) {
        q->body_len = f->payload.properties.body_size;
        q->got = 0;
        free(q->coming);
        q->coming = envelope_read(f->payload.properties.decoded, q->body_len, (unsigned)(n / WK_BUS_LANES), (unsigned)(n % WK_BUS_LANES));
        q->is_foreign = !q->coming;
        if (q->coming)
            q->coming->record.receipt = q->opened << RECEIPT_TAG_BITS | q->tag;
        if (q->coming && !q->body_len)
            complete(c, q);
        return !q->is_foreign || q->body_len || ack(c, n, q->tag);
    } else if (f->frame_type == AMQP_FRAME_BODY) {
        size_t len = f->payload.body_fragment.len;

        if (q->coming && q->got + len <= q->body_len)
            memcpy((char *)(uintptr_t)q->coming->record.payload + q->got, f->payload.body_fragment.bytes, len);
        q->got += len;
        if (q->got >= q->body_len && q->coming)
            complete(c, q);
        else if (q->got >= q->body_len && q->is_foreign)
            return ack(c, n, q->tag);
    }
    return true;
}

/* All frames that are there. */
static bool read_frames(struct consumer *c, bool *more)
{
    uint64_t before = atomic_load(&c->bus->delivered);
    amqp_frame_t f;
    bool got, ok = true;

    *more = false;
    for (int i = 0; ok; i++) {
        if (i == TURN_FRAMES) {
            *more = true;
            break;
        }
        ok = link_frame(&c->link, &f, &got);
        if (!ok || !got)
            break;
        if (f.channel >= QUEUE_CHANNEL && f.channel < QUEUE_CHANNEL + QUEUES) {
            ok = take_frame(c, (size_t)f.channel - QUEUE_CHANNEL, &f);
            amqp_maybe_release_buffers_on_channel(c->link.c, f.channel);
        } else {
            amqp_maybe_release_buffers_on_channel(c->link.c, f.channel);
        }
    }
    if (atomic_load(&c->bus->delivered) != before)
        bus_tell(c->bus);
    return ok;
}

static bool turn(struct consumer *c, bool *more)
{
    bool was_declared = c->link.is_declared;

    if (!read_frames(c, more))
        return false;
    if (!c->link.is_declared)
        return true;
    if (!was_declared) {
        atomic_fetch_add(&c->bus->connects, 1);
        bus_set_up(c->bus, true, "");
    }
    return follow_lanes(c) && send_acks(c);
}

static void lost(struct consumer *c)
{
    bus_set_up(c->bus, false, c->link.reason);
    link_close(&c->link);
    for (size_t q = 0; q < QUEUES; q++)
        forget(&c->queue[q]);
}

void *consumer_run(void *arg)
{
    struct bus *bus = arg;
    struct consumer *c = calloc(1, sizeof *c);
    struct thread *t = &bus->consumer;
    bool more;

    if (!c) {
        bus_set_up(bus, false, "out of memory");
        atomic_store(&t->has_ended, true);
        return NULL;
    }
    c->bus = bus;
    c->link = (struct link){.conf = &bus->conf, .fd = -1, .seed = (unsigned)mono_us()};
    while (!atomic_load(&t->must_stop)) {
        atomic_store(&t->alive_us, mono_us());
        if (!c->link.c && !link_open(&c->link)) {
            lost(c);
            link_wait(&c->link, t->fd, link_pause_ms(&c->link));
            atomic_store(&t->has_wake, false);
            continue;
        }
        if (!turn(c, &more)) {
            lost(c);
            link_wait(&c->link, t->fd, link_pause_ms(&c->link));
        } else {
            link_wait(&c->link, t->fd, more ? 0 : IDLE_MS);
        }
        atomic_store(&t->has_wake, false);
    }
    if (c->link.c && c->link.is_declared)
        (void)send_acks(c);
    lost(c);
    free(c);
    atomic_store(&t->has_ended, true);
    return NULL;
}
