/* prepared.h - which statements one connection has prepared: a bounded set, least recently used first out.
 * The set follows the server by answers, not by hope: an entry is PENDING until its Parse was answered, and LEAVING until its
 * DEALLOCATE was. Ownership: the set owns its entries. */
#ifndef WK_DB_PREPARED_H
#define WK_DB_PREPARED_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <wakala/err.h>

struct wk_stmt;

enum { WK_PREPARED_NAME = 64 }; /* the server compares 63 bytes of a name */

enum wk_prepared_state { WK_PREPARED_PENDING, WK_PREPARED_READY, WK_PREPARED_LEAVING };

struct wk_prepared {
    LIST_ENTRY(wk_prepared) bucket;
    TAILQ_ENTRY(wk_prepared) age;
    enum wk_prepared_state state;
    uint64_t batch; /* the last that used it */
    uint64_t hash;
    char wire[WK_PREPARED_NAME]; /* its name on the server */
    char *name, *text;           /* "schema.owner.name" */
};

struct wk_prepared_set {
    uint32_t max, count, bucket_count;
    uint64_t batch;
    bool is_doubtful; /* the server knows other statements than we think: begin anew */
    LIST_HEAD(wk_prepared_bucket, wk_prepared) *buckets;
    TAILQ_HEAD(, wk_prepared) ages; /* least recently used first; LEAVING ones are in neither list of candidates */
};

void wk_prepared_init(struct wk_prepared_set *set, uint32_t max);
void wk_prepared_finish(struct wk_prepared_set *set);
void wk_prepared_clear(struct wk_prepared_set *set);
/* Entries used from here on are not evicted until the next call. */
void wk_prepared_begin_batch(struct wk_prepared_set *set);
/* The entry of `stmt`, made (PENDING) when *is_new. NULL: db.statement when another text has its name, host.no_memory. */
struct wk_prepared *wk_prepared_use(struct wk_prepared_set *set, const struct wk_stmt *stmt, bool *is_new,
                                    struct wk_err *err);
/* The entry that has to go before another may come, now LEAVING; NULL when there is room. */
struct wk_prepared *wk_prepared_evict(struct wk_prepared_set *set);
/* What the server answered to Parse or DEALLOCATE: true = it did it. Frees an entry that the server does not have. */
void wk_prepared_answer(struct wk_prepared_set *set, struct wk_prepared *entry, bool is_done);
#endif
