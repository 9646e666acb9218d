/* Private copies: made once, checked, kept while somebody needs them. */
#include <dirent.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "shop.h"

static struct shop shop;

static int setup(void **state)
{
    (void)state;
    shop_make(&shop);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    shop_remove(&shop);
    return 0;
}

static size_t copies(void)
{
    DIR *d = opendir(tree_path(&shop.tree, "cache/gen"));
    struct dirent *entry;
    size_t n = 0;

    while (d && (entry = readdir(d)))
        n += entry->d_name[0] != '.';
    if (d)
        (void)closedir(d);
    return n;
}

static void equal_bytes_are_copied_once(void **state)
{
    char first[PATH_MAX], second[PATH_MAX], sha[65], other[65], cache[PATH_MAX], source[PATH_MAX];
    struct wk_err err = {0};
    struct stat a, b;

    (void)state;
    shop_install(&shop, "t-good");
    shop_install(&shop, "t-needs");
    strcpy(cache, tree_path(&shop.tree, "cache"));
    strcpy(source, tree_path(&shop.tree, "so/t-good.so"));
    if (!wk_copy_make(source, cache, "t-good", first, sha, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(stat(first, &a), 0);
    assert_int_equal(a.st_mode & 07777, 0644);
    assert_int_equal(strlen(sha), 64);
    assert_non_null(strstr(first, sha));
    assert_true(wk_copy_make(source, cache, "t-good", second, other, &err));
    assert_string_equal(first, second);
    assert_int_equal(stat(second, &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    /* Other bytes at the same place: another copy, and the first is untouched. */
    assert_int_equal(rename(tree_path(&shop.tree, "so/t-needs.so"), source), 0);
    assert_true(wk_copy_make(source, cache, "t-good", second, other, &err));
    assert_string_not_equal(first, second);
    assert_int_equal(stat(first, &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    /* A copy that somebody cut short is made anew. */
    assert_int_equal(truncate(first, 100), 0);
    shop_install(&shop, "t-good");
    assert_true(wk_copy_make(source, cache, "t-good", second, other, &err));
    assert_string_equal(first, second);
    assert_int_equal(stat(first, &b), 0);
    assert_int_equal(b.st_size, a.st_size);
    assert_int_equal(copies(), 2); /* and nothing beside them */
}

static void places_that_others_may_write_are_refused(void **state)
{
    char path[PATH_MAX], sha[65], cache[PATH_MAX];
    struct wk_err err = {0};

    (void)state;
    shop_install(&shop, "t-good");
    strcpy(cache, tree_path(&shop.tree, "cache"));
    assert_int_equal(mkdir(cache, 0755), 0);
    assert_int_equal(mkdir(tree_path(&shop.tree, "cache/gen"), 0755), 0);
    assert_int_equal(chmod(tree_path(&shop.tree, "cache/gen"), 0777), 0);
    assert_false(wk_copy_make(tree_path(&shop.tree, "so/t-good.so"), cache, "t-good", path, sha, &err));
    assert_string_equal(err.code, "plugin.writable");
    assert_int_equal(chmod(tree_path(&shop.tree, "cache/gen"), 0755), 0);
    assert_int_equal(chmod(tree_path(&shop.tree, "so/t-good.so"), 0666), 0);
    assert_false(wk_copy_make(tree_path(&shop.tree, "so/t-good.so"), cache, "t-good", path, sha, &err));
    assert_string_equal(err.code, "plugin.writable");
    assert_int_equal(copies(), 0);
}

/* On a noexec mount of its own, in a mount namespace that ends with the child: 0 refused rightly, 1 wrong, 2 not allowed to mount. */
static int try_noexec(const char *cache, const char *source)
{
    char path[PATH_MAX], sha[65];
    struct wk_err err = {0};

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", cache, "tmpfs", MS_NOEXEC, NULL) != 0)
        return 2;
    return !wk_copy_make(source, cache, "t-good", path, sha, &err) && wk_err_is(&err, "plugin.noexec") &&
                   strstr(err.msg, "mount with noexec: set host.cache_dir")
               ? 0
               : 1;
}

static void a_noexec_mount_is_named(void **state)
{
    char cache[PATH_MAX];
    int status = 0;
    pid_t pid;

    (void)state;
    shop_install(&shop, "t-good");
    strcpy(cache, tree_path(&shop.tree, "cache"));
    assert_int_equal(mkdir(cache, 0755), 0);
    pid = fork();
    if (pid == 0)
        _exit(try_noexec(cache, tree_path(&shop.tree, "so/t-good.so")));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void all_unfit_plugins_are_named_with_their_conf(void **state)
{
    size_t size = 0;
    char *bytes;

    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-no-note", "");
    shop_enable(&shop, 30, "t-old-major", "");
    shop_enable(&shop, 40, "t-needs", "");
    bytes = tree_get(tree_path(&shop.tree, "so/t-needs.so"), &size);
    tree_put_bytes(&shop.tree, "so/t-needs.so", bytes, size / 3);
    free(bytes);
    tree_put(&shop.tree, "so/t-text.so", "#!/bin/sh\n");
    tree_put(&shop.tree, "wakala.d/50-t-text.conf", "enabled = true;\n");
    assert_false(shop_load(&shop));
    assert_told(&shop, "20-t-no-note.conf: t-no-note.so: is not a Wakala plugin");
    assert_told(&shop, "30-t-old-major.conf: t-old-major.so: built for plugin ABI 0.9");
    assert_told(&shop, "40-t-needs.conf: t-needs.so: the file is truncated (");
    assert_told(&shop, "50-t-text.conf: t-text.so: is not an ELF shared object");
    assert_int_equal(wk_problems_count(shop.problems), 4);
}

static void a_stage_is_saved_and_loaded(void **state)
{
    struct wk_err err = {0};
    struct wk_stage *again;
    char *list;

    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-needs", "");
    assert_loaded(&shop);
    tree_put(&shop.tree, "run/pid", "");
    if (!wk_stage_save(shop.stage, tree_path(&shop.tree, "run"), &err))
        fail_msg("%s", err.msg);
    /* The live files go; the generation does not care. */
    assert_int_equal(unlink(tree_path(&shop.tree, "so/t-good.so")), 0);
    again = wk_stage_load(tree_path(&shop.tree, "run"), &err);
    if (!again)
        fail_msg("%s", err.msg);
    assert_int_equal(again->count, 2);
    assert_string_equal(again->plugins[0].name, "t-good");
    assert_string_equal(again->plugins[0].path, shop.stage->plugins[0].path);
    assert_string_equal(again->plugins[0].info.build_id, shop.stage->plugins[0].info.build_id);
    assert_string_equal(again->plugins[1].info.version, "1.0.0");
    wk_stage_destroy(again);
    /* A copy that changed, a list that is cut, no list. */
    list = tree_get(tree_path(&shop.tree, "run/plugins.list"), NULL);
    list[10] = list[10] == 'a' ? 'b' : 'a';
    tree_put(&shop.tree, "run/plugins.list", list);
    assert_null(wk_stage_load(tree_path(&shop.tree, "run"), &err));
    assert_non_null(strstr(err.msg, "its copy changed since it was staged"));
    list[30] = '\0';
    tree_put(&shop.tree, "run/plugins.list", list);
    assert_null(wk_stage_load(tree_path(&shop.tree, "run"), &err));
    assert_non_null(strstr(err.msg, "the snapshot is damaged"));
    assert_null(wk_stage_load(tree_path(&shop.tree, "nowhere"), &err));
    free(list);
}

static void only_what_nobody_uses_is_collected(void **state)
{
    const struct wk_stage *keep[1];
    char cache[PATH_MAX], path[PATH_MAX], sha[65];

    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    assert_loaded(&shop);
    shop_install(&shop, "t-needs");
    strcpy(cache, tree_path(&shop.tree, "cache"));
    assert_true(wk_copy_make(tree_path(&shop.tree, "so/t-needs.so"), cache, "t-needs", path, sha, NULL));
    tree_put(&shop.tree, "cache/gen/README", "somebody's");
    keep[0] = shop.stage;
    assert_int_equal(wk_copy_collect(cache, keep, 1, 3600), 0); /* too young: a core dump may need it */
    assert_int_equal(wk_copy_collect(cache, keep, 1, 0), 1);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(shop.stage->plugins[0].path, F_OK), 0);
    assert_int_equal(copies(), 2); /* the one in use, and what is not ours */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_bytes_are_copied_once, setup, teardown),
        cmocka_unit_test_setup_teardown(places_that_others_may_write_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_noexec_mount_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(all_unfit_plugins_are_named_with_their_conf, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stage_is_saved_and_loaded, setup, teardown),
        cmocka_unit_test_setup_teardown(only_what_nobody_uses_is_collected, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
