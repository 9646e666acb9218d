/* trace.c - see trace.h. */
#include "observe/trace.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const char hex[] = "0123456789abcdef";

/* Not secrets, so a pool of system randomness, refilled rarely, is fine and cheap. Never fork with it half-used: workers are
 * exec'ed, so theirs starts empty. */
static uint8_t random_byte(void)
{
    static uint8_t pool[256];
    static size_t left;

    while (!left) {
        ssize_t n = getrandom(pool, sizeof pool, 0);

        if (n > 0)
            left = (size_t)n;
    }
    return pool[--left];
}

static void new_id(char *out, size_t digits)
{
    bool is_zero;

    do {
        is_zero = true;
        for (size_t i = 0; i < digits; i += 2) {
            uint8_t b = random_byte();

            is_zero = is_zero && !b;
            out[i] = hex[b >> 4];
            out[i + 1] = hex[b & 15];
        }
    } while (is_zero); /* all zero means "invalid" on the wire */
    out[digits] = '\0';
}

static int hex_value(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static bool is_id(const char *text, size_t digits)
{
    bool is_zero = true;

    for (size_t i = 0; i < digits; i++) {
        if (hex_value(text[i]) < 0)
            return false;
        is_zero = is_zero && text[i] == '0';
    }
    return !is_zero;
}

/* Lower case only, as the standard says. A future version may have more after its flags, version 00 may not. */
static bool parse(struct wk_trace *trace, const char *h, size_t len)
{
    if (len < 55 || hex_value(h[0]) < 0 || hex_value(h[1]) < 0 || (h[0] == 'f' && h[1] == 'f'))
        return false;
    if (h[0] == '0' && h[1] == '0' ? len != 55 : len > 55 && h[55] != '-')
        return false;
    if (h[2] != '-' || h[35] != '-' || h[52] != '-' || !is_id(h + 3, 32) || !is_id(h + 36, 16))
        return false;
    if (hex_value(h[53]) < 0 || hex_value(h[54]) < 0)
        return false;
    memcpy(trace->trace_id, h + 3, 32);
    trace->trace_id[32] = '\0';
    memcpy(trace->parent_id, h + 36, 16);
    trace->parent_id[16] = '\0';
    trace->flags = (uint8_t)((hex_value(h[53]) << 4 | hex_value(h[54])) & 1); /* only "sampled" is defined */
    return true;
}

bool wk_trace_begin(struct wk_trace *trace, const char *header, size_t len)
{
    bool is_valid = header && parse(trace, header, len);

    if (!is_valid) {
        new_id(trace->trace_id, 32);
        trace->parent_id[0] = '\0';
        trace->flags = 1;
    }
    new_id(trace->span_id, 16);
    return is_valid;
}

void wk_trace_child(struct wk_trace *child, const struct wk_trace *parent)
{
    struct wk_trace made = *parent;

    memcpy(made.parent_id, parent->span_id, sizeof made.parent_id);
    new_id(made.span_id, 16);
    *child = made;
}

char *wk_trace_format(const struct wk_trace *trace, char out[WK_TRACEPARENT_SIZE])
{
    (void)snprintf(out, WK_TRACEPARENT_SIZE, "00-%.32s-%.16s-%02x", trace->trace_id, trace->span_id, trace->flags & 1u);
    return out;
}
