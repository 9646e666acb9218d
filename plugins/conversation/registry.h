/* registry.h - nodes, menu entries and search handlers that plugins brought in their open().
 * One per process, filled while the plugins open (one thread, nothing runs yet), read only afterwards. */
#ifndef CONVERSATION_REGISTRY_H
#define CONVERSATION_REGISTRY_H
#include <wakala/service/flow.h>

typedef enum wk_verdict (*search_fn)(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err);

struct registry_node {
    const struct wk_node *node;
    const void *owner; /* the plugin, for its frame */
};
struct registry_entry {
    const struct wk_entry *entry;
    const void *owner;
};
struct registry_search {
    search_fn run;
    const void *owner;
};

bool registry_add_nodes(struct wk_plugin *plugin, const struct wk_node *nodes, struct wk_err *err);
bool registry_add_entries(struct wk_plugin *plugin, const struct wk_entry *entries, struct wk_err *err);
bool registry_add_search(struct wk_plugin *plugin, search_fn search, struct wk_err *err);
void registry_clear(void);

const struct registry_node *registry_find(const char *name); /* NULL: nobody brought it */
/* The same, but not of a plugin that the call's tenant has not. */
const struct registry_node *registry_node_of(struct wk_call *call, const char *name);
const struct registry_entry *registry_entries(size_t *n);    /* by order, then as registered */
const struct registry_search *registry_searches(size_t *n);
#endif
