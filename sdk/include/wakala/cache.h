/* cache.h - values that are dear to make and may be a little old: kept in the worker's memory and, where there is one, in Redis.
 *
 * The lifetime is a promise: nothing older is ever served, counted from before its load began. What is kept belongs to the call's tenant and to the
 * plugin whose frame asks; everything else it depends on (language, role, page) belongs into the key. Tags are words of the tenant, the same for all
 * plugins: "products". What decides (price, stock, permission) is not read here but in the transaction. While the call has a transaction or something
 * queued nothing is served from the cache: the loader runs. Rows of a statement: WK_SQL_CACHED in db.h. */
#ifndef WAKALA_CACHE_H
#define WAKALA_CACHE_H
#include <wakala/call.h>

struct wk_cache_spec {
    uint32_t size;        /* sizeof */
    uint32_t lifetime_s;  /* 1 to 86,400; Redis keeps it for the host's cache.l2_ttl at most */
    const char *ns;       /* what belongs together, of the plugin: [a-z0-9_.-]{1,30} */
    const void *key;      /* any bytes, at most 4,000: a longer key is not kept */
    size_t key_len;
    const char *tags;     /* at most 8 of [a-z0-9_.-]{1,64}, separated by blanks; NULL: none */
    uint32_t negative_s;  /* how long "there is none" is believed; 0: the host's cache.negative_ttl */
    bool is_local;        /* stays in this worker's memory */
};
/* Makes the value, in the call's memory; data NULL: there is none, which is kept for a short time. May suspend; must not write. Its failure is not kept. */
typedef bool (*wk_cache_load)(struct wk_call *call, void *arg, struct wk_span *value, struct wk_err *err);

/* The value, in the call's memory; data NULL: there is none. May suspend: of all who ask at once one loads, on all workers and hosts, and the others
 * wait. Near the end of a lifetime one caller loads anew while the others are served; a failure then is not seen. Redis away is no error.
 * Errors: the loader's; cache.spec, cache.tags, cache.no_tenant, cache.loader_wrote (SYSTEM). */
static inline bool wk_cache_get(struct wk_call *call, const struct wk_cache_spec *spec, wk_cache_load load, void *arg, struct wk_span *value,
                                struct wk_err *err)
{
    return wk_host->cache_get(call, spec, load, arg, value, err);
}
/* What carries this tag is not served any more once the call has committed; nothing happens if it does not. Also "name:*" for a namespace of the plugin
 * and "*" for all of the tenant. Queues the event cache.invalidated, once per pattern and call; the commit then waits for Redis for at most its
 * budget. This host's workers know at once, others within a moment. Does not suspend. cache.pattern, cache.no_tenant (SYSTEM), as wk_publish(). */
static inline bool wk_cache_invalidate(struct wk_call *call, const char *pattern, struct wk_err *err)
{
    return wk_host->cache_invalidate(call, pattern, err);
}
#endif
