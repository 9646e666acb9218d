/* raw.h - a conf file as it was written: flat keys, values without meaning yet, each with its line.
 * Groups become dots (host.workers), list members numbers (forward[0].to). Private to host/config and its fuzzer. */
#ifndef WK_CONFIG_RAW_H
#define WK_CONFIG_RAW_H
#include "config/problems.h"

#define WK_RAW_FILE_MAX (1024 * 1024) /* bytes of one conf file */
#define WK_RAW_DEPTH_MAX 8            /* nested groups and lists: we use two */

enum wk_raw_type { WK_RAW_STRING = 1, WK_RAW_INT, WK_RAW_BOOL, WK_RAW_FLOAT };
struct wk_raw {
    char *key, *text; /* text: STRING only */
    int64_t number;   /* INT, BOOL */
    enum wk_raw_type type;
    int line;
};
struct wk_raw_file {
    char *path;
    char *text; /* the bytes that were parsed: what a snapshot must hold */
    size_t text_len;
    struct wk_raw *values;
    size_t count, room;
};

/* False: a problem says why; `file` is then empty or partial and must still be finished. */
bool wk_raw_read(struct wk_raw_file *file, const char *path, struct wk_problems *problems);
bool wk_raw_parse(struct wk_raw_file *file, const char *path, const char *text, size_t len, struct wk_problems *problems);
void wk_raw_finish(struct wk_raw_file *file);
const struct wk_raw *wk_raw_find(const struct wk_raw_file *file, const char *key);
/* What libconfig would accept and get wrong, refused first: @include, deep nesting, numbers that wrap, NULs. */
bool wk_scan(const char *path, const char *text, size_t len, struct wk_problems *problems);
#endif
