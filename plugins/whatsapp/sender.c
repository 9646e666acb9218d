/* sender.c - see sender.h.
 *
 * The row of wakala.outbound is the truth about one message; its id is the id of the event that asked for it and travels as biz_opaque_callback_data.
 *   no row, or state sending with sent_at = the epoch: nothing is on its way, it may be sent
 *   sending with a sent_at: it may have arrived; a status with our id settles it, else it goes again resend_after later
 *   rank >= 1: Meta has it, whatever the state says;  sent, failed: done
 * The intent is committed before a byte leaves. What Meta answers is written in the handler's own commit, with its handled mark: so a handler that runs
 * again and finds the message settled knows that the event whatsapp.sent has not been published yet.
 * A message that was not tried before costs two trips: it does not look for its row, it inserts it, which commits in the same trip; and what Meta
 * answered leaves with the handler's commit. If the row was there already the insert fails, nothing has left, and the message takes the careful way
 * that begins with looking. */
#include "sender.h"
#include <wakala/json.h>
#include "compose.h"
#include "errors.h"
#include "pace.h"

#define WA_TARGET "whatsapp" /* the Graph API is one target, whatever the number */
#define SECOND_US INT64_C(1000000)
#define STOP_US (60 * SECOND_US)
#define BACKOFF_MAX_US (300 * SECOND_US)
enum {
    NUMBER_WAIT_MS = 2000, /* worth a sleep; more is worth a rest outside the worker's memory */
    TRIED = 1024
};

/* The only host table that a plugin's statements name: what we told people belongs to the host's bulk merge of statuses. */
WK_SQL(whatsapp_find, "SELECT state, rank, attempts, CASE WHEN sent_at > 'epoch' THEN (extract(epoch FROM sent_at) * 1000000)::bigint ELSE 0 END,"
                      " wamid, error_code FROM wakala.outbound WHERE id = $1");
/* No ON CONFLICT: whoever did not make the row must not send for it. */
WK_SQL(whatsapp_intend, "INSERT INTO wakala.outbound (id, channel, address, recipient, body, state, attempts, sent_at)"
                        " VALUES ($1, 'whatsapp', $2, $3, $4, 'sending', 1, wakala.now())");
WK_SQL(whatsapp_intend_again, "UPDATE wakala.outbound SET attempts = attempts + 1, sent_at = wakala.now()"
                              " WHERE id = $1 AND attempts = $2 AND state = 'sending' AND rank = 0");
/* $3: 1 when it was no attempt after all, nobody was asked. */
WK_SQL(whatsapp_withdraw, "UPDATE wakala.outbound SET sent_at = 'epoch', error_code = $2, attempts = attempts - $3"
                          " WHERE id = $1 AND state = 'sending' AND rank = 0");
WK_SQL(whatsapp_settle, "UPDATE wakala.outbound SET state = CASE WHEN state = 'failed' THEN state ELSE 'sent' END, wamid = coalesce($2, wamid),"
                        " error_code = CASE WHEN state = 'failed' THEN error_code END WHERE id = $1");
WK_SQL(whatsapp_give_up, "UPDATE wakala.outbound SET state = 'failed', error_code = $2 WHERE id = $1 AND state = 'sending' AND rank = 0");

struct row {
    bool is_there;
    const char *state, *wamid;
    int64_t rank, attempts, sent_us, error_code;
};
struct outgoing { /* one message on its way */
    struct wk_call *call;
    const struct wk_event *event;
    const char *address, *to, *body;
    const char *tenant;
    struct row row;
    bool was_sought; /* `row` tells; before that nobody knows */
    bool must_seek;  /* the short way ended without a byte sent: take the careful one */
    bool is_through; /* has its place in the number's pace */
    int64_t tried_us; /* this attempt */
};

static struct wa_pace *pace;
/* Messages that this worker tried and that come again, in the place of the random end of their id: they have a row. One that is missing here costs an
 * insert in vain. */
static struct wk_uuid tried[TRIED];

static struct wk_uuid *place_of(const struct wk_uuid *id) { return &tried[(id->b[14] << 8 | id->b[15]) % TRIED]; }
static bool was_tried(const struct wk_uuid *id) { return wk_uuid_equal(place_of(id), id); }

