#include "config/config.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/config_data.h"

/* ---- wakala.conf ------------------------------------------------------------------------------------------------------ */

static bool is_other(const char *key) { return !strncmp(key, "forward[", 8) || !strncmp(key, "services.", 9) || !strncmp(key, "servers.", 8); }

static void add_forward(struct wk_config *c, const struct wk_raw *raw, struct wk_problems *problems)
{
    char *rest;
    unsigned long i = strtoul(raw->key + 8, &rest, 10);
    struct wk_forward *f;

    if (i >= WK_FORWARD_MAX) {
        wk_problems_at(problems, c->host_file.path, raw->line, "forward: at most %d entries", WK_FORWARD_MAX);
        return;
    }
    f = &c->forwards[i];
    if (i >= c->forward_count)
        c->forward_count = i + 1;
    if (!strcmp(rest, "].prefix"))
        f->prefix = raw->text; /* NULL when it is no text: check_forwards() says so */
    else if (!strcmp(rest, "].to"))
        f->to = raw->text;
    else
        wk_problems_at(problems, c->host_file.path, raw->line, "%s: unknown setting; allowed: { prefix = \"/sim/\"; to = \"127.0.0.1:8180\"; }",
                       raw->key);
}

static void check_forwards(const struct wk_config *c, struct wk_problems *problems)
{
    static const struct wk_setting to = {.key = "to", .type = WK_TYPE_STRING, .flags = WK_HOST_ADDRESS | WK_REQUIRED};
    char why[128];

    for (size_t i = 0; i < c->forward_count; i++) {
        const struct wk_forward *f = &c->forwards[i];
        size_t n = f->prefix ? strlen(f->prefix) : 0;

        if (n < 3 || f->prefix[0] != '/' || f->prefix[n - 1] != '/' || strpbrk(f->prefix, "?# %") || strstr(f->prefix, ".."))
            wk_problems_at(problems, c->host_file.path, 0, "forward[%zu].prefix: is not a path; allowed: begins and ends with /, such as \"/sim/\"",
                           i);
        if (!f->to || !wk_value_check(&to, f->to, NULL, why, sizeof why))
            wk_problems_at(problems, c->host_file.path, 0, "forward[%zu].to: is not an address with a port; allowed: such as \"127.0.0.1:8180\"",
                           i);
        for (size_t j = 0; j < i && f->prefix && c->forwards[j].prefix; j++)
            if (!strcmp(f->prefix, c->forwards[j].prefix))
                wk_problems_at(problems, c->host_file.path, 0, "forward[%zu].prefix: \"%s\" is given twice", i, f->prefix);
    }
}

static void add_service(struct wk_config *c, const struct wk_raw *raw, struct wk_problems *problems)
{
    if (c->service_count == WK_SERVICE_MAX)
        wk_problems_at(problems, c->host_file.path, raw->line, "services: at most %d entries", WK_SERVICE_MAX);
    else if (raw->type != WK_RAW_STRING || !*raw->text || strchr(raw->key + 9, '.'))
        wk_problems_at(problems, c->host_file.path, raw->line, "%s: allowed: the name of a plugin in quotes, such as intent = \"intent-http\"",
                       raw->key);
    else
        c->services[c->service_count++] = (struct wk_choice){raw->key + 9, raw->text, raw->line};
}

static bool read_host(struct wk_config *c, const char *path, struct wk_problems *problems)
{
    if (!wk_raw_read(&c->host_file, path, problems))
        return false;
    c->host = wk_settings_build(wk_config_host_schema(), &c->host_file, c->base, is_other, problems);
    for (size_t i = 0; i < c->host_file.count; i++) {
        const struct wk_raw *raw = &c->host_file.values[i];

        if (!strncmp(raw->key, "forward[", 8))
            add_forward(c, raw, problems);
        else if (!strncmp(raw->key, "services.", 9))
            add_service(c, raw, problems);
    }
    check_forwards(c, problems);
    if (c->host)
        wk_config_read_servers(c, problems);
    return true;
}

