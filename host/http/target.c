/* target.c - percent-decoding and query strings. */
#include "target.h"

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at in[*i], decoded; moves *i past it. -1 = broken escape. *escaped tells whether it was one. */
static int next_byte(struct wk_span in, size_t *i, bool *escaped)
{
    int hi, lo;

    *escaped = in.data[*i] == '%';
    if (!*escaped)
        return (unsigned char)in.data[(*i)++];
    if (in.len - *i < 3 || (hi = hex(in.data[*i + 1])) < 0 || (lo = hex(in.data[*i + 2])) < 0)
        return -1;
    *i += 3;
    return hi << 4 | lo;
}

static bool is_control(int c) { return c < 0x20 || c == 0x7f; }
static bool is_white(int c) { return c == '\t' || c == '\r' || c == '\n'; }

static bool is_dots(const char *segment, size_t len)
{
    return (len == 1 && segment[0] == '.') || (len == 2 && segment[0] == '.' && segment[1] == '.');
}

static bool decode(struct wk_span in, char *out, size_t *len, bool keep_slash)
{
    size_t n = 0, segment = 0;

    for (size_t i = 0; i < in.len;) {
        bool escaped;
        int c = next_byte(in, &i, &escaped);

        if (c < 0 || is_control(c))
            return false;
        if (c == '/' && escaped && keep_slash) { /* i is past it: copying back never overtakes the input */
            out[n++] = '%';
            out[n++] = '2';
            out[n++] = 'F';
            continue;
        }
        if (c == '/') {
            if (is_dots(out + segment, n - segment))
                return false;
            segment = n + 1;
        }
        out[n++] = (char)c;
    }
    if (is_dots(out + segment, n - segment))
        return false;
    out[n] = '\0';
    *len = n;
    return true;
}

bool wk_http_decode_path(struct wk_span in, char *out, size_t *len) { return decode(in, out, len, true); }
bool wk_http_decode_segment(struct wk_span in, char *out, size_t *len) { return decode(in, out, len, false); }

bool wk_http_decode_form(struct wk_span in, char *out, size_t *len)
{
    size_t n = 0;

    for (size_t i = 0; i < in.len;) {
        bool escaped;
        int c = next_byte(in, &i, &escaped);

        if (c < 0 || (is_control(c) && !is_white(c)))
            return false;
        out[n++] = c == '+' && !escaped ? ' ' : (char)c;
    }
    out[n] = '\0';
    *len = n;
    return true;
}

bool wk_http_form_is_valid(struct wk_span in)
{
    for (size_t i = 0; i < in.len;) {
        bool escaped;
        int c = next_byte(in, &i, &escaped);

        if (c < 0 || (is_control(c) && !is_white(c)))
            return false;
    }
    return true;
}

bool wk_query_next(struct wk_query_iter *it, struct wk_span *name, struct wk_span *value)
{
    while (it->rest.len) {
        const char *p = it->rest.data, *amp = memchr(p, '&', it->rest.len);
        size_t len = amp ? (size_t)(amp - p) : it->rest.len;
        const char *eq = memchr(p, '=', len);

        it->rest = (struct wk_span){p + len + (amp != NULL), it->rest.len - len - (amp != NULL)};
        if (!len)
            continue; /* "a=1&&b=2" */
        *name = (struct wk_span){p, eq ? (size_t)(eq - p) : len};
        *value = (struct wk_span){eq ? eq + 1 : p + len, eq ? len - name->len - 1 : 0};
        it->count++;
        return true;
    }
    return false;
}

/* Decode one part behind what is already in buf. */
static bool put_part(struct wk_span in, char *buf, size_t size, size_t *used, struct wk_span *out)
{
    size_t len;

    if (in.len >= size - *used || !wk_http_decode_form(in, buf + *used, &len))
        return false;
    *out = (struct wk_span){buf + *used, len};
    *used += len + 1;
    return true;
}

int wk_form_decode(struct wk_span text, struct wk_form_field *fields, size_t max, char *buf, size_t buf_len)
{
    struct wk_query_iter it = {.rest = text};
    struct wk_span name, value;
    size_t used = 0;
    int n = 0;

    while (wk_query_next(&it, &name, &value)) {
        if ((size_t)n == max || n == WK_HTTP_MAX_PARAMS || !put_part(name, buf, buf_len, &used, &fields[n].name) ||
            !put_part(value, buf, buf_len, &used, &fields[n].value))
            return -1;
        n++;
    }
    return n;
}
