/* l1 - the cache of one worker by itself: nanoseconds of a get, and misses against an LRU that may use as many bytes.
 *
 *     l1 get             processor time, average of all gets over keys of eight tenants, hash included, hits only
 *     l1 trace SEED      per trace: name, our miss ratio, the LRU's
 *
 * The LRU is the plain one: a hash table and one list, entries of one block with a smaller head than ours, counted the same way (what the allocator
 * gives out, tables included). Both see the same requests: get, and put after a miss. Traces are generated, seeded, and described where they are. */
#include "cache/l1.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

enum { CACHE = 8 << 20, REQUESTS = 2000000, KEY_MAX = 48 };

static uint64_t dice = 1;
static uint64_t roll(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice * UINT64_C(0x2545f4914f6cdd1d);
}
static double unit(void) { return (double)(roll() >> 11) / 9007199254740992.0; }

/* --- the peer --- */

struct lru_entry {
    struct lru_entry *chain;
    TAILQ_ENTRY(lru_entry) link;
    uint64_t hash;
    uint32_t cost, key_len, value_len;
    char data[];
};
struct lru {
    struct lru_entry **buckets;
    size_t mask, bytes, max;
    TAILQ_HEAD(, lru_entry) list; /* least recently used first */
};
static void lru_open(struct lru *l, size_t max)
{
    size_t n = 64;

    while (n < max / 512)
        n *= 2;
    *l = (struct lru){.buckets = calloc(n, sizeof *l->buckets), .mask = n - 1, .bytes = n * sizeof *l->buckets, .max = max};
    TAILQ_INIT(&l->list);
}
static struct lru_entry **lru_at(struct lru *l, uint64_t hash, const char *key, size_t len)
{
    struct lru_entry **at = &l->buckets[hash & l->mask];

    while (*at && ((*at)->hash != hash || (*at)->key_len != len || memcmp((*at)->data + (*at)->value_len, key, len) != 0))
        at = &(*at)->chain;
    return at;
}
static bool lru_get(struct lru *l, uint64_t hash, const char *key, size_t len)
{
    struct lru_entry *e = *lru_at(l, hash, key, len);

    if (!e)
        return false;
    TAILQ_REMOVE(&l->list, e, link);
    TAILQ_INSERT_TAIL(&l->list, e, link);
    return true;
}
static void lru_evict(struct lru *l)
{
    struct lru_entry *e = TAILQ_FIRST(&l->list);

    *lru_at(l, e->hash, e->data + e->value_len, e->key_len) = e->chain;
    TAILQ_REMOVE(&l->list, e, link);
    l->bytes -= e->cost;
    free(e);
}
static void lru_put(struct lru *l, uint64_t hash, const char *key, size_t len, size_t value_len)
{
    struct lru_entry *e = malloc(sizeof *e + len + value_len), **at;

    *e = (struct lru_entry){.hash = hash, .key_len = (uint32_t)len, .value_len = (uint32_t)value_len, .cost = (uint32_t)malloc_usable_size(e) + 8};
    memcpy(e->data + value_len, key, len);
    while (l->bytes + e->cost > l->max && !TAILQ_EMPTY(&l->list))
        lru_evict(l);
    at = &l->buckets[hash & l->mask];
    e->chain = *at;
    *at = e;
    TAILQ_INSERT_TAIL(&l->list, e, link);
    l->bytes += e->cost;
}
static void lru_close(struct lru *l)
{
    while (!TAILQ_EMPTY(&l->list))
        lru_evict(l);
    free(l->buckets);
}

/* --- traces: which object is asked for next, and how large it is --- */

static double *weights; /* cumulated, of ranks */
static void zipf_of(size_t n, double alpha)
{
    double sum = 0;

    weights = realloc(weights, n * sizeof *weights);
    for (size_t i = 0; i < n; i++)
        weights[i] = sum += 1 / pow((double)(i + 1), alpha);
    for (size_t i = 0; i < n; i++)
        weights[i] /= sum;
}
static size_t zipf(size_t n)
{
    double u = unit();
    size_t low = 0, high = n - 1;

    while (low < high) {
        size_t mid = (low + high) / 2;

        *(weights[mid] < u ? &low : &high) = weights[mid] < u ? mid + 1 : mid;
    }
    return low;
}
/* Of an object, always the same: 64 to 1,500 bytes, most of them small. */
static size_t small_size(uint64_t id)
{
    uint64_t h = (id + 1) * UINT64_C(0x9e3779b97f4a7c15);
    double u = (double)(h >> 11) / 9007199254740992.0;

    return 64 + (size_t)(1436 * u * u);
}
/* Pareto with exponent 1.1: from 100 bytes to 200 kB. */
static size_t wild_size(uint64_t id)
{
    uint64_t h = (id + 1) * UINT64_C(0x9e3779b97f4a7c15);
    double u = (double)(h >> 11) / 9007199254740992.0, s = 100 / pow(1 - u * 0.9998, 1 / 1.1);

    return (size_t)(s > 200000 ? 200000 : s);
}

struct request {
    uint64_t id;
    size_t size;
};
enum { OBJECTS = 100000 };

/* Zipf 0.9 over 100,000 objects (about six times the cache); every 50,000 requests somebody walks through 20,000 things that nobody asks for twice. */
static struct request zipf_scans(size_t i)
{
    static uint64_t fresh = 1u << 30;

