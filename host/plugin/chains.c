/* chains.c - what every plugin hangs on, sorted as it will run; what two plugins want for themselves alone is refused. */
#include <stdlib.h>
#include "plugin/registry_data.h"

/* ---- collect ------------------------------------------------------------------------------------------------------------- */

static void count_all(struct wk_registry *r)
{
    r->event_count = wk_host_events(NULL);
    for (size_t i = 0; i < r->count; i++) {
        const struct wk_plugin_desc *d = &r->plugins[i]->desc;

        r->message_count += d->on_message != NULL;
        for (const struct wk_filter *f = d->filters; f && f->name; f++)
            r->filter_count++;
        for (const struct wk_route *x = d->routes; x && x->method; x++)
            r->route_count++;
        for (const struct wk_sub *s = d->subscriptions; s && s->name; s++)
            r->sub_count++;
        for (const struct wk_event_type *e = d->events; e && e->name; e++)
            r->event_count++;
        for (const struct wk_inbox *x = d->inboxes; x && x->path; x++)
            r->inbox_count++;
    }
}

static bool make_room(struct wk_registry *r)
{
    r->messages = calloc(r->message_count + 1, sizeof *r->messages);
    r->filters = calloc(r->filter_count + 1, sizeof *r->filters);
    r->routes = calloc(r->route_count + 1, sizeof *r->routes);
    r->subs = calloc(r->sub_count + 1, sizeof *r->subs);
    r->events = calloc(r->event_count + 1, sizeof *r->events);
    r->inboxes = calloc(r->inbox_count + 1, sizeof *r->inboxes);
    return r->messages && r->filters && r->routes && r->subs && r->events && r->inboxes;
}

static bool fill_all(struct wk_registry *r)
{
    size_t messages = 0, filters = 0, routes = 0, subs = 0, events = wk_host_events(r->events), inboxes = 0;

    for (size_t i = 0; i < r->count; i++) {
        struct wk_plugin *p = r->plugins[i];

        if (p->desc.on_message)
            r->messages[messages++].plugin = p;
        for (const struct wk_filter *f = p->desc.filters; f && f->name; f++)
            r->filters[filters++] = (struct wk_filter_hook){p, f};
        for (const struct wk_route *x = p->desc.routes; x && x->method; x++)
            r->routes[routes++] = (struct wk_route_hook){p, x};
        for (const struct wk_event_type *e = p->desc.events; e && e->name; e++)
            r->events[events++] = (struct wk_event_hook){p, e};
        for (const struct wk_inbox *x = p->desc.inboxes; x && x->path; x++)
            r->inboxes[inboxes++] = (struct wk_inbox_hook){p, x};
        for (const struct wk_sub *s = p->desc.subscriptions; s && s->name; s++) {
            char *name = NULL;

            if (asprintf(&name, "%s.%s", p->name, s->name) < 0)
                return false;
            r->subs[subs++] = (struct wk_sub_hook){p, s, name};
        }
    }
    return true;
}

/* ---- sort ---------------------------------------------------------------------------------------------------------------- */

