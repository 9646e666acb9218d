/* settings.h - the values of one schema (struct wk_setting table), typed and checked, read by key.
 * A settings object never changes after it was made. Secrets are kept resolved and wiped when it is destroyed; they come out of
 * wk_settings_text() only. Keys are looked up by binary search: cheap enough for every call. Threads: read from any. */
#ifndef WK_SETTINGS_H
#define WK_SETTINGS_H
#include <wakala/setting.h>

struct wk_settings;

struct wk_value { /* one setting as it will be used */
    const struct wk_setting *setting;
    const char *key;
    const char *text;   /* as written ("30s"); a path made absolute; a secret: the secret itself, or NULL when not set */
    int64_t number;     /* INT value, BOOL 0/1, DURATION ms, SIZE bytes, CHOICE index; else 0 */
    const char *source; /* secrets: "env:NAME" or "file:PATH"; NULL for the rest and for unset secrets */
    const char *file;   /* where it was set; NULL: the default */
    int line;
};

void wk_settings_destroy(struct wk_settings *settings); /* NULL allowed */
bool wk_settings_has(const struct wk_settings *settings, const char *key); /* is it in the schema */
/* NULL when the schema does not know the key. `text` of an unset secret is NULL, of everything else never. */
const struct wk_value *wk_settings_get(const struct wk_settings *settings, const char *key);
const char *wk_settings_text(const struct wk_settings *settings, const char *key); /* NULL: unknown key or unset secret */
int64_t wk_settings_int(const struct wk_settings *settings, const char *key);      /* 0: unknown key */
bool wk_settings_bool(const struct wk_settings *settings, const char *key);
/* Every value in the order of the schema. */
void wk_settings_each(const struct wk_settings *settings, void (*visit)(const struct wk_value *value, void *arg), void *arg);
/* What may be shown: the text, or for secrets "env:NAME (set)", "(not set)", or "(hidden)" for a literal. Into buf; returns buf. */
const char *wk_value_shown(const struct wk_value *value, char *buf, size_t size);

/* Types one value written as text, by the rules of a conf file: for tenants' values and defaults. Secrets are only measured
 * against min and max. False: setting.invalid (BUSINESS), "key: what is wrong; allowed: ...". number may be NULL. */
bool wk_setting_parse(const struct wk_setting *setting, const char *text, int64_t *number, struct wk_err *err);
/* "a whole number from 1 to 64", "one of low, high", "a duration such as 30s ..., from 1s to 1h": into buf; returns buf. */
const char *wk_setting_allowed(const struct wk_setting *setting, char *buf, size_t size);
/* Is the schema itself sane: keys well-formed and unique, types known, defaults acceptable. setting.schema (SYSTEM). */
bool wk_schema_check(const struct wk_setting *schema, struct wk_err *err);
WK_DEFINE_AUTO(wk_settings)
#endif