/* Looked up at each use: while this message waits, others send, and our cell may have made room for one of theirs. */
static struct wa_cell *number_of(const struct outgoing *o) { return wa_pace_number(pace, o->address); }
static struct wa_cell *pair_of(const struct outgoing *o) { return wa_pace_pair(pace, o->tenant, o->address, o->to); }

bool wa_sender_open(struct wk_plugin *plugin, struct wk_err *err)
{
    (void)plugin;
    pace = wa_pace_create();
    memset(tried, 0, sizeof tried);
    return pace || wk_fail(err, WK_SYSTEM, "whatsapp.no_memory", "tables of the sender");
}

void wa_sender_close(void)
{
    wa_pace_destroy(pace);
    pace = NULL;
}

/* --- what is asked --- */

static bool is_address(const char *text) /* it becomes a part of the URL */
{
    size_t n = strlen(text);

    return n >= 1 && n <= 64 && strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-") == n;
}

/* The body with our id in it; NULL when it is no JSON object. */
static const char *mark_body(struct wk_call *call, const json_t *body, const char *id)
{
    json_t *marked = json_is_object(body) ? json_copy((json_t *)(uintptr_t)body) : NULL;

    if (marked && json_object_set_new(marked, "biz_opaque_callback_data", json_string(id))) {
        json_decref(marked);
        marked = NULL;
    }
    return marked ? wk_json_text(call, marked, NULL) : NULL;
}

static bool read_outgoing(struct outgoing *o, struct wk_err *err)
{
    json_t *payload = wk_json_parse(o->call, o->event->payload, o->event->payload_len, err);
    json_t *body = json_object_get(payload, "body");
    char id[WK_UUID_TEXT];

    if (!payload)
        return false;
    o->address = wk_json_string(payload, "address", "");
    o->to = wk_json_string(payload, "to", "");
    if (json_is_string(body)) /* the host keeps the composed text as it is */
        body = wk_json_parse(o->call, json_string_value(body), json_string_length(body), err);
    if (!is_address(o->address) || (!wa_is_phone(o->to) && !wa_is_user_id(o->to)) || !json_is_object(body))
        return wk_fail(err, WK_BUSINESS, "whatsapp.bad_outgoing", "wanted: address, to, body");
    o->body = mark_body(o->call, body, wk_uuid_text(&o->event->id, id));
    return o->body || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "body of a message");
}

static bool find_row(struct outgoing *o, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(o->call, &whatsapp_find, WK_ARGS(wk_id(&o->event->id)), &rows, err))
        return false;
    o->was_sought = true;
    if (!wk_rows_count(rows))
        return true;
    o->row = (struct row){.is_there = true, .state = wk_rows_text(rows, 0, 0), .rank = wk_rows_int(rows, 0, 1),
                          .attempts = wk_rows_int(rows, 0, 2), .sent_us = wk_rows_int(rows, 0, 3), .wamid = wk_rows_text(rows, 0, 4),
                          .error_code = wk_rows_int(rows, 0, 5)};
    return true;
}

/* --- endings: all return what the handler returns --- */

static bool publish_result(struct outgoing *o, const char *status, const char *wamid, int64_t code, const char *reason, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    json_t *p = json_pack("{s:s, s:s?, s:s, s:s}", "id", wk_uuid_text(&o->event->id, id), "message_id", wamid, "status", status, "address",
                          o->address);

    if (code)
        (void)json_object_set_new(p, "code", json_integer(code));
    if (reason)
        (void)json_object_set_new(p, "reason", json_string(reason));
    return wk_publish_json(o->call, WA_SETTLED_EVENT, o->event->key, p, err);
}

static bool settle_sent(struct outgoing *o, const char *wamid, struct wk_err *err)
{
    wk_count(o->call, "sent", 1);
    return wk_db_queue(o->call, &whatsapp_settle, WK_ARGS(wk_id(&o->event->id), wk_text(wamid)), -1, NULL, err) &&
           publish_result(o, "sent", wamid, 0, NULL, err);
}

/* Failed for good. If a status came in between, an earlier attempt did arrive, and that is what counts. */
static bool settle_failed(struct outgoing *o, int64_t code, const char *reason, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(o->call, &whatsapp_give_up, WK_ARGS(wk_id(&o->event->id), wk_int(code)), &rows, err))
        return false;
    if (!wk_rows_affected(rows))
        return settle_sent(o, NULL, err);
    wk_count(o->call, "failed", 1);
    return publish_result(o, "failed", NULL, code, reason, err);
}

