/* service/bus.h - bus/1: carries events of the log to the owners of lanes on all hosts, and to outsiders. The provider only carries: order, retries,
 * marks and replay are the host's, by the positions in each record. It may lose, repeat and reorder; it must not invent or change.
 *
 * Only the host calls it, so there are no wrappers; no call is running. Every function runs on the loop, never suspends and never blocks: what
 * waits belongs to a thread of the provider's. Connecting begins with start(), never in open(). */
#ifndef WAKALA_SERVICE_BUS_H
#define WAKALA_SERVICE_BUS_H
#include <wakala/event.h>
#include <wakala/service.h>

#define WK_BUS "bus/1"
enum { WK_BUS_CLASSES = 3, WK_BUS_LANES = 64 };

struct wk_bus_place { /* in the log: ordered by xid, then seq */
    uint64_t xid;
    int64_t seq;
};
struct wk_bus_record { /* one event of one lane. Frozen whole: handed over in arrays */
    struct wk_bus_place at, before; /* before: of the event before it in this class and lane, or where the relay began */
    struct wk_uuid id, tenant;
    const char *type, *key, *trace_id, *payload; /* NUL-terminated, also the payload */
    size_t payload_len;
    int64_t at_us;
    int64_t expires_us; /* not worth acting on after this; 0: for ever. For outsiders: the host expires by itself */
    uint64_t receipt;   /* deliveries: for settle(); rises along a queue */
    uint32_t version;   /* of the payload */
    uint16_t cls, lane; /* enum wk_priority; 0..63 */
};
struct wk_bus_report {
    uint32_t size;
    uint32_t is_up;      /* deliveries may come: connected, declared, alive */
    uint32_t may_publish;
    uint32_t reserved;
    uint64_t round;      /* of publishing: rises whenever everything that is not confirmed has to be given again */
    uint64_t done;       /* records of this round that are confirmed, counted in their order up to the first that is not */
    uint64_t connects, published, confirmed, returned, nacked, delivered, redelivered; /* since start */
    char reason[160];    /* why it is not up; no secret in it */
};

struct wk_bus {
    struct wk_service_head head;
    /* wake(arg) may be called on any thread, at any time until stop() has returned: there is something to take, or the report has changed. */
    bool (*start)(struct wk_plugin *plugin, void (*wake)(void *arg), void *arg, struct wk_err *err);
    void (*stop)(struct wk_plugin *plugin); /* wake() is not called any more; threads may still end */
    void (*report)(struct wk_plugin *plugin, struct wk_bus_report *out); /* out->size is set */
    void (*relay)(struct wk_plugin *plugin, bool on); /* this worker publishes from now on, or no longer. Begins a new round */
    /* In the log's order, all copied. Returns how many were taken: fewer when the window is full, none in another round than `round`. */
    size_t (*publish)(struct wk_plugin *plugin, uint64_t round, const struct wk_bus_record *records, size_t n);
    void (*own)(struct wk_plugin *plugin, uint64_t lanes); /* whose deliveries we want, of all classes; the others go back to the broker */
    size_t (*take)(struct wk_plugin *plugin, struct wk_bus_record *out, size_t max); /* texts live until the next take() */
    void (*settle)(struct wk_plugin *plugin, unsigned cls, unsigned lane, uint64_t receipt); /* this one and all before it in its queue */
};
#endif
