/* l1.c - S3-FIFO (Yang et al., 2023) but for its main queue: a small queue that newcomers pass, a main queue, a ghost of fingerprints.
 * The main queue is kept in the order of last use, roughly: the paper's, which gives each entry up to three more turns, holds on to yesterday's
 * favourites and misses more than an LRU when popularity moves (docs/design/cache.md).
 * An entry is one block: head, key, value; the key beside the head, where looking for it costs no cache line more. It stands in a bucket, in one of the two queues and in its tenant's list. */
#include "cache/l1.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

enum { SMALL_PERCENT = 20, TENANT_BUCKETS = 1024, GHOST_WAYS = 4, MALLOC_HEAD = 8, MIN_BYTES = 256 * 1024 };

struct tenant {
    LIST_ENTRY(tenant) bucket;
    struct wk_uuid id;
    size_t bytes, entries;
    TAILQ_HEAD(, entry) list; /* oldest first; a use gives a second turn */
};

struct entry {
    struct entry *chain; /* in its bucket */
    TAILQ_ENTRY(entry) queue, mine;
    struct tenant *tenant;
    uint64_t hash;
    uint32_t placed; /* in the main queue: how far it had moved on then, in units of 256 bytes; wraps */
    uint32_t cost, key_len, value_len;
    bool is_used; /* since it came, or since its tenant's list gave it another turn */
    bool is_main;
    char data[] __attribute__((aligned(8))); /* key, then, aligned again, value */
};
TAILQ_HEAD(entries, entry);
static size_t key_room(size_t key_len) { return (key_len + 7) & ~(size_t)7; }

struct ghost { /* remembered as long as no more than a main queue's bytes have been forgotten after it */
    uint32_t print, at; /* `at` in units of 256 bytes, and wraps */
};

struct wk_l1 {
    struct wk_l1_conf conf;
    uint64_t seed[2];
    struct entry **buckets;
    size_t bucket_mask;
    struct entries small, main;
    size_t small_bytes, main_bytes, small_max, main_max, fixed_bytes, tenant_max;
    uint64_t placed; /* bytes put at the main queue's end, ever */
    struct ghost *ghosts;
    size_t ghost_mask; /* of sets */
    uint64_t forgotten; /* bytes, ever */
    LIST_HEAD(, tenant) tenants[TENANT_BUCKETS];
    struct wk_l1_stats stats;
};

/* --- hashing: SipHash-1-3, for keys hold what people typed --- */

static inline uint64_t rotl(uint64_t x, int n) { return x << n | x >> (64 - n); }

#define SIP_ROUND                                                                                                      \
    do {                                                                                                               \
        v0 += v1, v1 = rotl(v1, 13), v1 ^= v0, v0 = rotl(v0, 32);                                                      \
        v2 += v3, v3 = rotl(v3, 16), v3 ^= v2;                                                                         \
        v0 += v3, v3 = rotl(v3, 21), v3 ^= v0;                                                                         \
        v2 += v1, v1 = rotl(v1, 17), v1 ^= v2, v2 = rotl(v2, 32);                                                      \
    } while (0)

static uint64_t hash_of(const uint64_t seed[2], const struct wk_uuid *tenant, const unsigned char *p, size_t len)
{
    uint64_t v0 = seed[0] ^ UINT64_C(0x736f6d6570736575), v1 = seed[1] ^ UINT64_C(0x646f72616e646f6d), v2 = seed[0] ^ UINT64_C(0x6c7967656e657261),
             v3 = seed[1] ^ UINT64_C(0x7465646279746573), m, last = (uint64_t)(len + sizeof tenant->b) << 56;
    size_t words = len / 8;

    for (size_t i = 0; i < 2 + words; i++) {
        memcpy(&m, i < 2 ? tenant->b + i * 8 : p + (i - 2) * 8, sizeof m);
        v3 ^= m;
        SIP_ROUND;
        v0 ^= m;
    }
    for (size_t i = 0; i < len % 8; i++)
        last |= (uint64_t)p[words * 8 + i] << (8 * i);
    v3 ^= last;
    SIP_ROUND;
    v0 ^= last;
    v2 ^= 0xff;
    SIP_ROUND;
    SIP_ROUND;
    SIP_ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}

struct wk_l1_key wk_l1_key(const struct wk_l1 *l1, const struct wk_uuid *tenant, const void *key, size_t len)
{
    return (struct wk_l1_key){tenant, key, len, hash_of(l1->seed, tenant, key, len)};
}

/* --- ghost --- */

static struct ghost *ghost_set(const struct wk_l1 *l1, uint64_t hash) { return &l1->ghosts[(hash & l1->ghost_mask) * GHOST_WAYS]; }
static uint32_t print_of(uint64_t hash) { return (uint32_t)(hash >> 32) | 1; } /* 0 is free */
static uint32_t ghost_age(const struct wk_l1 *l1, const struct ghost *g) { return (uint32_t)(l1->forgotten >> 8) - g->at; }

