/* host_events.c - the event types that the host itself publishes. They stand in every list beside the plugins', as those of "host". */
#include "plugin/registry_data.h"

const struct wk_event_type wk_tenant_created = {.name = "tenant.created", .priority = WK_NORMAL, .version = 1, .key = "tenant id",
                                                .schema = "tenant.created.json", .summary = "A business was added"};

/* The statements of host/db/sql/008-tenants.sql write these: class 1, version 1. */
#define LIFE(what, said) {.name = "tenant." what, .priority = WK_NORMAL, .version = 1, .key = "tenant id", .schema = "tenant." what ".json", .summary = said}
static const struct wk_event_type life[] = {
    LIFE("changed", "Details of a business were changed"),
    LIFE("deleted", "The data of a business is removed"),
    LIFE("deleting", "A business is suspended, and its data will be removed"),
    LIFE("resumed", "A suspended business goes on"),
    LIFE("suspended", "A business was suspended: no new orders, its customers get a notice"),
    LIFE("trial_ended", "The time of a trial is over"),
    LIFE("trial_ending", "A trial ends in 7 days, or in one"),
};

const struct wk_event_type wk_host_cleanup = {.name = "host.cleanup", .priority = WK_LOW, .version = 1, .ttl_s = 86400, .key = "what",
                                              .schema = "host.cleanup.json", .summary = "Time to remove what has outlived its lifetime"};

/* Its key is its pattern: whoever reads the log sees both pass, also in lanes that belong to others. */
const struct wk_event_type wk_cache_invalidated = {.name = "cache.invalidated", .priority = WK_HIGH, .version = 1, .ttl_s = 3600, .key = "pattern",
                                                   .schema = "cache.invalidated.json", .summary = "What the cache keeps under a tag or pattern is not true any more"};

const struct wk_event_type wk_system_error = {.name = "system.error", .priority = WK_HIGH, .version = 2, .ttl_s = 7 * 24 * 3600, .key = "service",
                                              .schema = "system.error.json", .summary = "The operator should look at something"};

static const struct wk_event_type *const types[] = {&wk_host_cleanup, &wk_tenant_created, &wk_cache_invalidated, &wk_system_error,
                                                    &life[0], &life[1], &life[2], &life[3], &life[4], &life[5], &life[6]};
static struct wk_plugin the_host = {.name = "host"};

size_t wk_host_events(struct wk_event_hook *to)
{
    for (size_t i = 0; to && i < WK_COUNT(types); i++)
        to[i] = (struct wk_event_hook){&the_host, types[i]};
    return WK_COUNT(types);
}

struct wk_plugin *wk_host_plugin(void) { return &the_host; }
