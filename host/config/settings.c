#include "config/settings.h"
#include <stdlib.h>
#include "config/config.h"
#include "config/value.h"

struct wk_settings {
    size_t count;
    struct wk_value *values; /* in the order of the schema */
    struct wk_value **by_key; /* the same, sorted */
};

struct build { /* what every step of one check needs */
    const struct wk_setting *schema;
    const struct wk_raw_file *file;
    const char *base;
    struct wk_problems *problems;
};

void wk_settings_destroy(struct wk_settings *settings)
{
    if (!settings)
        return;
    for (size_t i = 0; settings->values && i < settings->count; i++) {
        struct wk_value *value = &settings->values[i];

        wk_secret_free((char *)(uintptr_t)value->text); /* ours; const for readers */
        free((char *)(uintptr_t)value->source);
    }
    free(settings->values);
    free(settings->by_key);
    free(settings);
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(struct wk_value *const *)a)->key, (*(struct wk_value *const *)b)->key);
}

const struct wk_value *wk_settings_get(const struct wk_settings *settings, const char *key)
{
    size_t lo = 0, hi = settings ? settings->count : 0;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = strcmp(key, settings->by_key[mid]->key);

        if (order == 0)
            return settings->by_key[mid];
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

bool wk_settings_has(const struct wk_settings *settings, const char *key) { return wk_settings_get(settings, key) != NULL; }

const char *wk_settings_text(const struct wk_settings *settings, const char *key)
{
    const struct wk_value *value = wk_settings_get(settings, key);

    return value ? value->text : NULL;
}

int64_t wk_settings_int(const struct wk_settings *settings, const char *key)
{
    const struct wk_value *value = wk_settings_get(settings, key);

    return value ? value->number : 0;
}

bool wk_settings_bool(const struct wk_settings *settings, const char *key) { return wk_settings_int(settings, key) != 0; }

void wk_settings_each(const struct wk_settings *settings, void (*visit)(const struct wk_value *value, void *arg), void *arg)
{
    for (size_t i = 0; settings && i < settings->count; i++)
        visit(&settings->values[i], arg);
}

const char *wk_value_shown(const struct wk_value *value, char *buf, size_t size)
{
    if (value->setting->type != WK_TYPE_SECRET)
        (void)snprintf(buf, size, "%s", value->text);
    else if (!value->text)
        (void)snprintf(buf, size, "(not set)");
    else if (value->source)
        (void)snprintf(buf, size, "%s (set)", value->source);
    else
        (void)snprintf(buf, size, "(hidden)");
    return buf;
}

/* ---- from a raw file ------------------------------------------------------------------------------------------------ */

static void report(const struct build *b, const struct wk_setting *setting, int line, const char *wrong)
{
    char allowed[320];

    wk_problems_at(b->problems, b->file->path, line, "%s: %s; allowed: %s", setting->key, wrong,
                   wk_setting_allowed(setting, allowed, sizeof allowed));
}

/* The value as text, or NULL when its kind is wrong (reported). buf is for numbers. */
static const char *text_of(const struct build *b, const struct wk_setting *setting, const struct wk_raw *raw, char *buf, size_t size)
{
    bool is_ok = raw->type == WK_RAW_STRING;
    const char *wrong = "must be text in quotes";

    if (setting->type == WK_TYPE_INT) {
        is_ok = raw->type == WK_RAW_INT;
        wrong = raw->type == WK_RAW_STRING ? "must be a number without quotes" : "must be a whole number";
    } else if (setting->type == WK_TYPE_BOOL) {
        is_ok = raw->type == WK_RAW_BOOL;
        wrong = raw->type == WK_RAW_STRING ? "must be true or false without quotes" : "must be true or false";
    } else if (setting->type == WK_TYPE_SIZE && raw->type == WK_RAW_INT) {
        is_ok = true; /* bytes */
    } else if (setting->type == WK_TYPE_DURATION && raw->type == WK_RAW_INT) {
        wrong = "a duration needs its unit, in quotes";
    }
    if (!is_ok) {
        report(b, setting, raw->line, wrong);
        return NULL;
    }
    if (raw->type == WK_RAW_STRING)
        return raw->text;
    if (raw->type == WK_RAW_BOOL)
        return raw->number ? "true" : "false";
    (void)snprintf(buf, size, "%lld", (long long)raw->number);
    return buf;
}

/* libpq's two spellings of a password: a keyword (also as a URI's parameter), and user:password@ in a URI. */
static bool has_password(const char *conninfo)
{
    const char *user = strstr(conninfo, "://"), *at = user ? strchr(user + 3, '@') : NULL;

    for (const char *p = conninfo; (p = strstr(p, "password")); ) {
        p += strlen("password");
        if (p[strspn(p, " \t")] == '=')
            return true;
    }
    return at && memchr(user + 3, ':', (size_t)(at - user - 3)) != NULL;
}

static bool set_secret(const struct build *b, struct wk_value *value, const char *written, int line)
{
    const struct wk_setting *setting = value->setting;
    char why[256];
    char *secret;

    if (!wk_secret_is_source(written) && (setting->flags & WK_HOST_LITERAL)) {
        if ((setting->flags & WK_HOST_CONNINFO) && has_password(written)) {
            report(b, setting, line, "a password may not stand in a conf file");
            return false;
        }
        value->text = strdup(written);
        return value->text != NULL;
    }
    secret = wk_secret_resolve(written, b->base, why, sizeof why);
    if (!secret) {
        report(b, setting, line, why);
        return false;
    }
    value->text = secret;
    value->source = strdup(written);
    if (wk_value_check(setting, secret, &value->number, why, sizeof why))
        return value->source != NULL;
    wk_problems_at(b->problems, b->file->path, line, "%s: the secret from %s %s", setting->key, written, why);
    return false;
}

static bool set_value(const struct build *b, struct wk_value *value, const char *text, int line)
{
    const struct wk_setting *setting = value->setting;
    char why[192];

    if (setting->type == WK_TYPE_SECRET)
        return set_secret(b, value, text, line);
    if (!wk_value_check(setting, text, &value->number, why, sizeof why)) {
        report(b, setting, line, why);
        return false;
    }
    /* "stderr" is the one path that is no path. */
    value->text = (setting->flags & WK_HOST_PATH) && strcmp(text, "stderr") != 0 ? wk_path_from(b->base, text) : strdup(text);
    return value->text != NULL;
}

static void fill(const struct build *b, struct wk_value *value)
{
    const struct wk_setting *setting = value->setting;
    const struct wk_raw *raw = wk_raw_find(b->file, setting->key);
    size_t known = wk_problems_count(b->problems);
    const char *text = setting->fallback ? setting->fallback : "";
    char buf[24];
    int line = 0;

    if (raw) {
        value->file = b->file->path;
        value->line = line = raw->line;
        text = text_of(b, setting, raw, buf, sizeof buf);
        if (!text)
            return;
    } else if (setting->flags & WK_REQUIRED) {
        report(b, setting, 0, "is required and missing");
        return;
    } else if (setting->type == WK_TYPE_SECRET && !setting->fallback) {
        return; /* not set: allowed, read as NULL */
    }
    if (!set_value(b, value, text, line) && wk_problems_count(b->problems) == known)
        wk_problems_at(b->problems, b->file->path, line, "%s: out of memory", setting->key);
}

/* The same word in another group: `workers = 4;` outside of host = { }. */
static const char *same_leaf(const char *key, const char *const *keys, size_t n)
{
    const char *dot = strrchr(key, '.'), *leaf = dot ? dot + 1 : key;

    for (size_t i = 0; i < n; i++) {
        const char *other = strrchr(keys[i], '.');

        if (other && !strcmp(other + 1, leaf))
            return keys[i];
    }
    return NULL;
}

static void report_unknown(const struct build *b, const struct wk_raw *raw, const char *const *keys, size_t n)
{
    const char *near = wk_nearest(raw->key, keys, n), *dot = strrchr(raw->key, '.');
    size_t prefix = dot ? (size_t)(dot - raw->key) + 1 : 0, len = 0;
    char list[512] = "";

    near = near ? near : same_leaf(raw->key, keys, n);
    if (near) {
        wk_problems_at(b->problems, b->file->path, raw->line, "%s: unknown setting; did you mean \"%s\"?", raw->key, near);
        return;
    }
    for (size_t i = 0; i < n && len + 70 < sizeof list; i++) /* only the group it stands in */
        if (!strncmp(keys[i], raw->key, prefix))
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "", keys[i]);
    if (*list)
        wk_problems_at(b->problems, b->file->path, raw->line, "%s: unknown setting; allowed: %s", raw->key, list);
    else
        wk_problems_at(b->problems, b->file->path, raw->line, "%s: there is no such group of settings", raw->key);
}

