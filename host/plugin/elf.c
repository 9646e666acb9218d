#include "plugin/elf.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wakala/plugin.h>
#include "plugin/image.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#define RELATIVE R_X86_64_RELATIVE
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#define RELATIVE R_AARCH64_RELATIVE
#else
#error "tell elf.c the machine and its relative relocation"
#endif

struct image { /* the file; every access goes through at() or copy() */
    const char *what;
    const unsigned char *bytes;
    size_t size;
    Elf64_Ehdr head;
};

static bool refuse(struct wk_err *err, const char *code, const char *what, const char *why)
{
    return wk_fail(err, WK_SYSTEM, code, "%s: %s", what, why);
}

static const void *at(const struct image *f, uint64_t offset, uint64_t len)
{
    return offset <= f->size && len <= f->size - offset ? f->bytes + offset : NULL;
}

static bool copy(const struct image *f, uint64_t offset, void *out, size_t len)
{
    const void *from = at(f, offset, len);

    if (from)
        memcpy(out, from, len); /* a copy: headers in a hostile file need not be aligned */
    return from != NULL;
}

static bool segment(const struct image *f, unsigned i, Elf64_Phdr *out)
{
    return i < f->head.e_phnum && copy(f, f->head.e_phoff + (uint64_t)i * sizeof *out, out, sizeof *out);
}

static bool section(const struct image *f, unsigned i, Elf64_Shdr *out)
{
    return i < f->head.e_shnum && copy(f, f->head.e_shoff + (uint64_t)i * sizeof *out, out, sizeof *out);
}

static const char *machine_name(unsigned machine)
{
    switch (machine) {
    case EM_X86_64: return "x86-64";
    case EM_AARCH64: return "arm64";
    case EM_386: return "32-bit x86";
    case EM_ARM: return "32-bit ARM";
    case EM_RISCV: return "RISC-V";
    case EM_PPC64: return "POWER";
    case EM_S390: return "s390";
    default: return "another CPU";
    }
}

static bool check_head(struct image *f, struct wk_err *err)
{
    if (f->size < SELFMAG || memcmp(f->bytes, ELFMAG, SELFMAG) != 0)
        return refuse(err, "plugin.not_elf", f->what, f->size ? "is not an ELF shared object: rebuild or reinstall the plugin" : "is empty: reinstall the plugin");
    if (!copy(f, 0, &f->head, sizeof f->head))
        return wk_fail(err, WK_SYSTEM, "plugin.truncated", "%s: the file is truncated (%zu bytes, not even the ELF header): copy it again", f->what,
                       f->size);
    if (f->head.e_ident[EI_CLASS] != ELFCLASS64 || f->head.e_ident[EI_DATA] != ELFDATA2LSB || f->head.e_machine != OWN_MACHINE)
        return wk_fail(err, WK_SYSTEM, "plugin.machine", "%s: is built for %s, this host runs on %s: install the build for this machine",
                       f->what,
                       f->head.e_ident[EI_DATA] != ELFDATA2LSB ? "a big-endian CPU"
                       : f->head.e_machine == OWN_MACHINE      ? "a 32-bit system"
                                                               : machine_name(f->head.e_machine),
                       machine_name(OWN_MACHINE));
    if (f->head.e_type != ET_DYN || f->head.e_phentsize != sizeof(Elf64_Phdr) || !f->head.e_phnum ||
        (f->head.e_shnum && f->head.e_shentsize != sizeof(Elf64_Shdr)))
        return refuse(err, "plugin.not_shared", f->what, "is not a shared object: build it with wakala_add_plugin() or -shared");
    return true;
}

static bool grow(uint64_t *whole, uint64_t offset, uint64_t len)
{
    uint64_t end;

    if (__builtin_add_overflow(offset, len, &end))
        return false;
    if (end > *whole)
        *whole = end;
    return true;
}

/* How long the file says it is: the headers' own tables, then every segment and section they name. A dlopen of less than that ends in
 * SIGBUS, or worse, seems to work. */
