/* registry_data.h - the fields of struct wk_registry, for registry.c, resolve.c, chains.c and hooks.c only. */
#ifndef WK_PLUGIN_REGISTRY_DATA_H
#define WK_PLUGIN_REGISTRY_DATA_H
#include "plugin/registry.h"

#define WK_PHASES (WK_PHASE_CACHE + 1)

struct wk_offer { /* one plugin provides one interface */
    struct wk_plugin *plugin;
    const struct wk_provide *provide;
    bool is_chosen; /* what wk_service(call, interface, NULL) gives */
};
struct wk_registry {
    struct wk_registry_conf conf;
    struct wk_plugin **plugins; /* conf order while loading, then open order */
    size_t count, opened;
    struct wk_offer *offers; /* sorted by interface, then plugin */
    size_t offer_count;
    struct wk_message_hook *messages;
    struct wk_filter_hook *filters; /* sorted by phase, priority, plugin */
    size_t filter_from[WK_PHASES + 1];
    struct wk_route_hook *routes;
    struct wk_sub_hook *subs;
    struct wk_event_hook *events;
    struct wk_inbox_hook *inboxes;
    struct wk_error_hook *errors; /* by code */
    size_t message_count, filter_count, route_count, sub_count, event_count, inbox_count, error_count;
    size_t table_routes; /* how many of the routes come from tables; open() may add more */
};

/* Each returns false only without memory; everything else goes into problems. */
bool wk_registry_offer(struct wk_registry *registry, struct wk_problems *problems);   /* who provides what, who is chosen */
bool wk_registry_order(struct wk_registry *registry, struct wk_problems *problems);   /* needs, then open order */
bool wk_registry_chain(struct wk_registry *registry, struct wk_problems *problems);   /* hooks sorted, collisions refused */
bool wk_registry_catalogue(struct wk_registry *registry, struct wk_problems *problems); /* error codes, unique; texts of the locale files */
void wk_registry_catalogue_free(struct wk_registry *registry);

/* The host's own error codes, as those of "host": puts them there (NULL: nowhere) and returns how many there are. */
size_t wk_host_errors(struct wk_error_hook *to);
struct wk_plugin *wk_host_plugin(void); /* "host", for lists */
/* The host's own event types: puts them there (NULL: nowhere) and returns how many there are. */
size_t wk_host_events(struct wk_event_hook *to);
/* Offers of exactly "name/1"; NULL when there are none. */
struct wk_offer *wk_registry_offers(const struct wk_registry *registry, const char *interface, size_t *n);
/* "catalog/1?" of a needs list: copies the interface, moves *at behind it; false at the end. */
bool wk_need_next(const char **at, char interface[40], bool *is_optional);
bool wk_interface_is_multi(const char *interface);
/* Plugins in plugin_dir that are not enabled but provide it: "catalog, shop"; "" when none. */
void wk_registry_could_provide(const struct wk_registry *registry, const char *interface, char *out, size_t size);
#endif
