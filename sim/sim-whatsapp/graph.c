/* graph.c - POST /{version}/{phone_number_id}/messages as the Graph API answers it: token, number, shape, speed, window; then the message is
 * stored and committed, with the statuses it will have, and only then answered. */
#include "sim.h"
#include <ctype.h>

#define WINDOW_US (INT64_C(24) * 3600 * 1000000)

WK_SQL(sim_person_by_phone, "SELECT phone, user_id, name, (extract(epoch FROM at) * 1000000)::bigint FROM sim_whatsapp_inbound "
                            "WHERE address = $1 AND phone = $2 ORDER BY at DESC LIMIT 1");
WK_SQL(sim_person_by_user, "SELECT phone, user_id, name, (extract(epoch FROM at) * 1000000)::bigint FROM sim_whatsapp_inbound "
                           "WHERE address = $1 AND user_id = $2 ORDER BY at DESC LIMIT 1");
WK_SQL(sim_inbound_find, "SELECT 1 FROM sim_whatsapp_inbound WHERE id = $1");
WK_SQL(sim_message_add,
       "WITH p AS (INSERT INTO sim_whatsapp_person AS p (person, n) VALUES ($2, nextval('sim_whatsapp_n')) "
       "ON CONFLICT (tenant_id, person) DO UPDATE SET n = nextval('sim_whatsapp_n') RETURNING n) "
       "INSERT INTO sim_whatsapp_message (n, id, person, user_id, address, callback, body) SELECT n, $1, $2, $3, $4, $5, $6 FROM p");
WK_SQL(sim_refused_add, "INSERT INTO sim_whatsapp_refused AS r (code, times) VALUES ($1, 1) "
                        "ON CONFLICT (tenant_id, code) DO UPDATE SET times = r.times + 1");

struct sending {
    struct wk_call *call;
    struct sim *sim;
    struct sim_number number;
    struct sim_send send;
    struct sim_person person;
    int64_t wrote_us; /* when they last wrote to this number; 0: never */
    const char *id;
};

static bool is_version(const char *text)
{
    char spare;
    unsigned major, minor;

    return text && strlen(text) <= 8 && *text == 'v' && isdigit((unsigned char)text[1]) && sscanf(text, "v%3u.%2u%c", &major, &minor, &spare) == 2;
}

static bool check_token(struct wk_call *call, struct wk_http *http, struct sim_refusal *no)
{
    const char *header = wk_http_header(http, "Authorization"), *token = wk_setting_string(call, "access_token");

    if (!header || strncasecmp(header, "Bearer ", 7))
        return sim_refuse(no, 190, "An access token is required: Authorization: Bearer <token>.");
    return !strcmp(header + 7, token) || sim_refuse(no, 190, "Invalid OAuth access token - Cannot parse access token.");
}

static bool check_number(struct sending *s, struct wk_http *http, struct sim_refusal *no)
{
    const char *id = wk_http_param(http, "phone_number_id");

    if (is_version(wk_http_param(http, "version")) && id && sim_numbers_find(s->sim->numbers, id, &s->number))
        return true;
    (void)sim_refuse(no, 100, "Unsupported post request. Object with ID '%.40s' does not exist, cannot be loaded due to missing permissions, "
                              "or does not support this operation.", id ? id : "");
    no->subcode = 33;
    return false;
}

static bool check_body(struct sending *s, struct wk_http *http, struct sim_refusal *no)
{
    struct wk_span body = wk_http_body(http);
    struct wk_err why;
    json_t *json = wk_json_parse(s->call, body.data, body.len, &why);

    if (!json)
        return sim_refuse(no, 100, "The request body is not valid JSON: %s", why.msg);
    if (!sim_validate(json, &s->send, no))
        return false;
    if (!s->send.is_receipt && *s->send.phone && !strcmp(s->send.phone, s->number.display))
        return sim_refuse(no, 131021, "Recipient phone number is the sender's own.");
    return true;
}

/* Who it is for: what is known from what they said to this number. */
static bool find_person(struct sending *s, struct wk_err *err)
{
    const struct sim_send *send = &s->send;
    struct wk_rows *rows;
    const char *phone, *user_id;

    s->person = (struct sim_person){.phone = *send->phone ? send->phone : NULL, .user_id = send->user_id};
    if (!wk_db_read(s->call, send->user_id ? &sim_person_by_user : &sim_person_by_phone,
                    WK_ARGS(wk_text(s->number.id), wk_text(send->user_id ? send->user_id : send->phone)), &rows, err))
        return false;
    if (wk_rows_count(rows)) {
        phone = wk_rows_text(rows, 0, 0);
        user_id = wk_rows_text(rows, 0, 1);
        s->person.phone = s->person.phone ? s->person.phone : *phone ? phone : NULL;
        s->person.user_id = s->person.user_id ? s->person.user_id : *user_id ? user_id : NULL;
        s->person.name = wk_rows_text(rows, 0, 2);
        s->wrote_us = wk_rows_int(rows, 0, 3);
    }
    return true;
}

