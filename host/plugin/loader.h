/* loader.h - one plugin in this process: dlopen of its private copy, and the check of its descriptor.
 * Loading runs the .so's constructors, nothing else of it; wk_registry_open() runs open(). A loaded plugin stays mapped until the
 * process ends: unloading code that left a thread, a key or a pointer behind is how hosts crash.
 * Threads: the loop's. */
#ifndef WK_PLUGIN_LOADER_H
#define WK_PLUGIN_LOADER_H
#include <wakala/plugin.h>
#include "config/settings.h"
#include "plugin/stage.h"

/* The host's side of a plugin; opaque to plugins. The same pointer is every frame's identity: wk_service_head.self,
 * wk_webhook.plugin, what wk_host->frame_enter() gets. */
struct wk_plugin {
    uint32_t magic;  /* WK_PLUGIN_MAGIC: frames are checked before they are believed */
    uint32_t index;  /* 0.. in open order: the cell in blame slots and counters */
    char name[32], version[24], build_id[41];
    struct wk_plugin_desc desc; /* a copy as this host knows it: fields the plugin was built without are zero */
    struct wk_settings *settings; /* checked values of its conf; NULL until checked */
    struct wk_registry *registry;
    bool is_required, is_open;
    void *state;     /* wk_set_state() */
    void *host_data; /* for the room that runs hooks */
    struct wk_plugin_counts { /* this process only */
        uint64_t calls, failures, slow; /* hooks run, returned failure, over their time on the loop */
        int64_t busy_us;                /* time on the loop */
    } counts;
    void *handle;    /* dlopen's */
};
#define WK_PLUGIN_MAGIC 0x57504c47u

/* Load the staged copy, check the descriptor, hand it `host`. Settings are not read yet. */
struct wk_plugin *wk_plugin_load(const struct wk_staged *staged, const struct wk_host *host, struct wk_err *err);
void wk_plugin_destroy(struct wk_plugin *plugin); /* frees the host's side; the code stays mapped */
WK_DEFINE_AUTO(wk_plugin)

/* Check a descriptor by itself (also the test kit's entry). name and version as in the note. */
bool wk_route_check(const char *plugin, const struct wk_route *route, struct wk_err *err); /* one row by itself */
bool wk_desc_check(const struct wk_plugin_desc *desc, const char *name, const char *version, struct wk_err *err);

static inline bool wk_plugin_is(const struct wk_plugin *plugin) { return plugin && plugin->magic == WK_PLUGIN_MAGIC; }
static inline void *wk_plugin_state(const struct wk_plugin *plugin) { return plugin->state; }
static inline const char *wk_plugin_name(const struct wk_plugin *plugin) { return plugin ? plugin->name : "host"; }
#endif
