/* cache_value - bytes from Redis as a cached value, and what is in it as the rows of a read: read or refused, never a step outside; and what we write
 * ourselves comes back as it was. */
#include "cache/rows.h"
#include "cache/value.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct table { /* a result made of the input */
    const uint8_t *data;
    size_t size, columns;
};
static const char *cell(const void *arg, size_t row, size_t column, size_t *len)
{
    const struct table *t = arg;
    size_t at = (row * t->columns + column) * 7 % (t->size + 1);

    *len = 0;
    if (at == t->size || t->data[at] % 5 == 0)
        return NULL;
    *len = t->data[at] % 16 < t->size - at ? t->data[at] % 16 : t->size - at;
    return (const char *)t->data + at;
}

static void read_all(const struct wk_kept_rows *rows)
{
    size_t len, sum = 0;

    for (size_t r = 0; r < rows->rows && r < 5000; r++)
        for (size_t c = 0; c < rows->columns && c < 50; c++) {
            const char *text = wk_kept_rows_text(rows, r, c, &len);

            if (text && strnlen(text, len + 1) > len)
                abort(); /* no NUL behind it */
            sum += text ? len : 0;
        }
    if (wk_kept_rows_text(rows, rows->rows, 0, &len) || wk_kept_rows_text(rows, 0, rows->columns, &len) || sum > SIZE_MAX / 2)
        abort();
}

static void round_trip(const uint8_t *data, size_t size)
{
    struct table t = {data, size, size ? 1 + data[0] % 4 : 1};
    size_t rows = size % 9, bytes = wk_kept_rows_write(rows, t.columns, cell, &t, NULL), len, wanted;
    void *out = malloc(bytes);
    struct wk_kept_rows back;

    if (!out)
        return;
    if (wk_kept_rows_write(rows, t.columns, cell, &t, out) != bytes || !wk_kept_rows_open(out, bytes, &back) || back.rows != rows || back.columns != t.columns)
        abort();
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < t.columns; c++) {
            const char *was = cell(&t, r, c, &wanted), *is = wk_kept_rows_text(&back, r, c, &len);

            if (!was != !is || (was && (len != wanted || memcmp(was, is, len) != 0)))
                abort();
        }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wk_cache_value value;
    struct wk_kept_rows rows;
    uint8_t head[WK_CACHE_HEAD + 8 * WK_CACHE_TAGS];

    if (wk_cache_value_read(data, size, &value)) {
        size_t n = wk_cache_value_head(&value, head);

        if (n + value.len != size || value.n_tags > WK_CACHE_TAGS || (const uint8_t *)value.data + value.len != data + size)
            abort();
        if (wk_kept_rows_open(value.data, value.len, &rows))
            read_all(&rows);
    }
    if (wk_kept_rows_open(data, size, &rows))
        read_all(&rows);
    round_trip(data, size);
    return 0;
}
