#include "cache/value.h"

#include <endian.h>
#include <string.h>

static const char magic[4] = {'W', 'K', 'C', '1'};
enum { IS_NONE = 1 };

static void put64(uint8_t *out, uint64_t v)
{
    v = htole64(v);
    memcpy(out, &v, sizeof v);
}
static void put32(uint8_t *out, uint32_t v)
{
    v = htole32(v);
    memcpy(out, &v, sizeof v);
}
static uint64_t get64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return le64toh(v);
}
static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return le32toh(v);
}

size_t wk_cache_value_head(const struct wk_cache_value *value, uint8_t *out)
{
    memset(out, 0, WK_CACHE_HEAD);
    memcpy(out, magic, sizeof magic);
    out[4] = value->is_none ? IS_NONE : 0;
    out[5] = value->n_tags;
    put32(out + 8, value->ttl_ms);
    put32(out + 12, value->delta_us);
    put64(out + 16, (uint64_t)value->loaded_us);
    put64(out + 24, value->epoch);
    put32(out + 32, (uint32_t)value->len);
    for (int i = 0; i < value->n_tags; i++)
        put64(out + WK_CACHE_HEAD + 8 * i, value->words[i]);
    return WK_CACHE_HEAD + 8 * (size_t)value->n_tags;
}

bool wk_cache_value_read(const void *bytes, size_t len, struct wk_cache_value *out)
{
    const uint8_t *p = bytes;
    size_t head;

    if (len < WK_CACHE_HEAD || memcmp(p, magic, sizeof magic) != 0 || p[4] > IS_NONE || p[5] > WK_CACHE_TAGS)
        return false;
    head = WK_CACHE_HEAD + 8 * (size_t)p[5];
    *out = (struct wk_cache_value){.is_none = p[4] == IS_NONE, .n_tags = p[5], .ttl_ms = get32(p + 8), .delta_us = get32(p + 12),
                                   .loaded_us = (int64_t)get64(p + 16), .epoch = get64(p + 24), .len = get32(p + 32)};
    if (len < head || len - head != out->len || (out->is_none && out->len) || !out->ttl_ms)
        return false;
    for (int i = 0; i < out->n_tags; i++)
        out->words[i] = get64(p + WK_CACHE_HEAD + 8 * i);
    out->data = p + head;
    return true;
}
