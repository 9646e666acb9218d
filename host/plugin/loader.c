#include "plugin/loader.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include "observe/backtrace.h"

/* What dlerror() says, with the cure where it is known. The path is left out: it is the copy's, nobody knows it. */
static bool explain(const struct wk_staged *staged, struct wk_err *err)
{
    const char *text = dlerror(), *after;

    if (!text)
        text = "unknown reason";
    after = strncmp(text, staged->path, strlen(staged->path)) == 0 ? text + strlen(staged->path) : text;
    while (*after == ':' || *after == ' ')
        after++;
    if (strstr(text, "failed to map segment"))
        return wk_fail(err, WK_SYSTEM, "plugin.noexec", "%s: cannot be mapped: is host.cache_dir on a mount with noexec?", staged->name);
    if (strstr(text, "undefined symbol"))
        return wk_fail(err, WK_SYSTEM, "plugin.symbol", "%s: %.120s: link it with what it uses (wakala_add_plugin refuses this when it is built)",
                       staged->name, after);
    if (strstr(text, "cannot open shared object file"))
        return wk_fail(err, WK_SYSTEM, "plugin.library", "%s: %.120s: install the library it needs", staged->name, after);
    return wk_fail(err, WK_SYSTEM, "plugin.load", "%s: %.200s", staged->name, after);
}

struct wk_plugin *wk_plugin_load(const struct wk_staged *staged, const struct wk_host *host, struct wk_err *err)
{
    WK_AUTO(wk_plugin) plugin = calloc(1, sizeof *plugin);
    const struct wk_plugin_desc *desc;

    if (!plugin) {
        (void)wk_fail(err, WK_SYSTEM, "host.no_memory", "%s: out of memory", staged->name);
        return NULL;
    }
    (void)dlerror();
    plugin->handle = dlopen(staged->path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin->handle) {
        (void)explain(staged, err);
        return NULL;
    }
    desc = dlsym(plugin->handle, "wakala_plugin");
    if (!desc) {
        (void)wk_fail(err, WK_SYSTEM, "plugin.descriptor", "%s: exports no wakala_plugin: use WK_PLUGIN in %s.c", staged->name, staged->name);
        return NULL;
    }
    /* Only as much as the plugin was built with; the rest is zero. */
    memcpy(&plugin->desc, desc, desc->size < sizeof plugin->desc ? desc->size : sizeof plugin->desc);
    if (!wk_desc_check(&plugin->desc, staged->name, staged->info.version, err))
        return NULL;
    plugin->magic = WK_PLUGIN_MAGIC;
    memcpy(plugin->name, staged->info.name, sizeof plugin->name);
    memcpy(plugin->version, staged->info.version, sizeof plugin->version);
    memcpy(plugin->build_id, staged->info.build_id, sizeof plugin->build_id);
    *desc->host = host;
    if (plugin->desc.fail_ear)
        *plugin->desc.fail_ear = wk_backtrace_note;
    return wk_steal(plugin);
}

void wk_plugin_destroy(struct wk_plugin *plugin)
{
    if (!plugin)
        return;
    wk_settings_destroy(plugin->settings);
    plugin->magic = 0;
    free(plugin);
}
