/* state.c - see sim.h: the ground that every route stands on. */
#include "sim.h"
#include "sign.h"

WK_SQL(sim_rule_read, "SELECT body FROM sim_whatsapp_rule");
WK_SQL(sim_rule_write, "INSERT INTO sim_whatsapp_rule (body) VALUES ($1) ON CONFLICT (tenant_id) DO UPDATE SET body = excluded.body");

static bool read_rules(struct wk_call *call, struct sim *sim, struct wk_err *err)
{
    struct wk_rows *rows;
    struct wk_span text;
    char why[200];
    uint64_t random;
    json_t *json;

    if (!wk_db_read(call, &sim_rule_read, WK_NO_ARGS, &rows, err) || !wk_random(call, &random, sizeof random, err))
        return false;
    if (sim->are_rules_known) /* somebody else was faster */
        return true;
    sim_rules_init(&sim->rules);
    if (wk_rows_count(rows)) {
        text = wk_rows_span(rows, 0, 0);
        if (!(json = wk_json_parse(call, text.data, text.len, err)))
            return false;
        if (!sim_rules_apply(&sim->rules, json, why, sizeof why))
            wk_log(call, WK_WARN, "stored rules are not understood any more and are dropped: %s", why);
    }
    sim_rules_seed(&sim->rules, random);
    sim->are_rules_known = true;
    return true;
}

struct sim *sim_enter(struct wk_call *call, struct wk_err *err)
{
    struct sim *sim = wk_state(call);
    struct wk_uuid tenant;

    if (!wk_uuid_parse(SIM_TENANT, &tenant) || !wk_enter_tenant(call, &tenant, err))
        return NULL;
    return sim->are_rules_known || read_rules(call, sim, err) ? sim : NULL;
}

bool sim_rules_store(struct wk_call *call, struct sim *sim, struct wk_err *err)
{
    const char *text = wk_json_text(call, sim_rules_json(&sim->rules), NULL);

    if (!text)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "rules");
    return wk_db_queue(call, &sim_rule_write, WK_ARGS(wk_text(text)), -1, NULL, err);
}

uint32_t *sim_stirred(struct sim *sim, const char *person)
{
    uint32_t h = 2166136261u;

    for (; *person; person++)
        h = (h ^ (unsigned char)*person) * 16777619u;
    return &sim->stirred[(h ^ h >> 16) % SIM_STIR];
}

bool sim_reply_error(struct wk_call *call, struct wk_http *http, int status, const char *text, struct wk_err *err)
{
    return wk_http_reply_json(call, http, status, json_pack("{s:s}", "error", text), err);
}

const char *sim_new_wamid(struct wk_call *call, const char *person, bool is_inbound, struct wk_err *err)
{
    uint8_t random[SIM_WAMID_RANDOM];
    char *out = wk_alloc(call, SIM_WAMID_SIZE);

    if (!out) {
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "message id");
        return NULL;
    }
    return wk_random(call, random, sizeof random, err) ? sim_wamid(person, is_inbound, random, out) : NULL;
}

bool sim_post(struct wk_call *call, const char *body, size_t len, const char *secret, int *status, struct wk_err *err)
{
    char signature[SIM_SIGNATURE_SIZE] = "";
    const struct wk_header headers[] = {{"Content-Type", "application/json"}, {"User-Agent", "facebookexternalua"},
                                        {"X-Hub-Signature-256", signature}};
    struct wk_fetch request = {.size = sizeof request, .timeout_ms = (uint32_t)wk_setting_ms(call, "callback_timeout"), .method = "POST",
                               .url = wk_setting_string(call, "callback_url"), .headers = headers,
                               .header_count = secret ? 3 : 2, .body = body, .body_len = len, .reply_max = 64 * 1024};
    struct wk_fetched reply = {.size = sizeof reply};
    bool ok;

    *status = 0;
    if (secret && !sim_sign(secret, body, len, signature))
        return wk_fail(err, WK_SYSTEM, "sim_whatsapp.crypto", "OpenSSL has no HMAC-SHA256");
    ok = wk_fetch(call, &request, &reply, err);
    *status = ok ? reply.status : 0;
    wk_count(call, *status == 200 ? "posts_taken" : "posts_failed", 1);
    return ok;
}
