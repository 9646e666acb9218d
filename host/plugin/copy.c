/* copy.c - private, content-addressed copies: the name is the content, so nobody ever writes to one that is in use. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include "plugin/image.h"
#include "plugin/stage.h"
#include "plugin/stage_data.h"

static bool fail(struct wk_err *err, const char *what, const char *path)
{
    return wk_fail(err, WK_SYSTEM, "plugin.copy", "%s %s: %s", what, path, strerror(errno));
}

bool wk_sha256_hex(const void *bytes, size_t size, char out[65])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char sum[32];
    unsigned n = 0;

    if (!EVP_Digest(bytes, size, sum, &n, EVP_sha256(), NULL) || n != sizeof sum)
        return false;
    for (unsigned i = 0; i < n; i++) {
        out[2 * i] = hex[sum[i] >> 4];
        out[2 * i + 1] = hex[sum[i] & 15];
    }
    out[64] = '\0';
    return true;
}

/* cache_dir/gen, made when missing, on a mount that code may run from, and nobody else's to write. */
static bool prepare_dir(const char *cache_dir, char *gen, struct wk_err *err)
{
    struct statvfs fs;
    struct stat st;

    if (snprintf(gen, PATH_MAX, "%s/gen", cache_dir) >= PATH_MAX - 128)
        return wk_fail(err, WK_SYSTEM, "plugin.copy", "host.cache_dir: the path is too long");
    if (mkdir(cache_dir, 0755) < 0 && errno != EEXIST)
        return fail(err, "host.cache_dir: cannot make", cache_dir);
    if (mkdir(gen, 0755) < 0 && errno != EEXIST)
        return fail(err, "host.cache_dir: cannot make", gen);
    if (stat(gen, &st) < 0 || statvfs(gen, &fs) < 0)
        return fail(err, "host.cache_dir: cannot look at", gen);
    if (st.st_mode & S_IWOTH)
        return wk_fail(err, WK_SECURITY, "plugin.writable", "%s: everybody may write there, so anybody's code would run here: chmod o-w it", gen);
    if (fs.f_flag & ST_NOEXEC)
        return wk_fail(err, WK_SYSTEM, "plugin.noexec", "%s: is on a mount with noexec: set host.cache_dir to a directory that code may run from",
                       cache_dir);
    return true;
}

static bool is_there(const char *path, const unsigned char *bytes, size_t size)
{
    size_t other_size = 0;
    unsigned char *other = wk_image_read(path, &other_size, NULL);
    bool is_equal = other && other_size == size && !memcmp(other, bytes, size);

    free(other);
    return is_equal;
}

static bool write_all(int fd, const unsigned char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = write(fd, bytes + done, size - done);

        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        (void)close(fd);
    return is_ok;
}

static bool write_copy(const char *gen, const char *path, const unsigned char *bytes, size_t size, struct wk_err *err)
{
    char beside[PATH_MAX + 32];
    bool is_ok;
    int fd;

    (void)snprintf(beside, sizeof beside, "%s.%ld.new", path, (long)getpid());
    (void)unlink(beside); /* a leftover of a process that had our number */
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(err, "cannot write", beside);
    is_ok = write_all(fd, bytes, size) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    if (!is_ok)
        (void)fail(err, "cannot write", beside);
    (void)close(fd);
    if (is_ok && rename(beside, path) < 0)
        is_ok = fail(err, "cannot rename to", path);
    if (!is_ok)
        (void)unlink(beside);
    return is_ok && (sync_dir(gen) || fail(err, "cannot sync", gen));
}

bool wk_copy_make(const char *source, const char *cache_dir, const char *name, char *path, char sha256[65], struct wk_err *err)
{
    char gen[PATH_MAX];
    size_t size = 0;
    unsigned char *bytes;
    bool is_ok;

    if (!prepare_dir(cache_dir, gen, err))
        return false;
    bytes = wk_image_read(source, &size, err);
    if (!bytes)
        return false;
    is_ok = wk_sha256_hex(bytes, size, sha256) || wk_fail(err, WK_SYSTEM, "plugin.copy", "%s: no SHA-256 from OpenSSL", name);
    if (is_ok && snprintf(path, PATH_MAX, "%s/%s-%s.so", gen, sha256, name) >= PATH_MAX)
        is_ok = wk_fail(err, WK_SYSTEM, "plugin.copy", "%s: the path of its copy is too long", name);
    if (is_ok && is_there(path, bytes, size))
        (void)utimensat(AT_FDCWD, path, NULL, 0); /* in use again: young for wk_copy_collect() */
    else if (is_ok)
        is_ok = write_copy(gen, path, bytes, size, err);
    free(bytes);
    return is_ok;
}

static bool is_kept(const char *leaf, const struct wk_stage *const *keep, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; keep[i] && j < keep[i]->count; j++) {
            const char *slash = strrchr(keep[i]->plugins[j].path, '/');

            if (slash && !strcmp(slash + 1, leaf))
                return true;
        }
    return false;
}

/* Ours: <64 hex>-<name>.so, or what a killed writer left beside one. */
static bool is_copy(const char *leaf)
{
    return strspn(leaf, "0123456789abcdef") == 64 && leaf[64] == '-' && strstr(leaf + 65, ".so");
}

size_t wk_copy_collect(const char *cache_dir, const struct wk_stage *const *keep, size_t n, int64_t age_s)
{
    char gen[PATH_MAX];
    DIR *d = snprintf(gen, sizeof gen, "%s/gen", cache_dir) < (int)sizeof gen ? opendir(gen) : NULL;
    struct dirent *entry;
    size_t removed = 0;
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* time() lags behind what file systems write by up to a tick */
    while (d && (entry = readdir(d))) {
        struct stat st;

        if (!is_copy(entry->d_name) || is_kept(entry->d_name, keep, n) || fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (now.tv_sec - st.st_mtime >= age_s && unlinkat(dirfd(d), entry->d_name, 0) == 0)
            removed++;
    }
    if (d)
        (void)closedir(d);
    return removed;
}
