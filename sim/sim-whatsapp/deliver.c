/* deliver.c - webhooks on their way: each update is an event of the log, kept until the callback address has answered 200.
 *
 * The event's key is the person, so a person's later message is not posted before the earlier one was taken. Handlers of different keys that
 * wait at the same moment put their updates into one post: the first becomes its leader, waits a moment, posts for all; the others look at
 * the result. An answer other than 200 is no failure of the handler: it asks to run again later, ever less often, for ever.
 * Copies of a message are let go when its own turn has come, never before: a copy that overtook the person's earlier message would be taken
 * for the message itself. */
#include "sim.h"
#include "sign.h"
#include <stdlib.h>

enum { BATCH_BYTES = 1 << 20, SHORT_WAIT_US = 200000, LOOK_MS = 3, RACE_US = 50000 };

WK_SQL(sim_due_add, "INSERT INTO sim_whatsapp_due (id) VALUES ($1)");
WK_SQL(sim_due_drop, "DELETE FROM sim_whatsapp_due WHERE id = $1");
WK_SQL(sim_copy, "UPDATE sim_whatsapp_inbound SET is_copied = true WHERE id = $1 AND NOT is_copied");
WK_SQL(sim_post_add, "INSERT INTO sim_whatsapp_post (id, status, updates) VALUES ($1, $2, $3)");

bool sim_deliver_later(struct wk_call *call, const struct sim_delivery *d, struct wk_err *err)
{
    struct wk_uuid id = wk_new_id(call);
    char text[WK_UUID_TEXT];
    json_t *payload = json_pack("{s:s, s:I, s:s, s:b, s:O, s:I, s:s}", "due_id", wk_uuid_text(&id, text), "due_us", (json_int_t)d->due_us,
                                "address", d->address, "is_status", (int)d->is_status, "body", d->body, "copies", (json_int_t)d->copies,
                                "id", d->id);

    if (payload && d->contact)
        (void)json_object_set(payload, "contact", (json_t *)(uintptr_t)d->contact);
    return wk_publish_json(call, SIM_EVENT, d->key, payload, err) && wk_db_queue(call, &sim_due_add, WK_ARGS(wk_id(&id)), -1, NULL, err);
}

/* --- one post of several updates --- */

struct item {
    struct sim_number number;
    bool is_status, is_gone; /* gone: its handler was stopped before the post left */
    json_t *contact, *body;
};
struct sim_batch {
    struct sim_batch *next; /* while forming */
    unsigned refs;
    size_t count, max, bytes;
    bool is_closed, is_done;
    int status;
    struct item item[];
};
struct membership { /* of one handler in one batch */
    struct sim *sim;
    struct sim_batch *batch;
    size_t at;
};

static void close_batch(struct sim *sim, struct sim_batch *b)
{
    struct sim_batch **p = &sim->forming;

    while (*p && *p != b)
        p = &(*p)->next;
    if (*p)
        *p = b->next;
    b->is_closed = true;
}

/* Runs however the handler ends: a leader that was stopped must not leave the others waiting. */
static void leave(void *arg)
{
    struct membership *m = arg;
    struct sim_batch *b = m->batch;

    b->item[m->at].is_gone = true;
    if (m->at == 0) {
        close_batch(m->sim, b);
        b->is_done = true;
    }
    if (--b->refs)
        return;
    for (size_t i = 0; i < b->count; i++) {
        json_decref(b->item[i].contact);
        json_decref(b->item[i].body);
    }
    free(b);
}

static bool has_room(const struct sim *sim, const struct sim_batch *b, const struct sim_number *number, const json_t *body, size_t bytes)
{
    if (b->count == b->max || b->bytes + bytes > BATCH_BYTES || (b->count && !sim->rules.mix && strcmp(b->item[0].number.id, number->id)))
        return false;
    for (size_t i = 0; i < b->count; i++)
        if (json_equal(b->item[i].body, body))
            return false; /* a copy goes by itself, at the same moment */
    return true;
}

/* Put the event's update into a post that is forming, or begin one. */
static struct membership *join(struct wk_call *call, struct sim *sim, const json_t *payload, size_t bytes, struct wk_err *err)
{
    struct membership *m = wk_alloc(call, sizeof *m);
    struct sim_number number;
    struct sim_batch *b;
    size_t max = (size_t)wk_setting_int(call, "batch_max");