/* ---- wakala.d --------------------------------------------------------------------------------------------------------- */

/* "20-intent-http.conf" -> 20, "intent-http". */
static bool split_name(const char *leaf, int *order, char name[WK_PLUGIN_NAME_MAX])
{
    size_t len = strlen(leaf), n;

    if (len < 9 || len > 8 + WK_PLUGIN_NAME_MAX - 1 || leaf[0] < '0' || leaf[0] > '9' || leaf[1] < '0' || leaf[1] > '9' || leaf[2] != '-')
        return false;
    n = len - 8; /* "NN-" and ".conf" */
    memcpy(name, leaf + 3, n);
    name[n] = '\0';
    *order = (leaf[0] - '0') * 10 + (leaf[1] - '0');
    return name[0] >= 'a' && name[0] <= 'z' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static bool is_conf(const char *leaf)
{
    size_t len = strlen(leaf);

    return leaf[0] != '.' && len > 5 && !strcmp(leaf + len - 5, ".conf");
}

static bool flag(const struct wk_raw_file *file, const char *key, bool must, struct wk_problems *problems)
{
    const struct wk_raw *raw = wk_raw_find(file, key);

    if (raw && raw->type == WK_RAW_BOOL)
        return raw->number != 0;
    if (raw)
        wk_problems_at(problems, file->path, raw->line, "%s: must be true or false without quotes; allowed: true or false", key);
    else if (must)
        wk_problems_at(problems, file->path, 0, "%s: is required and missing; allowed: true or false", key);
    return false;
}

/* Only flat values: a group would hide a key from the schema. */
static void check_flat(const struct wk_raw_file *file, struct wk_problems *problems)
{
    for (size_t i = 0; i < file->count; i++) {
        size_t n = strcspn(file->values[i].key, ".[");

        if (file->values[i].key[n])
            wk_problems_at(problems, file->path, file->values[i].line,
                           "%.*s: groups and lists are not used in a plugin's file; allowed: key = value;", (int)n, file->values[i].key);
    }
}

static void read_plugin(struct wk_config *c, const char *dir, const char *leaf, struct wk_problems *problems)
{
    struct plugin_file *p, *grown;
    char name[WK_PLUGIN_NAME_MAX];
    char *path = NULL;
    int order;

    if (asprintf(&path, "%s/%s", dir, leaf) < 0) {
        wk_problems_add(problems, "out of memory");
        return;
    }
    if (!split_name(leaf, &order, name)) {
        wk_problems_at(problems, path, 0, "is not named NN-<plugin>.conf: two digits, -, and the plugin's name of a-z, 0-9 and -, as in 20-catalog.conf");
        free(path);
        return;
    }
    grown = realloc(c->plugins, (c->plugin_count + 1) * sizeof *grown);
    if (!grown) {
        wk_problems_add(problems, "out of memory");
        free(path);
        return;
    }
    c->plugins = grown;
    p = &c->plugins[c->plugin_count++];
    *p = (struct plugin_file){0};
    memcpy(p->name, name, sizeof name);
    p->leaf = strdup(leaf);
    p->conf.order = order;
    if (!wk_raw_read(&p->raw, path, problems)) {
        p->is_broken = true;
    } else {
        p->conf.is_enabled = flag(&p->raw, "enabled", true, problems);
        p->conf.is_required = flag(&p->raw, "required", false, problems);
        check_flat(&p->raw, problems);
    }
    if (!p->raw.path)
        p->raw.path = path;
    else
        free(path);
}

static int by_order(const void *a, const void *b)
{
    const struct plugin_file *x = a, *y = b;

    return x->conf.order != y->conf.order ? x->conf.order - y->conf.order : strcmp(x->name, y->name);
}

static void check_twice(const struct wk_config *c, struct wk_problems *problems)
{
    for (size_t i = 0; i < c->plugin_count; i++)
        for (size_t j = 0; j < i; j++)
            if (!strcmp(c->plugins[i].name, c->plugins[j].name))
                wk_problems_at(problems, c->plugins[i].raw.path, 0, "a second file for plugin %s; the first is %s: keep one",
                               c->plugins[i].name, c->plugins[j].raw.path);
}

static void read_plugins(struct wk_config *c, const char *dir, struct wk_problems *problems)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    size_t seen = 0;

    if (!d) {
        wk_problems_at(problems, c->host_file.path, 0, "host.conf_dir: the directory %s cannot be read: %s", dir, strerror(errno));
        return;
    }
    while ((entry = readdir(d))) {
        if (!is_conf(entry->d_name))
            continue; /* editors and dpkg leave other names here */
        if (++seen > WK_PLUGIN_FILES_MAX) {
            wk_problems_at(problems, dir, 0, "more than %d conf files", WK_PLUGIN_FILES_MAX);
            break;
        }
        read_plugin(c, dir, entry->d_name, problems);
    }
    (void)closedir(d);
    if (c->plugin_count)
        qsort(c->plugins, c->plugin_count, sizeof *c->plugins, by_order);
    for (size_t i = 0; i < c->plugin_count; i++) { /* only now do the elements stay where they are */
        c->plugins[i].conf.name = c->plugins[i].name;
        c->plugins[i].conf.file = c->plugins[i].raw.path;
    }
    check_twice(c, problems);
}