/* Nothing is on its way any more: say so at once, so that the next try need not wait for a status; then again at `at_us`. */
static bool withdraw(struct outgoing *o, int32_t code, bool was_tried_now, int64_t at_us, struct wk_err *err)
{
    if (!wk_db_queue(o->call, &whatsapp_withdraw,
                     WK_ARGS(wk_id(&o->event->id), wk_int(code > 0 ? code : 0), wk_int(!was_tried_now)), -1, NULL, err) ||
        !wk_db_step(o->call, err))
        return false;
    *place_of(&o->event->id) = o->event->id;
    return wk_later(o->call, at_us, err);
}

static bool try_again(struct outgoing *o, int32_t code, int64_t at_us, struct wk_err *err)
{
    wk_count(o->call, "retried", 1);
    return withdraw(o, code, true, at_us, err);
}

/* It may have arrived. */
static bool wait_for_status(struct outgoing *o, int64_t since_us, struct wk_err *err)
{
    *place_of(&o->event->id) = o->event->id;
    return wk_later(o->call, since_us + wk_setting_ms(o->call, "resend_after") * 1000, err);
}

/* 1 s, 2 s, 4 s ... 5 min, a quarter of it by chance so that a queue does not come back as one wave. */
static int64_t backoff_us(struct outgoing *o)
{
    int64_t attempt = o->row.attempts, wait = attempt < 9 ? SECOND_US << attempt : BACKOFF_MAX_US;
    uint16_t chance = 0;

    (void)wk_random(o->call, &chance, sizeof chance, NULL);
    wait = wait > BACKOFF_MAX_US ? BACKOFF_MAX_US : wait;
    return wait - wait / 4 * chance / UINT16_MAX;
}

static void stop_number(struct outgoing *o, int32_t code, const char *why)
{
    wk_count(o->call, "stopped", 1);
    if (wa_number_stop(number_of(o), wk_now(o->call), STOP_US))
        wk_log(o->call, WK_ERROR,
               "sending from number id %s has stopped: %s (code %d). Receiving goes on. Check access_token and the account; it is tried "
               "again every 60 s",
               wk_mask(o->call, o->address), why, (int)code);
}

/* --- what Meta said --- */

static int32_t error_code_of(struct wk_call *call, const struct wk_fetched *reply)
{
    json_t *root = wk_json_parse(call, reply->body, reply->body_len, NULL);
    json_t *code = json_object_get(json_object_get(root, "error"), "code");
    json_int_t n = json_is_integer(code) ? json_integer_value(code) : WA_NO_CODE;

    return n >= 0 && n < INT32_MAX ? (int32_t)n : WA_NO_CODE;
}

static const char *wamid_of(struct wk_call *call, const struct wk_fetched *reply)
{
    json_t *root = wk_json_parse(call, reply->body, reply->body_len, NULL);
    const char *id = wk_json_string(json_array_get(json_object_get(root, "messages"), 0), "id", "");
    size_t n = strlen(id);

    return n >= 1 && n <= WA_WAMID_MAX ? id : NULL;
}

static bool refused(struct outgoing *o, int http_status, int32_t code, struct wk_err *err)
{
    int64_t now = wk_now(o->call);
    enum wa_action action = wa_error_action(http_status, code);
    int32_t shown = code == WA_NO_CODE ? http_status : code;

    if (action != WA_STOP)
        wa_number_clear(number_of(o)); /* whatever this is, the token works */
    if ((action == WA_RETRY_ONCE && o->row.attempts >= 1) || (action == WA_RETRY_TWICE && o->row.attempts >= 2))
        action = WA_PERMANENT;
    switch (action) {
    case WA_RETRY:
    case WA_RETRY_ONCE:
    case WA_RETRY_TWICE:
        return try_again(o, shown, now + backoff_us(o), err);
    case WA_SLOW:
        wa_number_slow(number_of(o), now);
        wk_count(o->call, "slowed", 1);
        return try_again(o, shown, now + backoff_us(o), err);
    case WA_PAIR:
        return try_again(o, shown, wa_pair_refuse(pair_of(o), now), err);
    case WA_PAUSE:
        return try_again(o, shown, now + STOP_US, err);
    case WA_STOP:
        stop_number(o, shown, wa_error_meaning(code));
        return try_again(o, shown, now + STOP_US + backoff_us(o), err);
    case WA_WINDOW:
        return settle_failed(o, shown, "window", err);
    case WA_WAIT:
        wk_log(o->call, WK_WARN, "a message was not sent: %s (code %d)", wa_error_meaning(code), (int)shown);
        return settle_failed(o, shown, "wait", err);
    case WA_PERMANENT:
        break;
    }
    wk_log(o->call, WK_WARN, "a message cannot be sent: %s (code %d)", wa_error_meaning(code), (int)shown);
    return settle_failed(o, shown, "permanent", err);
}

