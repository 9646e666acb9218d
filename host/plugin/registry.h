/* registry.h - all plugins of one worker: loaded, checked against each other, opened in the order of their needs.
 *
 * wk_registry_load() runs no hook: it loads, types the settings, resolves `needs`, chooses services, sorts every chain and refuses
 * what collides, with every problem in the list. wk_registry_open() then runs open(), providers first. Everything the accessors
 * return lives as long as the registry. Threads: the loop's. */
#ifndef WK_PLUGIN_REGISTRY_H
#define WK_PLUGIN_REGISTRY_H
#include "plugin/loader.h"

struct wk_registry;

struct wk_registry_conf {
    const struct wk_config *config; /* outlives the registry */
    const struct wk_stage *stage;   /* only read while loading */
    const struct wk_host *host;     /* handed to every plugin; outlives the process' last hook */
    /* Told what is about to run, so that a process which dies here leaves the name behind: step "load" (constructors), "open",
     * "close"; NULL when it is over. May be NULL. */
    void (*note)(void *arg, const char *plugin, const char *version, const char *build_id, const char *step);
    void *arg;
};

/* NULL when there was a problem. */
struct wk_registry *wk_registry_load(const struct wk_registry_conf *conf, struct wk_problems *problems);
/* Open all, in order. A failing open is named with its reason, and the opened ones are closed again. */
bool wk_registry_open(struct wk_registry *registry, struct wk_err *err);
void wk_registry_close(struct wk_registry *registry);   /* in reverse; idempotent */
void wk_registry_destroy(struct wk_registry *registry); /* closes first; NULL allowed */
WK_DEFINE_AUTO(wk_registry)

const char *wk_registry_share_dir(const struct wk_registry *registry);

/* Plugins, in open order. */
size_t wk_registry_count(const struct wk_registry *registry);
struct wk_plugin *wk_registry_at(const struct wk_registry *registry, size_t i);
struct wk_plugin *wk_registry_find(const struct wk_registry *registry, const char *name); /* NULL: not enabled */

/* The chosen provider of "name/1", or the one called `provider`; head->self is its struct wk_plugin. NULL: service.missing (nobody, and who
 * could), service.ambiguous (several and none chosen). */
const struct wk_service_head *wk_registry_service(const struct wk_registry *registry, const char *interface, const char *provider,
                                                  struct wk_err *err);
/* The same for a plugin's open(): only what its `needs` names (service.undeclared). */
const struct wk_service_head *wk_registry_open_service(const struct wk_registry *registry, const struct wk_plugin *plugin,
                                                       const char *interface, struct wk_err *err);
/* Enabled providers, sorted by name; returns how many there are, fills at most max. */
size_t wk_registry_service_names(const struct wk_registry *registry, const char *interface, const char **names, size_t max);

/* Hooks, each list sorted as it runs. */
struct wk_message_hook { /* desc.on_message; by message_priority, then plugin name */
    struct wk_plugin *plugin;
};
struct wk_filter_hook { /* by priority, then plugin name; `after` runs in reverse */
    struct wk_plugin *plugin;
    const struct wk_filter *filter;
};
struct wk_route_hook {
    struct wk_plugin *plugin;
    const struct wk_route *route;
};
struct wk_sub_hook {
    struct wk_plugin *plugin;
    const struct wk_sub *sub;
    const char *name; /* "orders.on-payment": owns the cursor */
};
struct wk_event_hook {
    struct wk_plugin *plugin; /* who publishes it */
    const struct wk_event_type *type;
};
struct wk_error_hook {
    struct wk_plugin *plugin; /* who lists it; "host" for the host's own */
    const struct wk_error_type *type;
    struct wk_error_text *texts; /* of other languages, from the owner's locale/<language>.json: "error.<code>" */
};
struct wk_inbox_hook {
    struct wk_plugin *plugin;
    const struct wk_inbox *inbox;
};
const struct wk_message_hook *wk_registry_messages(const struct wk_registry *registry, size_t *n);
const struct wk_filter_hook *wk_registry_filters(const struct wk_registry *registry, enum wk_phase phase, size_t *n);
/* In the plugin's open(): one more, until it is closed. plugin.descriptor, plugin.route_taken (SYSTEM). */
bool wk_registry_add_route(struct wk_registry *registry, struct wk_plugin *plugin, const struct wk_route *route, struct wk_err *err);
const struct wk_route_hook *wk_registry_routes(const struct wk_registry *registry, size_t *n);     /* by plugin */
const struct wk_sub_hook *wk_registry_subs(const struct wk_registry *registry, size_t *n);         /* by full name */
const struct wk_event_hook *wk_registry_events(const struct wk_registry *registry, size_t *n);     /* by type name */
const struct wk_event_hook *wk_registry_event(const struct wk_registry *registry, const char *type); /* NULL: nobody declares it */
const struct wk_inbox_hook *wk_registry_inboxes(const struct wk_registry *registry, size_t *n);
/* What people see of a class instead of the code. */
#define WK_TOLD_SYSTEM "SYSTEM_ERROR"
#define WK_TOLD_SECURITY "FORBIDDEN"
/* The catalogue of error codes, by code: docs/design/errors.md. */
const struct wk_error_hook *wk_registry_errors(const struct wk_registry *registry, size_t *n);
const struct wk_error_hook *wk_registry_error(const struct wk_registry *registry, const char *code); /* NULL: not listed. registry NULL: the host's own */
const char *wk_error_text(const struct wk_error_hook *hook, const char *language); /* English where there is no other; NULL: its class's */
bool wk_error_has_language(const struct wk_error_hook *hook, const char *language, size_t len);
/* Published by the host; listed with the plugins' event types, as one of "host". */
extern const struct wk_event_type wk_tenant_created, wk_host_cleanup, wk_system_error, wk_cache_invalidated;
/* Does a subscription's pattern ("order.*") take this type? */
bool wk_pattern_matches(const char *pattern, const char *type);

/* `wakala plugins --hooks`: the effective chain per phase, message, event, route and service. */
void wk_registry_print_hooks(const struct wk_registry *registry, FILE *out);
#endif
