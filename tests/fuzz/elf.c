/* elf - a .so from anywhere: read or refused, never a step outside its bytes. */
#include <stdlib.h>
#include "plugin/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wk_elf_info info;
    struct wk_err err = {0};

    if (wk_elf_parse("fuzz.so", data, size, &info, &err)) {
        /* What was accepted is fit to be printed and compared. */
        if (!memchr(info.name, 0, sizeof info.name) || !memchr(info.version, 0, sizeof info.version) || !info.name[0] || !info.version[0] ||
            strlen(info.build_id) > 40)
            abort();
        (void)wk_elf_suits(&info, "fuzz", &err);
    } else if (!err.code || !err.msg[0]) {
        abort(); /* a refusal without a reason */
    }
    return 0;
}
