/* snapshot.c - exactly the bytes that were checked, kept for the workers of a generation and for a rollback.
 * What is written comes from memory, never from the files again: somebody may be editing them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/config_data.h"

char *wk_origin_read(const char *path)
{
    char text[PATH_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return NULL;
    n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (n < 2 || text[0] != '/' || text[n - 1] != '\n')
        return NULL;
    text[n - 1] = '\0';
    return strdup(text);
}

static bool fail(struct wk_err *err, const char *what, const char *path)
{
    return wk_fail(err, WK_SYSTEM, "config.snapshot", "%s %s: %s", what, path, strerror(errno));
}

static bool make_dir(const char *path, struct wk_err *err)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST || fail(err, "cannot make", path);
}

/* Beside, then renamed: a snapshot holds whole files or none. */
static bool put(const char *dir, const char *leaf, const char *data, size_t len, struct wk_err *err)
{
    char path[PATH_MAX], beside[PATH_MAX + 8];
    size_t done = 0;
    int fd;

    if (snprintf(path, sizeof path, "%s/%s", dir, leaf) >= (int)sizeof path)
        return wk_fail(err, WK_SYSTEM, "config.snapshot", "%s: the path is too long", leaf);
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(err, "cannot write", beside);
    while (done < len) {
        ssize_t n = write(fd, data + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (done < len || fsync(fd) < 0) {
        (void)fail(err, "cannot write", beside);
        (void)close(fd);
        (void)unlink(beside);
        return false;
    }
    (void)close(fd);
    return rename(beside, path) == 0 || fail(err, "cannot rename to", path);
}

bool wk_config_snapshot(const struct wk_config *config, const char *dir, struct wk_err *err)
{
    char sub[PATH_MAX], origin[PATH_MAX + 2];
    int n = snprintf(origin, sizeof origin, "%s\n", config->base);

    if (snprintf(sub, sizeof sub, "%s/wakala.d", dir) >= (int)sizeof sub || n >= PATH_MAX)
        return wk_fail(err, WK_SYSTEM, "config.snapshot", "%.100s: the path is too long", dir);
    if (!make_dir(dir, err) || !make_dir(sub, err))
        return false;
    for (size_t i = 0; i < config->plugin_count; i++) {
        const struct plugin_file *p = &config->plugins[i];

        if (!put(sub, p->leaf, p->raw.text, p->raw.text_len, err))
            return false;
    }
    return put(dir, WK_ORIGIN_FILE, origin, (size_t)n, err) &&
           put(dir, "wakala.conf", config->host_file.text, config->host_file.text_len, err);
}
