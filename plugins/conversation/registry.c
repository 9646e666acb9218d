/* registry.c - small sorted arrays: a hundred nodes, looked up a few times per turn. */
#include "registry.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <wakala/plugin.h>

#include "ids.h"

#define SEARCH_MAX 8

static struct {
    struct registry_node *nodes; /* by name */
    size_t node_count;
    struct registry_entry *entries;
    size_t entry_count;
    struct registry_search searches[SEARCH_MAX];
    size_t search_count;
} all;

/* The plugin whose code `fn` is, for people: its descriptor is a symbol of the same .so. */
static const char *owner_name(const void *fn)
{
    Dl_info info;
    void *handle;
    const struct wk_plugin_desc *desc;

    if (!fn || !dladdr(fn, &info) || !info.dli_fname || !(handle = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD)))
        return "another plugin";
    desc = (const struct wk_plugin_desc *)dlsym(handle, "wakala_plugin");
    (void)dlclose(handle); /* gives back the count of RTLD_NOLOAD only: the plugin stays */
    return desc ? desc->name : "another plugin";
}

static const void *code_of(const struct wk_node *node)
{
    return node->show ? (const void *)(uintptr_t)node->show : (const void *)(uintptr_t)node->choose;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct registry_node *)a)->node->name, ((const struct registry_node *)b)->node->name);
}

const struct registry_node *registry_find(const char *name)
{
    size_t lo = 0, hi = all.node_count;

    while (name && lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = strcmp(name, all.nodes[mid].node->name);

        if (!c)
            return &all.nodes[mid];
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

const struct registry_node *registry_node_of(struct wk_call *call, const char *name)
{
    const struct registry_node *node = registry_find(name);

    return node && wk_is_on(call, node->owner) ? node : NULL;
}

static bool add_node(const void *owner, const struct wk_node *node, struct wk_err *err)
{
    const struct registry_node *there = registry_find(node->name);
    struct registry_node *grown;
    char id[ID_MAX + 1];

    if (!id_write(id, node->name, "", "", 0))
        return wk_fail(err, WK_SYSTEM, "flow.bad_node", "\"%s\" is no name for a node: 1 to 31 bytes without '|'", node->name);
    if (!node->show)
        return wk_fail(err, WK_SYSTEM, "flow.bad_node", "node %s has no show()", node->name);
    if (there)
        return wk_fail(err, WK_SYSTEM, "flow.duplicate_node", "node %s is brought by %s and by %s", node->name,
                       owner_name(code_of(there->node)), owner_name(code_of(node)));
    grown = (struct registry_node *)realloc(all.nodes, (all.node_count + 1) * sizeof *grown);
    if (!grown)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "nodes");
    all.nodes = grown;
    all.nodes[all.node_count++] = (struct registry_node){node, owner};
    qsort(all.nodes, all.node_count, sizeof *all.nodes, by_name);
    return true;
}

bool registry_add_nodes(struct wk_plugin *plugin, const struct wk_node *nodes, struct wk_err *err)
{
    for (const struct wk_node *node = nodes; node->name; node++)
        if (!add_node(plugin, node, err))
            return false;
    return true;
}

bool registry_add_entries(struct wk_plugin *plugin, const struct wk_entry *entries, struct wk_err *err)
{
    for (const struct wk_entry *entry = entries; entry->menu; entry++) {
        struct registry_entry *grown;
        size_t at = all.entry_count;

        if (!entry->node || !entry->title)
            return wk_fail(err, WK_SYSTEM, "flow.bad_entry", "an entry of menu \"%s\" lacks node or title", entry->menu);
        grown = (struct registry_entry *)realloc(all.entries, (at + 1) * sizeof *grown);
        if (!grown)
            return wk_fail(err, WK_SYSTEM, "host.no_memory", "entries");
        all.entries = grown;
        for (; at && all.entries[at - 1].entry->order > entry->order; at--)
            all.entries[at] = all.entries[at - 1];
        all.entries[at] = (struct registry_entry){entry, plugin};
        all.entry_count++;
    }
    return true;
}

bool registry_add_search(struct wk_plugin *plugin, search_fn search, struct wk_err *err)
{
    if (all.search_count == SEARCH_MAX)
        return wk_fail(err, WK_SYSTEM, "flow.too_many_searches", "more than %d search handlers", SEARCH_MAX);
    all.searches[all.search_count++] = (struct registry_search){search, plugin};
    return true;
}

void registry_clear(void)
{
    free(all.nodes);
    free(all.entries);
    memset(&all, 0, sizeof all);
}

const struct registry_entry *registry_entries(size_t *n)
{
    *n = all.entry_count;
    return all.entries;
}

const struct registry_search *registry_searches(size_t *n)
{
    *n = all.search_count;
    return all.searches;
}
