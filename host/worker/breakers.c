#include "worker/breakers.h"
#include "fiber/fiber.h"
#include "guard/alerts.h"
#include "guard/guard.h"
#include "observe/log.h"
#include "redis/redis.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL "wakala:breaker" /* "<ms that it is open for> <trips> <target>": what is left, because clocks differ */

struct news {
    struct wk_engine *engine;
    char text[160];
};

static void publish_main(void *arg)
{
    struct news *news = arg;
    const char *argv[] = {"PUBLISH", CHANNEL, news->text};

    (void)wk_redis_cmd(news->engine->redis, 0, NULL, NULL, NULL, 3, argv, NULL); /* lost: others learn it by themselves */
    free(news);
}

/* On a fiber of its own: whoever met the last failure does not wait for Redis. */
static void publish(struct wk_engine *engine, const char *target, int64_t open_ms, unsigned trips)
{
    struct news *news = engine->redis ? calloc(1, sizeof *news) : NULL;

    if (!news)
        return;
    news->engine = engine;
    (void)snprintf(news->text, sizeof news->text, "%lld %u %s", (long long)open_ms, trips, target);
    if (!wk_fiber_spawn(engine->sched, "worker.breaker", publish_main, news, NULL))
        free(news);
}

static void turned(void *arg, const char *target, enum wk_breaker_turn turn, int64_t open_ms, unsigned trips, const char *cause)
{
    struct wk_engine *engine = arg;

    if (turn != WK_BREAKER_OPENED) {
        wk_log_line(WK_INFO, NULL, "target %s works again: the breaker is closed", target);
        return;
    }
    wk_log_line(WK_ERROR, NULL, "target %s fails (%s): nobody asks it for %lld ms (trip %u); the breaker is open", target, cause, (long long)open_ms, trips);
    if (trips == 1) /* once per outage: a target that alerts go to would else feed itself for as long as it is away */
        wk_alert_raise(engine->share, WK_SEVERITY_ERROR, target, "target.open");
    publish(engine, target, open_ms, trips);
}

/* Our own news come back, too: they prolong by the way's milliseconds. */
static void heard(void *arg, const char *channel, const char *data, size_t len)
{
    struct wk_engine *engine = arg;
    char text[160], *rest;
    long long open_ms;
    unsigned long trips;

    (void)channel;
    if (!data || len >= sizeof text)
        return;
    memcpy(text, data, len);
    text[len] = '\0';
    open_ms = strtoll(text, &rest, 10);
    trips = *rest == ' ' ? strtoul(rest + 1, &rest, 10) : 0;
    if (open_ms > 0 && trips > 0 && trips <= 255 && rest[0] == ' ' && rest[1])
        wk_guard_merge(engine->guard, rest + 1, open_ms, (unsigned)trips);
}

bool wk_breakers_create(struct wk_engine *engine, const struct wk_settings *s, struct wk_err *err)
{
    struct wk_guard_conf conf = {.share = engine->share, .target_calls = (uint32_t)wk_settings_int(s, "guard.target_calls"),
                                 .calls = (uint32_t)wk_settings_int(s, "guard.calls"),
                                 .breaker = {.failures = (uint32_t)wk_settings_int(s, "guard.breaker_failures"),
                                             .delay_ms = (uint32_t)wk_settings_int(s, "guard.breaker_delay"),
                                             .delay_max_ms = (uint32_t)wk_settings_int(s, "guard.breaker_delay_max")},
                                 .alert_interval_ms = (uint32_t)wk_settings_int(s, "guard.alert_interval"), .turned = turned, .arg = engine};

    engine->guard = wk_guard_create(&conf, err);
    return engine->guard != NULL;
}

bool wk_breakers_listen(struct wk_engine *engine, struct wk_err *err)
{
    return !engine->redis || wk_redis_subscribe(engine->redis, CHANNEL, false, heard, engine, err) != NULL;
}
