/* shard.c - see shard.h. */
#include "db/shard.h"

#include <openssl/evp.h>

uint32_t wk_shard_of(const struct wk_uuid *tenant)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    uint64_t h = 0;

    if (EVP_Digest(tenant->b, sizeof tenant->b, digest, NULL, EVP_sha256(), NULL) != 1)
        return 0;
    for (int i = 0; i < 8; i++)
        h = h << 8 | digest[i];
    return 1 + (uint32_t)(h >> 59);
}
