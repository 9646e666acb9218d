/* value.h - one value against one schema row; private to host/config. */
#ifndef WK_CONFIG_VALUE_H
#define WK_CONFIG_VALUE_H
#include "config/raw.h"
#include "config/settings.h"

/* The host's own schema uses more than plugins may: */
enum wk_host_flags {
    WK_HOST_PATH = 1 << 16,    /* STRING: made absolute */
    WK_HOST_LITERAL = 1 << 17, /* SECRET: the value itself may stand in the file */
    WK_HOST_ADDRESS = 1 << 18, /* STRING: host:port */
    WK_HOST_KEY32 = 1 << 19,   /* SECRET: 64 hex digits */
    WK_HOST_CONNINFO = 1 << 20, /* SECRET: a libpq conninfo; a literal one without password */
    WK_HOST_NAME = 1 << 21,    /* STRING: [a-z0-9-] */
    WK_HOST_NETWORKS = 1 << 22, /* STRING: addresses and networks: networks.h */
};

bool wk_duration_parse(const char *text, int64_t *ms);
bool wk_size_parse(const char *text, int64_t *bytes);
/* Text of a value against the schema: type, range, flags. `why` gets what is wrong, without the key. */
bool wk_value_check(const struct wk_setting *setting, const char *text, int64_t *number, char *why, size_t size);
/* Read "env:NAME" or "file:PATH" (relative to base) into a new string; why: what is wrong, without the secret. */
char *wk_secret_resolve(const char *source, const char *base, char *why, size_t size);
bool wk_secret_is_source(const char *text); /* begins with env: or file: */
void wk_secret_free(char *secret);          /* wipes */
char *wk_path_from(const char *base, const char *path); /* absolute stays, relative joins; NULL without memory */
/* Key of a schema row; the host's keys have dots. */
bool wk_schema_check_keys(const struct wk_setting *schema, bool with_dots, struct wk_err *err);

/* All values of one file against one schema. `is_other` names keys that are not the schema's business (may be NULL). */
struct wk_settings *wk_settings_build(const struct wk_setting *schema, const struct wk_raw_file *file, const char *base,
                                      bool (*is_other)(const char *key), struct wk_problems *problems);
#endif
