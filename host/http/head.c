/* head.c - from the bytes of a complete header to the exchange. llhttp reads the grammar; what it forgives (bare LF, folded
 * lines, two Hosts, codings it does not know, protocols that are not HTTP) is refused here, since a proxy in front of
 * us may read the same bytes otherwise: docs/design/http.md, "smuggling". */
#include <ctype.h>
#include <strings.h>
#include "internal.h"

enum wk_head_scan wk_head_scan(const char *head, size_t len, size_t *scanned)
{
    for (;;) {
        const char *line = head + *scanned;
        const char *lf = memchr(line, '\n', len - *scanned);

        if (!lf)
            return WK_HEAD_MORE;
        if (lf == line || lf[-1] != '\r')
            return WK_HEAD_BAD; /* bare LF */
        if (*scanned && (*line == ' ' || *line == '\t'))
            return WK_HEAD_BAD; /* a folded line, or white space before the first field */
        *scanned = (size_t)(lf + 1 - head);
        if (lf == line + 1)
            return WK_HEAD_END;
    }
}

/* --- llhttp's callbacks: the head is one contiguous piece, so a span that comes in parts only grows ------------------- */
static int on_url(llhttp_t *p, const char *at, size_t len)
{
    struct wk_exchange *x = p->data;

    if (!x->target.data)
        x->target.data = at;
    x->target.len = (size_t)(at + len - x->target.data);
    return 0;
}

static int on_field(llhttp_t *p, const char *at, size_t len)
{
    struct wk_exchange *x = p->data;
    struct wk_hdr *hdrs = wk_link_hdrs(x->conn);
    uint32_t off = (uint32_t)(at - wk_link_bytes(x->conn));
    struct wk_hdr *last = x->n_headers ? &hdrs[x->n_headers - 1] : NULL;

    if (last && !last->value) { /* still the same name */
        last->name_len = off + (uint32_t)len - last->name;
        return 0;
    }
    if (x->n_headers == x->conn->h->conf.header_max_count)
        return HPE_USER;
    hdrs[x->n_headers++] = (struct wk_hdr){.name = off, .name_len = (uint32_t)len};
    return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t len)
{
    struct wk_exchange *x = p->data;
    uint32_t off = (uint32_t)(at - wk_link_bytes(x->conn));
    struct wk_hdr *last;

    if (!x->n_headers)
        return HPE_USER;
    last = &wk_link_hdrs(x->conn)[x->n_headers - 1];
    if (!last->value)
        last->value = off;
    last->value_len = off + (uint32_t)len - last->value;
    return 0;
}

static int on_headers_complete(llhttp_t *p)
{
    struct wk_exchange *x = p->data;

    x->keep_alive = !(p->flags & F_CONNECTION_CLOSE) && (p->http_minor > 0 || (p->flags & F_CONNECTION_KEEP_ALIVE));
    p->upgrade = 0; /* we offer no other protocol: an Upgrade header is only a wish */
    return 1;       /* the body is ours: reader.c */
}

void wk_head_settings(llhttp_settings_t *s)
{
    llhttp_settings_init(s);
    s->on_url = on_url;
    s->on_header_field = on_field;
    s->on_header_value = on_value;
    s->on_headers_complete = on_headers_complete;
}

/* --- what must hold beyond the grammar ------------------------------------------------------------------------------- */
static bool span_is(struct wk_span s, const char *text)
{
    return s.len == strlen(text) && !strncasecmp(s.data, text, s.len);
}

/* "METHOD SP target SP HTTP/d.d CRLF" and nothing looser, else 400; only 1.0 and 1.1, else 505. */
static int check_request_line(struct wk_exchange *x, const char *line, size_t len)
{
    size_t method = strlen(x->method);
    const char *version = line + len - 8;

    if (len != method + 1 + x->target.len + 1 + 8 || line[method] != ' ' || x->target.data != line + method + 1 ||
        version[-1] != ' ' || memcmp(version, "HTTP/", 5) != 0)
        return 400;
    if (memcmp(version + 5, "1.1", 3) != 0 && memcmp(version + 5, "1.0", 3) != 0)
        return 505;
    x->version = version[7] == '1' ? 11 : 10;
    return 0;
}

static bool is_authority(struct wk_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isalnum((unsigned char)s.data[i]) && (!s.data[i] || !strchr("-._~:[]%!$&'()*+;=", s.data[i])))
            return false;
    return true;
}

/* origin-form, absolute-form or "*"; splits path and query. */
static int split_target(struct wk_exchange *x)
{
    const char *p = x->target.data, *end = p + x->target.len, *q;

    if (memchr(p, '#', x->target.len))
        return 400; /* a fragment is never sent */
    if (*p != '/') {
        size_t scheme = x->target.len > 7 && !strncasecmp(p, "http://", 7)    ? 7
                        : x->target.len > 8 && !strncasecmp(p, "https://", 8) ? 8
                                                                              : 0;
        if (x->target.len == 1 && *p == '*' && !strcmp(x->method, "OPTIONS")) {
            x->path = x->target;
            return 0;
        }
        if (!scheme)
            return 400;
        p += scheme;
        for (q = p; q < end && *q != '/' && *q != '?'; q++)
            ;
        x->host = (struct wk_span){p, (size_t)(q - p)};
        if (!x->host.len || !is_authority(x->host))
            return 400;
        p = q;
    }
    q = memchr(p, '?', (size_t)(end - p));
    x->path = q == p || p == end ? (struct wk_span){"/", 1} : (struct wk_span){p, (size_t)((q ? q : end) - p)};
    if (q)
        x->query = (struct wk_span){q + 1, (size_t)(end - q - 1)};
    return 0;
}

