/* resolve.c - who provides what, who is chosen, who opens first. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include "plugin/registry_data.h"

/* Several providers of these work side by side, each under its own name; of any other interface one is chosen. */
bool wk_interface_is_multi(const char *interface)
{
    static const char *const multi[] = {"channel/", "payment_gateway/"};

    for (size_t i = 0; i < WK_COUNT(multi); i++)
        if (!strncmp(interface, multi[i], strlen(multi[i])))
            return true;
    return false;
}

bool wk_need_next(const char **at, char interface[40], bool *is_optional)
{
    const char *p = *at ? *at + strspn(*at, " ") : "";
    size_t n = strcspn(p, " ");

    if (n == 0 || n >= 40)
        return false;
    *at = p + n;
    *is_optional = p[n - 1] == '?';
    n -= *is_optional;
    memcpy(interface, p, n);
    interface[n] = '\0';
    return true;
}

static int by_interface(const void *a, const void *b)
{
    const struct wk_offer *x = a, *y = b;
    int order = strcmp(x->provide->interface, y->provide->interface);

    return order ? order : strcmp(x->plugin->name, y->plugin->name);
}

struct wk_offer *wk_registry_offers(const struct wk_registry *registry, const char *interface, size_t *n)
{
    size_t first = 0;

    *n = 0;
    while (first < registry->offer_count && strcmp(registry->offers[first].provide->interface, interface) != 0)
        first++;
    while (first + *n < registry->offer_count && !strcmp(registry->offers[first + *n].provide->interface, interface))
        ++*n;
    return *n ? &registry->offers[first] : NULL;
}

static void name_list(const struct wk_offer *offers, size_t n, char *out, size_t size)
{
    size_t len = 0;

    *out = '\0';
    for (size_t i = 0; i < n && len + 40 < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i ? ", " : "", offers[i].plugin->name);
}

/* services = { intent = "intent-http"; } names a plugin for all versions of an interface that it provides. */
static void choose(struct wk_registry *r, struct wk_offer *offers, size_t n, struct wk_problems *problems)
{
    char name[40], list[256];
    const char *interface = offers[0].provide->interface, *wanted;

    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(interface, "/"), interface);
    wanted = wk_config_service(r->conf.config, name);
    for (size_t i = 0; i < n; i++)
        offers[i].is_chosen = wanted ? !strcmp(wanted, offers[i].plugin->name) : n == 1;
    if (wanted || n == 1 || wk_interface_is_multi(interface))
        return; /* a wrong choice is reported by check_choices() */
    name_list(offers, n, list, sizeof list);
    wk_problems_at(problems, wk_config_file(r->conf.config), 0, "services.%s: %s is provided by %s: choose one, as in services = { %s = \"%s\"; };",
                   name, interface, list, name, offers[0].plugin->name);
}

static bool provides_name(const struct wk_offer *offer, const char *name)
{
    size_t n = strlen(name);

    return !strncmp(offer->provide->interface, name, n) && offer->provide->interface[n] == '/';
}

static void check_choices(const struct wk_registry *r, struct wk_problems *problems)
{
    size_t n;
    const struct wk_choice *choices = wk_config_services(r->conf.config, &n);

    for (size_t i = 0; i < n; i++) {
        const char *names[64], *near;
        size_t count = 0;
        bool is_right = false;

        for (size_t o = 0; o < r->offer_count; o++) {
            if (!provides_name(&r->offers[o], choices[i].interface))
                continue;
            is_right = is_right || !strcmp(r->offers[o].plugin->name, choices[i].plugin);
            if (count < WK_COUNT(names))
                names[count++] = r->offers[o].plugin->name;
        }
        if (is_right)
            continue;
        near = wk_nearest(choices[i].plugin, names, count);
        if (near || count)
            wk_problems_at(problems, wk_config_file(r->conf.config), choices[i].line,
                           "services.%s: \"%s\" is no enabled provider of it; %s \"%s\"%s", choices[i].interface, choices[i].plugin,
                           near ? "did you mean" : "allowed:", near ? near : names[0], near ? "?" : "");
        else
            wk_problems_at(problems, wk_config_file(r->conf.config), choices[i].line,
                           "services.%s: no enabled plugin provides such an interface: enable %s, or remove the line", choices[i].interface,
                           choices[i].plugin);
    }
}

