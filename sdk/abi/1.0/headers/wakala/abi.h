/* abi.h - the contract between a plugin and the host: versions, the ELF note, the host table.
 *
 * The host hands every plugin one table of functions (struct wk_host). It only grows at the end; `size` says how much of it the
 * running host has. Plugins never call through the table themselves: the inline functions of the other headers do, so a plugin
 * links with -z defs and nothing of ours. A plugin built with ABI 1.x runs on every host with 1.y, y >= x. */
#ifndef WAKALA_ABI_H
#define WAKALA_ABI_H
#include <wakala/base.h>
#include <wakala/err.h>

#define WK_ABI_MAJOR 1
#define WK_ABI_MINOR 0
#define WK_AT_LEAST(major, minor) (WK_ABI_MAJOR == (major) && WK_ABI_MINOR >= (minor))

/* Section .note.wakala of every plugin: read from the file before any of its code runs. */
#define WK_NOTE_OWNER "Wakala"
#define WK_NOTE_TYPE 1u
struct wk_note {
    uint32_t owner_size, desc_size, type; /* ELF note header */
    char owner[8];
    uint16_t abi_major, abi_minor;
    uint32_t descriptor_size; /* sizeof(struct wk_plugin_desc) the plugin was built with */
    char name[32], version[24];
};
_Static_assert(sizeof(struct wk_note) == 84, "frozen in ABI 1.0");

struct wk_call;      /* one piece of work: a request, a message, an event. Lives until its hook has returned */
struct wk_plugin;    /* the host's side of one loaded plugin */
struct wk_http;      /* one HTTP request and its answer */
struct wk_rows;      /* a query's result */
struct wk_arg;       /* db.h: a parameter of a statement */
struct wk_sql;       /* db.h: a statement of the plugin */
struct wk_query;     /* db.h: one of several reads in one trip */
struct wk_cache_spec; /* cache.h: what is kept, and for how long */
struct wk_tenant;    /* call.h: whose data this call sees */
struct wk_principal; /* call.h: who asks */
struct wk_message;   /* message.h: what a person wrote */
struct wk_outgoing;  /* message.h: what is answered */
struct wk_header;    /* http.h */
struct wk_fetch;     /* http.h: a request to the outside */
struct wk_fetched;   /* http.h: its answer */
struct wk_timer;     /* event.h: what a call will be reminded of */
struct wk_told;      /* guard.h: what a person sees of an error */
struct wk_quota;     /* guard.h: a rate over all hosts */
struct wk_quota_left;/* guard.h: what is left of it */
struct wk_retry;     /* guard.h: how often something was tried */
struct wk_server;    /* http.h: a server behind the gateway */
struct wk_passing;   /* http.h: how a request is passed on to one */
struct wk_route;     /* http.h: a row of a plugin's table */
struct wk_route_info;/* http.h: and whose it is */

/* Of a log line. ERROR: an operator should look. WARN: worth counting. INFO: rare and ordinary. DEBUG: off unless asked for. */
enum wk_level { WK_DEBUG, WK_INFO, WK_WARN, WK_ERROR };

