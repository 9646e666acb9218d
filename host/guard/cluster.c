/* cluster.c - a rate over all hosts: GCRA in one script, by the clock of Redis; this machine's cells stand in front of it and behind it. */
#include "guard/cluster.h"
#include "guard/limit.h"
#include "redis/redis.h"

/* tat, now and all that comes of them are microseconds below 2^53. Answer: taken, microseconds until it would be, until the burst is whole. */
static const char script[] = "local t = redis.call('TIME') local now = t[1] * 1000000 + t[2] "
                             "local tat = tonumber(redis.call('GET', KEYS[1]) or '0') if tat < now then tat = now end "
                             "local new = tat + ARGV[1] * ARGV[2] local wait = new - ARGV[1] * ARGV[3] - now "
                             "if wait > 0 then return {0, wait, tat - now} end "
                             "redis.call('SET', KEYS[1], string.format('%d', new), 'PX', math.ceil((new - now) / 1000) + 1) return {1, 0, new - now}";

int64_t wk_quota_interval_us(double per_second)
{
    double interval = per_second > 0 ? 1e6 / per_second : 1e12; /* no rate at all: one in eleven days */

    return (int64_t)(interval < 1 ? 1 : interval > 1e12 ? 1e12 : interval + 0.5);
}

/* False: Redis did not answer, or nonsense. */
static bool ask_redis(struct wk_redis *redis, const char *key, int64_t interval_us, uint32_t burst, uint32_t cost, bool *is_taken, int64_t *wait_us,
                      int64_t *full_us)
{
    char interval[24], cost_text[12], burst_text[12];
    const char *argv[] = {"EVAL", script, "1", key, interval, cost_text, burst_text};
    struct wk_redis_reply reply = {0};
    bool ok;

    (void)snprintf(interval, sizeof interval, "%lld", (long long)interval_us);
    (void)snprintf(cost_text, sizeof cost_text, "%u", cost);
    (void)snprintf(burst_text, sizeof burst_text, "%u", burst);
    ok = wk_redis_cmd(redis, 0, &reply, NULL, key, (int)WK_COUNT(argv), argv, NULL) && reply.type == WK_REDIS_LIST && reply.len == 3;
    if (ok) {
        *is_taken = wk_redis_at(&reply, 0).integer == 1;
        *wait_us = wk_redis_at(&reply, 1).integer;
        *full_us = wk_redis_at(&reply, 2).integer;
    }
    wk_redis_reply_finish(&reply);
    return ok;
}

static uint32_t left_of(uint32_t burst, int64_t interval_us, int64_t full_us)
{
    int64_t used = (full_us + interval_us - 1) / interval_us;

    return used >= burst ? 0 : burst - (uint32_t)used;
}

/* The same cell at either pace: who loses Redis has no second burst. */
static bool take_here(struct wk_guard *guard, uint64_t cell, int64_t interval_us, uint32_t burst, uint32_t cost, struct wk_quota_left *left)
{
    struct wk_limits limits = wk_guard_limits(guard);
    int64_t now = wk_guard_now_us(guard);
    bool is_taken = wk_limit_take(&limits, cell, interval_us, burst, cost, 0, now, &left->wait_us);

    left->full_us = wk_limit_score(&limits, cell, now);
    left->left = left_of(burst, interval_us, left->full_us);
    return is_taken;
}

bool wk_guard_limit_cluster(struct wk_guard *guard, struct wk_redis *redis, bool may_wait, const char *owner, const char *tenant, const struct wk_quota *q,
                            struct wk_quota_left *left)
{
    uint64_t cell = wk_limit_key(owner, tenant, q->name);
    uint32_t cost = q->cost ? q->cost : 1, burst = q->burst > cost ? q->burst : cost, share = q->share && q->share < 100 ? q->share : 100,
             fewer = burst * share / 100 > cost ? burst * share / 100 : cost;
    int64_t interval = wk_quota_interval_us(q->per_second);
    bool is_taken;
    char key[320];

    left->was_cut_off = redis && !wk_redis_is_up(redis);
    if (left->was_cut_off)
        return take_here(guard, cell, interval * 100 / share, fewer, cost, left);
    if (!take_here(guard, cell, interval, burst, cost, left)) /* what this machine alone has too much of never gets to Redis */
        return false;
    if (!redis || !may_wait)
        return true;
    (void)snprintf(key, sizeof key, "rl:{%s}:%s:%.200s", tenant, owner, q->name);
    if (!ask_redis(redis, key, interval, burst, cost, &is_taken, &left->wait_us, &left->full_us)) {
        left->was_cut_off = true; /* the moment in which it is lost: those under way have been counted here */
        return true;
    }
    left->left = left_of(burst, interval, left->full_us);
    return is_taken;
}
