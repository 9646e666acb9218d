/* hooks.c - `wakala plugins --hooks`: what runs, in which order, and whose it is. */
#include "plugin/registry_data.h"

static const char *method_name(enum wk_method method)
{
    static const char *const names[] = {"?", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};

    return method == WK_ANY ? "ANY" : (size_t)method < WK_COUNT(names) ? names[method] : "?";
}

static void print_services(const struct wk_registry *r, FILE *out)
{
    (void)fprintf(out, "services\n");
    for (size_t i = 0; i < r->offer_count; i++)
        (void)fprintf(out, "  %-24s %s%s\n", r->offers[i].provide->interface, r->offers[i].plugin->name,
                      r->offers[i].is_chosen ? " (chosen)" : wk_interface_is_multi(r->offers[i].provide->interface) ? " (by name)" : "");
}

static void print_filters(const struct wk_registry *r, FILE *out)
{
    static const char *const names[WK_PHASES] = {"", "EDGE", "IDENTITY", "TENANT", "POLICY", "CACHE"};

    (void)fprintf(out, "http filters, on the way in (back in reverse)\n");
    for (size_t i = 0; i < r->filter_count; i++) {
        const struct wk_filter *f = r->filters[i].filter;

        (void)fprintf(out, "  %-9s %6d  %s.%s%s\n", names[f->phase], f->priority, r->filters[i].plugin->name, f->name,
                      !f->before ? " (only back)" : f->after ? " (and back)" : "");
    }
}

static void print_routes(const struct wk_registry *r, FILE *out)
{
    (void)fprintf(out, "routes\n");
    for (size_t i = 0; i < r->route_count; i++)
        (void)fprintf(out, "  %-6s %-40s %-22s %s\n", method_name(r->routes[i].route->method), r->routes[i].route->path,
                      !strcmp(r->routes[i].route->permission, WK_PUBLIC)          ? "public"
                      : !strcmp(r->routes[i].route->permission, WK_AUTHENTICATED) ? "any principal"
                                                                                  : r->routes[i].route->permission,
                      r->routes[i].plugin->name);
    for (size_t i = 0; i < r->inbox_count; i++)
        (void)fprintf(out, "  %-6s %-40s %-22s %s\n", "INBOX", r->inboxes[i].inbox->path, r->inboxes[i].inbox->channel, r->inboxes[i].plugin->name);
}

static void print_events(const struct wk_registry *r, FILE *out)
{
    static const char *const priorities[] = {"high", "normal", "low"};

    (void)fprintf(out, "events\n");
    for (size_t i = 0; i < r->event_count; i++) {
        const struct wk_event_type *e = r->events[i].type;

        (void)fprintf(out, "  %-32s %-6s v%u  by %s\n", e->name, priorities[e->priority], e->version, r->events[i].plugin->name);
        for (size_t s = 0; s < r->sub_count; s++)
            if (wk_pattern_matches(r->subs[s].sub->pattern, e->name))
                (void)fprintf(out, "    -> %s\n", r->subs[s].name);
    }
    for (size_t s = 0; s < r->sub_count; s++) { /* not wrong (an optional plugin may be off), but worth seeing */
        bool is_fed = false;

        for (size_t i = 0; i < r->event_count && !is_fed; i++)
            is_fed = wk_pattern_matches(r->subs[s].sub->pattern, r->events[i].type->name);
        if (!is_fed)
            (void)fprintf(out, "  %-32s nobody declares it; waited for by %s\n", r->subs[s].sub->pattern, r->subs[s].name);
    }
}

void wk_registry_print_hooks(const struct wk_registry *registry, FILE *out)
{
    (void)fprintf(out, "plugins, in the order they open\n");
    for (size_t i = 0; i < registry->count; i++) {
        const struct wk_plugin *p = registry->plugins[i];

        (void)fprintf(out, "  %-20s %-10s%s%s%s\n", p->name, p->version, p->desc.needs && *p->desc.needs ? " needs " : "",
                      p->desc.needs ? p->desc.needs : "", p->is_required ? " (required)" : "");
    }
    print_services(registry, out);
    (void)fprintf(out, "messages: first that handles it wins\n");
    for (size_t i = 0; i < registry->message_count; i++)
        (void)fprintf(out, "  %6d  %s\n", registry->messages[i].plugin->desc.message_priority, registry->messages[i].plugin->name);
    print_filters(registry, out);
    print_routes(registry, out);
    print_events(registry, out);
}
