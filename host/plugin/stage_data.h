/* stage_data.h - what copy.c and stage.c share. */
#ifndef WK_PLUGIN_STAGE_DATA_H
#define WK_PLUGIN_STAGE_DATA_H
#include <stdbool.h>
#include <stddef.h>
bool wk_sha256_hex(const void *bytes, size_t size, char out[65]);
#endif
