/* bus.h - what carry.c (from the bus) and relay.c (to it) share. docs/design/bus.md. Threads: the loop's, but the wake. */
#ifndef WK_EVENT_BUS_H
#define WK_EVENT_BUS_H
#include "event/internal.h"
#include <wakala/service/bus.h>

struct flight { /* given to the bus, not confirmed */
    struct position at;
    int64_t at_us; /* the event's own time */
    unsigned cls, lane;
};
enum { FLIGHTS = 8192, LOOK_US = 500000 };
struct stream { /* one class, from the log to the bus: a flood of one must not stand before another */
    bool is_tail;              /* the last look reached the end of the log: the next one when something is new */
    bool is_carrying, was_carrying; /* nothing waits for longer than fallback_ms; as it is in the database */
    struct position scanned, confirmed;
    struct position given[WK_LANES], carried[WK_LANES]; /* of each lane: the last one given, the last one confirmed */
    uint64_t dirty;            /* lanes whose `carried` is not in the database */
    struct entry *waiting, **end; /* scanned, not given */
    uint32_t n_waiting, n_flying;
};
struct relay {
    bool is_wanted, is_ours, is_loaded;
    bool has_news, is_behind;  /* something was published; the last scan stopped at an unfinished writer */
    struct stream stream[CLASSES];
    uint64_t round;            /* of the bus: see service/bus.h */
    uint64_t done, next;       /* flights of the round: confirmed, given; counted, modulo FLIGHTS in the ring */
    struct flight *flight;
    int64_t next_write_us;
};
struct carry {
    struct wk_log *log;
    struct wk_plugin *plugin;
    const struct wk_bus *bus;
    int fd;                    /* eventfd: written by whatever thread has something for us */
    struct event *wake, *later;
    bool is_up, is_later, is_closed;
    bool is_fresh[CLASSES], is_trusted[CLASSES]; /* somebody's relay carries it, by the last look; its deliveries are relied on */
    int64_t down_since_us, untrusted_since_us[CLASSES];
    uint64_t settled[CLASSES]; /* lanes with something to acknowledge */
    uint64_t own;              /* as the bus was told */
    struct relay relay;
};
static inline int64_t carry_fallback_us(const struct wk_log *log) { return (int64_t)log->conf.fallback_ms * 1000; }
void carry_report(struct carry *c, struct wk_bus_report *out);
void carry_judge(struct carry *c); /* are deliveries relied on? */
bool carry_look(struct carry *c, struct wk_err *err);
#endif
