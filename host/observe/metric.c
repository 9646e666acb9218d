/* metric.c - see metric.h. The table is open addressing by the hash of the whole key; cells are never removed. */
#include "observe/metric.h"
#include "share/region.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const double bounds[] = {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 30};
#define BUCKETS (WK_COUNT(bounds) + 1) /* the last one is +Inf */
_Static_assert(WK_COUNT(bounds) + 1 + 2 <= WK_CELL_VALUES, "count, sum and buckets fit a cell");
enum { PROBES = 64 };

static struct wk_metric sink; /* for refused names: writable, read by nobody */
static struct wk_metric *private_cells; /* without a share */

static struct wk_metric *cells(void)
{
    struct wk_share *share = wk_share_self();

    if (share)
        return share->region->cell;
    if (!private_cells)
        private_cells = calloc(WK_REGION_CELLS, sizeof *private_cells);
    return private_cells;
}

static bool is_name(const char *name)
{
    if (!islower((unsigned char)*name))
        return false;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

static struct wk_metric *find(const char *key, uint32_t kind, const char *help)
{
    struct wk_metric *table = cells();
    uint64_t hash = wk_share_hash(key, strlen(key));

    for (uint64_t i = 0; table && i < PROBES; i++) {
        struct wk_metric *m = &table[(hash + i) & (WK_REGION_CELLS - 1)];
        uint64_t was = 0;

        if (!atomic_compare_exchange_strong(&m->hash, &was, hash) && was != hash)
            continue;
        if (!atomic_load(&m->is_ready)) { /* new, or its first owner is at it (or died at it): same bytes either way */
            m->kind = kind;
            (void)snprintf(m->key, sizeof m->key, "%s", key);
            (void)snprintf(m->help, sizeof m->help, "%s", help ? help : "");
            atomic_store(&m->is_ready, 1);
        }
        return m->kind == kind ? m : NULL;
    }
    return NULL;
}

struct wk_metric *wk_metric(enum wk_metric_kind kind, const char *name, const char *labels, const char *help)
{
    struct wk_metric *m = NULL;
    char key[sizeof m->key];
    int n = labels && *labels ? snprintf(key, sizeof key, "%s{%s}", name, labels) : snprintf(key, sizeof key, "%s", name);

    if (is_name(name) && n > 0 && (size_t)n < sizeof key)
        m = find(key, (uint32_t)kind, help);
    if (m)
        return m;
    m = find("wakala_metrics_refused_total", WK_COUNTER, "Metrics with a bad name, a second kind, or no room.");
    if (m)
        wk_metric_add(m, 1);
    return &sink;
}

char *wk_metric_labels(char *out, size_t size, ...)
{
    va_list ap;
    size_t at = 0;
    const char *key, *value;

    out[0] = '\0';
    va_start(ap, size);
    while ((key = va_arg(ap, const char *)) && (value = va_arg(ap, const char *))) {
        size_t start = at;
        int n = snprintf(out + at, size - at, "%s%s=\"", at ? "," : "", key);

        at += n > 0 && (size_t)n < size - at ? (size_t)n : size;
        for (; at + 3 < size && *value; value++) {
            if (*value == '"' || *value == '\\' || *value == '\n')
                out[at++] = '\\';
            out[at++] = *value == '\n' ? 'n' : *value;
        }
        if (at + 2 > size || *value) { /* whole pairs only */
            out[start] = '\0';
            break;
        }
        out[at++] = '"';
        out[at] = '\0';
    }
    va_end(ap);
    return out;
}

void wk_metric_add(struct wk_metric *m, int64_t by)
{
    if (m->kind == WK_COUNTER && by < 0)
        return; /* counters only grow: a scraper would take it for a restart */
    atomic_fetch_add_explicit(&m->value[0], by, memory_order_relaxed);
}

void wk_metric_set(struct wk_metric *m, int64_t value) { atomic_store_explicit(&m->value[0], value, memory_order_relaxed); }

void wk_metric_observe(struct wk_metric *m, double seconds)
{
    size_t b = 0;

    if (!(seconds >= 0))
        seconds = 0; /* NaN and clocks that went back */
    if (seconds > 1e6)
        seconds = 1e6;
    while (b < WK_COUNT(bounds) && seconds > bounds[b])
        b++;
    atomic_fetch_add_explicit(&m->value[2 + b], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->value[1], (int64_t)(seconds * 1e6), memory_order_relaxed);
    atomic_fetch_add_explicit(&m->value[0], 1, memory_order_relaxed);
}

int64_t wk_metric_value(const struct wk_metric *m) { return atomic_load(&((struct wk_metric *)(uintptr_t)m)->value[0]); }

/* --- exposition ---------------------------------------------------------------------------------------------------------- */

static size_t name_len(const char *key) { return strcspn(key, "{"); }

/* By name, then labels: "a{..}" must not be torn from "a" by "a_b". */
static int compare(const void *a, const void *b)
{
    const struct wk_metric *x = *(struct wk_metric *const *)a, *y = *(struct wk_metric *const *)b;
    size_t nx = name_len(x->key), ny = name_len(y->key), n = nx < ny ? nx : ny;
    int order = strncmp(x->key, y->key, n);

    if (!order)
        order = (nx > ny) - (nx < ny);
    return order ? order : strcmp(x->key, y->key);
}

static void print_histogram(FILE *f, struct wk_metric *m)
{
    size_t n = name_len(m->key), labels_len = strlen(m->key) > n ? strlen(m->key) - n - 2 : 0;
    const char *labels = labels_len ? m->key + n + 1 : "", *comma = labels_len ? "," : "";
    int64_t sum = 0, us = atomic_load(&m->value[1]);

    for (size_t b = 0; b < BUCKETS; b++) {
        char le[32] = "+Inf";

        if (b < WK_COUNT(bounds))
            (void)snprintf(le, sizeof le, "%g", bounds[b]);
        sum += atomic_load(&m->value[2 + b]);
        (void)fprintf(f, "%.*s_bucket{%.*s%sle=\"%s\"} %lld\n", (int)n, m->key, (int)labels_len, labels, comma, le,
                      (long long)sum);
    }
    (void)fprintf(f, "%.*s_sum%s %lld.%06lld\n", (int)n, m->key, m->key + n, (long long)(us / 1000000),
                  (long long)(us % 1000000));
    /* the count is the sum of the buckets just read: a scrape in mid-observation stays consistent */
    (void)fprintf(f, "%.*s_count%s %lld\n", (int)n, m->key, m->key + n, (long long)sum);
}

static void print_head(FILE *f, const struct wk_metric *m)
{
    static const char *const kinds[] = {"untyped", "counter", "gauge", "histogram"};
    int n = (int)name_len(m->key);

    if (m->help[0]) {
        (void)fprintf(f, "# HELP %.*s ", n, m->key);
        for (const char *p = m->help; *p; p++)
            (void)fprintf(f, *p == '\n' ? "\\n" : *p == '\\' ? "\\\\" : "%c", *p);
        (void)fputc('\n', f);
    }
    (void)fprintf(f, "# TYPE %.*s %s\n", n, m->key, kinds[m->kind <= WK_HISTOGRAM ? m->kind : 0]);
}

char *wk_metric_text(size_t *len)
{
    struct wk_metric *table = cells(), **list = calloc(WK_REGION_CELLS, sizeof *list);
    char *text = NULL;
    FILE *f = list && table ? open_memstream(&text, len) : NULL;
    size_t n = 0;

    for (size_t i = 0; f && i < WK_REGION_CELLS; i++)
        if (atomic_load(&table[i].is_ready))
            list[n++] = &table[i];
    if (f) {
        qsort(list, n, sizeof *list, compare);
        for (size_t i = 0; i < n; i++) {
            size_t mine = name_len(list[i]->key);

            if (!i || name_len(list[i - 1]->key) != mine || strncmp(list[i - 1]->key, list[i]->key, mine) != 0)
                print_head(f, list[i]);
            if (list[i]->kind == WK_HISTOGRAM)
                print_histogram(f, list[i]);
            else
                (void)fprintf(f, "%s %lld\n", list[i]->key, (long long)atomic_load(&list[i]->value[0]));
        }
        if (fclose(f) != 0) {
            free(text);
            text = NULL;
        }
    }
    free(list);
    return text;
}
