/* control.c - the routes with which a test or the chat page looks at the simulator and steers it. */
#include "sim.h"

/* The shop's host, which forwards /sim/, gives up after 20 s: a wait ends well before that. */
enum { LIMIT_MAX = 1000, WAIT_MAX_MS = 15000, LOOK_MS = 20, LOOK_AGAIN_MS = 1000, ANSWER_MAX = 4 << 20, CALLBACKS_MAX = 10000 };

#define MESSAGE_COLUMNS "n, id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), address, body"
WK_SQL(sim_messages_by_phone, "SELECT " MESSAGE_COLUMNS " FROM sim_whatsapp_message WHERE person = $1 AND n > $2 ORDER BY n LIMIT $3");
WK_SQL(sim_messages_by_user, "SELECT " MESSAGE_COLUMNS " FROM sim_whatsapp_message WHERE user_id = $1 AND user_id <> '' AND n > $2 "
                             "ORDER BY n LIMIT $3");
WK_SQL(sim_rule_drop, "DELETE FROM sim_whatsapp_rule");
WK_SQL(sim_count_posts, "SELECT coalesce(sum(updates) FILTER (WHERE status = 200), 0), count(*) FILTER (WHERE status = 200), "
                        "count(*) FILTER (WHERE status <> 200), coalesce(max(updates), 0) FROM sim_whatsapp_post");
WK_SQL(sim_count_due, "SELECT count(*) FROM sim_whatsapp_due");
WK_SQL(sim_count_messages, "SELECT count(*) FROM sim_whatsapp_message");
WK_SQL(sim_count_said, "SELECT count(*) FROM sim_whatsapp_inbound");
WK_SQL(sim_count_refused, "SELECT code, times FROM sim_whatsapp_refused ORDER BY code");
WK_SQL(sim_count_callbacks, "SELECT callback, count(*) FROM sim_whatsapp_message WHERE callback IS NOT NULL GROUP BY callback "
                            "ORDER BY count(*) DESC, callback LIMIT $1");

/* --- messages --- */

/* A query parameter as a number from min to max; absent: fallback. */
static bool query_int(struct wk_http *http, const char *name, int64_t min, int64_t max, int64_t fallback, int64_t *out)
{
    const char *text = wk_http_query(http, name);
    char *end;

    *out = text ? strtoll(text, &end, 10) : fallback;
    return !text || (*text && !*end && strlen(text) < 19 && *out >= min && *out <= max);
}

/* The array, oldest first; `body` is the text as received, which is why this is not built by a JSON library. */
static const char *messages_text(struct wk_call *call, const struct wk_rows *rows, size_t *len)
{
    size_t n = wk_rows_count(rows), need = 3, shown = 0;
    char *text, *p;

    for (; shown < n && need < ANSWER_MAX; shown++) /* more than that is asked for again with `after` */
        need += wk_rows_span(rows, shown, 4).len + 400;
    if (!(text = p = wk_alloc(call, need)))
        return NULL;
    *p++ = '[';
    for (size_t i = 0; i < shown; i++) {
        struct wk_span body = wk_rows_span(rows, i, 4);

        p += sprintf(p, "%s{\"n\":%lld,\"id\":\"%.140s\",\"at\":\"%.40s\",\"from\":\"%.30s\",\"body\":", i ? "," : "",
                     (long long)wk_rows_int(rows, i, 0), wk_rows_text(rows, i, 1), wk_rows_text(rows, i, 2), wk_rows_text(rows, i, 3));
        memcpy(p, body.data, body.len);
        p += body.len;
        *p++ = '}';
    }
    *p++ = ']';
    *len = (size_t)(p - text);
    return text;
}

/* Until something is stored for that person, or `until`; memory tells, and the database once a second. */
static bool wait_for_more(struct wk_call *call, struct sim *sim, const char *who, uint32_t seen, int64_t until_us, struct wk_err *err)
{
    for (int waited = 0; waited < LOOK_AGAIN_MS && *sim_stirred(sim, who) == seen && wk_now(call) < until_us; waited += LOOK_MS)
        if (!wk_sleep(call, LOOK_MS, err))
            return false;
    return true;
}

bool sim_route_messages(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct sim *sim = sim_enter(call, err);
    const char *to = wk_http_query(http, "to"), *text;
    int64_t after, limit, wait, until;
    struct wk_rows *rows;
    bool is_user;
    uint32_t seen;
    size_t len;

    if (!sim)
        return false;
    if (!to || !((is_user = sim_is_user_id(to)) || sim_is_phone(to)))
        return sim_reply_error(call, http, 400, "to: a phone number or a user id", err);
    to += *to == '+';
    if (!query_int(http, "after", 0, INT64_MAX, 0, &after) || !query_int(http, "limit", 1, LIMIT_MAX, LIMIT_MAX, &limit) ||
        !query_int(http, "wait_ms", 0, WAIT_MAX_MS, 0, &wait))
        return sim_reply_error(call, http, 400, "after from 0, limit 1 to 1000, wait_ms 0 to 15000", err);
    until = wk_now(call) + wait * 1000;
    for (;;) {
        seen = *sim_stirred(sim, to);
        if (!wk_db_read(call, is_user ? &sim_messages_by_user : &sim_messages_by_phone,
                        WK_ARGS(wk_text(to), wk_int(after), wk_int(limit)), &rows, err))
            return false;
        if (wk_rows_count(rows) || wk_now(call) >= until)
            break;
        if (!wait_for_more(call, sim, to, seen, until, err))
            return false;
    }
    text = messages_text(call, rows, &len);
    return text ? wk_http_reply(http, 200, "application/json", text, len, err)
                : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "messages");
}