static const char *person_key(const struct sending *s) { return s->person.phone ? s->person.phone : s->person.user_id; }

static bool check_limits(struct sending *s, struct sim_refusal *no)
{
    bool pairs = !strcmp(wk_setting_string(s->call, "pair_rate"), "real");
    int64_t now = wk_now(s->call);

    if (!s->send.is_template && (!s->wrote_us || now - s->wrote_us >= WINDOW_US))
        return sim_refuse(no, 131047, "Message failed to send because more than 24 hours have passed since the customer last replied to this "
                                      "number.");
    switch (sim_limits_take(s->sim->limits, s->number.id, person_key(s), wk_setting_int(s->call, "throughput"), pairs, now)) {
    case 131056:
        return sim_refuse(no, 131056, "Message failed to send because there were too many messages sent from this phone number to the same "
                                      "phone number in a short period of time.");
    case 130429:
        return sim_refuse(no, 130429, "Cloud API message throughput has been reached.");
    default:
        return true;
    }
}

/* --- answers --- */

static bool answer_slowly(struct sending *s, struct wk_err *err)
{
    return !s->sim->rules.slow_ms || wk_sleep(s->call, (uint32_t)s->sim->rules.slow_ms, err);
}

static bool refuse(struct sending *s, struct wk_http *http, const struct sim_refusal *no, struct wk_err *err)
{
    uint8_t random[11];
    char trace[24] = "A";

    if (!answer_slowly(s, err) || !wk_random(s->call, random, sizeof random, err))
        return false;
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(trace + 1 + 2 * i, 3, "%02x", random[i]);
    wk_count(s->call, "refused", 1);
    return wk_db_queue(s->call, &sim_refused_add, WK_ARGS(wk_int(no->code)), -1, NULL, err) &&
           wk_http_reply_json(s->call, http, sim_refusal_http(no), sim_refusal_body(no, trace), err);
}

static json_t *accepted_body(const struct sending *s)
{
    const char *who = s->send.user_id ? "user_id" : "wa_id";

    return json_pack("{s:s, s:[{s:s, s:s}], s:[{s:s}]}", "messaging_product", "whatsapp", "contacts", "input", s->send.input, who,
                     s->send.user_id ? s->send.user_id : s->send.phone, "messages", "id", s->id);
}

/* The message is stored; its answer does not arrive as it should. */
static bool lose_reply(struct sending *s, struct wk_http *http, struct wk_err *err)
{
    static const char page[] = "<html><body>Sorry, something went wrong.</body></html>";
    size_t len;
    const char *text = wk_json_text(s->call, accepted_body(s), &len);
    int64_t left;

    switch (s->sim->rules.loss) {
    case SIM_LOSS_CUT:
        return text && wk_http_reply(http, 200, "application/json", text, len / 2, err);
    case SIM_LOSS_SILENCE:
        left = wk_left_ms(s->call);
        if (left > 1000 && !wk_sleep(s->call, (uint32_t)(left - 1000), err))
            return false;
        break;
    case SIM_LOSS_500:
        break;
    }
    return wk_http_reply(http, 500, "text/html", page, sizeof page - 1, err);
}

/* --- storing --- */

/* One status, and its copies. */
static bool promise_status(struct sending *s, const struct sim_delivery *d, size_t which, struct wk_err *err)
{
    struct sim_rules *rules = &s->sim->rules;
    struct sim_delivery copy = *d;

    if (!d->key || !d->body)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "status");
    if (!sim_deliver_later(s->call, d, err))
        return false;
    for (int64_t i = 1; i < rules->duplicate; i++) {
        copy.key = wk_printf(s->call, "copy:%s:%zu:%d", s->id, which, (int)i);
        copy.due_us = d->due_us + sim_rules_draw(rules, rules->status_delay_ms) * 1000;
        if (!copy.key)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "status");
        if (!sim_deliver_later(s->call, &copy, err))
            return false;
    }
    return true;
}

