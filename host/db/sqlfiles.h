/* sqlfiles.h - the SQL files of one folder, in order, with their checksums. */
#ifndef WK_SQLFILES_H
#define WK_SQLFILES_H
#include <stdbool.h>
#include <stddef.h>
#include <wakala/err.h>

struct wk_sqlfile {
    char *name, *path; /* "001-base.sql" */
    char *text;
    char sha256[65];
};
struct wk_sqlfiles {
    struct wk_sqlfile *items;
    size_t count;
};

/* All NNN-*.sql of `dir`, sorted; none when the folder is not there. Another name, or a number twice, is migrate.files. */
bool wk_sqlfiles_read(const char *dir, struct wk_sqlfiles *out, struct wk_err *err);
void wk_sqlfiles_free(struct wk_sqlfiles *files);
/* One file by its path; the caller frees it with wk_sqlfile_finish. *is_there false without error when there is none. */
bool wk_sqlfile_read(const char *dir, const char *name, struct wk_sqlfile *out, bool *is_there, struct wk_err *err);
void wk_sqlfile_finish(struct wk_sqlfile *file);
#endif
