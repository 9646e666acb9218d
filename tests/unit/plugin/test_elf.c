/* A .so is understood, or refused with the reason, without running any of it. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "../config/tree.h"
#include "plugin/elf.h"

#define SO(name) TEST_BINARY_DIR "/tests/plugins/so/" name ".so"

static void a_good_plugin_is_read(void **state)
{
    struct wk_elf_info info;
    struct wk_err err = {0};

    (void)state;
    if (!wk_elf_read(SO("t-good"), &info, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(info.name, "t-good");
    assert_string_equal(info.version, "1.2.3");
    assert_int_equal(info.abi_major, WK_ABI_MAJOR);
    assert_int_equal(info.abi_minor, WK_ABI_MINOR);
    assert_int_equal(strlen(info.build_id), 40);
    assert_true(wk_elf_suits(&info, "t-good", &err));
}

static void unfit_plugins_are_refused_in_a_sentence(void **state)
{
    static const struct {
        const char *path, *name, *code, *says;
    } bad[] = {
        {SO("t-no-note"), "t-no-note", "plugin.no_note", "t-no-note.so: is not a Wakala plugin, or was built without WK_PLUGIN"},
        {SO("t-old-major"), "t-old-major", "plugin.abi", "built for plugin ABI 0.9, this host has 1.0: build it again"},
        {SO("t-new-minor"), "t-new-minor", "plugin.abi", "needs plugin ABI 1.200, this host has 1.0: upgrade the host"},
        {SO("t-bad-version"), "t-bad-version", "plugin.bad_note", "no proper name and version"},
        {SO("t-good"), "orders", "plugin.name", "orders.so: says it is plugin \"t-good\": rename the file to t-good.so"},
        {SO("nothing"), "nothing", "plugin.unreadable", "cannot be read: No such file"},
        {"/tmp", "tmp", "plugin.unreadable", "is not a regular file"},
        {TEST_SOURCE_DIR "/etc/wakala.conf", "x", "plugin.not_elf", "is not an ELF shared object"},
        {"/proc/self/exe", "x", "plugin.no_note", "is not a Wakala plugin"},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        struct wk_elf_info info;
        struct wk_err err = {0};

        if ((wk_elf_read(bad[i].path, &info, &err) && wk_elf_suits(&info, bad[i].name, &err)) || !wk_err_is(&err, bad[i].code) ||
            !strstr(err.msg, bad[i].says))
            fail_msg("%s should say \"%s\": %s %s", bad[i].path, bad[i].says, err.code ? err.code : "-", err.msg);
    }
}

static void every_truncation_is_refused(void **state)
{
    size_t size = 0;
    char *bytes = tree_get(SO("t-good"), &size), says[96];
    struct wk_elf_info info;
    struct wk_err err;

    (void)state;
    assert_non_null(bytes);
    assert_true(wk_elf_parse("x", bytes, size, &info, &err));
    for (size_t cut = 0; cut < size; cut += cut < 4096 || cut + 4096 > size ? 1 : 97) {
        char *exact = malloc(cut ? cut : 1); /* so that a byte past the end is caught */

        memcpy(exact, bytes, cut);
        err = (struct wk_err){0};
        if (wk_elf_parse("x", exact, cut, &info, &err))
            fail_msg("cut at %zu of %zu was accepted", cut, size);
        if (cut >= sizeof(Elf64_Ehdr)) {
            (void)snprintf(says, sizeof says, "the file is truncated (%zu of ", cut);
            if (!wk_err_is(&err, "plugin.truncated") || !strstr(err.msg, says))
                fail_msg("cut at %zu: %s", cut, err.msg);
        }
        free(exact);
    }
    (void)snprintf(says, sizeof says, "(%zu of %zu bytes)", size - 1, size);
    assert_non_null(strstr(err.msg, says)); /* it knows the whole length */
    free(bytes);
}