static void ghost_add(struct wk_l1 *l1, uint64_t hash, size_t bytes)
{
    struct ghost *set = ghost_set(l1, hash), *to = set;

    for (int i = 0; i < GHOST_WAYS; i++)
        if (!set[i].print || ghost_age(l1, &set[i]) > ghost_age(l1, to)) {
            to = &set[i];
            if (!to->print)
                break;
        }
    l1->forgotten += bytes;
    *to = (struct ghost){print_of(hash), (uint32_t)(l1->forgotten >> 8)};
}

static bool ghost_take(struct wk_l1 *l1, uint64_t hash)
{
    struct ghost *set = ghost_set(l1, hash);

    for (int i = 0; i < GHOST_WAYS; i++)
        if (set[i].print == print_of(hash)) {
            bool is_fresh = ghost_age(l1, &set[i]) <= l1->main_max >> 8;

            set[i].print = 0;
            l1->stats.ghosts += is_fresh;
            return is_fresh;
        }
    return false;
}

/* --- tenants --- */

static size_t tenant_bucket(const struct wk_uuid *id) { return (id->b[15] | (size_t)id->b[14] << 8) % TENANT_BUCKETS; }

static struct tenant *tenant_find(const struct wk_l1 *l1, const struct wk_uuid *id)
{
    struct tenant *t;

    LIST_FOREACH(t, &l1->tenants[tenant_bucket(id)], bucket)
        if (wk_uuid_equal(&t->id, id))
            return t;
    return NULL;
}

static struct tenant *tenant_get(struct wk_l1 *l1, const struct wk_uuid *id)
{
    struct tenant *t = tenant_find(l1, id);

    if (t || !(t = calloc(1, sizeof *t)))
        return t;
    t->id = *id;
    TAILQ_INIT(&t->list);
    LIST_INSERT_HEAD(&l1->tenants[tenant_bucket(id)], t, bucket);
    l1->stats.tenants++;
    l1->stats.bytes += malloc_usable_size(t) + MALLOC_HEAD;
    return t;
}

static void tenant_forget(struct wk_l1 *l1, struct tenant *t)
{
    if (t->entries)
        return;
    l1->stats.bytes -= malloc_usable_size(t) + MALLOC_HEAD;
    l1->stats.tenants--;
    LIST_REMOVE(t, bucket);
    free(t);
}

/* --- queues --- */

static void enqueue(struct wk_l1 *l1, struct entry *e, bool is_main)
{
    e->is_main = is_main;
    if (is_main) {
        TAILQ_INSERT_TAIL(&l1->main, e, queue);
        l1->placed += e->cost;
        e->placed = (uint32_t)(l1->placed >> 8);
    } else {
        TAILQ_INSERT_TAIL(&l1->small, e, queue);
    }
    *(is_main ? &l1->main_bytes : &l1->small_bytes) += e->cost;
}

static void dequeue(struct wk_l1 *l1, struct entry *e)
{
    if (e->is_main)
        TAILQ_REMOVE(&l1->main, e, queue);
    else
        TAILQ_REMOVE(&l1->small, e, queue);
    *(e->is_main ? &l1->main_bytes : &l1->small_bytes) -= e->cost;
}

static void remove_entry(struct wk_l1 *l1, struct entry *e)
{
    struct entry **at = &l1->buckets[e->hash & l1->bucket_mask];

    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    dequeue(l1, e);
    TAILQ_REMOVE(&e->tenant->list, e, mine);
    e->tenant->bytes -= e->cost;
    e->tenant->entries--;
    l1->stats.bytes -= e->cost;
    l1->stats.entries--;
    free(e);
}

static void evict(struct wk_l1 *l1, struct entry *e)
{
    struct tenant *t = e->tenant;

    if (!e->is_main)
        ghost_add(l1, e->hash, e->cost);
    l1->stats.evictions++;
    remove_entry(l1, e);
    tenant_forget(l1, t);
}

/* One step of the small queue: up into the main queue, or out. */
static void step_small(struct wk_l1 *l1)
{
    struct entry *e = TAILQ_FIRST(&l1->small);

    if (!e->is_used) {
        evict(l1, e);
        return;
    }
    dequeue(l1, e);
    enqueue(l1, e, true);
}

/* Every step empties the small queue or removes an entry, so it ends. */
static void make_room(struct wk_l1 *l1, size_t bytes)
{
    while (l1->stats.entries && l1->stats.bytes + bytes > l1->conf.max_bytes) {
        if (!TAILQ_EMPTY(&l1->small) && (l1->small_bytes > l1->small_max || TAILQ_EMPTY(&l1->main)))
            step_small(l1);
        else
            evict(l1, TAILQ_FIRST(&l1->main));
    }
}