static bool answered(struct outgoing *o, const struct wk_fetched *reply, struct wk_err *err)
{
    const char *wamid = NULL;

    if (reply->status / 100 != 2)
        return refused(o, reply->status, error_code_of(o->call, reply), err);
    wa_number_clear(number_of(o));
    wamid = wamid_of(o->call, reply);
    if (!wamid) { /* taken, says the status line; the id will come with a status, or it goes again */
        wk_count(o->call, "unknown", 1);
        return wait_for_status(o, o->tried_us, err);
    }
    wa_pair_accept(pair_of(o));
    return settle_sent(o, wamid, err);
}

/* --- one attempt --- */

static const char *url_of(struct outgoing *o)
{
    const char *base = wk_setting_string(o->call, "base_url");
    size_t n = strlen(base);

    while (n && base[n - 1] == '/')
        n--;
    return wk_printf(o->call, "%.*s/%s/%s/messages", (int)n, base, wk_setting_string(o->call, "api_version"), o->address);
}

/* The host did not even ask: Meta's breaker is open, or too many calls are under way. */
static bool is_held_back(const struct wk_err *err)
{
    return wk_err_is(err, "target.open") || wk_err_is(err, "target.full") || wk_err_is(err, "target.all_full");
}

static bool post(struct outgoing *o, const char *token, struct wk_err *err)
{
    const char *url = url_of(o), *bearer = wk_printf(o->call, "Bearer %s", token);
    struct wk_header headers[] = {{"Authorization", bearer}, {"Content-Type", "application/json"}, {"User-Agent", "wakala/1.0"}};
    struct wk_fetch request = {.size = sizeof request, .timeout_ms = (uint32_t)wk_setting_ms(o->call, "send_timeout"), .method = "POST",
                               .url = url, .headers = headers, .header_count = WK_COUNT(headers), .body = o->body,
                               .body_len = strlen(o->body), .reply_max = 64 * 1024, .target = WA_TARGET};
    struct wk_fetched reply = {.size = sizeof reply, .sent = WK_NOT_SENT};
    struct wk_err why = {0};

    if (url && bearer && wk_fetch(o->call, &request, &reply, &why))
        return answered(o, &reply, err);
    if (reply.sent == WK_NOT_SENT && is_held_back(&why)) /* by ourselves, after the gate had let it through */
        return withdraw(o, 0, false, wk_now(o->call) + why.retry_after_ms * INT64_C(1000) + backoff_us(o) / 4, err);
    if (reply.sent == WK_NOT_SENT)
        return try_again(o, 0, wk_now(o->call) + backoff_us(o), err);
    wk_count(o->call, "unknown", 1);
    return wait_for_status(o, o->tried_us, err);
}

/* It cannot leave now. Who has not sought its row does that first: it may be settled already. */
static bool rest(struct outgoing *o, int64_t until_us, struct wk_err *err)
{
    o->must_seek = !o->was_sought;
    return o->was_sought && wk_later(o->call, until_us, err);
}

/* May it leave now? False: it rests, or err is filled. Takes its place in the number's pace, once. */
static bool pass_gates(struct outgoing *o, struct wk_err *err)
{
    int64_t now = wk_now(o->call), wait = wa_pair_wait(pair_of(o), now), until = 0, rate = wk_setting_int(o->call, "rate_per_number");
    uint32_t slowness;
    bool is_pair = wait > 0;

    if (o->is_through)
        return true;
    if (!wait)
        wait = wk_target_wait(o->call, WA_TARGET) * INT64_C(1000);
    if (!wait)
        until = wa_number_gate(number_of(o), now);
    if (wait || until)
        return rest(o, until ? until + backoff_us(o) / 4 : now + wait + (is_pair ? 0 : backoff_us(o) / 4), err);
    slowness = wa_number_slowness(number_of(o), now);
    /* A tenth of a second's messages may leave ahead of the rate. */
    if (!wk_limit_reserve(o->call, o->address, (double)rate / slowness, (uint32_t)(1 + rate / slowness / 10), 1, NUMBER_WAIT_MS, &wait))
        return rest(o, now + wait + backoff_us(o), err);
    o->is_through = true;
    return !wait || wk_sleep(o->call, (uint32_t)(wait / 1000 + 1), err);
}

