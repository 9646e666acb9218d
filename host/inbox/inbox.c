#include "inbox/inbox.h"
#include "inbox/internal.h"
#include "call/call.h"
#include "call/http_hook.h"
#include "call/watch.h"
#include "db/lane.h"
#include "fiber/fiber.h"
#include "observe/log.h"
#include "observe/trace.h"
#include "plugin/loader.h"
#include <event2/event.h>
#include <openssl/evp.h>

enum { REQUEST_MAX = 256, ITEMS_MAX = 2000, KEY_MAX = 200, DEDUPE_MAX = 512, SCRATCH_MAX = 8 << 20, SEEN_SPAN_S = 3600 };

void request_free(struct request *r)
{
    wk_arena_finish(&r->scratch);
    free(r->rows);
    free(r);
}

static void answer(struct wk_exchange *x, int status, const char *text)
{
    static const struct wk_header_pair retry[] = {{"Content-Type", "text/plain"}, {"Retry-After", "1"}};

    (void)wk_exchange_reply(x, status, retry, status == 503 ? 2 : 1, text, strlen(text));
}

/* The answer of a request, once; the client may have left, and a late one has had its 503 already. */
static void finish(struct wk_inbox_room *room, struct request *r)
{
    if (r->x) {
        wk_exchange_set_data(r->x, NULL);
        if (r->is_gone)
            wk_exchange_release(r->x);
        else
            answer(r->x, r->is_stored ? 200 : 503, r->is_stored ? "" : "try again\n");
    }
    room->stats.stored += r->is_stored;
    room->stats.refused += !r->is_stored;
    room->waiting_bytes -= r->bytes;
    room->held -= r->is_again;
    *r->link = r->next;
    if (r->next)
        r->next->link = r->link;
    else
        room->end = r->link;
    request_free(r);
}

static void enqueue(struct wk_inbox_room *room, struct request *r, unsigned server)
{
    struct flusher *f = &room->flusher[server];
    struct part *p = &r->part[server];

    if (p->request)
        return;
    *p = (struct part){.request = r};
    r->parts++;
    *f->end = p;
    f->end = &p->next;
    if (f->is_idle) {
        f->is_idle = false;
        wk_fiber_wake(f->fiber);
    }
}

void request_hold(struct wk_inbox_room *room, struct request *r)
{
    room->held += !r->is_again;
    r->is_again = true;
}

/* To every server that has rows of it. */
static void spread(struct wk_inbox_room *room, struct request *r)
{
    room->held -= r->is_again;
    memset(r->part, 0, sizeof r->part);
    r->parts = 0;
    r->is_stored = true;
    r->is_again = r->is_flushing = false;
    for (size_t i = 0; i < r->n && !r->is_whole_bad; i++)
        enqueue(room, r, r->rows[i].server);
    if (!r->parts)
        enqueue(room, r, 0);
}

/* One update arrives from the channel's splitter: find its tenant, lane and dedupe key. */
struct receiver {
    struct wk_split split;
    struct wk_inbox_room *room;
    struct request *request;
    bool is_full, has_no_memory, is_early; /* early: nobody's, as far as is known of servers that could not be asked yet */
};

/* What makes an update the same as an earlier one: channel, our address, the sender's id, one per line. */
static bool hash_key(struct wk_inbox_room *room, const char *channel, const struct wk_item *it, unsigned char digest[EVP_MAX_MD_SIZE])
{
    EVP_MD_CTX *ctx = room->digest;

    return it->dedupe.len <= DEDUPE_MAX && EVP_DigestInit_ex2(ctx, NULL, NULL) == 1 && EVP_DigestUpdate(ctx, channel, strlen(channel)) == 1 &&
           EVP_DigestUpdate(ctx, "\n", 1) == 1 && EVP_DigestUpdate(ctx, it->address.data, it->address.len < 200 ? it->address.len : 200) == 1 &&
           EVP_DigestUpdate(ctx, "\n", 1) == 1 && EVP_DigestUpdate(ctx, it->dedupe.data, it->dedupe.len) == 1 && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
}

