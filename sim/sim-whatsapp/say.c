/* say.c - POST /sim/whatsapp/say: a person writes. The message is an update to deliver; the answer comes when it is stored. */
#include "sim.h"

enum { PROFILE_MAX = 100, TIMES_MAX = 20, DELAY_MAX_MS = 86400000 };

WK_SQL(sim_inbound_add, "INSERT INTO sim_whatsapp_inbound (id, phone, user_id, name, address) VALUES ($1, $2, $3, $4, $5) "
                        "ON CONFLICT (tenant_id, id) DO NOTHING");

struct said {
    struct sim_person person;
    struct sim_number number;
    const char *id, *type;
    json_t *content; /* {"text":{...}}: the part that the type is about */
    int64_t times, delay_ms;
};

static bool no(struct sim_refusal *out, const char *text) { return sim_refuse(out, 100, "%s", text); }

static bool read_who(struct sim *sim, const json_t *in, struct said *out, struct sim_refusal *why)
{
    const char *from, *to;

    if (!sim_may_text(in, "say", "from", (struct sim_range){5, 16, 0}, &from, why) ||
        !sim_may_text(in, "say", "user_id", (struct sim_range){4, SIM_USER_ID_MAX, 0}, &out->person.user_id, why) ||
        !sim_may_text(in, "say", "name", (struct sim_range){0, PROFILE_MAX, 0}, &out->person.name, why) ||
        !sim_need_text(in, "say", "to", (struct sim_range){5, 20, 0}, &to, why))
        return false;
    if (!from && !out->person.user_id)
        return no(why, "from (a phone number) or user_id is needed");
    if (from && !sim_is_phone(from))
        return no(why, "from is a phone number of 5 to 15 digits");
    if (out->person.user_id && !sim_is_user_id(out->person.user_id))
        return no(why, "user_id looks like ZA.1234567890");
    out->person.phone = from ? from + (*from == '+') : NULL;
    return sim_numbers_find(sim->numbers, to, &out->number) || no(why, "to is no phone_number_id of the setting numbers");
}

static bool read_choice(const json_t *choice, struct said *out, struct sim_refusal *why)
{
    const char *id, *title, *kind, *about;
    bool is_list;

    if (!sim_only_keys(choice, "choice", SIM_WORDS("id", "title", "kind", "description"), why) ||
        !sim_need_text(choice, "choice", "id", (struct sim_range){1, SIM_BUTTON_ID_MAX, 0}, &id, why) ||
        !sim_need_text(choice, "choice", "title", (struct sim_range){1, SIM_ROW_TITLE_MAX, 0}, &title, why) ||
        !sim_may_text(choice, "choice", "description", (struct sim_range){0, SIM_ROW_DESCRIPTION_MAX, 0}, &about, why) ||
        !sim_need_choice(choice, "choice", "kind", SIM_WORDS("button", "list"), &kind, why))
        return false;
    is_list = !strcmp(kind, "list");
    out->type = "interactive";
    out->content = json_pack("{s:{s:s, s:{s:s, s:s}}}", "interactive", "type", is_list ? "list_reply" : "button_reply",
                             is_list ? "list_reply" : "button_reply", "id", id, "title", title);
    if (is_list && about && *about)
        (void)json_object_set_new(json_object_get(json_object_get(out->content, "interactive"), "list_reply"), "description",
                                  json_string(about));
    return true;
}

static bool read_location(json_t *place, struct said *out, struct sim_refusal *why)
{
    double latitude = json_number_value(json_object_get(place, "latitude")), longitude = json_number_value(json_object_get(place, "longitude"));

    if (!sim_only_keys(place, "location", SIM_WORDS("latitude", "longitude", "name", "address", "url"), why))
        return false;
    if (!json_is_number(json_object_get(place, "latitude")) || !json_is_number(json_object_get(place, "longitude")) || latitude < -90 ||
        latitude > 90 || longitude < -180 || longitude > 180)
        return no(why, "location has numbers: latitude from -90 to 90, longitude from -180 to 180");
    out->type = "location";
    out->content = json_pack("{s:O}", "location", place);
    return true;
}

/* A message object as Meta would send it, of any type; what it leaves out (id, from, timestamp) is filled in. */
static bool read_raw(json_t *raw, struct said *out, struct sim_refusal *why)
{
    if (!sim_may_text(raw, "raw", "id", (struct sim_range){1, SIM_WAMID_MAX, 0}, &out->id, why))
        return false;
    out->type = NULL; /* its own, or none: such messages exist */
    out->content = json_incref(raw);
    return true;
}

