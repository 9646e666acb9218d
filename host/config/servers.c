/* servers.c - servers = { eu1 = { app = ".."; host = ".."; owner = ".."; shards = "17-32"; }; }: PostgreSQL servers beside the one of `database`. */
#include <stdlib.h>
#include "config/config_data.h"

enum { APP, HOST, OWNER, SHARDS, KEYS };
static const struct wk_setting keys[KEYS] = {
    [APP] = {.key = "app", .type = WK_TYPE_SECRET, .flags = WK_HOST_LITERAL | WK_HOST_CONNINFO | WK_REQUIRED, .help = "as database.app, on this server"},
    [HOST] = {.key = "host", .type = WK_TYPE_SECRET, .flags = WK_HOST_LITERAL | WK_HOST_CONNINFO | WK_REQUIRED, .help = "as database.host, on this server"},
    [OWNER] = {.key = "owner", .type = WK_TYPE_SECRET, .flags = WK_HOST_LITERAL | WK_HOST_CONNINFO, .help = "as database.owner, on this server"},
    [SHARDS] = {.key = "shards", .type = WK_TYPE_STRING, .help = "whose new tenants are made here: \"17-32\", \"1,4,8-10\"; the rest is main's"},
};

/* "1,4,8-10" as a bit for each; false: it is something else. */
static bool parse_shards(const char *text, uint32_t *shards)
{
    *shards = 0;
    while (*text) {
        char *end;
        long first = strtol(text, &end, 10), last = first;

        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        if (end == text || first < 1 || last > 32 || first > last || (*end && (*end != ',' || !end[1])))
            return false;
        for (long i = first; i <= last; i++)
            *shards |= UINT32_C(1) << (i - 1);
        text = *end ? end + 1 : end;
    }
    return true;
}

static bool is_name(const char *name, size_t len)
{
    return len > 0 && len < WK_SERVER_NAME_MAX && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") >= len && !(len == 4 && !memcmp(name, WK_SERVER_MAIN, 4));
}

/* A new one for the name in "servers.NAME.key"; NULL: a problem says why. */
static struct server_group *add(struct wk_config *c, const struct wk_raw *raw, struct wk_problems *problems)
{
    const char *name = raw->key + strlen("servers.");
    size_t len = strcspn(name, ".");
    struct server_group *g;

    if (name[len] != '.' || !is_name(name, len)) {
        wk_problems_at(problems, c->host_file.path, raw->line, "%s: is no server; allowed: a name of a-z, 0-9 and - that is not \"" WK_SERVER_MAIN "\", "
                       "such as eu1 = { app = \"..\"; host = \"..\"; owner = \"..\"; shards = \"17-32\"; }", raw->key);
        return NULL;
    }
    for (size_t i = 0; i < c->server_count; i++)
        if (strlen(c->servers[i].name) == len && !memcmp(c->servers[i].name, name, len))
            return &c->servers[i];
    if (c->server_count == WK_SERVERS_MAX - 1) {
        wk_problems_at(problems, c->host_file.path, raw->line, "servers: at most %d beside " WK_SERVER_MAIN, WK_SERVERS_MAX - 1);
        return NULL;
    }
    g = &c->servers[c->server_count++];
    memcpy(g->name, name, len);
    g->line = raw->line;
    for (size_t i = 0; i < KEYS; i++) {
        (void)snprintf(g->keys[i], sizeof g->keys[i], "servers.%.*s.%s", (int)len, name, keys[i].key);
        g->schema[i] = keys[i];
        g->schema[i].key = g->keys[i];
    }
    return g;
}

/* Its values by the same checks as everything else. */
static void check(struct wk_config *c, struct server_group *g, struct wk_problems *problems)
{
    struct wk_raw_file own = c->host_file;
    struct wk_raw *values = calloc(c->host_file.count + 1, sizeof *values);
    size_t prefix = strlen("servers.") + strlen(g->name) + 1;
    const char *shards;

    own.values = values;
    own.count = 0;
    for (size_t i = 0; values && i < c->host_file.count; i++)
        if (!strncmp(c->host_file.values[i].key, g->keys[APP], prefix))
            values[own.count++] = c->host_file.values[i];
    g->settings = values ? wk_settings_build(g->schema, &own, c->base, NULL, problems) : NULL;
    free(values);
    if (!g->settings)
        return;
    shards = wk_settings_text(g->settings, g->keys[SHARDS]);
    if (shards && !parse_shards(shards, &g->conf.shards))
        wk_problems_at(problems, c->host_file.path, g->line, "%s: \"%s\" are no shards; allowed: 1 to 32, as in \"17-32\" or \"1,4,8-10\"", g->keys[SHARDS], shards);
    g->conf.name = g->name;
    g->conf.app = wk_settings_text(g->settings, g->keys[APP]);
    g->conf.host = wk_settings_text(g->settings, g->keys[HOST]);
    g->conf.owner = wk_settings_text(g->settings, g->keys[OWNER]);
}

void wk_config_read_servers(struct wk_config *c, struct wk_problems *problems)
{
    uint32_t taken = 0;

    for (size_t i = 0; i < c->host_file.count; i++)
        if (!strncmp(c->host_file.values[i].key, "servers.", 8))
            (void)add(c, &c->host_file.values[i], problems);
    for (size_t i = 0; i < c->server_count; i++) {
        struct server_group *g = &c->servers[i];

        check(c, g, problems);
        if (g->conf.shards & taken)
            wk_problems_at(problems, c->host_file.path, g->line, "%s: names shards that another server has; allowed: each shard at one server", g->keys[SHARDS]);
        taken |= g->conf.shards;
    }
    c->main = (struct wk_server_conf){.name = WK_SERVER_MAIN, .shards = ~taken, .app = wk_settings_text(c->host, "database.app"),
                                      .host = wk_settings_text(c->host, "database.host"), .owner = wk_settings_text(c->host, "database.owner")};
}

size_t wk_config_server_count(const struct wk_config *config) { return config->server_count + 1; }

const struct wk_server_conf *wk_config_server(const struct wk_config *config, size_t i)
{
    return !i ? &config->main : i <= config->server_count ? &config->servers[i - 1].conf : NULL;
}

const struct wk_server_conf *wk_config_server_find(const struct wk_config *config, const char *name)
{
    for (size_t i = 0; i < wk_config_server_count(config); i++)
        if (!strcmp(wk_config_server(config, i)->name, name))
            return wk_config_server(config, i);
    return NULL;
}

const struct wk_server_conf *wk_config_server_of(const struct wk_config *config, uint32_t shard)
{
    for (size_t i = 0; i < wk_config_server_count(config); i++)
        if (wk_config_server(config, i)->shards & UINT32_C(1) << (shard - 1))
            return wk_config_server(config, i);
    return &config->main;
}
