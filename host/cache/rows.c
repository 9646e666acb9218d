#include "cache/rows.h"

#include <endian.h>
#include <string.h>

enum { HEAD = 12, VALUES_MAX = 1 << 20 };
#define IS_NULL UINT32_C(0x80000000)
static const char magic[4] = {'W', 'K', 'R', '1'};

static void put32(uint8_t *out, uint32_t v)
{
    v = htole32(v);
    memcpy(out, &v, sizeof v);
}
static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return le32toh(v);
}

size_t wk_kept_rows_write(size_t rows, size_t columns, const char *(*value)(const void *arg, size_t row, size_t column, size_t *len), const void *arg,
                          void *out)
{
    uint8_t *to = out, *ends = to ? to + HEAD : NULL; /* NULL: only measured */
    size_t text = 0, values = rows * columns, len;

    if (rows > VALUES_MAX || columns > VALUES_MAX || values > VALUES_MAX)
        return 0;
    for (size_t i = 0; i < values; i++) {
        const char *v = value(arg, i / columns, i % columns, &len);

        if (out && v) {
            memcpy((char *)ends + 4 * values + text, v, len);
            ((char *)ends)[4 * values + text + len] = '\0';
        }
        text += v ? len + 1 : 0;
        if (text >= IS_NULL)
            return 0;
        if (out)
            put32(ends + 4 * i, (uint32_t)text | (v ? 0 : IS_NULL));
    }
    if (out) {
        memcpy(to, magic, sizeof magic);
        put32(to + 4, (uint32_t)rows);
        put32(to + 8, (uint32_t)columns);
    }
    return HEAD + 4 * values + text;
}

bool wk_kept_rows_open(const void *bytes, size_t len, struct wk_kept_rows *out)
{
    const uint8_t *p = bytes;
    size_t values, room, before = 0;

    if (len < HEAD || memcmp(p, magic, sizeof magic) != 0 || get32(p + 4) > VALUES_MAX || get32(p + 8) > VALUES_MAX)
        return false;
    *out = (struct wk_kept_rows){.rows = get32(p + 4), .columns = get32(p + 8), .ends = p + HEAD};
    values = out->rows * out->columns;
    if (values > VALUES_MAX || len - HEAD < 4 * values)
        return false;
    out->text = (const char *)p + HEAD + 4 * values;
    room = len - HEAD - 4 * values;
    for (size_t i = 0; i < values; i++) {
        uint32_t end = get32(out->ends + 4 * i);
        bool is_null = end & IS_NULL;

        end &= ~IS_NULL;
        if (end > room || (is_null ? end != before : end <= before || out->text[end - 1] != '\0'))
            return false;
        before = end;
    }
    return before == room;
}

const char *wk_kept_rows_text(const struct wk_kept_rows *rows, size_t row, size_t column, size_t *len)
{
    size_t i = row * rows->columns + column;
    uint32_t end, start;

    *len = 0;
    if (row >= rows->rows || column >= rows->columns)
        return NULL;
    end = get32(rows->ends + 4 * i);
    if (end & IS_NULL)
        return NULL;
    start = i ? get32(rows->ends + 4 * (i - 1)) & ~IS_NULL : 0;
    *len = end - start - 1;
    return rows->text + start;
}
