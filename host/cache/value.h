/* value.h - a cached value as it lies in Redis: what it depends on, how old it is, its bytes. Read with care: Redis is outside. Pure. */
#ifndef WK_CACHE_VALUE_H
#define WK_CACHE_VALUE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WK_CACHE_TAGS = 10, WK_CACHE_HEAD = 40 }; /* bytes before the words of the tags */

struct wk_cache_value {
    bool is_none;          /* "there is nothing" is what is known */
    uint8_t n_tags;
    uint32_t ttl_ms;       /* as it was stored with */
    uint32_t delta_us;     /* how long the load took */
    int64_t loaded_us;     /* when it began, database clock */
    uint64_t epoch;        /* of the server it was stored at */
    uint64_t words[WK_CACHE_TAGS]; /* versions of its tags before the load began */
    const void *data;      /* borrowed */
    size_t len;
};
/* Bytes it takes, and its head with the words into `out` (WK_CACHE_HEAD + 8 * n_tags bytes); the data goes behind. */
size_t wk_cache_value_head(const struct wk_cache_value *value, uint8_t *out);
/* False: no value of this layout. */
bool wk_cache_value_read(const void *bytes, size_t len, struct wk_cache_value *out);
#endif