static void find_unknown(const struct build *b, bool (*is_other)(const char *key))
{
    const char *keys[258];
    size_t n = 0;

    for (const struct wk_setting *s = b->schema; s && s->key && n < WK_COUNT(keys) - 2; s++)
        keys[n++] = s->key;
    if (n == 0 || !strchr(keys[0], '.')) { /* a plugin's file also knows the host's two */
        keys[n++] = "enabled";
        keys[n++] = "required";
    }
    for (size_t i = 0; i < b->file->count; i++) {
        const struct wk_raw *raw = &b->file->values[i];
        bool is_known = is_other && is_other(raw->key);

        for (size_t k = 0; k < n && !is_known; k++)
            is_known = !strcmp(keys[k], raw->key);
        if (!is_known)
            report_unknown(b, raw, keys, n);
    }
}

struct wk_settings *wk_settings_build(const struct wk_setting *schema, const struct wk_raw_file *file, const char *base,
                                      bool (*is_other)(const char *key), struct wk_problems *problems)
{
    struct build b = {schema, file, base, problems};
    struct wk_settings *settings = calloc(1, sizeof *settings);
    size_t n = 0, known = wk_problems_count(problems);

    while (schema && schema[n].key)
        n++;
    if (settings) {
        settings->values = calloc(n + 1, sizeof *settings->values);
        settings->by_key = calloc(n + 1, sizeof(struct wk_value *));
    }
    if (!settings || !settings->values || !settings->by_key) {
        wk_problems_at(problems, file->path, 0, "out of memory");
        wk_settings_destroy(settings);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        settings->values[i] = (struct wk_value){.setting = &schema[i], .key = schema[i].key};
        settings->by_key[i] = &settings->values[i];
        settings->count = i + 1;
        fill(&b, &settings->values[i]);
    }
    find_unknown(&b, is_other);
    if (wk_problems_count(problems) > known) {
        wk_settings_destroy(settings);
        return NULL;
    }
    qsort(settings->by_key, n, sizeof(struct wk_value *), by_key);
    return settings;
}