static bool check_whole(const struct image *f, struct wk_err *err)
{
    uint64_t whole = 0;
    bool is_sane = grow(&whole, f->head.e_phoff, (uint64_t)f->head.e_phnum * sizeof(Elf64_Phdr)) &&
                   grow(&whole, f->head.e_shnum ? f->head.e_shoff : 0, (uint64_t)f->head.e_shnum * sizeof(Elf64_Shdr));

    for (unsigned i = 0; is_sane && whole <= f->size && i < f->head.e_phnum; i++) {
        Elf64_Phdr p;

        is_sane = segment(f, i, &p) && grow(&whole, p.p_offset, p.p_filesz);
    }
    for (unsigned i = 0; is_sane && whole <= f->size && i < f->head.e_shnum; i++) {
        Elf64_Shdr s;

        is_sane = section(f, i, &s) && (s.sh_type == SHT_NOBITS || s.sh_type == SHT_NULL || grow(&whole, s.sh_offset, s.sh_size));
    }
    if (!is_sane)
        return refuse(err, "plugin.damaged", f->what, "its ELF headers are damaged: reinstall the plugin");
    if (whole > f->size)
        return wk_fail(err, WK_SYSTEM, "plugin.truncated", "%s: the file is truncated (%zu of %llu bytes): copy it again, to another name, and rename",
                       f->what, f->size, (unsigned long long)whole);
    return true;
}

static void take_build_id(const unsigned char *id, uint32_t len, char out[41])
{
    static const char hex[] = "0123456789abcdef";

    if (len > 20)
        len = 20;
    for (uint32_t i = 0; i < len; i++) {
        out[2 * i] = hex[id[i] >> 4];
        out[2 * i + 1] = hex[id[i] & 15];
    }
    out[2 * len] = '\0';
}

/* All notes of one table. True when ours was among them. */
static bool walk_notes(const struct image *f, uint64_t offset, uint64_t len, uint64_t align, struct wk_note *ours, char build_id[41])
{
    bool found = false;

    align = align == 8 ? 8 : 4;
    while (len >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr n;
        uint64_t name, desc, whole;
        const unsigned char *p;

        if (!copy(f, offset, &n, sizeof n))
            return found;
        name = sizeof n;
        desc = (name + n.n_namesz + align - 1) / align * align; /* 32-bit sizes: no overflow in 64 */
        whole = (desc + n.n_descsz + align - 1) / align * align;
        p = at(f, offset, desc + n.n_descsz);
        if (!p || desc + n.n_descsz > len)
            return found;
        if (n.n_type == WK_NOTE_TYPE && n.n_namesz == sizeof ours->owner && !memcmp(p + name, WK_NOTE_OWNER, sizeof WK_NOTE_OWNER) &&
            sizeof n + n.n_namesz + n.n_descsz >= sizeof *ours) { /* a later ABI may have more in it */
            memcpy(ours, p, sizeof *ours);
            found = true;
        } else if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(p + name, "GNU", 4)) {
            take_build_id(p + desc, n.n_descsz, build_id);
        }
        if (whole >= len)
            break;
        offset += whole;
        len -= whole;
    }
    return found;
}

static bool find_note(const struct image *f, struct wk_note *note, char build_id[41])
{
    bool found = false;

    for (unsigned i = 0; i < f->head.e_phnum; i++) {
        Elf64_Phdr p;

        if (segment(f, i, &p) && p.p_type == PT_NOTE)
            found |= walk_notes(f, p.p_offset, p.p_filesz, p.p_align, note, build_id);
    }
    for (unsigned i = 0; !found && i < f->head.e_shnum; i++) { /* linkers that made no segment of it */
        Elf64_Shdr s;

        if (section(f, i, &s) && s.sh_type == SHT_NOTE)
            found = walk_notes(f, s.sh_offset, s.sh_size, s.sh_addralign, note, build_id);
    }
    return found;
}

static bool is_plain(const char *text, size_t room, const char *allowed)
{
    size_t len = strnlen(text, room);

    return len > 0 && len < room && strspn(text, allowed) == len;
}

