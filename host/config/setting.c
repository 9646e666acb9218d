/* setting.c - one value, one schema row: what is allowed and what is wrong. */
#include <errno.h>
#include <stdlib.h>
#include "config/networks.h"
#include "config/value.h"

struct unit {
    const char *name;
    int64_t factor;
};
static const struct unit durations[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit sizes[] = {{"", 1}, {"k", 1024}, {"M", 1024 * 1024}, {"G", 1024 * 1024 * 1024}, {NULL, 0}};

/* Digits, then exactly one of the units; no sign, no blank, no overflow. */
static bool parse_units(const char *text, const struct unit *units, int64_t *out)
{
    int64_t value = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
            return false;
    if (p == text)
        return false;
    for (; units->name; units++)
        if (!strcmp(p, units->name))
            return !__builtin_mul_overflow(value, units->factor, out);
    return false;
}

bool wk_duration_parse(const char *text, int64_t *ms) { return parse_units(text, durations, ms); }
bool wk_size_parse(const char *text, int64_t *bytes) { return parse_units(text, sizes, bytes); }

static bool int_parse(const char *text, int64_t *out)
{
    char *rest;
    long long value;

    if (!((*text >= '0' && *text <= '9') || (*text == '-' && text[1] >= '0' && text[1] <= '9')))
        return false;
    errno = 0;
    value = strtoll(text, &rest, 10);
    *out = value;
    return errno == 0 && *rest == '\0';
}

static bool bool_parse(const char *text, int64_t *out)
{
    *out = !strcmp(text, "true");
    return *out || !strcmp(text, "false");
}

static bool choice_parse(const char *choices, const char *text, int64_t *out)
{
    size_t len = strlen(text);

    *out = 0;
    for (const char *p = choices; p && *p; (*out)++) {
        size_t n = strcspn(p, "|");

        if (n == len && !memcmp(p, text, n))
            return true;
        p += n + (p[n] == '|');
    }
    return false;
}

/* The bound as people write it: 30m rather than 1800000. */
static void unit_text(enum wk_setting_type type, int64_t value, char *buf, size_t size)
{
    const struct unit *units = type == WK_TYPE_DURATION ? durations : sizes, *best = units;

    if (type != WK_TYPE_DURATION && type != WK_TYPE_SIZE) {
        (void)snprintf(buf, size, "%lld", (long long)value);
        return;
    }
    for (const struct unit *u = units; u->name; u++)
        if (value && value % u->factor == 0)
            best = u;
    (void)snprintf(buf, size, "%lld%s", (long long)(value / best->factor), best->name);
}

static bool has_min(const struct wk_setting *s) { return s->min != 0 || s->max != 0; }
static bool has_max(const struct wk_setting *s) { return s->max != 0 || s->min < 0; } /* min > 0 with max 0: no upper bound */

const char *wk_setting_allowed(const struct wk_setting *setting, char *buf, size_t size)
{
    static const char *const what[] = {
        [WK_TYPE_STRING] = "text in quotes", [WK_TYPE_INT] = "a whole number", [WK_TYPE_BOOL] = "true or false",
        [WK_TYPE_DURATION] = "a duration in quotes, such as \"500ms\" \"30s\" \"10m\" \"24h\" \"8d\"",
        [WK_TYPE_SIZE] = "a size in quotes, such as \"64k\" \"3M\" \"1G\"", [WK_TYPE_CHOICE] = "one of ",
        [WK_TYPE_SECRET] = "\"env:NAME\" or \"file:PATH\""};
    char lo[32], hi[32];
    size_t n;

    if (setting->type < WK_TYPE_STRING || setting->type > WK_TYPE_SECRET) {
        (void)snprintf(buf, size, "?");
        return buf;
    }
    (void)snprintf(buf, size, "%s", what[setting->type]);
    if (setting->flags & WK_HOST_ADDRESS)
        (void)snprintf(buf, size, "\"address:port\", such as \"127.0.0.1:8080\" or \"[::1]:8080\"");
    if (setting->flags & WK_HOST_NETWORKS)
        (void)snprintf(buf, size, "addresses and networks in quotes, such as \"10.1.2.3 10.2.0.0/16 fd00::/8\"");
    if (setting->flags & WK_HOST_LITERAL)
        (void)snprintf(buf, size, "a conninfo without a password, or \"env:NAME\" or \"file:PATH\" for all of it");
    n = strlen(buf);
    if (setting->type == WK_TYPE_CHOICE) {
        for (const char *p = setting->choices; p && *p && n + 3 < size; p++) {
            n += (size_t)snprintf(buf + n, size - n, *p == '|' ? ", " : "%c", *p);
        }
        return buf;
    }
    unit_text(setting->type, setting->min, lo, sizeof lo);
    unit_text(setting->type, setting->max, hi, sizeof hi);
    if (n < size && has_min(setting) && has_max(setting))
        (void)snprintf(buf + n, size - n, setting->type == WK_TYPE_STRING ? ", %s to %s characters" : " from %s to %s", lo, hi);
    else if (n < size && has_min(setting))
        (void)snprintf(buf + n, size - n, setting->type == WK_TYPE_STRING ? ", at least %s characters" : ", at least %s", lo);
    return buf;
}

/* "127.0.0.1:8080", "[::1]:8080", "localhost:80" */
static bool is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    int64_t port;

    if (!colon || colon == text || !int_parse(colon + 1, &port) || port < 1 || port > 65535)
        return false;
    if (*text == '[')
        return colon - text > 3 && colon[-1] == ']';
    for (const char *p = text; p < colon; p++)
        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '.' || *p == '-'))
            return false;
    return true;
}

