/* tree.h - a folder of files for one test, gone afterwards. */
#ifndef TEST_TREE_H
#define TEST_TREE_H
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct tree {
    char root[64];
    char path[PATH_MAX]; /* of the last tree_path() */
};
void tree_make(struct tree *t);
void tree_remove(struct tree *t);
const char *tree_path(struct tree *t, const char *name); /* valid until the next call */
void tree_put(struct tree *t, const char *name, const char *text); /* makes the folders on the way */
void tree_put_bytes(struct tree *t, const char *name, const void *bytes, size_t size);
char *tree_get(const char *path, size_t *size); /* free() it; NULL: not there */
#endif