/* --- rules --- */

bool sim_route_rules(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct sim *sim = sim_enter(call, err);
    struct wk_span body = wk_http_body(http);
    struct wk_err bad;
    char why[300];
    json_t *json;

    if (!sim)
        return false;
    if (!(json = wk_json_parse(call, body.data, body.len, &bad)))
        return sim_reply_error(call, http, 400, bad.msg, err);
    if (!sim_rules_apply(&sim->rules, json, why, sizeof why))
        return sim_reply_error(call, http, 400, why, err);
    return sim_rules_store(call, sim, err) && wk_http_reply_json(call, http, 200, sim_rules_json(&sim->rules), err);
}

bool sim_route_rules_reset(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct sim *sim = sim_enter(call, err);

    if (!sim || !wk_db_queue(call, &sim_rule_drop, WK_NO_ARGS, -1, NULL, err))
        return false;
    sim_rules_init(&sim->rules);
    return wk_http_reply_json(call, http, 200, sim_rules_json(&sim->rules), err);
}

bool sim_route_rules_show(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct sim *sim = sim_enter(call, err);

    return sim && wk_http_reply_json(call, http, 200, sim_rules_json(&sim->rules), err);
}

/* --- a body of the caller's making --- */

bool sim_route_webhook(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct sim *sim = sim_enter(call, err);
    const char *secret = wk_http_query(http, "secret"), *key = NULL;
    struct wk_span body = wk_http_body(http);
    struct wk_err why = {0};
    int status;

    if (!sim)
        return false;
    if (!secret || !strcmp(secret, "right"))
        key = wk_setting_string(call, "app_secret");
    else if (!strcmp(secret, "wrong"))
        key = wk_printf(call, "not-%s", wk_setting_string(call, "app_secret"));
    else if (strcmp(secret, "none"))
        return sim_reply_error(call, http, 400, "secret: right, wrong or none", err);
    if (!sim_post(call, body.data, body.len, key, &status, &why))
        return wk_http_reply_json(call, http, 200, json_pack("{s:i, s:s}", "status", 0, "error", why.msg), err);
    return wk_http_reply_json(call, http, 200, json_pack("{s:i}", "status", status), err);
}

/* --- stats --- */

static json_t *stats_json(const struct wk_query *q)
{
    json_t *refused = json_object(), *sends = json_object(), *doubled = json_array();
    int64_t most = 0;
    char code[16];

    for (size_t i = 0; i < wk_rows_count(q[4].rows); i++) {
        (void)snprintf(code, sizeof code, "%d", (int)wk_rows_int(q[4].rows, i, 0));
        (void)json_object_set_new(refused, code, json_integer(wk_rows_int(q[4].rows, i, 1)));
    }
    for (size_t i = 0; i < wk_rows_count(q[5].rows); i++) {
        const char *callback = wk_rows_text(q[5].rows, i, 0);
        int64_t n = wk_rows_int(q[5].rows, i, 1);

        most = n > most ? n : most;
        (void)json_object_set_new(sends, callback, json_integer(n));
        if (n > 1)
            (void)json_array_append_new(doubled, json_pack("{s:s, s:I}", "callback", callback, "sends", (json_int_t)n));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o}", "webhooks_delivered", (json_int_t)wk_rows_int(q[0].rows, 0, 0),
                     "posts", (json_int_t)wk_rows_int(q[0].rows, 0, 1), "webhooks_retried", (json_int_t)wk_rows_int(q[0].rows, 0, 2),
                     "updates_per_post_max", (json_int_t)wk_rows_int(q[0].rows, 0, 3), "pending", (json_int_t)wk_rows_int(q[1].rows, 0, 0),
                     "messages", (json_int_t)wk_rows_int(q[2].rows, 0, 0), "said", (json_int_t)wk_rows_int(q[3].rows, 0, 0),
                     "refused_by_code", refused, "sends_per_callback_max", (json_int_t)most, "sends_per_callback", sends,
                     "duplicates_by_callback", doubled);
}

bool sim_route_stats(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct sim *sim = sim_enter(call, err);
    const struct wk_arg most = wk_int(CALLBACKS_MAX);
    struct wk_query q[] = {{.sql = &sim_count_posts}, {.sql = &sim_count_due}, {.sql = &sim_count_messages}, {.sql = &sim_count_said},
                           {.sql = &sim_count_refused}, {.sql = &sim_count_callbacks, .args = &most, .n = 1}};

    return sim && wk_db_read_all(call, q, WK_COUNT(q), err) && wk_http_reply_json(call, http, 200, stats_json(q), err);
}