static int compare(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int by_message(const void *a, const void *b)
{
    const struct wk_message_hook *x = a, *y = b;
    int order = compare(x->plugin->desc.message_priority, y->plugin->desc.message_priority);

    return order ? order : strcmp(x->plugin->name, y->plugin->name);
}

static int by_filter(const void *a, const void *b)
{
    const struct wk_filter_hook *x = a, *y = b;
    int order = compare(x->filter->phase, y->filter->phase);

    order = order ? order : compare(x->filter->priority, y->filter->priority);
    order = order ? order : strcmp(x->plugin->name, y->plugin->name);
    return order ? order : strcmp(x->filter->name, y->filter->name);
}

static int by_sub(const void *a, const void *b)
{
    return strcmp(((const struct wk_sub_hook *)a)->name, ((const struct wk_sub_hook *)b)->name);
}

static int by_event(const void *a, const void *b)
{
    const struct wk_event_hook *x = a, *y = b;
    int order = strcmp(x->type->name, y->type->name);

    return order ? order : strcmp(x->plugin->name, y->plugin->name);
}

static void sort_all(struct wk_registry *r)
{
    qsort(r->messages, r->message_count, sizeof *r->messages, by_message);
    qsort(r->filters, r->filter_count, sizeof *r->filters, by_filter);
    qsort(r->subs, r->sub_count, sizeof *r->subs, by_sub);
    qsort(r->events, r->event_count, sizeof *r->events, by_event);
    for (size_t phase = 0, i = 0; phase <= WK_PHASES; phase++) { /* filter_from[p] .. filter_from[p + 1] are phase p's */
        while (i < r->filter_count && (size_t)r->filters[i].filter->phase < phase)
            i++;
        r->filter_from[phase] = i;
    }
}

/* ---- collide ------------------------------------------------------------------------------------------------------------- */

/* Do two paths take the same requests by the same rule: equal but for the names of their parameters? */
static bool same_path(const char *a, const char *b)
{
    while (*a && *b) {
        if (*a == '{' && *b == '{') {
            a += strcspn(a, "?*}");
            b += strcspn(b, "?*}");
        }
        if (*a != *b)
            return false;
        a++;
        b++;
    }
    return *a == *b;
}

static void check_routes(const struct wk_registry *r, struct wk_problems *problems)
{
    for (size_t i = 0; i < r->route_count; i++)
        for (size_t j = 0; j < i; j++)
            if (r->routes[i].route->method == r->routes[j].route->method && same_path(r->routes[i].route->path, r->routes[j].route->path))
                wk_problems_add(problems, "route %s: both %s and %s answer it: disable one", r->routes[i].route->path, r->routes[j].plugin->name,
                                r->routes[i].plugin->name);
    for (size_t i = 0; i < r->inbox_count; i++) {
        const char *path = r->inboxes[i].inbox->path;

        for (size_t j = 0; j < i; j++)
            if (same_path(path, r->inboxes[j].inbox->path))
                wk_problems_add(problems, "inbox %s: both %s and %s receive there: disable one", path, r->inboxes[j].plugin->name,
                                r->inboxes[i].plugin->name);
        for (size_t j = 0; j < r->route_count; j++)
            if (same_path(path, r->routes[j].route->path))
                wk_problems_add(problems, "inbox %s of %s is also a route of %s: disable one", path, r->inboxes[i].plugin->name,
                                r->routes[j].plugin->name);
    }
}

/* What open() adds meets the same rules as a table's row, one by one. */
bool wk_registry_add_route(struct wk_registry *r, struct wk_plugin *plugin, const struct wk_route *route, struct wk_err *err)
{
    struct wk_route_hook *more;
    size_t n;

    if (plugin->is_open)
        return wk_fail(err, WK_SYSTEM, "plugin.descriptor", "%s: routes are added in open() only", plugin->name);
    if (!wk_route_check(plugin->name, route, err))
        return false;
    for (size_t i = 0; i < r->route_count; i++)
        if (r->routes[i].route->method == route->method && same_path(r->routes[i].route->path, route->path))
            return wk_fail(err, WK_SYSTEM, "plugin.route_taken", "route %s of %s is one of %s, too", route->path, plugin->name, r->routes[i].plugin->name);
    (void)wk_registry_offers(r, "identity/1", &n);
    if (!n && strcmp(route->permission, WK_PUBLIC) != 0)
        return wk_fail(err, WK_SYSTEM, "plugin.route_taken", "route %s of %s asks for \"%s\", but no enabled plugin provides identity/1", route->path,
                       plugin->name, route->permission);
    if (!(more = realloc(r->routes, (r->route_count + 1) * sizeof *more)))
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "routes");
    r->routes = more;
    r->routes[r->route_count++] = (struct wk_route_hook){plugin, route};
    return true;
}

static void check_events(const struct wk_registry *r, struct wk_problems *problems)
{
    for (size_t i = 1; i < r->event_count; i++)
        if (!strcmp(r->events[i].type->name, r->events[i - 1].type->name))
            wk_problems_add(problems, "event type %s: both %s and %s declare it: only one may publish a type", r->events[i].type->name,
                            r->events[i - 1].plugin->name, r->events[i].plugin->name);
}

/* Without somebody who says who asks, a route that wants a permission could only be open to all or closed to all. */
static void check_identity(const struct wk_registry *r, struct wk_problems *problems)
{
    size_t n;
    const struct wk_offer *offers = wk_registry_offers(r, "identity/1", &n);

    for (size_t i = 0; n == 0 && i < r->route_count; i++)
        if (strcmp(r->routes[i].route->permission, WK_PUBLIC) != 0) {
            char could[256];

            wk_registry_could_provide(r, "identity/1", could, sizeof could);
            wk_problems_add(problems, "route %s of %s asks for \"%s\", but no enabled plugin provides identity/1%s%s%s", r->routes[i].route->path,
                            r->routes[i].plugin->name, r->routes[i].route->permission, *could ? "; enable " : ": install and enable one", could, "");
            break; /* one is enough: the cure is the same for all */
        }
    for (size_t i = 0; i < r->filter_count; i++) {
        bool is_provider = r->filters[i].filter->phase != WK_PHASE_IDENTITY;

        for (size_t o = 0; o < n; o++)
            is_provider = is_provider || offers[o].plugin == r->filters[i].plugin;
        if (!is_provider)
            wk_problems_add(problems, "filter %s of %s: only a provider of identity/1 may stand in the phase IDENTITY", r->filters[i].filter->name,
                            r->filters[i].plugin->name);
    }
}

bool wk_registry_chain(struct wk_registry *registry, struct wk_problems *problems)
{
    count_all(registry);
    if (!make_room(registry) || !fill_all(registry))
        return false;
    sort_all(registry);
    registry->table_routes = registry->route_count;
    check_routes(registry, problems);
    check_events(registry, problems);
    check_identity(registry, problems);
    return true;
}

bool wk_pattern_matches(const char *pattern, const char *type)
{
    size_t n = strlen(pattern);

    if (n && pattern[n - 1] == '*')
        return !strncmp(pattern, type, n - 1);
    return !strcmp(pattern, type);
}
