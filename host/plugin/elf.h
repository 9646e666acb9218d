/* elf.h - what a .so says about itself, read without running one instruction of it.
 * Every offset is checked against the file's size. Refusals are one sentence and its cure, code plugin.<what>. */
#ifndef WK_PLUGIN_ELF_H
#define WK_PLUGIN_ELF_H
#include <wakala/abi.h>

struct wk_elf_info {
    uint16_t abi_major, abi_minor;
    uint32_t descriptor_size;
    char name[32], version[24];
    char build_id[41]; /* hex; "" without one */
};

/* `what` names the file in messages ("orders.so"). Does not look at ABI or name: see wk_elf_suits(). */
bool wk_elf_parse(const char *what, const void *bytes, size_t size, struct wk_elf_info *info, struct wk_err *err);
/* Open, refuse what others may write (mode and owner), map, parse. */
bool wk_elf_read(const char *path, struct wk_elf_info *info, struct wk_err *err);
/* Can this host, of this ABI, run it as plugin `name`? */
bool wk_elf_suits(const struct wk_elf_info *info, const char *name, struct wk_err *err);
/* The interfaces in its descriptor ("catalog/1"), found through the relocations: for advice only ("orders.so provides it but is
 * not enabled"). Space-separated into out; false when the file does not show them. */
bool wk_elf_provides(const char *path, char *out, size_t size);
#endif