    if (!sim_numbers_find(sim->numbers, wk_json_string(payload, "address", ""), &number)) {
        wk_fail(err, WK_BUSINESS, "sim_whatsapp.no_number", "the number is not in the setting numbers any more");
        return NULL;
    }
    for (b = sim->forming; b && !has_room(sim, b, &number, json_object_get(payload, "body"), bytes); b = b->next)
        ;
    if (!b && (b = calloc(1, sizeof *b + max * sizeof b->item[0]))) {
        b->max = max;
        b->next = sim->forming;
        sim->forming = b;
    }
    if (!m || !b) {
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "webhook");
        return NULL; /* an empty batch stays and takes the next */
    }
    *m = (struct membership){sim, b, b->count};
    b->item[b->count++] = (struct item){.number = number, .is_status = json_is_true(json_object_get(payload, "is_status")),
                                        .contact = json_incref(json_object_get(payload, "contact")),
                                        .body = json_incref(json_object_get(payload, "body"))};
    b->bytes += bytes;
    b->refs++;
    if (!wk_defer(call, leave, m)) {
        leave(m);
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "webhook");
        return NULL;
    }
    return m;
}

static void add(struct sim_update *updates, size_t *n, const struct item *i)
{
    updates[(*n)++] = (struct sim_update){.number = &i->number, .is_status = i->is_status, .contact = i->contact, .body = i->body};
}

/* What the rule mix_with_other_tenants adds when nothing else waits: a status of a message that nobody sent, of another account's number. */
static bool stranger(struct wk_call *call, struct sim *sim, const struct sim_number *beside, struct item *out, struct wk_err *err)
{
    const struct sim_number *other = sim_numbers_other(sim->numbers, beside->account);
    struct sim_person nobody = {.phone = "27820009999"};
    const char *id;

    *out = (struct item){0};
    if (!other)
        return true;
    if (!(id = sim_new_wamid(call, nobody.phone, false, err)))
        return false;
    out->number = *other;
    out->is_status = true;
    out->body = sim_status(&nobody, id, "read", wk_now(call) / 1000000, NULL);
    return out->body && wk_defer(call, wk_json_drop, out->body);
}

/* The text to post; *n becomes the number of updates of ours in it. */
static const char *batch_text(struct wk_call *call, struct sim *sim, const struct sim_batch *b, size_t *n, struct wk_err *err)
{
    struct sim_update *updates = wk_alloc(call, (b->count + 1) * sizeof *updates);
    struct item *extra = wk_alloc(call, sizeof *extra);
    bool is_before = false;
    size_t total = 0;
    json_t *json;
    char *text;

    *n = 0;
    if (!updates || !extra || (sim->rules.mix && !stranger(call, sim, &b->item[0].number, extra, err)))
        return NULL;
    if (extra->body && (is_before = sim_rules_draw(&sim->rules, (const int64_t[]){0, 1})))
        add(updates, &total, extra);
    for (size_t i = 0; i < b->count; i++)
        if (!b->item[i].is_gone) {
            add(updates, &total, &b->item[i]);
            (*n)++;
        }
    if (extra->body && !is_before)
        add(updates, &total, extra);
    json = sim_envelope(updates, total);
    text = json ? sim_wire_text(json) : NULL;
    json_decref(json);
    if (!text || !wk_defer(call, free, text)) {
        free(text);
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "webhook");
        return NULL;
    }
    return text;
}

/* The leader's part. False: nothing was posted, or the database is away. */
static bool lead(struct wk_call *call, struct sim *sim, struct sim_batch *b, struct wk_err *err)
{
    uint32_t linger = (uint32_t)wk_setting_ms(call, "batch_wait");
    struct wk_uuid id = wk_new_id(call);
    const char *text;
    size_t n;

    if (linger && !wk_sleep(call, linger, err))
        return false;
    close_batch(sim, b);
    if (!(text = batch_text(call, sim, b, &n, err)))
        return false;
    (void)sim_post(call, text, strlen(text), wk_setting_string(call, "app_secret"), &b->status, NULL);
    b->is_done = true;
    return wk_db_queue(call, &sim_post_add, WK_ARGS(wk_id(&id), wk_int(b->status), wk_int((int64_t)n)), -1, NULL, err) &&
           (b->status == 200 || wk_db_step(call, err)); /* a handler that asks to run later writes nothing, so a failure is noted before */
}