/* A tenant above its share pays with its own: the oldest that was not used since its last turn. */
static void make_tenant_room(struct wk_l1 *l1, const struct wk_uuid *id, size_t bytes)
{
    struct tenant *t;
    struct entry *e;

    while ((t = tenant_find(l1, id)) && t->bytes + bytes > l1->tenant_max && (e = TAILQ_FIRST(&t->list))) {
        if (!e->is_used) {
            evict(l1, e);
            continue;
        }
        e->is_used = false;
        TAILQ_REMOVE(&t->list, e, mine);
        TAILQ_INSERT_TAIL(&t->list, e, mine);
    }
}

/* --- verbs --- */

static struct entry *find(const struct wk_l1 *l1, const struct wk_l1_key *key)
{
    struct entry *e = l1->buckets[key->hash & l1->bucket_mask];

    while (e && (e->hash != key->hash || e->key_len != key->len || memcmp(e->data, key->key, key->len) != 0 ||
                 !wk_uuid_equal(&e->tenant->id, key->tenant)))
        e = e->chain;
    return e;
}

void *wk_l1_get(struct wk_l1 *l1, const struct wk_l1_key *key, size_t *len)
{
    struct entry *e = find(l1, key);

    if (!e)
        return NULL;
    if (!e->is_used) /* a line that is not written need not go back to memory */
        e->is_used = true;
    if (e->is_main && (uint32_t)(l1->placed >> 8) - e->placed > l1->main_max / 16 >> 8) { /* not at every use: its neighbours are not in the processor's cache */
        dequeue(l1, e);
        enqueue(l1, e, true);
    }
    *len = e->value_len;
    return e->data + key_room(e->key_len);
}

static struct entry *entry_create(const struct wk_l1_key *key, const void *head, size_t head_len, const void *body, size_t body_len)
{
    size_t at = key_room(key->len);
    struct entry *e = malloc(sizeof *e + at + head_len + body_len);

    if (!e)
        return NULL;
    *e = (struct entry){.hash = key->hash, .key_len = (uint32_t)key->len, .value_len = (uint32_t)(head_len + body_len)};
    e->cost = (uint32_t)(malloc_usable_size(e) + MALLOC_HEAD);
    if (key->len)
        memcpy(e->data, key->key, key->len);
    if (head_len)
        memcpy(e->data + at, head, head_len);
    if (body_len)
        memcpy(e->data + at + head_len, body, body_len);
    return e;
}

bool wk_l1_put2(struct wk_l1 *l1, const struct wk_l1_key *key, const void *head, size_t head_len, const void *body, size_t body_len)
{
    struct entry *old = find(l1, key), *e;
    struct tenant *t;
    bool is_used = old && old->is_used, is_main = old && old->is_main;
    size_t most = l1->tenant_max / 8;

    if (old) { /* takes its place over: a value that is refreshed is no newcomer */
        t = old->tenant;
        remove_entry(l1, old);
        tenant_forget(l1, t);
    }
    if (key->len > most || head_len > most || body_len > most || sizeof *e + key->len + head_len + body_len > most ||
        !(e = entry_create(key, head, head_len, body, body_len)))
        return false;
    make_tenant_room(l1, key->tenant, e->cost);
    make_room(l1, e->cost + sizeof *t + 2 * MALLOC_HEAD);
    if (!(t = tenant_get(l1, key->tenant))) {
        free(e);
        return false;
    }
    e->tenant = t;
    e->is_used = is_used;
    e->chain = l1->buckets[key->hash & l1->bucket_mask];
    l1->buckets[key->hash & l1->bucket_mask] = e;
    TAILQ_INSERT_TAIL(&t->list, e, mine);
    t->bytes += e->cost;
    t->entries++;
    l1->stats.bytes += e->cost;
    l1->stats.entries++;
    enqueue(l1, e, is_main || (!old && ghost_take(l1, key->hash)));
    return true;
}

bool wk_l1_put(struct wk_l1 *l1, const struct wk_l1_key *key, const void *value, size_t len) { return wk_l1_put2(l1, key, NULL, 0, value, len); }

bool wk_l1_drop(struct wk_l1 *l1, const struct wk_l1_key *key)
{
    struct entry *e = find(l1, key);
    struct tenant *t = e ? e->tenant : NULL;

    if (!e)
        return false;
    remove_entry(l1, e);
    tenant_forget(l1, t);
    return true;
}