static bool is_name(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return n > 0 && text[n] == '\0';
}

static bool is_hex64(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

/* Plain text: what a log line and a header can carry. Tabs and line ends pass in secrets (PEM keys). */
static bool has_control(const struct wk_setting *setting, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if ((*p < 0x20 || *p == 0x7f) && !(setting->type == WK_TYPE_SECRET && strchr("\r\n\t", *p)))
            return true;
    return false;
}

static bool flags_hold(const struct wk_setting *setting, const char *text, char *why, size_t size)
{
    const char *wrong = NULL;
    struct wk_networks networks;

    if (setting->flags & WK_HOST_NETWORKS)
        return wk_networks_parse(text, &networks, why, size);
    if ((setting->flags & WK_HOST_ADDRESS) && *text && !is_address(text))
        wrong = "is not an address with a port";
    else if ((setting->flags & WK_HOST_NAME) && !is_name(text))
        wrong = "may hold a-z, 0-9 and - only";
    else if ((setting->flags & WK_HOST_KEY32) && !is_hex64(text))
        wrong = "must be 32 bytes as 64 hex digits (openssl rand -hex 32)";
    if (wrong)
        (void)snprintf(why, size, "%s", wrong);
    return !wrong;
}

static bool in_range(const struct wk_setting *setting, int64_t value, char *why, size_t size)
{
    bool is_low = has_min(setting) && value < setting->min, is_high = has_max(setting) && value > setting->max;

    if (is_low || is_high)
        (void)snprintf(why, size, "is too %s", setting->type == WK_TYPE_STRING || setting->type == WK_TYPE_SECRET
                                                   ? (is_low ? "short" : "long")
                                                   : (is_low ? "small" : "large"));
    return !is_low && !is_high;
}

bool wk_value_check(const struct wk_setting *setting, const char *text, int64_t *number, char *why, size_t size)
{
    int64_t value = 0, measured;
    bool is_typed = true;

    switch (setting->type) {
    case WK_TYPE_INT: is_typed = int_parse(text, &value); break;
    case WK_TYPE_BOOL: is_typed = bool_parse(text, &value); break;
    case WK_TYPE_DURATION: is_typed = wk_duration_parse(text, &value); break;
    case WK_TYPE_SIZE: is_typed = wk_size_parse(text, &value); break;
    case WK_TYPE_CHOICE: is_typed = choice_parse(setting->choices, text, &value); break;
    default: break;
    }
    if (number)
        *number = value;
    if (!is_typed) {
        (void)snprintf(why, size, "\"%.40s\" is %s", text,
                       setting->type == WK_TYPE_DURATION ? "not a duration with its unit"
                       : setting->type == WK_TYPE_CHOICE ? "not one of the choices"
                       : setting->type == WK_TYPE_SIZE   ? "not a size"
                       : setting->type == WK_TYPE_BOOL   ? "neither true nor false"
                                                         : "not a whole number");
        return false;
    }
    if (has_control(setting, text)) {
        (void)snprintf(why, size, "holds a control character");
        return false;
    }
    if ((setting->flags & WK_REQUIRED) && !*text) {
        (void)snprintf(why, size, "must not be empty");
        return false;
    }
    measured = setting->type == WK_TYPE_STRING || setting->type == WK_TYPE_SECRET ? (int64_t)strlen(text) : value;
    if (setting->type == WK_TYPE_BOOL || setting->type == WK_TYPE_CHOICE)
        return true; /* their number is an index, ranges do not apply */
    return in_range(setting, measured, why, size) && flags_hold(setting, text, why, size);
}

bool wk_setting_parse(const struct wk_setting *setting, const char *text, int64_t *number, struct wk_err *err)
{
    char why[128], allowed[160];

    if (wk_value_check(setting, text, number, why, sizeof why))
        return true;
    return wk_fail(err, WK_BUSINESS, "setting.invalid", "%s: %s; allowed: %s", setting->key, why,
                   setting->type == WK_TYPE_SECRET ? "a secret of the right length" : wk_setting_allowed(setting, allowed, sizeof allowed));
}

static bool is_key(const char *key, bool with_dots)
{
    size_t n = strspn(key, with_dots ? "abcdefghijklmnopqrstuvwxyz0123456789_." : "abcdefghijklmnopqrstuvwxyz0123456789_");

    return n > 0 && n < 64 && key[n] == '\0';
}

static bool row_check(const struct wk_setting *s, bool with_dots, struct wk_err *err)
{
    char why[128];

    if (!is_key(s->key, with_dots))
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%.40s\": a key has only a-z, 0-9 and _ (63 at most)", s->key);
    if (!with_dots && (!strcmp(s->key, "enabled") || !strcmp(s->key, "required")))
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": the name belongs to the host", s->key);
    if (s->type < WK_TYPE_STRING || s->type > WK_TYPE_SECRET)
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": unknown type %d", s->key, (int)s->type);
    if (s->scope != WK_SCOPE_HOST && s->scope != WK_SCOPE_TENANT)
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": unknown scope %d", s->key, (int)s->scope);
    if (s->type == WK_TYPE_CHOICE && (!s->choices || !*s->choices))
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": a choice without choices", s->key);
    if (has_min(s) && has_max(s) && s->min > s->max)
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": min is above max", s->key);
    if (!s->help || !*s->help)
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": no help text", s->key);
    if (s->type == WK_TYPE_SECRET && s->fallback)
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": a secret has no default", s->key);
    if ((s->flags & WK_REQUIRED) && s->fallback)
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": required and with a default", s->key);
    if (!s->fallback && !(s->flags & WK_REQUIRED) && s->type != WK_TYPE_SECRET && s->type != WK_TYPE_STRING)
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": neither a default nor required", s->key);
    if (s->fallback && !wk_value_check(s, s->fallback, NULL, why, sizeof why))
        return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\": its default %s", s->key, why);
    return true;
}

bool wk_schema_check_keys(const struct wk_setting *schema, bool with_dots, struct wk_err *err)
{
    size_t n = 0;

    for (const struct wk_setting *s = schema; s && s->key; s++) {
        if (++n > 256)
            return wk_fail(err, WK_SYSTEM, "setting.schema", "more than 256 settings: does the table end with {0}?");
        if (!row_check(s, with_dots, err))
            return false;
        for (const struct wk_setting *t = schema; t < s; t++)
            if (!strcmp(t->key, s->key))
                return wk_fail(err, WK_SYSTEM, "setting.schema", "setting \"%s\" stands twice in the table", s->key);
    }
    return true;
}

bool wk_schema_check(const struct wk_setting *schema, struct wk_err *err) { return wk_schema_check_keys(schema, false, err); }