static const char *nobody(const struct wk_inbox_room *room, const struct wk_inbox_hook *hook, const struct wk_item *it)
{
    bool is_shared = !it->address.len && it->account.len &&
                     wk_directory_is_shared(room->engine->directory, hook->inbox->channel, it->account.data, it->account.len);

    return is_shared ? "several tenants share this account" : "nobody's address";
}

static void place(struct wk_inbox_room *room, const struct wk_inbox_hook *hook, struct row *row)
{
    const struct wk_item *it = &row->item;
    const struct wk_tenant_ref *t = wk_directory_by_address(room->engine->directory, hook->inbox->channel, it->address.data ? it->address.data : "", it->address.len);
    const struct wk_event_hook *type = it->event_type ? wk_registry_event(room->engine->registry, it->event_type) : NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (!it->address.len && it->account.len) /* a number that is given and unknown is nobody's, whatever its account */
        t = wk_directory_by_account(room->engine->directory, hook->inbox->channel, it->account.data, it->account.len);
    row->server = 0;
    row->is_quarantine = it->kind == WK_ITEM_BAD || !t || (it->kind != WK_ITEM_STATUS && (!type || !it->key.len || it->key.len > KEY_MAX || !it->dedupe.len));
    if (row->is_quarantine) {
        row->item.why = it->why ? it->why : !t ? nobody(room, hook, it) : !type ? "no enabled plugin declares its event" : "no id, or no key of a size that fits";
        return;
    }
    row->tenant = t->tenant.id;
    row->server = t->server;
    if (it->kind == WK_ITEM_STATUS)
        return;
    row->type = type->type;
    row->lane = wk_lane_of(&row->tenant, it->key.data, it->key.len);
    if (hash_key(room, hook->inbox->channel, it, digest)) {
        uint32_t at = it->at_s < 0 || it->at_s > UINT32_MAX ? 0 : (uint32_t)it->at_s;

        at = htonl(at - at % SEEN_SPAN_S);
        memcpy(row->seen.b, &at, sizeof at); /* keys of one hour stand together: 003-tail.sql */
        memcpy(row->seen.b + sizeof at, digest, sizeof row->seen.b - sizeof at);
    } else { /* no channel has ids that long */
        row->is_quarantine = true;
        row->item.why = "an id that is too long";
    }
}

/* Spans into the body live as long as the request; the splitter's own scratch does not. */
static bool keep(struct request *r, struct wk_span *s)
{
    if (!s->len || (s->data >= r->body && s->data + s->len <= r->body + r->body_len))
        return true;
    s->data = wk_arena_copy(&r->scratch, s->data, s->len);
    return s->data != NULL;
}

static bool keep_all(struct request *r, struct wk_item *it)
{
    bool ok = keep(r, &it->address) && keep(r, &it->account) && keep(r, &it->dedupe) && keep(r, &it->key) && keep(r, &it->message_id) &&
              keep(r, &it->callback);

    for (size_t i = 0; i < WK_COUNT(it->payload); i++)
        ok = ok && keep(r, &it->payload[i]);
    return ok;
}

static bool receive(struct wk_split *to, const struct wk_item *item)
{
    struct receiver *rc = (struct receiver *)to;
    struct request *r = rc->request;

    if (r->n == ITEMS_MAX) {
        rc->is_full = true;
        return false;
    }
    if (r->n == r->room) {
        size_t room = r->room ? 4 * r->room : 4;
        struct row *more = realloc(r->rows, room * sizeof *more);

        rc->has_no_memory = !more;
        if (!more)
            return false;
        r->rows = more;
        r->room = room;
    }
    r->rows[r->n] = (struct row){.item = *item};
    rc->has_no_memory = !keep_all(r, &r->rows[r->n].item);
    if (rc->has_no_memory)
        return false;
    place(rc->room, r->hook, &r->rows[r->n]);
    rc->is_early |= r->rows[r->n].is_quarantine && item->kind != WK_ITEM_BAD && !wk_directory_is_whole(rc->room->engine->directory);
    r->n++;
    return true;
}

