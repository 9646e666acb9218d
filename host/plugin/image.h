/* image.h - a whole .so in memory, read in one go and not while somebody writes it; for elf.c and copy.c. */
#ifndef WK_PLUGIN_IMAGE_H
#define WK_PLUGIN_IMAGE_H
#include <wakala/err.h>

#define WK_IMAGE_MAX (256u * 1024 * 1024)
/* free() it. Refuses what is not a regular file or what everybody may write. */
unsigned char *wk_image_read(const char *path, size_t *size, struct wk_err *err);
#endif