static bool read_what(const json_t *in, struct said *out, struct sim_refusal *why)
{
    static const char *const words[] = {"text", "choice", "location", "raw"};
    json_t *what = NULL;
    size_t which = 0, found = 0;

    for (size_t i = 0; i < WK_COUNT(words); i++)
        if (json_object_get(in, words[i])) {
            what = json_object_get(in, words[i]);
            which = i;
            found++;
        }
    if (found != 1)
        return no(why, "one of text, choice, location, raw is needed");
    if (which == 0) {
        out->type = "text";
        out->content = json_pack("{s:{s:O}}", "text", "body", what);
        return sim_need_text(in, "say", "text", (struct sim_range){1, SIM_TEXT_MAX, 0}, NULL, why);
    }
    if (!json_is_object(what))
        return no(why, "choice, location and raw are objects");
    return which == 1 ? read_choice(what, out, why) : which == 2 ? read_location(what, out, why) : read_raw(what, out, why);
}

static bool read_options(const json_t *in, struct said *out, struct sim_refusal *why)
{
    const json_t *times = json_object_get(in, "times"), *delay = json_object_get(in, "delay_ms");
    const char *context;

    out->times = times ? json_integer_value(times) : 0;
    out->delay_ms = delay ? json_integer_value(delay) : 0;
    if ((times && !json_is_integer(times)) || out->times < 0 || out->times > TIMES_MAX)
        return no(why, "times is a whole number from 1 to 20");
    if ((delay && !json_is_integer(delay)) || out->delay_ms < 0 || out->delay_ms > DELAY_MAX_MS)
        return no(why, "delay_ms is a whole number from 0 to 86400000");
    if (!sim_may_text(in, "say", "context", (struct sim_range){1, SIM_WAMID_MAX, 0}, &context, why))
        return false;
    if (context && !json_object_get(out->content, "context"))
        (void)json_object_set_new(out->content, "context", json_pack("{s:s, s:s}", "from", out->number.display, "id", context));
    return true;
}

static bool read_said(struct wk_call *call, struct sim *sim, const json_t *in, struct said *out, struct sim_refusal *why)
{
    bool ok = (json_is_object(in) || no(why, "a JSON object is wanted")) &&
              sim_only_keys(in, "say", SIM_WORDS("from", "user_id", "name", "to", "type", "text", "choice", "location", "raw", "times",
                                                 "delay_ms", "context"),
                            why) &&
              read_who(sim, in, out, why) && read_what(in, out, why);

    if (out->content && !wk_defer(call, wk_json_drop, out->content)) {
        json_decref(out->content);
        return no(why, "no memory");
    }
    return ok && read_options(in, out, why);
}

/* Copies are made by duplicate of the rules, or by `times` for this one. */
static bool deliver(struct wk_call *call, struct sim *sim, const struct said *s, struct wk_err *err)
{
    const char *who = s->person.phone ? s->person.phone : s->person.user_id;
    json_t *contact = sim_contact(&s->person), *body = sim_message(&s->person, s->id, wk_now(call) / 1000000, s->type, s->content);
    struct sim_delivery d = {.address = s->number.id, .id = s->id, .contact = contact, .body = body,
                             .copies = s->times > 1 ? s->times : sim->rules.duplicate,
                             .due_us = wk_now(call) + (s->delay_ms + sim_rules_draw(&sim->rules, sim->rules.delay_ms)) * 1000,
                             .key = sim->rules.reorder ? wk_printf(call, "message:%s", s->id) : wk_printf(call, "person:%s", who)};
    bool ok = (contact && body && d.key) || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "message");

    ok = ok && sim_deliver_later(call, &d, err);
    json_decref(contact);
    json_decref(body);
    return ok;
}

bool sim_route_say(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct sim *sim = sim_enter(call, err);
    struct wk_span body = wk_http_body(http);
    struct said s = {0};
    struct sim_refusal why;
    struct wk_err bad;
    json_t *in;

    if (!sim)
        return false;
    if (!(in = wk_json_parse(call, body.data, body.len, &bad)))
        return sim_reply_error(call, http, 400, bad.msg, err);
    if (!read_said(call, sim, in, &s, &why))
        return sim_reply_error(call, http, 400, why.details, err);
    if (!s.id && !(s.id = sim_new_wamid(call, s.person.phone ? s.person.phone : s.person.user_id, true, err)))
        return false;
    wk_count(call, "said", 1);
    sim_number_heard(sim->limits, s.number.id, wk_setting_int(call, "throughput"), wk_now(call));
    return wk_db_queue(call, &sim_inbound_add,
                       WK_ARGS(wk_text(s.id), wk_text(s.person.phone ? s.person.phone : ""),
                               wk_text(s.person.user_id ? s.person.user_id : ""), wk_text(s.person.name ? s.person.name : ""),
                               wk_text(s.number.id)),
                       -1, NULL, err) &&
           deliver(call, sim, &s, err) && wk_http_reply_json(call, http, 200, json_pack("{s:s}", "id", s.id), err);
}