/* ---- is there a .so for each ------------------------------------------------------------------------------------------- */

struct names {
    char **list;
    size_t count;
};

static struct names list_plugins(const char *dir)
{
    struct names names = {0};
    DIR *d = opendir(dir);
    struct dirent *entry;

    while (d && (entry = readdir(d)) && names.count < 1024) {
        size_t len = strlen(entry->d_name);
        char **list;

        if (len < 4 || strcmp(entry->d_name + len - 3, ".so") != 0)
            continue;
        list = realloc(names.list, (names.count + 1) * sizeof *list);
        if (!list)
            break;
        names.list = list;
        list[names.count] = strndup(entry->d_name, len - 3);
        if (!list[names.count])
            break;
        names.count++;
    }
    if (d)
        (void)closedir(d);
    return names;
}

/* Enabled ones only: a removed package may leave its disabled conf file behind. */
static void check_exist(const struct wk_config *c, struct wk_problems *problems)
{
    const char *dir = wk_settings_text(c->host, "host.plugin_dir"), *near;
    struct names known = list_plugins(dir);
    char path[PATH_MAX];

    for (size_t i = 0; i < c->plugin_count; i++) {
        const struct plugin_file *p = &c->plugins[i];

        if (!p->conf.is_enabled || snprintf(path, sizeof path, "%s/%s.so", dir, p->name) >= (int)sizeof path || access(path, F_OK) == 0)
            continue;
        near = wk_nearest(p->name, (const char *const *)known.list, known.count);
        if (near)
            wk_problems_at(problems, p->raw.path, 0, "there is no plugin %s.so in %s; did you mean \"%s\"?", p->name, dir, near);
        else
            wk_problems_at(problems, p->raw.path, 0, "there is no plugin %s.so in %s; install it, or set enabled = false", p->name, dir);
    }
    for (size_t i = 0; i < known.count; i++)
        free(known.list[i]);
    free(known.list);
}

/* ---- public ------------------------------------------------------------------------------------------------------------- */

/* The file by its real path, and what relative paths are relative to: for a snapshot, the place it was taken from. */
static bool find_base(struct wk_config *c, const char *path, struct wk_problems *problems)
{
    char origin[PATH_MAX + 32];
    char *slash;

    c->file = realpath(path, NULL);
    if (!c->file) {
        wk_problems_at(problems, path, 0, "cannot be read: %s", strerror(errno));
        return false;
    }
    c->dir = strdup(c->file);
    if (!c->dir)
        return false;
    slash = strrchr(c->dir, '/');
    *(slash == c->dir ? slash + 1 : slash) = '\0';
    (void)snprintf(origin, sizeof origin, "%s/%s", c->dir, WK_ORIGIN_FILE);
    c->base = wk_origin_read(origin);
    c->is_snapshot = c->base != NULL;
    if (!c->base)
        c->base = strdup(c->dir);
    return c->base != NULL;
}

