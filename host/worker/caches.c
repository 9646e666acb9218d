#include "worker/caches.h"
#include "cache/cache.h"
#include "observe/log.h"
#include "redis/redis.h"
#include "share/share.h"

static int64_t database_now(void *engine) { return wk_dbserver_now_us(&((struct wk_engine *)engine)->server[0]); }

static void invalidated(void *cache, const struct wk_uuid *tenant, const char *pattern, const struct wk_uuid *id) { wk_cache_seen(cache, tenant, pattern, id); }
static void unseen(void *cache) { wk_cache_doubt(cache); }

/* Away is degraded, never not ready: everything works without. */
static void redis_state(void *arg, bool is_up, const struct wk_err *err)
{
    struct wk_engine *engine = arg;
    struct wk_log_fields fields = {.err = err};

    wk_share_set_dep(engine->share, "redis", true, !is_up, 0);
    wk_log_line(is_up ? WK_INFO : WK_WARN, &fields, is_up ? "redis: connected" : "redis: not reachable, working without");
}

static bool open_redis(struct wk_engine *engine, const struct wk_settings *s, struct wk_err *err)
{
    struct wk_redis_conf conf = {.servers = wk_settings_text(s, "redis.servers"), .mode = (enum wk_redis_mode)wk_settings_int(s, "redis.mode"),
                                 .master = wk_settings_text(s, "redis.master"), .user = wk_settings_text(s, "redis.user"),
                                 .password = wk_settings_text(s, "redis.password"), .sentinel_password = wk_settings_text(s, "redis.sentinel_password"),
                                 .database = (uint32_t)wk_settings_int(s, "redis.database"), .budget_ms = (uint32_t)wk_settings_int(s, "redis.budget"),
                                 .on_state = redis_state, .on_arg = engine};

    if (!*conf.servers)
        return true;
    wk_share_set_dep(engine->share, "redis", true, true, 0);
    engine->redis = wk_redis_create(engine->base, engine->sched, &conf, err);
    return engine->redis != NULL;
}

bool wk_caches_create(struct wk_engine *engine, const struct wk_settings *s, unsigned worker, struct wk_log_conf *log, struct wk_err *err)
{
    struct wk_cache_conf conf = {.sched = engine->sched, .share = engine->share, .l1_max = (size_t)wk_settings_int(s, "cache.l1_max"),
                                 .l1_ttl_ms = (uint32_t)wk_settings_int(s, "cache.l1_ttl"), .l2_ttl_ms = (uint32_t)wk_settings_int(s, "cache.l2_ttl"),
                                 .negative_ttl_ms = (uint32_t)wk_settings_int(s, "cache.negative_ttl"), .wait_ms = (uint32_t)wk_settings_int(s, "cache.wait"),
                                 .value_max = (size_t)wk_settings_int(s, "cache.value_max"), .logs = engine->servers, .worker = worker, .now_us = database_now,
                                 .now_arg = engine};

    if (!open_redis(engine, s, err))
        return false;
    conf.redis = engine->redis;
    engine->cache = wk_cache_create(&conf, err);
    log->invalidated = invalidated;
    log->unseen = unseen;
    log->invalidated_arg = engine->cache;
    return engine->cache != NULL;
}
