#include "db/lane.h"

/* FNV-1a over tenant and key, then a finaliser, because FNV's low bits are weak. */
unsigned wk_lane_of(const struct wk_uuid *tenant, const char *key, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < sizeof tenant->b; i++)
        h = (h ^ tenant->b[i]) * UINT64_C(1099511628211);
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)key[i]) * UINT64_C(1099511628211);
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    return (unsigned)(h % WK_LANES);
}
