/* setting.h - what an operator or a tenant may set: a table in the descriptor, checked before any code runs.
 * Read through the call each time (tenant's value, else the conf file's, else the default); never keep a copy. */
#ifndef WAKALA_SETTING_H
#define WAKALA_SETTING_H
#include <wakala/call.h>

/* How a value is written in a conf and what it is read as. */
enum wk_setting_type { WK_TYPE_STRING = 1, WK_TYPE_INT, WK_TYPE_BOOL, WK_TYPE_DURATION, WK_TYPE_SIZE, WK_TYPE_CHOICE, WK_TYPE_SECRET };
enum wk_scope {
    WK_SCOPE_HOST,   /* the conf file only */
    WK_SCOPE_TENANT, /* a tenant may have its own value */
};
enum wk_setting_flags {
    WK_REQUIRED = 1, /* no default: check refuses a conf without it */
    WK_RESTART = 2,  /* changing it needs more than a reload (none shipped so) */
};

struct wk_setting {
    const char *key; /* lower case, [a-z0-9_]; NULL ends the table */
    enum wk_setting_type type;
    enum wk_scope scope;
    const char *fallback; /* the default as written in a conf: "30m", "5", "true"; NULL with WK_REQUIRED */
    const char *help;     /* one sentence, with the unit */
    int64_t min, max;     /* INT: value; DURATION: ms; SIZE: bytes; STRING: length; both 0 = no bound */
    const char *choices;  /* CHOICE: "one|two|three" */
    uint32_t flags;       /* WK_REQUIRED, WK_RESTART */
};
#define WK_SETTING_STRING(k, def, sc, h) {.key = k, .type = WK_TYPE_STRING, .scope = sc, .fallback = def, .help = h}
#define WK_SETTING_INT(k, def, lo, hi, sc, h)                                                                          \
    {.key = k, .type = WK_TYPE_INT, .scope = sc, .fallback = def, .help = h, .min = lo, .max = hi}
#define WK_SETTING_BOOL(k, def, sc, h) {.key = k, .type = WK_TYPE_BOOL, .scope = sc, .fallback = def, .help = h}
/* "500ms" "30s" "10m" "24h" "8d"; read in milliseconds. */
#define WK_SETTING_DURATION(k, def, sc, h) {.key = k, .type = WK_TYPE_DURATION, .scope = sc, .fallback = def, .help = h}
/* "64k" "3M" "1G", powers of 1024; read in bytes. */
#define WK_SETTING_SIZE(k, def, sc, h) {.key = k, .type = WK_TYPE_SIZE, .scope = sc, .fallback = def, .help = h}
#define WK_SETTING_CHOICE(k, def, of, sc, h)                                                                           \
    {.key = k, .type = WK_TYPE_CHOICE, .scope = sc, .fallback = def, .help = h, .choices = of}
/* In a conf always "env:NAME" or "file:PATH", never the secret itself; a tenant's secrets lie encrypted in the database. */
#define WK_SETTING_SECRET(k, sc, h) {.key = k, .type = WK_TYPE_SECRET, .scope = sc, .help = h}

/* Values of the plugin whose hook or service is running (a service reads its provider's). Text lives as long as the call. INT as is, DURATION in ms,
 * SIZE in bytes, BOOL 0 or 1 by wk_setting_int(). An unknown key is a bug: "" or 0, and a log line. Never suspend. */
static inline const char *wk_setting_string(struct wk_call *call, const char *key) { return wk_host->setting_text(call, key); }
static inline int64_t wk_setting_int(struct wk_call *call, const char *key) { return wk_host->setting_int(call, key); }
static inline bool wk_setting_bool(struct wk_call *call, const char *key) { return wk_host->setting_int(call, key) != 0; }
static inline int64_t wk_setting_ms(struct wk_call *call, const char *key) { return wk_host->setting_int(call, key); }
/* A secret: the tenant's own (decrypted), else the conf's. Wiped when the call ends. NULL and setting.no_secret (SYSTEM). May suspend.
 * "key@account": what only that account of the tenant has, else as for "key". */
static inline const char *wk_secret(struct wk_call *call, const char *key, struct wk_err *err)
{
    return wk_host->secret(call, key, err);
}
/* In open() and in hooks that get no call (verify, split): the conf's value, valid until the worker ends; secrets are readable as text. Unknown
 * key: "" or 0. Never suspend. */
static inline const char *wk_plugin_setting_string(struct wk_plugin *plugin, const char *key)
{
    return wk_host->plugin_setting_text(plugin, key);
}
/* "wakala.d/10-api.conf:12" into out: where the value was set, for messages about what is in it; false, and "its default": nowhere. */
static inline bool wk_plugin_setting_where(struct wk_plugin *plugin, const char *key, char *out, size_t size)
{
    return wk_host->plugin_setting_where(plugin, key, out, size);
}
static inline int64_t wk_plugin_setting_int(struct wk_plugin *plugin, const char *key)
{
    return wk_host->plugin_setting_int(plugin, key);
}
#endif