bool wk_registry_offer(struct wk_registry *registry, struct wk_problems *problems)
{
    size_t n = 0;

    for (size_t i = 0; i < registry->count; i++)
        for (const struct wk_provide *p = registry->plugins[i]->desc.provides; p && p->interface; p++)
            n++;
    registry->offers = calloc(n + 1, sizeof *registry->offers);
    if (!registry->offers)
        return false;
    for (size_t i = 0; i < registry->count; i++)
        for (const struct wk_provide *p = registry->plugins[i]->desc.provides; p && p->interface; p++) {
            registry->offers[registry->offer_count++] = (struct wk_offer){.plugin = registry->plugins[i], .provide = p};
            p->service->self = registry->plugins[i];
        }
    qsort(registry->offers, n, sizeof *registry->offers, by_interface);
    for (size_t i = 0; i < n;) {
        size_t same;
        struct wk_offer *offers = wk_registry_offers(registry, registry->offers[i].provide->interface, &same);

        choose(registry, offers, same, problems);
        i += same;
    }
    check_choices(registry, problems);
    return true;
}

/* ---- needs --------------------------------------------------------------------------------------------------------------- */

void wk_registry_could_provide(const struct wk_registry *registry, const char *interface, char *out, size_t size)
{
    const char *dir = wk_settings_text(wk_config_host(registry->conf.config), "host.plugin_dir");
    DIR *d = opendir(dir);
    struct dirent *entry;
    size_t len = 0, want = strlen(interface);

    *out = '\0';
    while (d && (entry = readdir(d)) && len + 40 < size) {
        char path[PATH_MAX], provided[512], name[40];
        size_t n = strlen(entry->d_name);

        if (n < 4 || n > 34 || strcmp(entry->d_name + n - 3, ".so") != 0 ||
            snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) >= (int)sizeof path)
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)(n - 3), entry->d_name);
        if (wk_registry_find(registry, name) || !wk_elf_provides(path, provided, sizeof provided))
            continue;
        for (const char *p = provided; *p; p += strcspn(p, " "), p += strspn(p, " "))
            if (strcspn(p, " ") == want && !memcmp(p, interface, want))
                len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", name);
    }
    if (d)
        (void)closedir(d);
}

static void report_missing(const struct wk_registry *r, const struct wk_plugin *plugin, const char *interface, struct wk_problems *problems)
{
    const struct wk_plugin_conf *conf = wk_config_plugin_find(r->conf.config, plugin->name);
    const char *file = conf ? conf->file : NULL;
    char could[256], name[40];

    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(interface, "/"), interface);
    for (size_t i = 0; i < r->offer_count; i++)
        if (provides_name(&r->offers[i], name)) {
            wk_problems_at(problems, file, 0, "%s needs %s, but %s provides %s: install versions that fit together", plugin->name, interface,
                           r->offers[i].plugin->name, r->offers[i].provide->interface);
            return;
        }
    wk_registry_could_provide(r, interface, could, sizeof could);
    if (*could)
        wk_problems_at(problems, file, 0, "%s needs %s, which no enabled plugin provides; %s could: enable it in %s", plugin->name, interface, could,
                       wk_settings_text(wk_config_host(r->conf.config), "host.conf_dir"));
    else
        wk_problems_at(problems, file, 0, "%s needs %s, which no plugin here provides: install and enable one, or disable %s", plugin->name,
                       interface, plugin->name);
}

/* Must `other` be open before `plugin`, because of this interface? A chosen provider, or all where several count. A plugin that
 * provides what it needs (it wraps another) waits for the others. */