static void another_machine_is_named(void **state)
{
    static const struct {
        size_t at;
        unsigned char value;
        const char *says;
    } changes[] = {
        {EI_CLASS, ELFCLASS32, "is built for a 32-bit system"},
        {EI_DATA, ELFDATA2MSB, "is built for a big-endian CPU"},
        {offsetof(Elf64_Ehdr, e_machine), EM_386, "is built for 32-bit x86"},
        {offsetof(Elf64_Ehdr, e_type), ET_EXEC, "is not a shared object"},
        {offsetof(Elf64_Ehdr, e_phnum), 0, "is not a shared object"},
        {EI_MAG3, 'G', "is not an ELF shared object"},
    };
    size_t size = 0;
    char *bytes = tree_get(SO("t-good"), &size);

    (void)state;
    for (size_t i = 0; i < WK_COUNT(changes); i++) {
        struct wk_elf_info info;
        struct wk_err err = {0};
        char kept = bytes[changes[i].at];

        bytes[changes[i].at] = (char)changes[i].value;
        if (wk_elf_parse("x.so", bytes, size, &info, &err) || !strstr(err.msg, changes[i].says))
            fail_msg("%s: %s", changes[i].says, err.msg);
        bytes[changes[i].at] = kept;
    }
    free(bytes);
}

/* Any single wrong byte in the headers: refused or read, never a wild access (the sanitizers watch). */
static void damaged_headers_do_no_harm(void **state)
{
    static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
    size_t size = 0, heads;
    char *bytes = tree_get(SO("t-good"), &size);
    const Elf64_Ehdr *head = (const void *)bytes;
    struct wk_elf_info info;

    (void)state;
    heads = head->e_phoff + head->e_phnum * sizeof(Elf64_Phdr);
    for (size_t i = 0; i < size; i = i + 1 == heads ? head->e_shoff : i + 1) {
        char kept = bytes[i];

        for (size_t v = 0; v < WK_COUNT(values); v++) {
            bytes[i] = (char)values[v];
            (void)wk_elf_parse("x", bytes, size, &info, NULL);
        }
        bytes[i] = kept;
    }
    assert_true(wk_elf_parse("x", bytes, size, &info, NULL));
    free(bytes);
}

static void a_file_that_everybody_may_write_is_refused(void **state)
{
    size_t size = 0;
    char *bytes = tree_get(SO("t-good"), &size);
    struct wk_elf_info info;
    struct wk_err err = {0};
    struct tree tree;

    (void)state;
    tree_make(&tree);
    tree_put_bytes(&tree, "t-good.so", bytes, size);
    assert_int_equal(chmod(tree_path(&tree, "t-good.so"), 0646), 0);
    assert_false(wk_elf_read(tree_path(&tree, "t-good.so"), &info, &err));
    assert_string_equal(err.code, "plugin.writable");
    assert_int_equal(err.cls, WK_SECURITY);
    assert_non_null(strstr(err.msg, "t-good.so: everybody may write to it (mode 0646)"));
    assert_int_equal(chmod(tree_path(&tree, "t-good.so"), 0644), 0);
    assert_true(wk_elf_read(tree_path(&tree, "t-good.so"), &info, &err));
    tree_remove(&tree);
    free(bytes);
}

static void what_it_provides_is_seen_without_running_it(void **state)
{
    char text[128];

    (void)state;
    assert_true(wk_elf_provides(SO("t-good"), text, sizeof text));
    assert_string_equal(text, "greet/1");
    assert_true(wk_elf_provides(SO("t-ctor-crash"), text, sizeof text) == false);
    assert_true(wk_elf_provides(SO("t-identity"), text, sizeof text));
    assert_string_equal(text, "identity/1");
    assert_false(wk_elf_provides(SO("t-needs"), text, sizeof text));
    assert_string_equal(text, "");
    assert_false(wk_elf_provides(SO("t-no-note"), text, sizeof text));
    assert_false(wk_elf_provides(SO("nothing"), text, sizeof text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_plugin_is_read),
        cmocka_unit_test(unfit_plugins_are_refused_in_a_sentence),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(another_machine_is_named),
        cmocka_unit_test(damaged_headers_do_no_harm),
        cmocka_unit_test(a_file_that_everybody_may_write_is_refused),
        cmocka_unit_test(what_it_provides_is_seen_without_running_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
