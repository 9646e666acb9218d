/* secret.c - where secrets come from. What is read never appears in a message. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/value.h"
#define SECRET_MAX 65536

void wk_secret_free(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

bool wk_secret_is_source(const char *text) { return !strncmp(text, "env:", 4) || !strncmp(text, "file:", 5); }

char *wk_path_from(const char *base, const char *path)
{
    char *whole = NULL;

    if (*path == '/' || !*path)
        return strdup(path);
    return asprintf(&whole, "%s/%s", base, path) < 0 ? NULL : whole;
}

static char *from_env(const char *name, char *why, size_t size)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    const char *value;

    if (!*name || name[strspn(name, word)] || (*name >= '0' && *name <= '9')) {
        (void)snprintf(why, size, "\"env:\" needs the name of an environment variable");
        return NULL;
    }
    value = getenv(name);
    if (!value || !*value) {
        (void)snprintf(why, size, "the environment variable %.60s is %s", name, value ? "empty" : "not set");
        return NULL;
    }
    return strdup(value);
}

/* Others must neither read nor write it. The mode is asked of the opened file, so it cannot change in between. */
static bool file_is_private(int fd, char *why, size_t size)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        (void)snprintf(why, size, "the secret's file is not a regular file");
        return false;
    }
    if (st.st_mode & (S_IROTH | S_IWOTH)) {
        (void)snprintf(why, size, "everybody may %s the secret's file (mode %04o): chmod 0600 it",
                       st.st_mode & S_IROTH ? "read" : "write", (unsigned)(st.st_mode & 07777));
        return false;
    }
    return true;
}

static char *read_secret(int fd, char *why, size_t size)
{
    char *text = malloc(SECRET_MAX + 2);
    size_t len = 0;
    ssize_t n = 0;

    while (text && len <= SECRET_MAX && (n = read(fd, text + len, SECRET_MAX + 1 - len)) > 0)
        len += (size_t)n;
    if (!text || n < 0 || len > SECRET_MAX) {
        (void)snprintf(why, size, "the secret's file %s", !text || n < 0 ? "cannot be read" : "is larger than 64k");
        if (text)
            explicit_bzero(text, len);
        free(text);
        return NULL;
    }
    text[len] = '\0';
    if (len && text[len - 1] == '\n') /* the line end that editors and echo add */
        text[--len] = '\0';
    if (len && text[len - 1] == '\r')
        text[--len] = '\0';
    if (len && strlen(text) == len)
        return text;
    (void)snprintf(why, size, "the secret's file %s", len ? "holds a zero byte" : "is empty");
    explicit_bzero(text, len);
    free(text);
    return NULL;
}

static char *from_file(const char *path, const char *base, char *why, size_t size)
{
    char *whole, *secret;
    int fd;

    if (!*path) {
        (void)snprintf(why, size, "\"file:\" needs a path");
        return NULL;
    }
    whole = wk_path_from(base, path);
    fd = whole ? open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        (void)snprintf(why, size, "the file %.120s cannot be opened: %s", whole ? whole : path, strerror(errno));
    free(whole);
    if (fd < 0)
        return NULL;
    secret = file_is_private(fd, why, size) ? read_secret(fd, why, size) : NULL;
    (void)close(fd);
    return secret;
}

char *wk_secret_resolve(const char *source, const char *base, char *why, size_t size)
{
    char *secret;

    (void)snprintf(why, size, "out of memory");
    if (!strncmp(source, "env:", 4))
        secret = from_env(source + 4, why, size);
    else if (!strncmp(source, "file:", 5))
        secret = from_file(source + 5, base, why, size);
    else {
        (void)snprintf(why, size, "a secret may not stand in a conf file");
        return NULL;
    }
    return secret;
}
