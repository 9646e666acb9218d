#include "plugin/registry.h"
#include <stdlib.h>
#include "plugin/registry_data.h"

static void note(const struct wk_registry *r, const char *name, const char *version, const char *build_id, const char *step)
{
    if (r->conf.note)
        r->conf.note(r->conf.arg, name, version, build_id, step);
}

/* ---- load ---------------------------------------------------------------------------------------------------------------- */

static void load_one(struct wk_registry *r, const struct wk_staged *staged, struct wk_problems *problems)
{
    const struct wk_plugin_conf *conf = wk_config_plugin_find(r->conf.config, staged->name);
    const char *file = conf ? conf->file : NULL;
    struct wk_err err = {0};
    struct wk_plugin *plugin;

    note(r, staged->name, staged->info.version, staged->info.build_id, "load");
    plugin = wk_plugin_load(staged, r->conf.host, &err);
    note(r, staged->name, staged->info.version, staged->info.build_id, NULL);
    if (!plugin) {
        wk_problems_at(problems, file, 0, "%s", err.msg);
        return;
    }
    plugin->registry = r;
    plugin->is_required = conf && conf->is_required;
    plugin->settings = wk_config_check_plugin(r->conf.config, staged->name, plugin->desc.settings, problems);
    r->plugins[r->count++] = plugin;
}

struct wk_registry *wk_registry_load(const struct wk_registry_conf *conf, struct wk_problems *problems)
{
    WK_AUTO(wk_registry) r = calloc(1, sizeof *r);
    size_t known = wk_problems_count(problems);
    bool is_ok = r != NULL;

    if (r) {
        r->conf = *conf;
        r->plugins = calloc(conf->stage->count + 1, sizeof(struct wk_plugin *));
        is_ok = r->plugins != NULL;
    }
    for (size_t i = 0; is_ok && i < conf->stage->count; i++)
        load_one(r, &conf->stage->plugins[i], problems);
    /* A plugin that did not load would be missed by others: those would not be problems of their own. */
    if (is_ok && r->count == conf->stage->count)
        is_ok = wk_registry_offer(r, problems) && wk_registry_order(r, problems) && wk_registry_chain(r, problems) &&
                wk_registry_catalogue(r, problems);
    if (!is_ok)
        wk_problems_add(problems, "out of memory while plugins were loaded");
    if (wk_problems_count(problems) > known)
        return NULL;
    r->conf.stage = NULL;
    return wk_steal(r);
}

/* ---- open, close ------------------------------------------------------------------------------------------------------------ */

bool wk_registry_open(struct wk_registry *registry, struct wk_err *err)
{
    for (size_t i = registry->opened; i < registry->count; i++) {
        struct wk_plugin *p = registry->plugins[i];
        struct wk_err why = {0};
        bool is_open = true;

        if (p->desc.open) {
            note(registry, p->name, p->version, p->build_id, "open");
            is_open = p->desc.open(p, &why);
            note(registry, p->name, p->version, p->build_id, NULL);
        }
        if (!is_open) {
            wk_registry_close(registry);
            return wk_fail(err, WK_SYSTEM, "plugin.open", "%s %s did not open: %s%s%s", p->name, p->version,
                           why.code ? why.code : "it gave no reason", why.code ? ": " : "", why.code ? why.msg : "");
        }
        p->is_open = true;
        registry->opened = i + 1;
    }
    return true;
}

void wk_registry_close(struct wk_registry *registry)
{
    while (registry->opened > 0) {
        struct wk_plugin *p = registry->plugins[--registry->opened];

        p->is_open = false;
        if (!registry->opened)
            registry->route_count = registry->table_routes;
        if (!p->desc.close)
            continue;
        note(registry, p->name, p->version, p->build_id, "close");
        p->desc.close(p);
        note(registry, p->name, p->version, p->build_id, NULL);
    }
}

void wk_registry_destroy(struct wk_registry *registry)
{
    if (!registry)
        return;
    wk_registry_close(registry);
    for (size_t i = 0; i < registry->count; i++)
        wk_plugin_destroy(registry->plugins[i]);
    for (size_t i = 0; registry->subs && i < registry->sub_count; i++)
        free((char *)(uintptr_t)registry->subs[i].name); /* ours; const for readers */
    free(registry->plugins);
    free(registry->offers);
    free(registry->messages);
    free(registry->filters);
    free(registry->routes);
    free(registry->subs);
    free(registry->events);
    free(registry->inboxes);
    wk_registry_catalogue_free(registry);
    free(registry);
}