static const char *hook_header(const struct wk_webhook *hook, const char *name, size_t *len)
{
    struct wk_span v = wk_exchange_header(hook->request, name);

    *len = v.len;
    return v.data;
}

/* A query value lives until the next one is asked for: handshakes read a handful, one after the other. */
static struct wk_arena query_memory;
static const char *hook_query(const struct wk_webhook *hook, const char *name)
{
    return wk_query_value(&query_memory, wk_exchange_query(hook->request), name);
}

static struct wk_webhook webhook_of(struct wk_exchange *x, const struct wk_inbox_hook *hook, const char *app)
{
    return (struct wk_webhook){.size = sizeof(struct wk_webhook), .plugin = hook->plugin, .app = app, .request = x, .header = hook_header, .query = hook_query};
}

/* Who sends a trace context finds it again in all that the event causes. */
static void take_trace(struct request *r)
{
    struct wk_span header = wk_exchange_header(r->x, "traceparent");
    struct wk_trace trace;

    if (header.len && wk_trace_begin(&trace, header.data, header.len))
        memcpy(r->trace, trace.trace_id, sizeof r->trace);
}

void wk_inbox_take(struct wk_inbox_room *room, struct wk_exchange *x, const struct wk_inbox_hook *hook, const char *app)
{
    struct wk_webhook w = webhook_of(x, hook, app);
    struct receiver rc = {.split = {.size = sizeof rc.split, .add = receive}, .room = room};
    struct request *r = NULL;
    int64_t until_us;
    struct wk_err err = {0};
    bool ok;

    room->stats.requests++;
    wk_arena_init(&query_memory, 65536);
    w.body = wk_exchange_body(x, &w.body_len);
    wk_blame_enter(hook->plugin->name, "verify", NULL, NULL, hook->inbox->path);
    if (hook->inbox->verify && hook->inbox->verify(&w, &err) == WK_FORGED) {
        char client[WK_ADDRESS_TEXT];
        struct wk_watched forged = {.err = &err, .plugin = hook->plugin->name, .route = hook->inbox->path, .path = hook->inbox->path,
                                    .ip = wk_peer_of(room->engine, x, client)};

        wk_blame_leave();
        wk_arena_finish(&query_memory);
        room->stats.forged++;
        if (err.cls != WK_SECURITY) /* whatever its code, it is forged */
            (void)wk_fail(&err, WK_SECURITY, "http.forged", "%s", "a webhook with a wrong or missing signature");
        wk_watch(room->engine, &forged);
        answer(x, 401, "signature\n");
        return;
    }
    until_us = wk_exchange_received_us(x) + (int64_t)room->conf.deadline_ms * 1000;
    if (room->waiting_bytes <= room->conf.waiting_max && !room->is_draining && wk_directory_is_loaded(room->engine->directory) && wk_mono_us() < until_us)
        r = calloc(1, sizeof *r);
    if (!r) {
        wk_blame_leave();
        wk_arena_finish(&query_memory);
        room->stats.refused++;
        answer(x, 503, "try again\n");
        return;
    }
    *r = (struct request){.x = x, .hook = hook, .until_us = until_us,
                          .body = w.body, .body_len = w.body_len, .bytes = w.body_len + 256};
    wk_arena_init(&r->scratch, SCRATCH_MAX);
    take_trace(r);
    rc.request = r;
    ok = hook->inbox->split(&w, &rc.split, &err);
    wk_blame_leave();
    wk_arena_finish(&query_memory);
    if (rc.has_no_memory || rc.is_early) { /* understood, and not kept: the sender comes again */
        room->stats.refused++;
        request_free(r);
        answer(x, 503, "try again\n");
        return;
    }
    if (!ok) {
        r->is_whole_bad = true;
        r->why = rc.is_full ? "more updates than one post may carry" : "not understood";
    }
    wk_exchange_set_data(x, r);
    r->link = room->end;
    *room->end = r;
    room->end = &r->next;
    room->waiting_bytes += r->bytes;
    spread(room, r);
}

