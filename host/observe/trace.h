/* trace.h - W3C trace context: strict reading, new ids. Pure functions but for the randomness. */
#ifndef WK_OBSERVE_TRACE_H
#define WK_OBSERVE_TRACE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WK_TRACEPARENT_SIZE 56 /* "00-{32}-{16}-{2}" and its NUL */

struct wk_trace {
    char trace_id[33], span_id[17], parent_id[17]; /* lower-case hex; parent "" = none */
    uint8_t flags;                                 /* bit 0: sampled */
};
/* A child of a valid header (same trace, new span), else a new trace; true when the header was valid (only then is its
 * tracestate worth keeping). header NULL: absent. */
bool wk_trace_begin(struct wk_trace *trace, const char *header, size_t len);
void wk_trace_child(struct wk_trace *child, const struct wk_trace *parent); /* same trace, new span */
/* What goes out: our span is the parent of whoever reads it. Returns out. */
char *wk_trace_format(const struct wk_trace *trace, char out[WK_TRACEPARENT_SIZE]);
#endif