static int check_host(struct wk_exchange *x)
{
    size_t n = wk_exchange_header_count(x, "host");
    struct wk_span host;

    if (n > 1 || (!n && x->version == 11))
        return 400;
    if (!n)
        return 0;
    host = wk_exchange_header(x, "host");
    if (!is_authority(host))
        return 400;
    if (!x->host.data) /* an absolute-form target overrules it */
        x->host = host;
    return 0;
}

/* One way to tell where the body ends, or none. */
static int check_framing(struct wk_exchange *x)
{
    struct wk_span te = wk_exchange_header(x, "transfer-encoding"), cl = wk_exchange_header(x, "content-length");
    uint64_t n = 0;

    x->content_length = 0;
    if (te.data) {
        if (cl.data || x->version == 10 || wk_exchange_header_count(x, "transfer-encoding") > 1)
            return 400;
        if (!span_is(te, "chunked"))
            return 501;
        x->chunked_in = true;
        x->content_length = -1;
        return 0;
    }
    if (!cl.data)
        return 0;
    if (wk_exchange_header_count(x, "content-length") > 1 || !cl.len)
        return 400;
    for (size_t i = 0; i < cl.len; i++) {
        if (cl.data[i] < '0' || cl.data[i] > '9' || n > (uint64_t)INT64_MAX / 10 - 1)
            return 400;
        n = n * 10 + (uint64_t)(cl.data[i] - '0');
    }
    x->content_length = (int64_t)n;
    return 0;
}

static int check_expect(struct wk_exchange *x)
{
    struct wk_span expect = wk_exchange_header(x, "expect");

    if (!expect.data || x->version == 10)
        return 0;
    if (!span_is(expect, "100-continue") || wk_exchange_header_count(x, "expect") > 1)
        return 417;
    x->expects = x->content_length != 0;
    return 0;
}

/* Names of token bytes only (llhttp's loose mode lets spaces pass), values without surrounding white space. */
static int tidy_headers(struct wk_exchange *x)
{
    const char *bytes = wk_link_bytes(x->conn);
    struct wk_hdr *hdrs = wk_link_hdrs(x->conn);

    for (uint32_t i = 0; i < x->n_headers; i++) {
        struct wk_hdr *hd = &hdrs[i];

        if (!hd->name_len || bytes[hd->name + hd->name_len] != ':')
            return 400;
        for (uint32_t k = 0; k < hd->name_len; k++)
            if (!wk_http_token[(unsigned char)bytes[hd->name + k]])
                return 400;
        while (hd->value_len && (bytes[hd->value + hd->value_len - 1] == ' ' || bytes[hd->value + hd->value_len - 1] == '\t'))
            hd->value_len--;
    }
    return 0;
}

static int status_of_error(const llhttp_t *p, llhttp_errno_t e, const char *head)
{
    size_t token = 0;

    switch (e) {
    case HPE_INVALID_VERSION:
        return 505;
    case HPE_USER:
        return 431; /* too many fields */
    case HPE_INVALID_METHOD: /* a well-formed method that nobody knows, or garbage? */
        while (isupper((unsigned char)head[token]) || head[token] == '-' || head[token] == '_')
            token++;
        return token && head[token] == ' ' ? 501 : 400;
    case HPE_PAUSED_UPGRADE:
    case HPE_PAUSED_H2_UPGRADE:
        return p->method == HTTP_PRI ? 505 : 501;
    default:
        return 400;
    }
}

int wk_head_parse(struct wk_link *c, size_t len)
{
    llhttp_t *p = &c->h->parser;
    struct wk_exchange *x = &c->x;
    const char *head = wk_link_bytes(c) + c->in_pos;
    llhttp_errno_t e;
    int status;

    llhttp_init(p, HTTP_REQUEST, &c->h->settings);
    p->data = x;
    e = llhttp_execute(p, head, len);
    if (e != HPE_OK)
        return status_of_error(p, e, head);
    if (p->method == HTTP_CONNECT)
        return 501;
    x->method = llhttp_method_name((llhttp_method_t)p->method);
    x->is_head = p->method == HTTP_HEAD;
    if (!x->target.data)
        return 400;
    if (x->target.len > c->h->conf.uri_max_bytes)
        return 414;
    (void)((status = check_request_line(x, head, (size_t)((const char *)memchr(head, '\r', len) - head))) ||
           (status = split_target(x)) || (status = tidy_headers(x)) || (status = check_host(x)) ||
           (status = check_framing(x)) || (status = check_expect(x)));
    return status;
}