struct wk_config *wk_config_load(const char *path, struct wk_problems *problems)
{
    WK_AUTO(wk_config) c = calloc(1, sizeof *c);
    size_t known = wk_problems_count(problems);
    char *snapshot_dir = NULL;
    const char *dir;

    if (!c || !find_base(c, path, problems) || !read_host(c, path, problems)) {
        if (wk_problems_count(problems) == known)
            wk_problems_add(problems, "out of memory");
        return NULL;
    }
    if (!c->host)
        return wk_steal(c); /* where wakala.d is cannot be believed either */
    dir = wk_settings_text(c->host, "host.conf_dir");
    if (c->is_snapshot && asprintf(&snapshot_dir, "%s/wakala.d", c->dir) > 0)
        dir = snapshot_dir;
    read_plugins(c, dir, problems);
    free(snapshot_dir);
    if (!c->is_snapshot) /* a snapshot goes with its staged copies; the live .so may be gone */
        check_exist(c, problems);
    return wk_steal(c);
}

void wk_config_destroy(struct wk_config *config)
{
    if (!config)
        return;
    wk_settings_destroy(config->host);
    for (size_t i = 0; i < config->server_count; i++)
        wk_settings_destroy(config->servers[i].settings);
    wk_raw_finish(&config->host_file);
    for (size_t i = 0; i < config->plugin_count; i++) {
        wk_raw_finish(&config->plugins[i].raw);
        free(config->plugins[i].leaf);
    }
    free(config->plugins);
    free(config->file);
    free(config->dir);
    free(config->base);
    free(config);
}

const struct wk_settings *wk_config_host(const struct wk_config *config) { return config->host; }
const char *wk_config_file(const struct wk_config *config) { return config->file; }

const struct wk_forward *wk_config_forwards(const struct wk_config *config, size_t *n)
{
    *n = config->forward_count;
    return config->forwards;
}

const struct wk_choice *wk_config_services(const struct wk_config *config, size_t *n)
{
    *n = config->service_count;
    return config->services;
}

const char *wk_config_service(const struct wk_config *config, const char *interface)
{
    for (size_t i = 0; i < config->service_count; i++)
        if (!strcmp(config->services[i].interface, interface))
            return config->services[i].plugin;
    return NULL;
}

size_t wk_config_plugin_count(const struct wk_config *config) { return config->plugin_count; }

const struct wk_plugin_conf *wk_config_plugin(const struct wk_config *config, size_t i)
{
    return i < config->plugin_count ? &config->plugins[i].conf : NULL;
}

static const struct plugin_file *find_plugin(const struct wk_config *config, const char *name)
{
    for (size_t i = 0; i < config->plugin_count; i++)
        if (!strcmp(config->plugins[i].name, name))
            return &config->plugins[i];
    return NULL;
}

const struct wk_plugin_conf *wk_config_plugin_find(const struct wk_config *config, const char *name)
{
    const struct plugin_file *p = find_plugin(config, name);

    return p ? &p->conf : NULL;
}

struct wk_settings *wk_config_check_plugin(const struct wk_config *config, const char *plugin, const struct wk_setting *schema,
                                           struct wk_problems *problems)
{
    const struct plugin_file *p = find_plugin(config, plugin);
    struct wk_err err;

    if (!p) {
        wk_problems_add(problems, "plugin %s has no conf file", plugin);
        return NULL;
    }
    if (p->is_broken)
        return NULL; /* its syntax error was reported when it was read */
    if (!wk_schema_check(schema, &err)) {
        wk_problems_at(problems, p->raw.path, 0, "the plugin's own schema is wrong: %s", err.msg);
        return NULL;
    }
    return wk_settings_build(schema, &p->raw, config->base, NULL, problems);
}
