/* sqlfiles.c - see sqlfiles.h. */
#include "db/sqlfiles.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 8 << 20, FILES_MAX = 999 };

void wk_sqlfile_finish(struct wk_sqlfile *file)
{
    free(file->name);
    free(file->path);
    free(file->text);
    memset(file, 0, sizeof *file);
}

void wk_sqlfiles_free(struct wk_sqlfiles *files)
{
    for (size_t i = 0; i < files->count; i++)
        wk_sqlfile_finish(&files->items[i]);
    free(files->items);
    memset(files, 0, sizeof *files);
}

static bool checksum(const char *text, size_t len, char out[65])
{
    uint8_t digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(out + i * 2, 3, "%02x", digest[i]);
    return true;
}

static bool read_all(struct wk_sqlfile *file, struct wk_err *err)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    size_t len = 0;
    ssize_t n = 0;
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_BYTES_MAX;

    if (ok) {
        file->text = malloc((size_t)st.st_size + 1);
        ok = file->text;
    }
    while (ok && len < (size_t)st.st_size && (n = read(fd, file->text + len, (size_t)st.st_size - len)) > 0)
        len += (size_t)n;
    if (ok)
        ok = n >= 0 && len == (size_t)st.st_size;
    if (fd >= 0)
        (void)close(fd);
    if (!ok)
        return wk_fail(err, WK_SYSTEM, "migrate.files", "%s: cannot read it (%s); at most %d MiB", file->path,
                       strerror(errno), FILE_BYTES_MAX >> 20);
    file->text[len] = '\0';
    if (strlen(file->text) != len)
        return wk_fail(err, WK_SYSTEM, "migrate.files", "%s: a NUL byte in it", file->path);
    return checksum(file->text, len, file->sha256) ||
           wk_fail(err, WK_SYSTEM, "host.no_memory", "checksum of %s", file->path);
}

bool wk_sqlfile_read(const char *dir, const char *name, struct wk_sqlfile *out, bool *is_there, struct wk_err *err)
{
    memset(out, 0, sizeof *out);
    *is_there = false;
    if (asprintf(&out->path, "%s/%s", dir, name) < 0)
        out->path = NULL;
    out->name = strdup(name);
    if (!out->path || !out->name) {
        wk_sqlfile_finish(out);
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "file %s", name);
    }
    if (access(out->path, F_OK) != 0 && errno == ENOENT) {
        wk_sqlfile_finish(out);
        return true;
    }
    if (!read_all(out, err)) {
        wk_sqlfile_finish(out);
        return false;
    }
    *is_there = true;
    return true;
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);

    return n > m && !strcmp(name + n - m, suffix);
}

static bool is_numbered(const char *name)
{
    size_t n = strlen(name);

    if (n < 9 || !isdigit((unsigned char)name[0]) || !isdigit((unsigned char)name[1]) || !isdigit((unsigned char)name[2]) ||
        name[3] != '-')
        return false;
    return strspn(name + 4, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n - 8;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct wk_sqlfile *)a)->name, ((const struct wk_sqlfile *)b)->name);
}

/* Editors' and packagers' leftovers do not end in .sql; test-clock.sql is asked for by name. */
static int wanted(const struct dirent *entry)
{
    return has_suffix(entry->d_name, ".sql") && entry->d_name[0] != '.' && strcmp(entry->d_name, "test-clock.sql") != 0;
}

static bool read_named(const char *dir, struct dirent **list, int n, struct wk_sqlfiles *out, struct wk_err *err)
{
    for (int i = 0; i < n; i++) {
        bool is_there;

        if (!is_numbered(list[i]->d_name))
            return wk_fail(err, WK_SYSTEM, "migrate.files", "%s/%s: SQL files are called NNN-name.sql, in lower case", dir,
                           list[i]->d_name);
        if (!wk_sqlfile_read(dir, list[i]->d_name, &out->items[out->count], &is_there, err))
            return false;
        out->count += is_there;
    }
    qsort(out->items, out->count, sizeof *out->items, by_name);
    for (size_t i = 1; i < out->count; i++)
        if (!strncmp(out->items[i - 1].name, out->items[i].name, 3))
            return wk_fail(err, WK_SYSTEM, "migrate.files", "%s: %s and %s have the same number", dir,
                           out->items[i - 1].name, out->items[i].name);
    return true;
}

bool wk_sqlfiles_read(const char *dir, struct wk_sqlfiles *out, struct wk_err *err)
{
    struct dirent **list = NULL;
    int n = scandir(dir, &list, wanted, NULL);
    bool ok;

    memset(out, 0, sizeof *out);
    if (n < 0)
        return errno == ENOENT || wk_fail(err, WK_SYSTEM, "migrate.files", "%s: %s", dir, strerror(errno));
    out->items = calloc((size_t)n + 1, sizeof *out->items);
    ok = n > FILES_MAX ? wk_fail(err, WK_SYSTEM, "migrate.files", "%s: %d files", dir, n)
         : !out->items ? wk_fail(err, WK_SYSTEM, "host.no_memory", "files of %s", dir)
                       : read_named(dir, list, n, out, err);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    if (!ok)
        wk_sqlfiles_free(out);
    return ok;
}
