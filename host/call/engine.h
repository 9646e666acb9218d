/* engine.h - what all calls of one worker share. The worker fills it once; calls only read it.
 * Threads: the loop's. */
#ifndef WK_ENGINE_H
#define WK_ENGINE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "db/server.h"

struct event_base;
struct wk_cache;
struct wk_client;
struct wk_directory;
struct wk_guard;
struct wk_networks;
struct wk_offload;
struct wk_redis;
struct wk_registry;
struct wk_sched;
struct wk_share;

struct wk_engine {
    struct event_base *base;
    struct wk_sched *sched;
    struct wk_dbserver server[WK_SERVERS]; /* [0]: main, where is what belongs to no tenant */
    unsigned servers;
    struct wk_client *client;
    struct wk_registry *registry;
    struct wk_directory *directory;
    struct wk_offload *offload;
    struct wk_share *share;
    struct wk_redis *redis; /* NULL: none is named */
    struct wk_cache *cache; /* NULL (unit tests): nothing is kept */
    struct wk_guard *guard; /* NULL in tests: calls go out unguarded */
    const struct wk_networks *proxies; /* whose X-Forwarded-For is believed; NULL: nobody's */
    size_t call_memory_max;
    const uint8_t *secret_key; /* 32 bytes; NULL: no key is set */
    const uint8_t *old_secret_key; /* while keys are changed; NULL: none */
    /* After a commit that published: the lanes of each class that have something new in that server's log. */
    void (*published)(void *arg, unsigned server, unsigned cls, uint64_t lanes);
    void *published_arg;
    int64_t unweighed, weighed_us; /* calls since one was weighed, and when, monotonic */
    uint64_t trips; /* round trips to PostgreSQL by calls of this worker */
    uint64_t turns, turn_trips; /* messages that went through the on_message chain, and the trips of those calls */
};
#endif
