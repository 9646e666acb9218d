/* region.h - how the shared memory is laid out. For host/share, host/guard and host/observe/metric.c only; everybody else uses share.h.
 * The master and its workers run the same executable, so the layout needs a version only against a mistake (an inherited fd
 * of something else, a replaced binary). */
#ifndef WK_SHARE_REGION_H
#define WK_SHARE_REGION_H
#include <stdatomic.h>
#include "share/share.h"

#define WK_REGION_MAGIC UINT64_C(0x57414b414c410001)
enum {
    WK_REGION_VERSION = 2,
    WK_REGION_TAGS = 65536,
    WK_REGION_HEARD = 4096,
    WK_REGION_POISON = 1024,
    WK_REGION_CELLS = 4096, /* power of two: metric cells are found by hash */
    WK_CELL_VALUES = 20,
    WK_REGION_TARGETS = 256,
    WK_REGION_LIMITS = 32768,  /* powers of two: found by hash, in sets of WK_LIMIT_WAYS */
    WK_REGION_PENALTIES = 8192,
    WK_REGION_ALERTS = 256,
    WK_LIMIT_WAYS = 8,
    WK_TARGET_PROBES = 3,  /* calls let through at once while half-open, and successes that close */
    WK_TARGET_CLASSES = 3, /* of failures */
};

struct wk_region_slot {
    _Atomic uint32_t state;
    uint32_t generation, index;
    _Atomic int32_t pid;
    _Atomic int64_t heartbeat_us;
    int64_t started_us;
    _Atomic int64_t rss_bytes;
    uint32_t conns_idle, conns_busy, fibers;
    uint32_t n_deps, n_suspects;
    _Atomic uint32_t held[WK_SHARE_BUDGETS];
    _Atomic uint64_t owned[WK_SHARE_CLASSES]; /* lanes this worker owns */
    _Atomic uint64_t dirty[WK_SHARE_CLASSES]; /* lanes others told it about */
    _Atomic uint32_t has_wake;                /* its eventfd is readable, or about to be */
    struct wk_share_dep dep[WK_SHARE_DEPS];
    struct wk_share_suspect suspect[WK_SHARE_SUSPECTS];
    struct wk_blame blame;
} __attribute__((aligned(64)));

struct wk_region_budget {
    _Atomic uint32_t max, floor;
};

struct wk_region_poison {
    struct wk_uuid id;
    _Atomic uint32_t crashes, kills; /* both 0: free */
    int64_t last_us;
};

/* One metric. Writers are idempotent: whoever registers the same name writes the same bytes, so a process that dies half-way
 * leaves nothing locked. */
struct wk_metric {
    _Atomic uint64_t hash; /* of key; 0 = free */
    _Atomic uint32_t is_ready;
    uint32_t kind;
    _Atomic int64_t value[WK_CELL_VALUES]; /* [0] value or count, [1] sum in us, [2..] buckets */
    char key[208];                         /* name or name{labels} */
    char help[128];
};
_Static_assert(sizeof(struct wk_metric) == 512, "one cell is eight cache lines");

/* A limit or a score: the time at which all that was taken is paid for. host/guard/limit.c. */
struct wk_region_limit {
    _Atomic uint64_t hash; /* of the name; 0: free */
    _Atomic int64_t tat_us;
};

/* What is known of one target outside. host/guard/breaker.c; registered like a metric. */
struct wk_region_target {
    _Atomic uint64_t hash; /* of name; 0: free */
    _Atomic uint32_t is_ready, is_named;
    _Atomic int64_t used_us;
    _Atomic uint64_t word;    /* until when (ms), episode, trips, state: the truth */
    _Atomic uint64_t probe[WK_TARGET_PROBES]; /* who holds it (slot + 1), in which episode, since when; 0: free */
    _Atomic uint32_t good;    /* episode, probes of it that succeeded */
    _Atomic uint32_t row[WK_TARGET_CLASSES]; /* failures in a row */
    _Atomic uint64_t window;  /* ten seconds: number, calls, failures */
    _Atomic uint64_t retried; /* ten seconds: number, repeated calls */
    _Atomic uint32_t opened, cause;
    _Atomic uint32_t goods, nonsense; /* answers since the last that was nonsense, and how many of those in a row */
    char name[80];
};

/* Something the operator must hear. host/guard/alerts.c; registered like a metric. */
struct wk_region_alert {
    _Atomic uint64_t hash; /* of service and error; 0: free */
    _Atomic uint32_t is_ready, severity, count; /* count: not told yet */
    _Atomic int64_t next_us; /* not told before */
    char service[48], error[112];
};

struct wk_region {
    uint64_t magic;
    uint32_t version, size;
    _Atomic uint32_t n_slots; /* slots ever used: nobody looks further */
    int32_t wake_fd[WK_SHARE_SLOTS]; /* inherited: the same number in every process */
    struct wk_region_budget budget[WK_SHARE_BUDGETS];
    struct wk_region_slot slot[WK_SHARE_SLOTS];
    struct wk_region_poison poison[WK_REGION_POISON];
    _Atomic uint64_t tag[WK_REGION_TAGS];
    _Atomic uint64_t heard[WK_REGION_HEARD];
    _Atomic int64_t log_read_us[WK_SHARE_BUDGETS];
    struct wk_metric cell[WK_REGION_CELLS];
    struct wk_region_target target[WK_REGION_TARGETS];
    struct wk_region_limit limit[WK_REGION_LIMITS];
    struct wk_region_limit penalty[WK_REGION_PENALTIES];
    struct wk_region_alert alert[WK_REGION_ALERTS];
};

struct wk_share {
    struct wk_region *region;
    int fd;
    uint32_t self; /* own slot; WK_SHARE_SLOTS in the master */
};

#endif