bool wk_inbox_owns(const struct wk_inbox_room *room, const void *data)
{
    for (const struct request *r = room->first; r; r = r->next)
        if (r == data)
            return true;
    return false;
}

void wk_inbox_gone(struct wk_exchange *x)
{
    struct request *r = wk_exchange_data(x);

    if (r)
        r->is_gone = true;
}

void wk_inbox_handshake(struct wk_inbox_room *room, struct wk_exchange *x, const struct wk_inbox_hook *hook, const char *app)
{
    struct wk_webhook w = webhook_of(x, hook, app);
    const char *text;

    (void)room;
    wk_arena_init(&query_memory, 65536);
    text = hook->inbox->handshake ? hook->inbox->handshake(&w) : NULL;
    answer(x, text ? 200 : 403, text ? text : "verify token\n");
    wk_arena_finish(&query_memory);
}

static size_t take_batch(struct flusher *f, struct request **batch)
{
    size_t n = 0, updates = 0;

    while (f->first && n < REQUEST_MAX && (!n || updates + f->first->request->n <= f->room->conf.batch_max)) {
        struct request *r = f->first->request;

        f->first = f->first->next;
        if (!f->first)
            f->end = &f->first;
        updates += r->n ? r->n : 1;
        r->is_flushing = true;
        batch[n++] = r;
    }
    return n;
}

/* One server is done with them; whose last one it was is answered, or begins again. */
static void settle(struct wk_inbox_room *room, struct request **batch, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (--batch[i]->parts)
            continue;
        if (batch[i]->is_again && batch[i]->x && batch[i]->is_stored) /* by the timer */
            continue;
        batch[i]->is_stored &= !batch[i]->is_again;
        *room->settled_end = batch[i];
        room->settled_end = &batch[i]->settled_next;
    }
    event_active(room->answers, EV_TIMEOUT, 0); /* later in this turn of the loop: the database gets its next batch first */
}

void inbox_flush_loop(void *arg)
{
    struct flusher *f = arg;
    struct wk_inbox_room *room = f->room;
    struct request *batch[REQUEST_MAX];

    for (;;) {
        size_t n = take_batch(f, batch);
        int64_t until = wk_mono_us() + 2000000; /* the batch's own: one late request must not cut its neighbours short, the timer answers it */
        struct wk_err err = {0};

        if (!n) {
            if (room->is_draining && !room->first)
                break;
            f->is_idle = true;
            (void)wk_fiber_park("inbox.idle", 0);
            f->is_idle = false;
            continue;
        }
        flush_requests(f, batch, n, until, &err);
        for (size_t i = 0; i < n; i++)
            if (!batch[i]->is_stored && batch[i]->x) {
                struct wk_log_fields fields = {.err = &err};

                wk_log_line(WK_ERROR, &fields, "webhooks could not be stored; the sender is asked to try again");
                break;
            }
        settle(room, batch, n);
    }
    f->fiber = NULL;
    if (room->drainer)
        wk_fiber_wake(room->drainer);
}

static void on_answers(evutil_socket_t fd, short what, void *arg)
{
    struct wk_inbox_room *room = arg;

    (void)fd;
    (void)what;
    while (room->settled) {
        struct request *r = room->settled;

        room->settled = r->settled_next;
        if (!room->settled)
            room->settled_end = &room->settled;
        finish(room, r);
    }
    if (room->drainer)
        wk_fiber_wake(room->drainer);
}

/* Whoever waits too long is told to come again; what is being flushed may still be stored, and the retry is then a duplicate. Its memory stays until the
 * flushers have passed it. */