void wk_l1_clear(struct wk_l1 *l1)
{
    struct entry *e;

    while ((e = TAILQ_FIRST(&l1->small)) || (e = TAILQ_FIRST(&l1->main))) {
        struct tenant *t = e->tenant;

        remove_entry(l1, e);
        tenant_forget(l1, t);
    }
    memset(l1->ghosts, 0, (l1->ghost_mask + 1) * GHOST_WAYS * sizeof *l1->ghosts);
}

/* --- life --- */

static size_t power_of_two(size_t n)
{
    size_t p = 64;

    while (p < n)
        p *= 2;
    return p;
}

struct wk_l1 *wk_l1_create(const struct wk_l1_conf *conf, struct wk_err *err)
{
    struct wk_l1 *l1 = calloc(1, sizeof *l1);
    size_t buckets, sets;

    if (!l1) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "cache");
        return NULL;
    }
    l1->conf = *conf;
    l1->conf.max_bytes = conf->max_bytes > MIN_BYTES ? conf->max_bytes : MIN_BYTES;
    /* Of the full size at once: growing would stop the loop for as long as moving all entries takes. Pages nobody touched cost nothing. */
    buckets = power_of_two(l1->conf.max_bytes / 512);
    sets = power_of_two(l1->conf.max_bytes / 512 / GHOST_WAYS);
    l1->buckets = calloc(buckets, sizeof *l1->buckets);
    l1->ghosts = calloc(sets * GHOST_WAYS, sizeof *l1->ghosts);
    if (!l1->buckets || !l1->ghosts) {
        wk_l1_destroy(l1);
        wk_fail(err, WK_SYSTEM, "host.no_memory", "cache of %zu bytes", l1->conf.max_bytes);
        return NULL;
    }
    l1->bucket_mask = buckets - 1;
    l1->ghost_mask = sets - 1;
    l1->fixed_bytes = sizeof *l1 + buckets * sizeof *l1->buckets + sets * GHOST_WAYS * sizeof *l1->ghosts;
    l1->stats.bytes = l1->fixed_bytes;
    l1->small_max = (l1->conf.max_bytes - l1->fixed_bytes) / 100 * SMALL_PERCENT;
    l1->main_max = (l1->conf.max_bytes - l1->fixed_bytes) / 100 * (100 - SMALL_PERCENT);
    l1->tenant_max = l1->conf.max_bytes / 100 * (conf->tenant_percent ? conf->tenant_percent : 25);
    TAILQ_INIT(&l1->small);
    TAILQ_INIT(&l1->main);
    (void)!getrandom(l1->seed, sizeof l1->seed, 0);
    return l1;
}

void wk_l1_destroy(struct wk_l1 *l1)
{
    if (!l1)
        return;
    if (l1->buckets && l1->ghosts)
        wk_l1_clear(l1);
    free(l1->buckets);
    free(l1->ghosts);
    free(l1);
}

const struct wk_l1_stats *wk_l1_stats(const struct wk_l1 *l1) { return &l1->stats; }

size_t wk_l1_tenant_bytes(const struct wk_l1 *l1, const struct wk_uuid *tenant)
{
    const struct tenant *t = tenant_find(l1, tenant);

    return t ? t->bytes : 0;
}

static bool check_queue(const struct entries *queue, bool is_main, size_t bytes, size_t *n)
{
    const struct entry *e;
    size_t sum = 0;

    TAILQ_FOREACH(e, queue, queue) {
        if (e->is_main != is_main || e->cost != malloc_usable_size((void *)(uintptr_t)e) + MALLOC_HEAD)
            return false;
        sum += e->cost;
        ++*n;
    }
    return sum == bytes;
}

bool wk_l1_check(const struct wk_l1 *l1, const char **what)
{
    size_t n = 0, listed = 0, held = 0, overhead = 0, tenants = 0;

    *what = "a queue's bytes";
    if (!check_queue(&l1->small, false, l1->small_bytes, &n) || !check_queue(&l1->main, true, l1->main_bytes, &n))
        return false;
    for (size_t i = 0; i < TENANT_BUCKETS; i++) {
        const struct tenant *t;

        LIST_FOREACH(t, &l1->tenants[i], bucket) {
            const struct entry *e;
            size_t sum = 0, count = 0;

            TAILQ_FOREACH(e, &t->list, mine)
                sum += e->cost, count++;
            *what = "a tenant's list";
            if (sum != t->bytes || count != t->entries || !count || sum > l1->tenant_max)
                return false;
            held += sum, listed += count, tenants++;
            overhead += malloc_usable_size((void *)(uintptr_t)t) + MALLOC_HEAD;
        }
    }
    *what = "the sums";
    return n == l1->stats.entries && listed == n && tenants == l1->stats.tenants && held == l1->small_bytes + l1->main_bytes &&
           l1->stats.bytes == l1->fixed_bytes + held + overhead && l1->stats.bytes <= l1->conf.max_bytes;
}