static bool follow(struct wk_call *call, const struct sim_batch *b, struct wk_err *err)
{
    while (!b->is_done)
        if (!wk_sleep(call, LOOK_MS, err))
            return false;
    return true;
}

/* --- one event --- */

/* 100 ms after the first failure, then ever longer: half of the time that it has been due. */
static bool try_later(struct wk_call *call, int64_t due_us, struct wk_err *err)
{
    int64_t first = wk_setting_ms(call, "retry_first") * 1000, most = wk_setting_ms(call, "retry_max") * 1000;
    int64_t now = wk_now(call), wait = (now - due_us) / 2;

    wait = wait < first ? first : wait;
    return wk_later(call, now + (wait > most ? most : wait), err);
}

static bool wait_until_due(struct wk_call *call, int64_t due_us, struct wk_err *err)
{
    int64_t wait = due_us - wk_now(call);

    if (wait <= 0)
        return true;
    return wait > SHORT_WAIT_US ? wk_later(call, due_us, err) : wk_sleep(call, (uint32_t)(wait / 1000 + 1), err);
}

/* Its copies, once: half of them race with the message itself, which waits for them, and the others are late as the rules say. */
static bool let_copies_go(struct wk_call *call, struct sim *sim, const json_t *payload, struct wk_err *err)
{
    struct sim_delivery d = {.address = wk_json_string(payload, "address", ""), .id = wk_json_string(payload, "id", ""),
                             .is_status = json_is_true(json_object_get(payload, "is_status")),
                             .contact = json_object_get(payload, "contact"), .body = json_object_get(payload, "body"), .copies = 1};
    int64_t more = wk_json_int(payload, "copies", 1) - 1, race_us = wk_now(call) + RACE_US;
    struct wk_rows *rows;

    if (!wk_db_write(call, &sim_copy, WK_ARGS(wk_text(d.id)), &rows, err))
        return false;
    if (!wk_rows_affected(rows))
        return wk_db_step(call, err); /* an earlier try did it */
    for (int64_t i = 1; i <= more; i++) {
        bool is_late = sim_rules_draw(&sim->rules, (const int64_t[]){0, 1});

        d.key = wk_printf(call, "copy:%s:%d", d.id, (int)i);
        d.due_us = race_us + (is_late ? sim_rules_draw(&sim->rules, sim->rules.delay_ms) * 1000 : 0);
        if (!d.key || !sim_deliver_later(call, &d, err))
            return false;
    }
    return wk_db_step(call, err) && wait_until_due(call, race_us, err);
}

bool sim_on_webhook(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct sim *sim = sim_enter(call, err);
    json_t *payload = sim ? wk_json_parse(call, event->payload, event->payload_len, err) : NULL;
    int64_t due_us = wk_json_int(payload, "due_us", 0);
    struct wk_err why = {0};
    struct membership *m;
    struct wk_uuid id;

    if (!payload)
        return false;
    if (!wk_uuid_parse(wk_json_string(payload, "due_id", ""), &id) || !json_is_object(json_object_get(payload, "body")))
        return wk_fail(err, WK_BUSINESS, "sim_whatsapp.bad_event", "not an update to deliver");
    if (!wait_until_due(call, due_us, err))
        return false;
    if (wk_json_int(payload, "copies", 1) > 1 && !let_copies_go(call, sim, payload, err))
        return false;
    if (!(m = join(call, sim, payload, event->payload_len, err)))
        return false;
    if (!(m->at == 0 ? lead(call, sim, m->batch, &why) : follow(call, m->batch, &why)) && why.code && !strncmp(why.code, "db.", 3)) {
        *err = why;
        return false;
    }
    if (m->batch->status != 200)
        return try_later(call, due_us, err);
    return wk_db_queue(call, &sim_due_drop, WK_ARGS(wk_id(&id)), -1, NULL, err);
}
