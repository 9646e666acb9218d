/* tree.c - see tree.h. */
#include "master/tree.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

enum { OPEN_DIRS = 8 };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

void wk_tree_remove(const char *dir) { (void)nftw(dir, remove_one, OPEN_DIRS, FTW_DEPTH | FTW_PHYS); }
