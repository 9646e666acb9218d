/* l1.h - a bounded map from (tenant, key) to bytes, in memory: S3-FIFO. No clock, no I/O: what a value means is the caller's business.
 * Bytes are counted as the allocator gives them out, tables included. Threads: one. */
#ifndef WK_CACHE_L1_H
#define WK_CACHE_L1_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/base.h>
#include <wakala/err.h>

struct wk_l1;

struct wk_l1_conf {
    size_t max_bytes;         /* at least 256 KiB; the tables take about a tenth of a small one */
    unsigned tenant_percent;  /* most of it that one tenant may have; 0 = 25 */
};
struct wk_l1 *wk_l1_create(const struct wk_l1_conf *conf, struct wk_err *err);
void wk_l1_destroy(struct wk_l1 *l1); /* NULL allowed */

struct wk_l1_key { /* borrowed */
    const struct wk_uuid *tenant;
    const void *key;
    size_t len;
    uint64_t hash; /* wk_l1_key() fills it */
};
struct wk_l1_key wk_l1_key(const struct wk_l1 *l1, const struct wk_uuid *tenant, const void *key, size_t len);

/* The value of a key, aligned to 8 bytes, valid until the next put, drop or clear; NULL: not there. Counts as a use. */
void *wk_l1_get(struct wk_l1 *l1, const struct wk_l1_key *key, size_t *len);
/* Copies. Replaces what is there. False: too large (an eighth of its tenant's share), or no memory: then the key is not there any more. */
bool wk_l1_put(struct wk_l1 *l1, const struct wk_l1_key *key, const void *value, size_t len);
/* The same from two pieces, which lie behind each other afterwards. */
bool wk_l1_put2(struct wk_l1 *l1, const struct wk_l1_key *key, const void *head, size_t head_len, const void *body, size_t body_len);
bool wk_l1_drop(struct wk_l1 *l1, const struct wk_l1_key *key);
void wk_l1_clear(struct wk_l1 *l1);

struct wk_l1_stats {
    size_t bytes, entries, tenants; /* now; bytes with the tables */
    uint64_t evictions, ghosts;     /* pushed out; came back and were known */
};
const struct wk_l1_stats *wk_l1_stats(const struct wk_l1 *l1);
size_t wk_l1_tenant_bytes(const struct wk_l1 *l1, const struct wk_uuid *tenant);
/* For tests: every count, list and sum agrees with every other; false names what does not. */
bool wk_l1_check(const struct wk_l1 *l1, const char **what);
#endif