static bool waits_for(const struct wk_registry *r, const struct wk_plugin *plugin, const struct wk_plugin *other, const char *interface)
{
    size_t n;
    const struct wk_offer *offers = wk_registry_offers(r, interface, &n);
    bool is_provider = false, other_offers = false, other_chosen = false;

    for (size_t i = 0; i < n; i++) {
        is_provider = is_provider || offers[i].plugin == plugin;
        if (offers[i].plugin == other) {
            other_offers = true;
            other_chosen = offers[i].is_chosen;
        }
    }
    return other != plugin && other_offers && (is_provider || other_chosen || wk_interface_is_multi(interface));
}

static bool depends(const struct wk_registry *r, const struct wk_plugin *plugin, const struct wk_plugin *other)
{
    const char *at = plugin->desc.needs;
    char interface[40];
    bool is_optional;

    while (wk_need_next(&at, interface, &is_optional))
        if (waits_for(r, plugin, other, interface))
            return true;
    return false;
}

static void check_needs(const struct wk_registry *r, struct wk_problems *problems)
{
    for (size_t i = 0; i < r->count; i++) {
        const char *at = r->plugins[i]->desc.needs;
        char interface[40];
        bool is_optional;
        size_t n;

        while (wk_need_next(&at, interface, &is_optional)) {
            const struct wk_offer *offers = wk_registry_offers(r, interface, &n);
            bool is_served = n > 1 || (n == 1 && offers[0].plugin != r->plugins[i]);

            if (!is_served && !is_optional)
                report_missing(r, r->plugins[i], interface, problems);
        }
    }
}

/* Follow the first open need from plugin to plugin until one comes twice: everything left has one, so this ends in the cycle. */
static void report_cycle(const struct wk_registry *r, const bool *done, struct wk_problems *problems)
{
    size_t *path = calloc(r->count + 1, sizeof *path), n = 0, at = 0, first, len = 0;
    char text[1024] = "";

    while (path && at < r->count && done[at])
        at++;
    while (path && n <= r->count) {
        for (first = 0; first < n && path[first] != at; first++) {}
        path[n++] = at;
        if (first + 1 < n)
            break;
        for (size_t j = 0; j < r->count; j++)
            if (!done[j] && depends(r, r->plugins[path[n - 1]], r->plugins[j])) {
                at = j;
                break;
            }
    }
    for (size_t i = path ? first : n; i < n && len + 40 < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i > first ? " -> " : "", r->plugins[path[i]]->name);
    wk_problems_add(problems, "plugins need each other in a circle: %s: one of them must use events instead", *text ? text : "(out of memory)");
    free(path);
}

bool wk_registry_order(struct wk_registry *registry, struct wk_problems *problems)
{
    size_t n = registry->count, placed = 0;
    struct wk_plugin **order = calloc(n + 1, sizeof(struct wk_plugin *));
    bool *done = calloc(n + 1, sizeof *done);
    bool is_ok = order && done;

    if (is_ok)
        check_needs(registry, problems);
    while (is_ok && placed < n) {
        size_t next = n;

        for (size_t i = 0; i < n && next == n; i++) { /* the first in conf order whose needs are placed */
            bool is_ready = !done[i];

            for (size_t j = 0; j < n && is_ready; j++)
                is_ready = done[j] || !depends(registry, registry->plugins[i], registry->plugins[j]);
            if (is_ready)
                next = i;
        }
        if (next == n) {
            report_cycle(registry, done, problems);
            break;
        }
        done[next] = true;
        order[placed++] = registry->plugins[next];
    }
    if (is_ok && placed == n) {
        memcpy(registry->plugins, order, n * sizeof(struct wk_plugin *));
        for (size_t i = 0; i < n; i++)
            registry->plugins[i]->index = (uint32_t)i;
    }
    free(order);
    free(done);
    return is_ok;
}