/* Every function is documented at its inline wrapper, in the header named on the left. */
struct wk_host {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    /* call.h */
    void *(*alloc)(struct wk_call *call, size_t bytes);
    bool (*defer)(struct wk_call *call, void (*fn)(void *arg), void *arg);
    const struct wk_tenant *(*tenant)(struct wk_call *call);
    const struct wk_principal *(*principal)(struct wk_call *call);
    bool (*set_principal)(struct wk_call *call, const struct wk_principal *who, struct wk_err *err);
    bool (*enter_tenant)(struct wk_call *call, const struct wk_uuid *tenant, struct wk_err *err);
    int64_t (*now_us)(struct wk_call *call);
    int64_t (*left_ms)(struct wk_call *call);
    bool (*sleep_ms)(struct wk_call *call, uint32_t ms, struct wk_err *err);
    bool (*offload)(struct wk_call *call, void (*fn)(void *arg), void *arg, struct wk_err *err);
    bool (*random_bytes)(struct wk_call *call, void *out, size_t bytes, struct wk_err *err);
    struct wk_uuid (*new_id)(struct wk_call *call);
    void (*log)(struct wk_call *call, enum wk_level level, const char *text);
    const char *(*trace_id)(struct wk_call *call);
    /* setting.h */
    const char *(*setting_text)(struct wk_call *call, const char *key);
    int64_t (*setting_int)(struct wk_call *call, const char *key);
    const char *(*secret)(struct wk_call *call, const char *key, struct wk_err *err);
    const char *(*plugin_setting_text)(struct wk_plugin *plugin, const char *key);
    int64_t (*plugin_setting_int)(struct wk_plugin *plugin, const char *key);
    /* db.h */
    bool (*db_read)(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n,
                    struct wk_rows **rows, struct wk_err *err);
    bool (*db_read_all)(struct wk_call *call, struct wk_query *queries, size_t n, struct wk_err *err);
    bool (*db_write)(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n,
                     struct wk_rows **rows, struct wk_err *err);
    bool (*db_queue)(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n,
                     int64_t expect_rows, const char *otherwise, struct wk_err *err);
    bool (*db_step)(struct wk_call *call, struct wk_err *err);
    size_t (*rows_count)(const struct wk_rows *rows);
    const char *(*rows_text)(const struct wk_rows *rows, size_t row, size_t column, size_t *len);
    int64_t (*rows_affected)(const struct wk_rows *rows);
    /* event.h */
    bool (*publish)(struct wk_call *call, const char *type, const char *key, const char *json, size_t len,
                    struct wk_err *err);
    bool (*schedule)(struct wk_call *call, const char *key, const char *name, int64_t at_us, bool lazy, const char *type,
                     const char *json, size_t len, struct wk_err *err);
    bool (*unschedule)(struct wk_call *call, const char *key, const char *name, struct wk_err *err);
    bool (*later)(struct wk_call *call, int64_t at_us, struct wk_err *err);
    /* http.h, server side */
    const char *(*http_method)(struct wk_http *http);
    const char *(*http_path)(struct wk_http *http);
    const char *(*http_param)(struct wk_http *http, const char *name);
    const char *(*http_query)(struct wk_http *http, const char *name);
    const char *(*http_header)(struct wk_http *http, const char *name);
    const char *(*http_peer)(struct wk_http *http);
    struct wk_span (*http_body)(struct wk_http *http);
    bool (*http_body_next)(struct wk_call *call, struct wk_http *http, struct wk_span *piece, struct wk_err *err);
    bool (*http_set_header)(struct wk_http *http, const char *name, const char *value, struct wk_err *err);
    bool (*http_reply)(struct wk_http *http, int status, const char *content_type, const void *body, size_t len,
                       struct wk_err *err);
    bool (*http_begin)(struct wk_http *http, int status, const char *content_type, struct wk_err *err);
    bool (*http_write)(struct wk_call *call, struct wk_http *http, const void *data, size_t len, struct wk_err *err);
    int (*http_status)(struct wk_http *http);
    /* http.h, client side */
    bool (*fetch)(struct wk_call *call, const struct wk_fetch *request, struct wk_fetched *reply, struct wk_err *err);
    /* message.h */
    bool (*reply)(struct wk_call *call, const struct wk_outgoing *message, struct wk_err *err);
    bool (*send)(struct wk_call *call, const char *channel, const char *address, const char *to,
                 const struct wk_outgoing *message, struct wk_err *err);
    /* service.h */
    const void *(*service)(struct wk_call *call, const char *interface, const char *provider, struct wk_err *err);
    size_t (*service_names)(const char *interface, const char **names, size_t max);
    const void *(*open_service)(struct wk_plugin *plugin, const char *interface, struct wk_err *err);
    void *(*frame_enter)(struct wk_call *call, const void *self);
    void (*frame_leave)(struct wk_call *call, void *frame);
    void (*plugin_set_state)(struct wk_plugin *plugin, void *state);
    void *(*state)(struct wk_call *call);
    /* json.h */
    void *(*json_parse)(struct wk_call *call, const char *text, size_t len, struct wk_err *err);
    /* metric.h */
    void (*count)(struct wk_plugin *plugin, struct wk_call *call, const char *metric, int64_t by);
    void (*observe)(struct wk_call *call, const char *metric, double seconds);
    /* inbox.h */
    bool (*webhook_secret)(struct wk_plugin *plugin, const char *channel, const char *address, const char *key, char *out, size_t size,
                           struct wk_err *err);
    /* event.h */
    bool (*once)(struct wk_call *call, const char *key, bool *first, struct wk_err *err);
    bool (*timers)(struct wk_call *call, const char *key, struct wk_timer *timers, size_t max, size_t *n, struct wk_err *err);
    /* guard.h */
    void (*error_told)(struct wk_call *call, const struct wk_err *err, const char *language, struct wk_told *told);
    /* cache.h */
    bool (*cache_get)(struct wk_call *call, const struct wk_cache_spec *spec,
                      bool (*load)(struct wk_call *call, void *arg, struct wk_span *value, struct wk_err *err), void *arg, struct wk_span *value,
                      struct wk_err *err);
    bool (*cache_invalidate)(struct wk_call *call, const char *pattern, struct wk_err *err);
    /* guard.h */
    bool (*retry)(struct wk_call *call, struct wk_retry *retry, const struct wk_err *err);
    int64_t (*target_wait)(struct wk_call *call, const char *target);
    void (*target_garbage)(struct wk_call *call, const char *target);
    bool (*limit)(struct wk_call *call, const char *name, double per_second, uint32_t burst, uint32_t cost, uint32_t max_wait_ms, int64_t *wait_us);
    bool (*penalty_add)(struct wk_call *call, struct wk_http *http, int kind, const char *key, uint32_t points);
    int64_t (*penalty_left)(struct wk_call *call, struct wk_http *http, int kind, const char *key);
    /* call.h, db.h, plugin.h */
    bool (*audit)(struct wk_call *call, const char *action, const char *object, const char *detail_json, struct wk_err *err);
    bool (*db_apart)(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows, struct wk_err *err);
    bool (*share_path)(const char *plugin, const char *rest, char *out, size_t size);
    /* http.h, for filters */
    const struct wk_route *(*http_route)(struct wk_http *http);
    struct wk_span (*http_answer)(struct wk_http *http);
    const char *(*http_answer_header)(struct wk_http *http, const char *name);
    bool (*http_route_at)(size_t i, struct wk_route_info *out);
    /* http.h */
    bool (*http_came_over)(struct wk_http *http, const char *networks);
    struct wk_uuid (*http_id)(struct wk_http *http);
    /* guard.h */
    bool (*limit_cluster)(struct wk_call *call, const struct wk_quota *quota, struct wk_quota_left *left);
    /* http.h, for filters */
    bool (*http_run)(struct wk_call *call, struct wk_http *http, struct wk_err *err);
    const char *(*http_query_text)(struct wk_http *http);
    /* setting.h, of what was added later */
    bool (*plugin_setting_where)(struct wk_plugin *plugin, const char *key, char *out, size_t size);
    /* call.h */
    const char *(*tenant_address)(struct wk_call *call, const char *channel);
    /* http.h: servers behind the gateway */
    bool (*add_route)(struct wk_plugin *plugin, const struct wk_route *route, struct wk_err *err);
    struct wk_server *(*server_open)(struct wk_plugin *plugin, const char *address, const char *target, struct wk_err *err);
    bool (*http_pass)(struct wk_call *call, struct wk_http *http, const struct wk_passing *passing, struct wk_err *err);
    /* call.h, tenancy.h */
    bool (*is_on)(struct wk_call *call, const struct wk_plugin *plugin);
    bool (*tenancy)(struct wk_call *call, int what, const struct wk_uuid *tenant, const char *asked, const char **answer, struct wk_err *err);
};

/* The plugin's own copy of the pointer to the table; WK_PLUGIN defines it, the host fills it before the first call. */
extern WK_HIDDEN const struct wk_host *wk_host;
#endif
