/* metric.h - counters and durations on /metrics: wakala_<plugin>_<name>. No labels from outside (tenant, phone, path). */
#ifndef WAKALA_METRIC_H
#define WAKALA_METRIC_H
#include <wakala/call.h>

/* `metric`: [a-z0-9_], few and fixed; made when first counted, summed over all workers, of the plugin whose hook or service is running. by >= 0.
 * wk_plugin_count() is for hooks that get no call. wk_observe(): a histogram of seconds. None suspends or fails. */
static inline void wk_count(struct wk_call *call, const char *metric, int64_t by) { wk_host->count(NULL, call, metric, by); }
static inline void wk_plugin_count(struct wk_plugin *plugin, const char *metric, int64_t by) { wk_host->count(plugin, NULL, metric, by); }
static inline void wk_observe(struct wk_call *call, const char *metric, double seconds) { wk_host->observe(call, metric, seconds); }
#endif
