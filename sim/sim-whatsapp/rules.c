/* rules.c - see rules.h. */
#include "rules.h"
#include <stdio.h>
#include <string.h>
#include "validate.h"

static const char *const statuses_words[] = {"on", "off", "shuffled"};
static const char *const loss_words[] = {"cut", "silence", "500"};

void sim_rules_init(struct sim_rules *rules)
{
    uint64_t state = rules->state;

    *rules = (struct sim_rules){.duplicate = 1, .status_delay_ms = {0, 0}, .state = state};
}

WK_PRINTF(3, 4)
static bool bad(char *why, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(why, size, fmt, ap);
    va_end(ap);
    return false;
}

static bool read_int(const json_t *v, const char *key, int64_t min, int64_t max, int64_t *out, char *why, size_t size)
{
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return bad(why, size, "%s: a whole number from %lld to %lld", key, (long long)min, (long long)max);
    *out = json_integer_value(v);
    return true;
}

static bool read_bool(const json_t *v, const char *key, bool *out, char *why, size_t size)
{
    *out = json_is_true(v);
    return json_is_boolean(v) || bad(why, size, "%s: true or false", key);
}

/* [least, most], or one number for both. */
static bool read_range(const json_t *v, const char *key, int64_t out[2], char *why, size_t size)
{
    const json_t *from = json_is_array(v) ? json_array_get(v, 0) : v, *to = json_is_array(v) ? json_array_get(v, 1) : v;

    if ((json_is_array(v) && json_array_size(v) != 2) || !read_int(from, key, 0, SIM_DELAY_MAX_MS, &out[0], why, size) ||
        !read_int(to, key, 0, SIM_DELAY_MAX_MS, &out[1], why, size) || out[0] > out[1])
        return bad(why, size, "%s: [least, most] in milliseconds, from 0 to %d", key, SIM_DELAY_MAX_MS);
    return true;
}

static bool read_word(const json_t *v, const char *key, const char *const *words, size_t n, int *out, char *why, size_t size)
{
    const char *text = json_string_value(v);

    for (size_t i = 0; text && i < n; i++)
        if (!strcmp(words[i], text)) {
            *out = (int)i;
            return true;
        }
    return bad(why, size, "%s: one of %s, %s, %s", key, words[0], words[1], words[2]);
}

static bool read_error(const json_t *v, struct sim_error_rule *out, char *why, size_t size)
{
    const char *key, *to;
    int64_t n;
    json_t *value;

    if (!json_is_object(v) || !json_object_get(v, "code"))
        return bad(why, size, "errors: objects {\"code\", \"times\"?, \"to\"?, \"http\"?, \"by_status\"?}");
    *out = (struct sim_error_rule){.times = 1};
    json_object_foreach((json_t *)(uintptr_t)v, key, value) {
        if (!strcmp(key, "code")) {
            if (!read_int(value, "errors.code", 0, 999999, &n, why, size) || (!sim_code_is_known((int)n) && !bad(why, size, "errors.code: %d is no code of Meta's that is known here", (int)n)))
                return false;
            out->code = (int)n;
        } else if (!strcmp(key, "times")) {
            if (!read_int(value, "errors.times", 0, 1000000, &out->times, why, size))
                return false;
        } else if (!strcmp(key, "http")) {
            if (!read_int(value, "errors.http", 400, 599, &n, why, size))
                return false;
            out->http = (int)n;
        } else if (!strcmp(key, "by_status")) {
            if (!read_bool(value, "errors.by_status", &out->by_status, why, size))
                return false;
        } else if (!strcmp(key, "to")) {
            to = json_string_value(value);
            if (!to || (!sim_is_phone(to) && !sim_is_user_id(to)))
                return bad(why, size, "errors.to: a phone number or a user id");
            (void)snprintf(out->to, sizeof out->to, "%s", to + (*to == '+'));
        } else {
            return bad(why, size, "errors: unknown key \"%.40s\"", key);
        }
    }
    return true;
}

static bool read_errors(const json_t *v, struct sim_rules *rules, char *why, size_t size)
{
    if (!json_is_array(v) || json_array_size(v) > SIM_ERRORS_MAX)
        return bad(why, size, "errors: an array of at most %d objects", SIM_ERRORS_MAX);
    rules->error_count = json_array_size(v);
    for (size_t i = 0; i < rules->error_count; i++)
        if (!read_error(json_array_get(v, i), &rules->errors[i], why, size))
            return false;
    return true;
}

static bool read_loss(const json_t *v, struct sim_rules *rules, char *why, size_t size)
{
    const char *key;
    json_t *value;
    int how;

    if (!json_is_object(v))
        return bad(why, size, "reply_loss: an object {\"times\", \"how\"?}");
    rules->loss = SIM_LOSS_CUT;
    json_object_foreach((json_t *)(uintptr_t)v, key, value) {
        if (!strcmp(key, "times")) {
            if (!read_int(value, "reply_loss.times", 0, 1000000, &rules->loss_times, why, size))
                return false;
        } else if (!strcmp(key, "how")) {
            if (!read_word(value, "reply_loss.how", loss_words, WK_COUNT(loss_words), &how, why, size))
                return false;
            rules->loss = (enum sim_loss)how;
        } else {
            return bad(why, size, "reply_loss: unknown key \"%.40s\"", key);
        }
    }
    return true;
}

