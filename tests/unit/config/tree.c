#include "tree.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_make(struct tree *t)
{
    strcpy(t->root, "/tmp/wakala-test-XXXXXX");
    if (!mkdtemp(t->root))
        abort();
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

void tree_remove(struct tree *t) { (void)nftw(t->root, remove_one, 8, FTW_DEPTH | FTW_PHYS); }

const char *tree_path(struct tree *t, const char *name)
{
    (void)snprintf(t->path, sizeof t->path, "%s/%s", t->root, name);
    return t->path;
}

void tree_put_bytes(struct tree *t, const char *name, const void *bytes, size_t size)
{
    const char *path = tree_path(t, name);
    FILE *out;

    for (char *p = strchr(path + strlen(t->root) + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        (void)mkdir(path, 0755);
        *p = '/';
    }
    out = fopen(path, "w");
    if (!out || (size && fwrite(bytes, 1, size, out) != size) || fclose(out) != 0)
        abort();
}

void tree_put(struct tree *t, const char *name, const char *text) { tree_put_bytes(t, name, text, strlen(text)); }

char *tree_get(const char *path, size_t *size)
{
    FILE *in = fopen(path, "r");
    struct stat st;
    char *bytes;

    if (!in || fstat(fileno(in), &st) < 0)
        return NULL;
    bytes = malloc((size_t)st.st_size + 1);
    if (!bytes || fread(bytes, 1, (size_t)st.st_size, in) != (size_t)st.st_size)
        abort();
    bytes[st.st_size] = '\0';
    (void)fclose(in);
    if (size)
        *size = (size_t)st.st_size;
    return bytes;
}