/* ---- accessors --------------------------------------------------------------------------------------------------------------- */

const char *wk_registry_share_dir(const struct wk_registry *registry) { return wk_settings_text(wk_config_host(registry->conf.config), "host.share_dir"); }

size_t wk_registry_count(const struct wk_registry *registry) { return registry->count; }

struct wk_plugin *wk_registry_at(const struct wk_registry *registry, size_t i)
{
    return i < registry->count ? registry->plugins[i] : NULL;
}

struct wk_plugin *wk_registry_find(const struct wk_registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->count; i++)
        if (!strcmp(registry->plugins[i]->name, name))
            return registry->plugins[i];
    return NULL;
}

const struct wk_service_head *wk_registry_service(const struct wk_registry *registry, const char *interface, const char *provider,
                                                  struct wk_err *err)
{
    size_t n;
    const struct wk_offer *offers = wk_registry_offers(registry, interface, &n);
    char could[160] = "";

    for (size_t i = 0; i < n; i++)
        if (provider ? !strcmp(offers[i].plugin->name, provider) : offers[i].is_chosen)
            return offers[i].provide->service;
    if (n && provider)
        (void)wk_fail(err, WK_SYSTEM, "service.missing", "%.40s does not provide %s, or is not enabled", provider, interface);
    else if (n)
        (void)wk_fail(err, WK_SYSTEM, "service.ambiguous", "%s has %zu providers: ask for one by name, or choose one in services = { ... }",
                      interface, n);
    else {
        /* Off the hot path: this reads files. */
        wk_registry_could_provide(registry, interface, could, sizeof could);
        (void)wk_fail(err, WK_SYSTEM, "service.missing", "no enabled plugin provides %s%s%s", interface, *could ? "; could be enabled: " : "",
                      could);
    }
    return NULL;
}

const struct wk_service_head *wk_registry_open_service(const struct wk_registry *registry, const struct wk_plugin *plugin,
                                                       const char *interface, struct wk_err *err)
{
    const char *at = plugin->desc.needs;
    char need[40];
    bool is_optional;

    while (wk_need_next(&at, need, &is_optional))
        if (!strcmp(need, interface))
            return wk_registry_service(registry, interface, NULL, err);
    (void)wk_fail(err, WK_SYSTEM, "service.undeclared", "%s asks for %s in open(), but its needs do not name it", plugin->name, interface);
    return NULL;
}

size_t wk_registry_service_names(const struct wk_registry *registry, const char *interface, const char **names, size_t max)
{
    size_t n;
    const struct wk_offer *offers = wk_registry_offers(registry, interface, &n);

    for (size_t i = 0; i < n && i < max; i++)
        names[i] = offers[i].plugin->name;
    return n;
}

const struct wk_message_hook *wk_registry_messages(const struct wk_registry *registry, size_t *n)
{
    *n = registry->message_count;
    return registry->messages;
}

const struct wk_filter_hook *wk_registry_filters(const struct wk_registry *registry, enum wk_phase phase, size_t *n)
{
    *n = 0;
    if (phase < WK_PHASE_EDGE || phase > WK_PHASE_CACHE)
        return NULL;
    *n = registry->filter_from[phase + 1] - registry->filter_from[phase];
    return registry->filters + registry->filter_from[phase];
}

const struct wk_route_hook *wk_registry_routes(const struct wk_registry *registry, size_t *n)
{
    *n = registry->route_count;
    return registry->routes;
}

const struct wk_sub_hook *wk_registry_subs(const struct wk_registry *registry, size_t *n)
{
    *n = registry->sub_count;
    return registry->subs;
}

const struct wk_event_hook *wk_registry_events(const struct wk_registry *registry, size_t *n)
{
    *n = registry->event_count;
    return registry->events;
}

static int by_type(const void *key, const void *hook) { return strcmp(key, ((const struct wk_event_hook *)hook)->type->name); }

const struct wk_event_hook *wk_registry_event(const struct wk_registry *registry, const char *type)
{
    return bsearch(type, registry->events, registry->event_count, sizeof *registry->events, by_type);
}

const struct wk_inbox_hook *wk_registry_inboxes(const struct wk_registry *registry, size_t *n)
{
    *n = registry->inbox_count;
    return registry->inboxes;
}