    if (!i)
        zipf_of(OBJECTS, 0.9);
    if (i % 50000 >= 30000)
        return (struct request){fresh, small_size(fresh++)};
    i = zipf(OBJECTS);
    return (struct request){i, small_size(i)};
}
/* Zipf 0.9 alone. */
static struct request zipf_alone(size_t i)
{
    if (!i)
        zipf_of(OBJECTS, 0.9);
    i = zipf(OBJECTS);
    return (struct request){i, small_size(i)};
}
/* Scans that come back: half of the requests walk round and round through 100,000 objects, half are Zipf 0.9 over 20,000 others. */
static struct request scans_again(size_t i)
{
    static uint64_t walk;

    if (!i) {
        walk = 0;
        zipf_of(20000, 0.9);
    }
    if (roll() & 1)
        walk++;
    else
        return (i = zipf(20000)), (struct request){i, small_size(i)};
    return (struct request){(1u << 29) + walk % OBJECTS, small_size(walk % OBJECTS)};
}
/* A loop of a third more than fits. */
static struct request loop(size_t i) { return (struct request){i % 19000, 500}; }
/* Zipf 0.9 whose ranking moves on by 1,000 places every 20,000 requests: yesterday's favourites are nobody's any more. */
static struct request shifting(size_t i)
{
    size_t rank;

    if (!i)
        zipf_of(OBJECTS, 0.9);
    rank = zipf(OBJECTS);
    rank = (rank + i / 20000 * 1000) % OBJECTS;
    return (struct request){rank, small_size(rank)};
}
/* Zipf 0.8, sizes over three orders of magnitude that have nothing to do with popularity. */
static struct request mixed_sizes(size_t i)
{
    if (!i)
        zipf_of(OBJECTS, 0.8);
    i = zipf(OBJECTS);
    return (struct request){i, wild_size(i)};
}

static const struct trace {
    const char *name;
    struct request (*next)(size_t i);
} traces[] = {{"zipf_scans", zipf_scans}, {"zipf", zipf_alone}, {"scans_again", scans_again}, {"loop", loop}, {"shifting", shifting},
              {"mixed_sizes", mixed_sizes}};

static void replay(const struct trace *trace, uint64_t seed)
{
    static char value[256 * 1024];
    static const struct wk_uuid tenant = {{1}};
    struct wk_l1 *l1 = wk_l1_create(&(struct wk_l1_conf){.max_bytes = CACHE, .tenant_percent = 100}, NULL);
    struct lru lru;
    size_t ours = 0, theirs = 0;
    char key[KEY_MAX];

    lru_open(&lru, CACHE);
    dice = seed * 2 + 1;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct request r = trace->next(i);
        size_t len = (size_t)snprintf(key, sizeof key, "sql:catalog.list_things:%016llx", (unsigned long long)r.id), got;
        struct wk_l1_key k = wk_l1_key(l1, &tenant, key, len);

        if (!wk_l1_get(l1, &k, &got)) {
            ours++;
            (void)wk_l1_put(l1, &k, value, r.size);
        }
        if (!lru_get(&lru, k.hash, key, len)) {
            theirs++;
            lru_put(&lru, k.hash, key, len, r.size);
        }
    }
    printf("%s %.6f %.6f\n", trace->name, (double)ours / REQUESTS, (double)theirs / REQUESTS);
    lru_close(&lru);
    wk_l1_destroy(l1);
}

/* Of the processor, not of the wall: a busy machine shares it. */
static double now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The default size, full: 8 tenants with a twelfth each, values of 400 bytes, keys of 40; asked for by Zipf 0.9, in an order made beforehand. */
static void measure_get(void)
{
    enum { PER_TENANT = 15000, ASKED = 1 << 20 };
    static char keys[8 * PER_TENANT][KEY_MAX];
    static uint32_t order[ASKED];
    static char value[400];
    struct wk_l1 *l1 = wk_l1_create(&(struct wk_l1_conf){.max_bytes = 100 << 20}, NULL);
    struct wk_uuid tenants[8];
    size_t len, hits = 0;
    double best = 1e18;

    zipf_of(8 * PER_TENANT, 0.9);
    for (uint32_t i = 0; i < 8 * PER_TENANT; i++) {
        struct wk_l1_key k;

        memset(tenants[i % 8].b, (int)(i % 8) + 1, sizeof tenants[0].b);
        (void)snprintf(keys[i], KEY_MAX, "sql:catalog.list_things:%016llx", (unsigned long long)roll());
        k = wk_l1_key(l1, &tenants[i % 8], keys[i], 40);
        (void)wk_l1_put(l1, &k, value, sizeof value);
    }
    for (size_t i = 0; i < ASKED; i++)
        order[i] = (uint32_t)zipf(8 * PER_TENANT);
    for (int round = 0; round < 5; round++) {
        double began = now_ns(), ns;

        for (size_t i = 0; i < ASKED; i++) {
            struct wk_l1_key k = wk_l1_key(l1, &tenants[order[i] % 8], keys[order[i]], 40);

            __builtin_prefetch(keys[order[(i + 8) % ASKED]]); /* who asks has just made the key: it is near */
            hits += wk_l1_get(l1, &k, &len) != NULL;
        }
        ns = (now_ns() - began) / ASKED;
        best = ns < best ? ns : best;
    }
    if (hits != 5u * ASKED)
        fprintf(stderr, "only %zu of %u hits\n", hits, 5u * ASKED);
    printf("get %.1f %zu %zu\n", best, wk_l1_stats(l1)->entries, wk_l1_stats(l1)->bytes);
    wk_l1_destroy(l1);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "get"))
        measure_get();
    else if (argc == 3 && !strcmp(argv[1], "trace"))
        for (size_t i = 0; i < WK_COUNT(traces); i++)
            replay(&traces[i], strtoull(argv[2], NULL, 10));
    else
        return fprintf(stderr, "usage: l1 get | trace SEED\n"), 2;
    free(weights);
    return 0;
}
