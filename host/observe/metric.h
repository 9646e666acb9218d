/* metric.h - counters, gauges and histograms in shared memory: a crash loses nothing, the master alone answers /metrics.
 * Register once (at start or first use), keep the pointer, then add: one atomic addition. Without a share (unit tests) cells
 * are private memory. Names: wakala_<what>_total for counters, _seconds for histograms. Labels are fixed text from our side
 * (plugin, class, route pattern), never a tenant, phone number or raw path. */
#ifndef WK_OBSERVE_METRIC_H
#define WK_OBSERVE_METRIC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/err.h>

struct wk_metric; /* a cell; valid as long as the process */

enum wk_metric_kind { WK_COUNTER = 1, WK_GAUGE, WK_HISTOGRAM };

/* labels: "plugin=\"orders\",result=\"ok\"" or NULL (see wk_metric_labels). Never NULL: a full table or a bad name gives a
 * cell that nobody reads, and counts wakala_metrics_refused_total. The same name always has the same kind and help. */
struct wk_metric *wk_metric(enum wk_metric_kind kind, const char *name, const char *labels, const char *help);
/* Escaped k="v" pairs of (key, value, ..., NULL) into out; returns out. */
char *wk_metric_labels(char *out, size_t size, ...) __attribute__((sentinel));

void wk_metric_add(struct wk_metric *m, int64_t by);            /* counter (by >= 0), gauge */
void wk_metric_set(struct wk_metric *m, int64_t value);         /* gauge: one for all workers, last one wins */
void wk_metric_observe(struct wk_metric *m, double seconds);    /* histogram, buckets 1 ms .. 30 s */
int64_t wk_metric_value(const struct wk_metric *m);             /* counter, gauge; histogram: how many */

/* text/plain; version=0.0.4 of every cell, sorted by name; malloc'd, NULL without memory. */
char *wk_metric_text(size_t *len);
#endif
