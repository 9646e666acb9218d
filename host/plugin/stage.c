#include "plugin/stage.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "plugin/image.h"
#include "plugin/stage_data.h"
#define LIST_FILE "plugins.list"

void wk_stage_destroy(struct wk_stage *stage)
{
    if (!stage)
        return;
    for (size_t i = 0; i < stage->count; i++) {
        free(stage->plugins[i].name);
        free(stage->plugins[i].path);
    }
    free(stage->plugins);
    free(stage);
}

static struct wk_staged *add(struct wk_stage *stage, const char *name, const char *path)
{
    struct wk_staged *grown = realloc(stage->plugins, (stage->count + 1) * sizeof *grown), *s;

    if (!grown)
        return NULL;
    stage->plugins = grown;
    s = &grown[stage->count++];
    *s = (struct wk_staged){.name = strdup(name), .path = strdup(path)};
    return s->name && s->path ? s : NULL;
}

static bool check_copy(const char *path, const char *name, struct wk_elf_info *info, struct wk_err *err)
{
    char what[40];
    size_t size = 0;
    unsigned char *bytes = wk_image_read(path, &size, err);
    bool is_ok;

    (void)snprintf(what, sizeof what, "%s.so", name); /* people know the plugin, not the copy's digest */
    is_ok = bytes && wk_elf_parse(what, bytes, size, info, err);
    free(bytes);
    return is_ok;
}

static bool stage_one(struct wk_stage *stage, const struct wk_config *config, const char *name, struct wk_err *err)
{
    const struct wk_settings *host = wk_config_host(config);
    char source[PATH_MAX], path[PATH_MAX], sha256[65];
    struct wk_elf_info info;
    struct wk_staged *s;

    if (snprintf(source, sizeof source, "%s/%s.so", wk_settings_text(host, "host.plugin_dir"), name) >= (int)sizeof source)
        return wk_fail(err, WK_SYSTEM, "plugin.unreadable", "host.plugin_dir: the path is too long");
    /* The copy is checked, not the live file: what was looked at is what will run. */
    if (!wk_copy_make(source, wk_settings_text(host, "host.cache_dir"), name, path, sha256, err))
        return false;
    if (!check_copy(path, name, &info, err)) {
        (void)unlink(path); /* whatever it is, nothing loads it */
        return false;
    }
    if (!wk_elf_suits(&info, name, err))
        return false;
    s = add(stage, name, path);
    if (!s)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "%s.so: out of memory", name);
    memcpy(s->sha256, sha256, sizeof s->sha256);
    s->info = info;
    return true;
}

struct wk_stage *wk_stage_create(const struct wk_config *config, struct wk_problems *problems)
{
    WK_AUTO(wk_stage) stage = calloc(1, sizeof *stage);
    size_t known = wk_problems_count(problems);

    if (!wk_config_host(config))
        return NULL; /* its problems are listed already */
    if (!stage)
        wk_problems_add(problems, "out of memory");
    for (size_t i = 0; stage && i < wk_config_plugin_count(config); i++) {
        const struct wk_plugin_conf *conf = wk_config_plugin(config, i);
        struct wk_err err = {0};

        if (conf->is_enabled && !stage_one(stage, config, conf->name, &err))
            wk_problems_at(problems, conf->file, 0, "%s", err.msg);
    }
    return wk_problems_count(problems) > known ? NULL : wk_steal(stage);
}

bool wk_stage_save(const struct wk_stage *stage, const char *dir, struct wk_err *err)
{
    char path[PATH_MAX], beside[PATH_MAX + 8];
    bool is_ok = true;
    FILE *out;
    int fd;

    if (snprintf(path, sizeof path, "%s/" LIST_FILE, dir) >= (int)sizeof path)
        return wk_fail(err, WK_SYSTEM, "plugin.stage", "the snapshot's path is too long");
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out) {
        (void)wk_fail(err, WK_SYSTEM, "plugin.stage", "cannot write %s: %s", beside, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    for (size_t i = 0; i < stage->count; i++)
        is_ok = fprintf(out, "%s %s %s\n", stage->plugins[i].name, stage->plugins[i].sha256, stage->plugins[i].path) > 0 && is_ok;
    is_ok = fflush(out) == 0 && fsync(fd) == 0 && is_ok;
    is_ok = fclose(out) == 0 && is_ok;
    if (is_ok && rename(beside, path) == 0)
        return true;
    (void)wk_fail(err, WK_SYSTEM, "plugin.stage", "cannot write %s: %s", path, strerror(errno));
    (void)unlink(beside);
    return false;
}

/* The bytes must still be those that were staged: the note alone would not show a damaged copy. */
static bool load_one(struct wk_stage *stage, char *line, struct wk_err *err)
{
    char *sha256 = strchr(line, ' '), *path = sha256 ? strchr(sha256 + 1, ' ') : NULL, now[65] = "";
    struct wk_elf_info info;
    unsigned char *bytes;
    struct wk_staged *s;
    size_t size = 0;
    bool is_ok;

    if (!path || path - sha256 != 65)
        return wk_fail(err, WK_SYSTEM, "plugin.stage", LIST_FILE ": a line is not \"name sha256 path\": the snapshot is damaged");
    *sha256++ = '\0';
    *path++ = '\0';
    bytes = wk_image_read(path, &size, err);
    if (!bytes)
        return false;
    is_ok = wk_sha256_hex(bytes, size, now) && !strcmp(now, sha256);
    if (!is_ok)
        (void)wk_fail(err, WK_SYSTEM, "plugin.stage", "%s: its copy changed since it was staged: reload, so that it is copied again", line);
    is_ok = is_ok && wk_elf_parse(line, bytes, size, &info, err) && wk_elf_suits(&info, line, err);
    free(bytes);
    if (!is_ok)
        return false;
    s = add(stage, line, path);
    if (!s)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "%s: out of memory", line);
    memcpy(s->sha256, now, sizeof s->sha256);
    s->info = info;
    return true;
}

struct wk_stage *wk_stage_load(const char *dir, struct wk_err *err)
{
    WK_AUTO(wk_stage) stage = calloc(1, sizeof *stage);
    char path[PATH_MAX], *line = NULL;
    size_t room = 0;
    ssize_t len;
    FILE *in = snprintf(path, sizeof path, "%s/" LIST_FILE, dir) < (int)sizeof path ? fopen(path, "re") : NULL;
    bool is_ok = stage && in;

    if (!is_ok)
        (void)wk_fail(err, WK_SYSTEM, "plugin.stage", "cannot read %s: %s", path, strerror(errno));
    while (is_ok && (len = getline(&line, &room, in)) > 0) {
        if (line[len - 1] != '\n')
            is_ok = wk_fail(err, WK_SYSTEM, "plugin.stage", LIST_FILE ": the last line is cut: the snapshot is damaged");
        line[len - 1] = '\0';
        is_ok = is_ok && load_one(stage, line, err);
    }
    free(line);
    if (in)
        (void)fclose(in);
    return is_ok ? wk_steal(stage) : NULL;
}
