/* shard.h - which of the 32 logical shards a tenant belongs to. Frozen: another formula would lose every tenant's data.
 * Which server holds a shard is the map's business, not this file's. */
#ifndef WK_SHARD_H
#define WK_SHARD_H
#include <stdint.h>
#include <wakala/base.h>

enum { WK_SHARDS = 32 };

/* 1..32: one more than the top five bits of SHA-256 over the id's 16 bytes. 0 when OpenSSL cannot hash (out of memory). */
uint32_t wk_shard_of(const struct wk_uuid *tenant);
#endif