static bool queue_intent(struct outgoing *o, struct wk_err *err)
{
    return wk_db_queue(o->call, &whatsapp_intend,
                       WK_ARGS(wk_id(&o->event->id), wk_text(o->address), wk_text(o->to), wk_text(o->body)), -1, NULL, err);
}

/* Of two who found the same row one goes on; the other begins again and sees that it may be on its way. */
static bool queue_intent_again(struct outgoing *o, struct wk_err *err)
{
    return wk_db_queue(o->call, &whatsapp_intend_again, WK_ARGS(wk_id(&o->event->id), wk_int(o->row.attempts)), 1, "db.conflict", err);
}

/* A commit failed. When it did because the row is there, we tried this message before, or another owner of the lane does: look. False. */
static bool taken(struct outgoing *o, struct wk_err *err)
{
    if (!wk_err_is(err, "db.unique"))
        return false;
    o->must_seek = !o->was_sought;
    return wk_fail(err, WK_TRANSIENT, "db.conflict", "the message is known already");
}

/* Commits, in one trip, that this attempt may arrive. */
static bool promise(struct outgoing *o, struct wk_err *err)
{
    bool is_queued = o->row.is_there ? queue_intent_again(o, err) : queue_intent(o, err);

    return is_queued && (wk_db_step(o->call, err) || taken(o, err));
}

static bool send_now(struct outgoing *o, struct wk_err *err)
{
    const char *token;

    if (!pass_gates(o, err))
        return false;
    token = wk_secret(o->call, "access_token", err);
    if (!token) { /* nothing has been promised yet, so there is nothing to take back */
        if (o->was_sought)
            stop_number(o, 0, "no access_token for this tenant");
        return rest(o, wk_now(o->call) + STOP_US, err);
    }
    o->tried_us = wk_now(o->call);
    if (!promise(o, err))
        return false;
    wa_pair_take(pair_of(o), o->tried_us);
    return post(o, token, err);
}

static bool give_up_late(struct outgoing *o, struct wk_err *err)
{
    if (!o->row.is_there && !queue_intent(o, err)) /* a row to say so in */
        return false;
    wk_log(o->call, WK_WARN, "a message was given up: it could not be sent in time");
    return settle_failed(o, o->row.error_code, "expired", err) || taken(o, err);
}

static bool is_late(const struct outgoing *o)
{
    return wk_now(o->call) - o->event->at_us > wk_setting_ms(o->call, "give_up_after") * 1000;
}

/* The careful way: what is known of it decides. */
static bool send_known(struct outgoing *o, struct wk_err *err)
{
    const struct row *row = &o->row;

    if (!find_row(o, err))
        return false;
    if (row->is_there && (row->rank >= 1 || !strcmp(row->state, "sent")))
        return settle_sent(o, row->wamid, err);
    if (row->is_there && !strcmp(row->state, "failed"))
        return publish_result(o, "failed", row->wamid, row->error_code, "permanent", err);
    if (row->sent_us && wk_now(o->call) < row->sent_us + wk_setting_ms(o->call, "resend_after") * 1000)
        return wait_for_status(o, row->sent_us, err);
    return is_late(o) ? give_up_late(o, err) : send_now(o, err);
}

bool wa_send_outgoing(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct outgoing o = {.call = call, .event = event};
    const struct wk_tenant *tenant = wk_tenant(call);

    if (!tenant)
        return wk_fail(err, WK_BUSINESS, "whatsapp.bad_outgoing", "no tenant");
    o.tenant = tenant->id_text;
    if (!read_outgoing(&o, err))
        return false;
    if (event->attempt <= 1 && !was_tried(&event->id) && !is_late(&o)) {
        if (send_now(&o, err))
            return true;
        if (!o.must_seek)
            return false;
    }
    return send_known(&o, err);
}
