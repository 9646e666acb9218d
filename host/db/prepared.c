/* prepared.c - see prepared.h. */
#include "db/prepared.h"
#include "db/db.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MIN = 64, NAME_MAX_BYTES = 400, READABLE_BYTES = 30 };

static uint64_t hash_of(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a: names are ours, nobody floods this table */

    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

/* The server silently cuts a name at 63 bytes, so a longer one becomes its beginning and 128 bits of its SHA-256. */
static bool wire_name(const char *name, char wire[WK_PREPARED_NAME])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t len = strlen(name);
    char *p = wire + READABLE_BYTES;

    if (len < WK_PREPARED_NAME) {
        memcpy(wire, name, len + 1);
        return true;
    }
    if (EVP_Digest(name, len, digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    memcpy(wire, name, READABLE_BYTES);
    *p++ = '~';
    for (int i = 0; i < 16; i++) {
        *p++ = hex[digest[i] >> 4];
        *p++ = hex[digest[i] & 15];
    }
    *p = '\0';
    return true;
}

void wk_prepared_init(struct wk_prepared_set *set, uint32_t max)
{
    memset(set, 0, sizeof *set);
    set->max = max ? max : 1;
    TAILQ_INIT(&set->ages);
}

static void entry_free(struct wk_prepared *entry)
{
    free(entry->name);
    free(entry->text);
    free(entry);
}

static void entry_remove(struct wk_prepared_set *set, struct wk_prepared *entry)
{
    LIST_REMOVE(entry, bucket);
    TAILQ_REMOVE(&set->ages, entry, age);
    set->count--;
    entry_free(entry);
}

void wk_prepared_clear(struct wk_prepared_set *set)
{
    struct wk_prepared *entry;

    while ((entry = TAILQ_FIRST(&set->ages)))
        entry_remove(set, entry);
}

void wk_prepared_finish(struct wk_prepared_set *set)
{
    wk_prepared_clear(set);
    free(set->buckets);
    set->buckets = NULL;
}

void wk_prepared_begin_batch(struct wk_prepared_set *set) { set->batch++; }

static bool buckets_make(struct wk_prepared_set *set)
{
    uint32_t count = BUCKETS_MIN;

    if (set->buckets)
        return true;
    while (count < set->max && count < UINT32_C(1) << 20)
        count *= 2;
    set->buckets = calloc(count, sizeof *set->buckets);
    set->bucket_count = count;
    return set->buckets;
}

static struct wk_prepared *find(const struct wk_prepared_set *set, const char *name, uint64_t hash)
{
    struct wk_prepared *entry;

    LIST_FOREACH(entry, &set->buckets[hash & (set->bucket_count - 1)], bucket)
        if (entry->hash == hash && entry->state != WK_PREPARED_LEAVING && !strcmp(entry->name, name))
            return entry;
    return NULL;
}

static struct wk_prepared *entry_add(struct wk_prepared_set *set, const char *name, uint64_t hash, const char *text)
{
    struct wk_prepared *entry = calloc(1, sizeof *entry);

    if (!entry)
        return NULL;
    entry->name = strdup(name);
    entry->text = strdup(text);
    entry->hash = hash;
    if (!entry->name || !entry->text || !wire_name(name, entry->wire)) {
        entry_free(entry);
        return NULL;
    }
    LIST_INSERT_HEAD(&set->buckets[hash & (set->bucket_count - 1)], entry, bucket);
    TAILQ_INSERT_TAIL(&set->ages, entry, age);
    set->count++;
    return entry;
}

struct wk_prepared *wk_prepared_use(struct wk_prepared_set *set, const struct wk_stmt *stmt, bool *is_new,
                                    struct wk_err *err)
{
    char name[NAME_MAX_BYTES];
    int len = snprintf(name, sizeof name, "%s.%s.%s", stmt->schema ? stmt->schema : "", stmt->owner, stmt->name);
    struct wk_prepared *entry;
    uint64_t hash;

    if (len < 0 || (size_t)len >= sizeof name) {
        wk_fail(err, WK_SYSTEM, "db.statement", "statement %.60s: its name is too long", stmt->name);
        return NULL;
    }
    hash = hash_of(name);
    entry = buckets_make(set) ? find(set, name, hash) : NULL;
    *is_new = !entry;
    if (entry && strcmp(entry->text, stmt->text) != 0) { /* running the other one would be worse than any error */
        wk_fail(err, WK_SYSTEM, "db.statement", "statement %s: two different texts have this name", name);
        return NULL;
    }
    if (entry) {
        TAILQ_REMOVE(&set->ages, entry, age);
        TAILQ_INSERT_TAIL(&set->ages, entry, age);
    } else if (!set->buckets || !(entry = entry_add(set, name, hash, stmt->text))) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "statement %s", name);
        return NULL;
    }
    entry->batch = set->batch;
    return entry;
}

struct wk_prepared *wk_prepared_evict(struct wk_prepared_set *set)
{
    struct wk_prepared *entry;
    uint32_t leaving = 0;

    TAILQ_FOREACH(entry, &set->ages, age) {
        if (set->count - leaving <= set->max)
            return NULL;
        if (entry->state == WK_PREPARED_LEAVING) {
            leaving++;
        } else if (entry->state == WK_PREPARED_READY && entry->batch != set->batch) {
            entry->state = WK_PREPARED_LEAVING;
            return entry;
        }
    }
    return NULL; /* one batch may hold more than the limit */
}

void wk_prepared_answer(struct wk_prepared_set *set, struct wk_prepared *entry, bool is_done)
{
    bool is_known = entry->state == WK_PREPARED_LEAVING ? !is_done : is_done;

    if (is_known)
        entry->state = WK_PREPARED_READY;
    else
        entry_remove(set, entry);
}