static bool read_key(struct sim_rules *r, const char *key, const json_t *v, char *why, size_t size)
{
    int64_t n;
    int word;

    if (!strcmp(key, "duplicate"))
        return read_int(v, key, 1, SIM_DUPLICATES_MAX, &r->duplicate, why, size);
    if (!strcmp(key, "delay_ms"))
        return read_range(v, key, r->delay_ms, why, size);
    if (!strcmp(key, "status_delay_ms"))
        return read_range(v, key, r->status_delay_ms, why, size);
    if (!strcmp(key, "reorder"))
        return read_bool(v, key, &r->reorder, why, size);
    if (!strcmp(key, "mix_with_other_tenants"))
        return read_bool(v, key, &r->mix, why, size);
    if (!strcmp(key, "slow_ms"))
        return read_int(v, key, 0, SIM_SLOW_MAX_MS, &r->slow_ms, why, size);
    if (!strcmp(key, "errors"))
        return read_errors(v, r, why, size);
    if (!strcmp(key, "reply_loss"))
        return read_loss(v, r, why, size);
    if (!strcmp(key, "statuses")) {
        if (!read_word(v, key, statuses_words, WK_COUNT(statuses_words), &word, why, size))
            return false;
        r->statuses = (enum sim_statuses)word;
        return true;
    }
    if (!strcmp(key, "seed")) {
        if (!read_int(v, key, 0, INT64_MAX, &n, why, size))
            return false;
        r->seed = r->state = (uint64_t)n;
        return true;
    }
    return bad(why, size, "unknown key \"%.40s\"; there are: duplicate delay_ms reorder statuses status_delay_ms errors "
                          "mix_with_other_tenants reply_loss slow_ms seed", key);
}

bool sim_rules_apply(struct sim_rules *rules, const json_t *json, char *why, size_t size)
{
    struct sim_rules next = *rules;
    const char *key;
    json_t *value;

    if (!json_is_object(json))
        return bad(why, size, "rules are a JSON object");
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
        if (!read_key(&next, key, value, why, size))
            return false;
    *rules = next;
    return true;
}

json_t *sim_rules_json(const struct sim_rules *r)
{
    json_t *errors = json_array();

    for (size_t i = 0; i < r->error_count; i++) {
        const struct sim_error_rule *e = &r->errors[i];
        json_t *one = json_pack("{s:i, s:I, s:b}", "code", e->code, "times", (json_int_t)e->times, "by_status", (int)e->by_status);

        if (*e->to)
            (void)json_object_set_new(one, "to", json_string(e->to));
        if (e->http)
            (void)json_object_set_new(one, "http", json_integer(e->http));
        (void)json_array_append_new(errors, one);
    }
    return json_pack("{s:I, s:[I,I], s:b, s:s, s:[I,I], s:o, s:b, s:{s:I, s:s}, s:I, s:I}", "duplicate", (json_int_t)r->duplicate, "delay_ms",
                     (json_int_t)r->delay_ms[0], (json_int_t)r->delay_ms[1], "reorder", (int)r->reorder, "statuses",
                     statuses_words[r->statuses], "status_delay_ms", (json_int_t)r->status_delay_ms[0], (json_int_t)r->status_delay_ms[1],
                     "errors", errors, "mix_with_other_tenants", (int)r->mix, "reply_loss", "times", (json_int_t)r->loss_times, "how",
                     loss_words[r->loss], "slow_ms", (json_int_t)r->slow_ms, "seed", (json_int_t)r->seed);
}

const struct sim_error_rule *sim_rules_take_error(struct sim_rules *rules, const char *phone, const char *user_id)
{
    for (size_t i = 0; i < rules->error_count; i++) {
        struct sim_error_rule *e = &rules->errors[i];

        if (e->times > 0 && (!*e->to || (phone && !strcmp(e->to, phone)) || (user_id && !strcmp(e->to, user_id)))) {
            e->times--;
            return e;
        }
    }
    return NULL;
}

bool sim_rules_take_loss(struct sim_rules *rules)
{
    if (rules->loss_times <= 0)
        return false;
    rules->loss_times--;
    return true;
}

void sim_rules_seed(struct sim_rules *rules, uint64_t random)
{
    if (!rules->seed)
        rules->state = random;
}

int64_t sim_rules_draw(struct sim_rules *rules, const int64_t range[2])
{
    uint64_t z = rules->state += UINT64_C(0x9e3779b97f4a7c15); /* SplitMix64 */

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return range[0] + (int64_t)(z % (uint64_t)(range[1] - range[0] + 1));
}