bool wk_elf_parse(const char *what, const void *bytes, size_t size, struct wk_elf_info *info, struct wk_err *err)
{
    struct image f = {.what = what, .bytes = bytes, .size = size};
    struct wk_note note;

    *info = (struct wk_elf_info){0};
    if (!check_head(&f, err) || !check_whole(&f, err))
        return false;
    if (!find_note(&f, &note, info->build_id))
        return refuse(err, "plugin.no_note", what, "is not a Wakala plugin, or was built without WK_PLUGIN (section .note.wakala is missing)");
    if (!is_plain(note.name, sizeof note.name, "abcdefghijklmnopqrstuvwxyz0123456789-") ||
        !is_plain(note.version, sizeof note.version, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+"))
        return refuse(err, "plugin.bad_note", what, "its note holds no proper name and version: check WK_PLUGIN(name, version, ...)");
    info->abi_major = note.abi_major;
    info->abi_minor = note.abi_minor;
    info->descriptor_size = note.descriptor_size;
    memcpy(info->name, note.name, sizeof note.name);
    memcpy(info->version, note.version, sizeof note.version);
    return true;
}

bool wk_elf_suits(const struct wk_elf_info *info, const char *name, struct wk_err *err)
{
    if (strcmp(info->name, name) != 0)
        return wk_fail(err, WK_SYSTEM, "plugin.name", "%s.so: says it is plugin \"%s\": rename the file to %s.so, with its conf file, or install the right one",
                       name, info->name, info->name);
    if (info->abi_major != WK_ABI_MAJOR)
        return wk_fail(err, WK_SYSTEM, "plugin.abi", "%s.so: built for plugin ABI %u.%u, this host has %d.%d: build it again with this host's SDK",
                       name, info->abi_major, info->abi_minor, WK_ABI_MAJOR, WK_ABI_MINOR);
    if (info->abi_minor > WK_ABI_MINOR)
        return wk_fail(err, WK_SYSTEM, "plugin.abi", "%s.so: needs plugin ABI %u.%u, this host has %d.%d: upgrade the host, or build it with this SDK",
                       name, info->abi_major, info->abi_minor, WK_ABI_MAJOR, WK_ABI_MINOR);
    return true;
}

/* ---- files ------------------------------------------------------------------------------------------------------------- */

static bool check_file(int fd, const char *what, struct stat *st, struct wk_err *err)
{
    if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
        return refuse(err, "plugin.unreadable", what, "is not a regular file");
    if (st->st_mode & S_IWOTH)
        return wk_fail(err, WK_SECURITY, "plugin.writable", "%s: everybody may write to it (mode %04o), so anybody's code would run here: chmod o-w it",
                       what, (unsigned)(st->st_mode & 07777));
    if ((uint64_t)st->st_size > WK_IMAGE_MAX)
        return refuse(err, "plugin.too_large", what, "is larger than 256 MiB: this is no plugin");
    return true;
}

static unsigned char *read_whole(int fd, size_t size)
{
    unsigned char *bytes = malloc(size + 1);
    size_t done = 0;

    while (bytes && done < size) {
        ssize_t n = pread(fd, bytes + done, size - done, (off_t)done);

        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            free(bytes);
            return NULL;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return bytes;
}

unsigned char *wk_image_read(const char *path, size_t *size, struct wk_err *err)
{
    const char *slash = strrchr(path, '/'), *what = slash ? slash + 1 : path;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    unsigned char *bytes = NULL;
    struct stat before, after;

    if (fd < 0) {
        (void)wk_fail(err, WK_SYSTEM, "plugin.unreadable", "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    if (check_file(fd, what, &before, err)) {
        bytes = read_whole(fd, (size_t)before.st_size);
        *size = (size_t)before.st_size;
        /* Somebody copying over the file while we read would give a mixture. */
        if (!bytes || fstat(fd, &after) < 0 || after.st_size != before.st_size || after.st_mtim.tv_sec != before.st_mtim.tv_sec ||
            after.st_mtim.tv_nsec != before.st_mtim.tv_nsec) {
            (void)refuse(err, "plugin.changing", what, "changed while it was read: install by rename, then try again");
            free(bytes);
            bytes = NULL;
        }
    }
    (void)close(fd);
    return bytes;
}

bool wk_elf_read(const char *path, struct wk_elf_info *info, struct wk_err *err)
{
    const char *slash = strrchr(path, '/');
    size_t size = 0;
    unsigned char *bytes = wk_image_read(path, &size, err);
    bool is_ok = bytes && wk_elf_parse(slash ? slash + 1 : path, bytes, size, info, err);

    free(bytes);
    return is_ok;
}

/* ---- what it provides, through the relocations --------------------------------------------------------------------------- */

static const void *at_address(const struct image *f, uint64_t address, uint64_t len, uint64_t *room)
{
    for (unsigned i = 0; i < f->head.e_phnum; i++) {
        Elf64_Phdr p;

        if (!segment(f, i, &p) || p.p_type != PT_LOAD || address < p.p_vaddr || address - p.p_vaddr >= p.p_filesz)
            continue;
        *room = p.p_filesz - (address - p.p_vaddr);
        return len <= *room ? at(f, p.p_offset + (address - p.p_vaddr), *room) : NULL;
    }
    return NULL;
}

/* The pointer that the dynamic linker will put at `address`; 0: none. */
static uint64_t pointer_at(const struct image *f, uint64_t address)
{
    for (unsigned i = 0; i < f->head.e_shnum; i++) {
        Elf64_Shdr s;

        if (!section(f, i, &s) || s.sh_type != SHT_RELA)
            continue;
        for (uint64_t o = 0; o + sizeof(Elf64_Rela) <= s.sh_size; o += sizeof(Elf64_Rela)) {
            Elf64_Rela r;

            if (!copy(f, s.sh_offset + o, &r, sizeof r))
                break;
            if (r.r_offset == address && ELF64_R_TYPE(r.r_info) == RELATIVE)
                return (uint64_t)r.r_addend;
        }
    }
    return 0;
}

static uint64_t find_symbol(const struct image *f, const char *name)
{
    for (unsigned i = 0; i < f->head.e_shnum; i++) {
        Elf64_Shdr s, strings;

        if (!section(f, i, &s) || s.sh_type != SHT_DYNSYM || !section(f, s.sh_link, &strings))
            continue;
        for (uint64_t o = 0; o + sizeof(Elf64_Sym) <= s.sh_size; o += sizeof(Elf64_Sym)) {
            Elf64_Sym sym;
            const char *text;

            if (!copy(f, s.sh_offset + o, &sym, sizeof sym))
                break;
            text = sym.st_name < strings.sh_size ? at(f, strings.sh_offset + sym.st_name, strlen(name) + 1) : NULL;
            if (text && !memcmp(text, name, strlen(name) + 1))
                return sym.st_value;
        }
    }
    return 0;
}

static bool list_provides(const struct image *f, char *out, size_t size)
{
    uint64_t desc = find_symbol(f, "wakala_plugin"), table, room;
    size_t len = 0;

    table = desc ? pointer_at(f, desc + offsetof(struct wk_plugin_desc, provides)) : 0;
    for (unsigned i = 0; table && i < 32; i++) {
        uint64_t name = pointer_at(f, table + i * sizeof(struct wk_provide));
        const char *text = name ? at_address(f, name, 1, &room) : NULL;
        size_t n = text ? strnlen(text, room) : 0;

        if (!n || n == room || n > 40 || len + n + 2 > size)
            break;
        len += (size_t)snprintf(out + len, size - len, "%s%s", len ? " " : "", text);
    }
    return len > 0;
}

bool wk_elf_provides(const char *path, char *out, size_t size)
{
    struct wk_elf_info info;
    struct image f = {.what = path};
    size_t bytes_len = 0;
    unsigned char *bytes = wk_image_read(path, &bytes_len, NULL);
    bool is_ok = false;

    if (size)
        *out = '\0';
    if (bytes && wk_elf_parse(path, bytes, bytes_len, &info, NULL) && info.abi_major == WK_ABI_MAJOR) {
        f.bytes = bytes;
        f.size = bytes_len;
        is_ok = copy(&f, 0, &f.head, sizeof f.head) && list_provides(&f, out, size);
    }
    free(bytes);
    return is_ok;
}