/* sent, delivered, read, one after the other; or in any order, when the rules want that. A rule may let it fail instead. */
static bool promise_statuses(struct sending *s, const struct sim_error_rule *failing, struct wk_err *err)
{
    static const char *const words[] = {"sent", "delivered", "read"};
    struct sim_rules *rules = &s->sim->rules;
    struct sim_refusal no = {.code = failing ? failing->code : 0};
    size_t count = failing || !strcmp(s->send.type, "reaction") ? 1 : WK_COUNT(words); /* of a reaction only "sent" is told */
    bool is_shuffled = rules->statuses == SIM_STATUSES_SHUFFLED, ok = true;
    int64_t base = wk_now(s->call), due = base;

    for (size_t i = 0; ok && i < count; i++) {
        int64_t wait = sim_rules_draw(rules, rules->status_delay_ms) * 1000;
        json_t *contact = failing ? NULL : sim_contact(&s->person), *body;
        struct sim_delivery d = {.address = s->number.id, .id = s->id, .is_status = true, .contact = contact, .copies = 1};

        due = d.due_us = is_shuffled ? base + wait : due + wait;
        d.key = is_shuffled ? wk_printf(s->call, "status:%s:%zu", s->id, i) : wk_printf(s->call, "status:%s", s->id);
        d.body = body = failing ? sim_status_failed(&s->person, s->id, due / 1000000, s->send.callback, &no)
                                : sim_status(&s->person, s->id, words[i], due / 1000000, s->send.callback);
        ok = promise_status(s, &d, i, err);
        json_decref(contact);
        json_decref(body);
    }
    return ok;
}

static bool store(struct sending *s, const struct wk_span *body, const struct sim_error_rule *failing, bool is_lost, struct wk_err *err)
{
    const char *text = wk_strndup(s->call, body->data, body->len);

    if (!text || !(s->id = sim_new_wamid(s->call, person_key(s), false, err)))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "message");
    if (!wk_db_queue(s->call, &sim_message_add,
                     WK_ARGS(wk_text(s->id), wk_text(person_key(s)), wk_text(s->person.user_id ? s->person.user_id : ""),
                             wk_text(s->number.id), wk_text(s->send.callback), wk_text(text)),
                     -1, NULL, err))
        return false;
    if ((failing || s->sim->rules.statuses != SIM_STATUSES_OFF) && !promise_statuses(s, failing, err))
        return false;
    if ((failing || is_lost) && !sim_rules_store(s->call, s->sim, err))
        return false;
    if (!wk_db_step(s->call, err))
        return false;
    wk_count(s->call, "accepted", 1);
    ++*sim_stirred(s->sim, person_key(s));
    if (s->person.user_id)
        ++*sim_stirred(s->sim, s->person.user_id);
    return true;
}

/* "read" and "typing": about a message of theirs. */
static bool receipt(struct sending *s, struct wk_http *http, struct wk_err *err)
{
    struct sim_refusal no;
    struct wk_rows *rows;

    if (!wk_db_read(s->call, &sim_inbound_find, WK_ARGS(wk_text(s->send.message_id)), &rows, err))
        return false;
    if (!wk_rows_count(rows)) {
        (void)sim_refuse(&no, 131009, "Param message_id is no message that was received.");
        return refuse(s, http, &no, err);
    }
    return answer_slowly(s, err) && wk_http_reply_json(s->call, http, 200, json_pack("{s:b}", "success", 1), err);
}

bool sim_route_send(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct sending *s = wk_alloc(call, sizeof *s);
    const struct sim_error_rule *failing;
    struct wk_span body = wk_http_body(http);
    struct sim_refusal no;
    bool is_lost;

    if (!s)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "message");
    s->call = call;
    if (!(s->sim = sim_enter(call, err)))
        return false;
    if (!check_token(call, http, &no) || !check_number(s, http, &no) || !check_body(s, http, &no))
        return refuse(s, http, &no, err);
    if (s->send.is_receipt)
        return receipt(s, http, err);
    if (!find_person(s, err))
        return false;
    failing = sim_rules_take_error(&s->sim->rules, s->person.phone, s->person.user_id);
    if (failing && !failing->by_status) {
        (void)sim_refuse(&no, failing->code, "On demand, by a rule of the simulator.");
        no.http = failing->http;
        return refuse(s, http, &no, err) && sim_rules_store(call, s->sim, err);
    }
    if (!check_limits(s, &no))
        return refuse(s, http, &no, err);
    is_lost = sim_rules_take_loss(&s->sim->rules);
    if (!store(s, &body, failing, is_lost, err) || !answer_slowly(s, err))
        return false;
    return is_lost ? lose_reply(s, http, err) : wk_http_reply_json(call, http, 200, accepted_body(s), err);
}
