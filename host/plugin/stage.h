/* stage.h - the private copies of one generation's plugins: <cache_dir>/gen/<sha256>-<name>.so, written beside and renamed.
 * The master stages (copy, then check the copy without running it) and saves the list beside the configuration's snapshot; its
 * workers, and a rollback, load the same list: a live .so that is replaced or cut short cannot hurt them. */
#ifndef WK_PLUGIN_STAGE_H
#define WK_PLUGIN_STAGE_H
#include "config/config.h"
#include "plugin/elf.h"

struct wk_staged {
    char *name, *path; /* path: the copy */
    char sha256[65];
    struct wk_elf_info info;
};
struct wk_stage {
    struct wk_staged *plugins; /* enabled ones, in the order of their conf files */
    size_t count;
};

/* Copy and check every enabled plugin. All problems are collected; NULL when there was one. */
struct wk_stage *wk_stage_create(const struct wk_config *config, struct wk_problems *problems);
void wk_stage_destroy(struct wk_stage *stage); /* forgets; the files stay */
WK_DEFINE_AUTO(wk_stage)
bool wk_stage_save(const struct wk_stage *stage, const char *dir, struct wk_err *err);  /* <dir>/plugins.list */
struct wk_stage *wk_stage_load(const char *dir, struct wk_err *err);                    /* reads it and the notes of the copies */

/* One copy: reused when equal bytes are there already. path: PATH_MAX bytes. */
bool wk_copy_make(const char *source, const char *cache_dir, const char *name, char *path, char sha256[65], struct wk_err *err);
/* Remove copies that no stage in `keep` names and that are older than `age_s`; returns how many. */
size_t wk_copy_collect(const char *cache_dir, const struct wk_stage *const *keep, size_t n, int64_t age_s);
#endif
