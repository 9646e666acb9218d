/* rows.h - the rows of a read as bytes that can be kept, and read again without another copy. Checked when opened, because they may come from Redis.
 * Layout: counts, then where each value ends (NULL: the highest bit), then the values, each with a NUL. Pure. */
#ifndef WK_CACHE_ROWS_H
#define WK_CACHE_ROWS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wk_kept_rows { /* borrows the bytes */
    size_t rows, columns;
    const uint8_t *ends;
    const char *text;
};
/* `value` gives one value (NULL: SQL NULL). Bytes needed; out NULL: only that. 0: too large to be kept. */
size_t wk_kept_rows_write(size_t rows, size_t columns, const char *(*value)(const void *arg, size_t row, size_t column, size_t *len), const void *arg,
                          void *out);
bool wk_kept_rows_open(const void *bytes, size_t len, struct wk_kept_rows *out); /* false: damaged */
const char *wk_kept_rows_text(const struct wk_kept_rows *rows, size_t row, size_t column, size_t *len); /* NULL: SQL NULL, or out of range */
#endif
