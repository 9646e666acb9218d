#include "shop.h"
#include <stdlib.h>
#define SO_DIR TEST_BINARY_DIR "/tests/plugins/so/"

static void set_state(struct wk_plugin *plugin, void *state) { plugin->state = state; }

static const void *open_service(struct wk_plugin *plugin, const char *interface, struct wk_err *err)
{
    return wk_registry_open_service(plugin->registry, plugin, interface, err);
}

struct wk_host shop_host = {.size = sizeof shop_host, .abi_major = WK_ABI_MAJOR, .abi_minor = WK_ABI_MINOR,
                            .plugin_set_state = set_state, .open_service = open_service};

void shop_make(struct shop *s)
{
    *s = (struct shop){0};
    tree_make(&s->tree);
    s->problems = wk_problems_create();
    tree_put(&s->tree, "wakala.d/.keep", "");
    tree_put(&s->tree, "so/.keep", "");
    shop_conf(s, "");
}

void shop_close(struct shop *s)
{
    wk_registry_destroy(s->registry);
    wk_stage_destroy(s->stage);
    wk_config_destroy(s->config);
    wk_problems_destroy(s->problems);
    s->registry = NULL;
    s->stage = NULL;
    s->config = NULL;
    s->problems = wk_problems_create();
}

void shop_remove(struct shop *s)
{
    shop_close(s);
    wk_problems_destroy(s->problems);
    tree_remove(&s->tree);
}

void shop_conf(struct shop *s, const char *more)
{
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "host = { plugin_dir = \"so\"; run_dir = \"run\"; cache_dir = \"cache\"; share_dir = \"share\"; };\n"
                   "database = { app = \"dbname=w\"; host = \"dbname=w\"; };\n%s", more);
    tree_put(&s->tree, "wakala.conf", text);
}

void shop_install(struct shop *s, const char *plugin)
{
    char path[PATH_MAX], name[64];
    size_t size = 0;
    char *bytes;

    (void)snprintf(path, sizeof path, "%s%s.so", SO_DIR, plugin);
    (void)snprintf(name, sizeof name, "so/%s.so", plugin);
    bytes = tree_get(path, &size);
    if (!bytes)
        abort();
    tree_put_bytes(&s->tree, name, bytes, size);
    free(bytes);
}

void shop_enable(struct shop *s, int order, const char *plugin, const char *more)
{
    char name[64], text[512];

    shop_install(s, plugin);
    (void)snprintf(name, sizeof name, "wakala.d/%02d-%s.conf", order, plugin);
    (void)snprintf(text, sizeof text, "enabled = true;\n%s\n", more);
    tree_put(&s->tree, name, text);
}

bool shop_load(struct shop *s)
{
    struct wk_registry_conf conf = {.host = &shop_host};

    s->config = wk_config_load(tree_path(&s->tree, "wakala.conf"), s->problems);
    if (wk_problems_count(s->problems))
        return false;
    s->stage = wk_stage_create(s->config, s->problems);
    if (!s->stage)
        return false;
    conf.config = s->config;
    conf.stage = s->stage;
    s->registry = wk_registry_load(&conf, s->problems);
    return s->registry != NULL;
}

bool shop_told(const struct shop *s, const char *text)
{
    for (size_t i = 0; i < wk_problems_count(s->problems); i++)
        if (strstr(wk_problems_text(s->problems, i), text))
            return true;
    return false;
}