static void late(struct wk_inbox_room *room, struct request *r)
{
    room->stats.late++;
    wk_exchange_set_data(r->x, NULL);
    answer(r->x, 503, "try again\n");
    r->x = NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct wk_inbox_room *room = arg;
    int64_t now = wk_mono_us();
    struct request *next;

    (void)fd;
    (void)what;
    for (struct request *r = room->first; r; r = next) {
        next = r->next;
        if (r->x && !r->is_gone && r->parts && now - r->until_us > (r->is_flushing ? 200000 : 0))
            late(room, r);
        if (r->parts || !r->is_again || !r->is_stored)
            continue;
        if (now < r->until_us) { /* where its tenants are now, the directory knows */
            for (size_t i = 0; i < r->n; i++)
                place(room, r->hook, &r->rows[i]);
            spread(room, r);
        } else {
            r->is_stored = false;
            finish(room, r);
        }
    }
}

struct wk_inbox_room *wk_inbox_create(const struct wk_inbox_conf *conf, struct wk_err *err)
{
    struct wk_inbox_room *room = calloc(1, sizeof *room);

    if (!room) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "inbox");
        return NULL;
    }
    room->conf = *conf;
    room->engine = conf->engine;
    room->conf.batch_max = conf->batch_max ? conf->batch_max : 512;
    room->conf.waiting_max = conf->waiting_max ? conf->waiting_max : 64u << 20;
    room->conf.deadline_ms = conf->deadline_ms ? conf->deadline_ms : 2500;
    room->end = &room->first;
    room->settled_end = &room->settled;
    for (unsigned i = 0; i < room->engine->servers; i++) {
        room->flusher[i].room = room;
        room->flusher[i].server = i;
        room->flusher[i].end = &room->flusher[i].first;
    }
    return room;
}

bool wk_inbox_start(struct wk_inbox_room *room, struct wk_err *err)
{
    static const struct timeval tick = {0, 50000};

    room->digest = EVP_MD_CTX_new();
    if (!room->digest || EVP_DigestInit_ex2(room->digest, EVP_sha256(), NULL) != 1)
        return wk_fail(err, WK_SYSTEM, "inbox.digest", "OpenSSL has no SHA-256");
    room->timer = event_new(room->engine->base, -1, EV_PERSIST, on_timer, room);
    if (!room->timer || event_add(room->timer, &tick))
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "inbox timer");
    room->answers = event_new(room->engine->base, -1, 0, on_answers, room);
    if (!room->answers)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "inbox answers");
    for (unsigned i = 0; i < room->engine->servers; i++)
        if (!(room->flusher[i].fiber = wk_fiber_spawn(room->engine->sched, "inbox.flush", inbox_flush_loop, &room->flusher[i], err)))
            return false;
    return true;
}

void wk_inbox_drain(struct wk_inbox_room *room, int64_t until_us)
{
    bool is_busy = true;

    room->is_draining = true;
    room->drainer = wk_fiber_self();
    while (is_busy && wk_mono_us() < until_us) {
        is_busy = room->first != NULL;
        for (unsigned i = 0; i < room->engine->servers; i++) {
            is_busy |= room->flusher[i].fiber != NULL;
            if (room->flusher[i].fiber && room->flusher[i].is_idle)
                wk_fiber_wake(room->flusher[i].fiber);
        }
        if (is_busy)
            (void)wk_fiber_park("inbox.drain", wk_mono_us() + 50000);
    }
    room->drainer = NULL;
}

void wk_inbox_destroy(struct wk_inbox_room *room)
{
    if (!room)
        return;
    if (room->timer)
        event_free(room->timer);
    if (room->answers)
        event_free(room->answers);
    EVP_MD_CTX_free(room->digest);
    for (unsigned i = 0; i < WK_COUNT(room->flusher); i++) {
        for (struct barray *a = &room->flusher[i].columns.seen; a <= &room->flusher[i].columns.f_tenant; a++)
            barray_finish(a);
        free(room->flusher[i].keyed);
    }
    free(room);
}

const struct wk_inbox_stats *wk_inbox_stats(const struct wk_inbox_room *room) { return &room->stats; }
