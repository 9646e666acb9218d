/* plugin.h - the descriptor: everything a plugin is, as data. Include this one; it brings the others (json.h and service/<name>.h apart). */
#ifndef WAKALA_PLUGIN_H
#define WAKALA_PLUGIN_H
#include <wakala/abi.h>
#include <wakala/cache.h>
#include <wakala/call.h>
#include <wakala/db.h>
#include <wakala/event.h>
#include <wakala/guard.h>
#include <wakala/http.h>
#include <wakala/inbox.h>
#include <wakala/message.h>
#include <wakala/metric.h>
#include <wakala/money.h>
#include <wakala/service.h>
#include <wakala/setting.h>
#include <wakala/task.h>

struct wk_plugin_desc {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    const struct wk_host **host; /* where the host puts its table */
    const char *name;    /* [a-z][a-z0-9-]*, <= 31: conf file, .so, error prefix, table prefix ('-' as '_') */
    const char *version; /* semver */
    const char *summary; /* one sentence */
    const char *needs;   /* "catalog/1 payments/1 loyalty/1?": interfaces; '?' optional; NULL: none */
    const struct wk_setting *settings;
    const struct wk_route *routes;
    const struct wk_filter *filters;
    const struct wk_sub *subscriptions;
    const struct wk_event_type *events;
    const struct wk_provide *provides;
    const struct wk_inbox *inboxes;
    /* A person wrote. The chain runs by priority (lower first, equal: by name); first HANDLED stops. May suspend. Deadline 10 s. */
    enum wk_verdict (*on_message)(struct wk_call *call, const struct wk_message *message, struct wk_err *err);
    int32_t message_priority; /* < 0: a guard. Messages of a suspended tenant reach the others only when a guard was asked and all declined */
    uint32_t reserved;
    /* Reads settings and registers; never writes, publishes, calls out or suspends. Runs once per worker, providers first. */
    bool (*open)(struct wk_plugin *plugin, struct wk_err *err);
    void (*close)(struct wk_plugin *plugin); /* in reverse order when the worker ends; not after a kill */
    const struct wk_sql *const *sql_begin, *const *sql_end;
    const struct wk_error_type *errors; /* every code it fails with (err.h) */
    void (**fail_ear)(const char *code); /* where the host puts its ear for SYSTEM errors */
    const struct wk_route_tags *route_tags; /* http.h */
};
_Static_assert(offsetof(struct wk_plugin_desc, host) == 8 && offsetof(struct wk_plugin_desc, settings) == 48 &&
                   offsetof(struct wk_plugin_desc, on_message) == 104 && offsetof(struct wk_plugin_desc, sql_begin) == 136,
               "frozen in ABI 1.0");

/* Kept for wk_state(), in open(); one worker, one thread: no locks needed. Every worker has its own. Freed by close(). */
static inline void wk_set_state(struct wk_plugin *plugin, void *state) { wk_host->plugin_set_state(plugin, state); }

/* <share_dir>/<plugin>/<rest> into out, for a plugin's own data files; of any enabled plugin. False: it does not fit. In open() and later. */
static inline bool wk_share_path(const char *plugin, const char *rest, char *out, size_t size) { return wk_host->share_path(plugin, rest, out, size); }

/* Name and version stand apart because they also go into the ELF note. Exactly once per .so, in <name>.c. */
#define WK_PLUGIN(plugin_name, plugin_version, ...)                                                                    \
    WK_HIDDEN const struct wk_host *wk_host;                                                                           \
    WK_HIDDEN void (*wk_fail_ear)(const char *code);                                                                   \
    extern WK_HIDDEN const struct wk_sql *const __start_wk_sql[] __attribute__((weak));                                \
    extern WK_HIDDEN const struct wk_sql *const __stop_wk_sql[] __attribute__((weak));                                 \
    __attribute__((section(".note.wakala"), used, aligned(4))) static const struct wk_note wk_note_ = {                \
        8, sizeof(struct wk_note) - 20, WK_NOTE_TYPE, WK_NOTE_OWNER, WK_ABI_MAJOR, WK_ABI_MINOR,                       \
        sizeof(struct wk_plugin_desc), plugin_name, plugin_version};                                                   \
    WK_EXPORT extern const struct wk_plugin_desc wakala_plugin;                                                        \
    WK_EXPORT const struct wk_plugin_desc wakala_plugin = {.size = sizeof(struct wk_plugin_desc),                      \
                                                           .abi_major = WK_ABI_MAJOR,                                  \
                                                           .abi_minor = WK_ABI_MINOR,                                  \
                                                           .host = &wk_host,                                           \
                                                           .name = plugin_name,                                        \
                                                           .version = plugin_version,                                  \
                                                           .sql_begin = __start_wk_sql,                                \
                                                           .sql_end = __stop_wk_sql,                                   \
                                                           .fail_ear = &wk_fail_ear,                                   \
                                                           __VA_ARGS__}
#endif
