/* publisher.c - the relay's thread: publishes in the order given, and counts what is confirmed in that order. Whatever goes wrong ends the round. */
#include "link.h"
#include "threads.h"
#include <stdlib.h>

enum { IDLE_MS = 5000, RING = 2 * WINDOW_MAX, LOOK_EVERY = 32 };

struct publisher {
    struct bus *bus;
    struct link link;
    uint64_t round;
    uint64_t sent, done;      /* delivery tags of this channel, from 1; confirmed without a gap */
    bool is_confirmed[RING];
    uint32_t bytes[RING];
    struct parcel *waiting;   /* taken from the loop, not published */
    bool is_open, told_blocked; /* declared, confirms asked for; what the loop knows */
    char exchange[80];
};

static void settle(struct publisher *p)
{
    uint64_t done = p->done, bytes = 0;

    while (p->done < p->sent && p->is_confirmed[(p->done + 1) % RING]) {
        p->done++;
        p->is_confirmed[p->done % RING] = false;
        bytes += p->bytes[p->done % RING];
    }
    if (p->done == done)
        return;
    atomic_fetch_add(&p->bus->confirmed, p->done - done);
    (void)pthread_mutex_lock(&p->bus->lock);
    if (p->bus->round == p->round) {
        p->bus->done += p->done - done;
        p->bus->bytes -= bytes;
    }
    (void)pthread_mutex_unlock(&p->bus->lock);
    bus_tell(p->bus);
}

static bool take_frame(struct publisher *p, const amqp_frame_t *f)
{
    if (f->frame_type != AMQP_FRAME_METHOD)
        return true; /* of a returned message: it ended the round already */
    if (f->payload.method.id == AMQP_BASIC_ACK_METHOD) {
        const amqp_basic_ack_t *m = f->payload.method.decoded;

        for (uint64_t tag = m->multiple ? p->done + 1 : m->delivery_tag; tag > p->done && tag <= m->delivery_tag && tag <= p->sent; tag++)
            p->is_confirmed[tag % RING] = true; /* singly, out of order, or many at once */
        return true;
    }
    if (f->payload.method.id == AMQP_BASIC_NACK_METHOD) {
        atomic_fetch_add(&p->bus->nacked, 1);
        return link_fail(&p->link, "the broker refused a message (nack)", 0);
    }
    if (f->payload.method.id == AMQP_BASIC_RETURN_METHOD) { /* a queue is gone: the next connection declares it again */
        atomic_fetch_add(&p->bus->returned, 1);
        return link_fail(&p->link, "the broker could not route a message", 0);
    }
    return true;
}

static bool read_frames(struct publisher *p)
{
    amqp_frame_t f;
    bool got;

    while (link_frame(&p->link, &f, &got)) {
        if (!got) {
            amqp_maybe_release_buffers(p->link.c);
            settle(p);
            return true;
        }
        if (!take_frame(p, &f))
            return false;
        amqp_maybe_release_buffers_on_channel(p->link.c, f.channel);
    }
    return false;
}

static bool publish_one(struct publisher *p, struct parcel *parcel)
{
    const struct wk_bus_record *r = &parcel->record;
    struct envelope e;
    int status;

    envelope_make(&e, r, p->bus->conf.source);
    p->sent++;
    p->is_confirmed[p->sent % RING] = false;
    p->bytes[p->sent % RING] = (uint32_t)parcel->bytes;
    status = amqp_basic_publish(p->link.c, CHANNEL, amqp_cstring_bytes(p->exchange), amqp_cstring_bytes(e.routing_key), 1, 0, &e.properties,
                                (amqp_bytes_t){r->payload_len, (void *)(uintptr_t)r->payload});
    return !status || link_fail(&p->link, "publishing", status);
}

static bool fetch(struct publisher *p)
{
    bool is_ours;

    struct parcel **end = &p->waiting;

    while (*end)
        end = &(*end)->next;
    (void)pthread_mutex_lock(&p->bus->lock);
    is_ours = p->bus->round == p->round;
    if (is_ours) {
        *end = p->bus->orders;
        p->bus->orders = NULL;
        p->bus->orders_end = &p->bus->orders;
    }
    (void)pthread_mutex_unlock(&p->bus->lock);
    return is_ours || link_fail(&p->link, "the relay went and came back", 0);
}

/* In a broker's alarm nothing more is read: not one publish too many. */
static bool publish(struct publisher *p)
{
    unsigned n = 0;

    if (!fetch(p))
        return false;
    while (p->waiting && !p->link.is_blocked) {
        struct parcel *parcel = p->waiting;

        p->waiting = parcel->next;
        parcel->next = NULL;
        atomic_fetch_add(&p->bus->published, 1);
        if (!publish_one(p, parcel)) {
            free(parcel);
            return false;
        }
        free(parcel);
        if (++n % LOOK_EVERY == 0 && !read_frames(p))
            return false;
    }
    return true;
}

/* Confirms are asked for when everything is declared; the broker answers in order, so publishing may begin at once. */
static bool begin(struct publisher *p)
{
    amqp_confirm_select_t select = {.nowait = 1};
    int status = amqp_send_method(p->link.c, CHANNEL, AMQP_CONFIRM_SELECT_METHOD, &select);

    if (status)
        return link_fail(&p->link, "asking for confirms", status);
    p->is_open = true;
    p->sent = p->done = 0;
    p->round = bus_new_round(p->bus, true, "");
    return true;
}

static bool turn(struct publisher *p)
{
    if (!read_frames(p))
        return false;
    if (!p->link.is_declared)
        return true;
    if (!p->is_open && !begin(p))
        return false;
    if (p->link.is_blocked != p->told_blocked) {
        p->told_blocked = p->link.is_blocked;
        (void)pthread_mutex_lock(&p->bus->lock);
        p->bus->may_publish = !p->link.is_blocked;
        (void)pthread_mutex_unlock(&p->bus->lock);
        bus_tell(p->bus);
    }
    return publish(p);
}

static void lost(struct publisher *p)
{
    link_close(&p->link);
    p->is_open = p->told_blocked = false;
    parcels_free(p->waiting);
    p->waiting = NULL;
    memset(p->is_confirmed, 0, sizeof p->is_confirmed);
    (void)bus_new_round(p->bus, false, p->link.reason);
}

void *publisher_run(void *arg)
{
    struct bus *bus = arg;
    struct publisher *p = calloc(1, sizeof *p);
    struct thread *t = &bus->publisher;

    if (!p) {
        (void)bus_new_round(bus, false, "out of memory");
        atomic_store(&t->has_ended, true);
        return NULL;
    }
    p->bus = bus;
    p->link = (struct link){.conf = &bus->conf, .fd = -1, .seed = (unsigned)mono_us()};
    (void)snprintf(p->exchange, sizeof p->exchange, "%s.events", bus->conf.prefix);
    while (!atomic_load(&t->must_stop)) {
        atomic_store(&t->alive_us, mono_us());
        if ((!p->link.c && !link_open(&p->link)) || !turn(p)) {
            lost(p);
            link_wait(&p->link, t->fd, link_pause_ms(&p->link));
        } else {
            link_wait(&p->link, t->fd, IDLE_MS);
        }
        atomic_store(&t->has_wake, false);
    }
    lost(p);
    free(p);
    atomic_store(&t->has_ended, true);
    return NULL;
}
