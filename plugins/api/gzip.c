#include "gzip.h"
#include <stdlib.h>
#include <strings.h>
#include <wakala/task.h>
#include <zlib.h>
#include "edge.h"

enum { LEVEL = 5, GZIP = 15 + 16, ON_LOOP_MAX = 32 * 1024 }; /* more than that would hold up the loop for over half a millisecond */

/* One element of the list: its name, and whether its q is above 0. */
static bool takes(const char *p, size_t n, const char *name)
{
    size_t len = strlen(name);
    const char *q;

    if (n < len || strncasecmp(p, name, len) != 0 || (n > len && p[len] != ';' && p[len] != ' '))
        return false;
    q = memchr(p, '=', n);
    return !q || strtod(q + 1, NULL) > 0;
}

bool gzip_is_wanted(const char *accept)
{
    bool any = false;

    for (const char *p = accept; p && *p;) {
        size_t n;

        p += strspn(p, " \t,");
        n = strcspn(p, ",");
        if (n >= 4 && !strncasecmp(p, "gzip", 4) && (n == 4 || strchr("; ", p[4])))
            return takes(p, n, "gzip");
        any = any || takes(p, n, "*");
        p += n;
    }
    return any;
}

bool gzip_is_text(const char *type)
{
    static const char *const types[] = {"application/json", "application/javascript", "application/xml", "image/svg+xml", "application/x-ndjson"};
    size_t n = type ? strcspn(type, "; ") : 0;

    if (n > 5 && !strncasecmp(type, "text/", 5))
        return strncasecmp(type, "text/event-stream", 17) != 0;
    for (size_t i = 0; n && i < WK_COUNT(types); i++)
        if (strlen(types[i]) == n && !strncasecmp(type, types[i], n))
            return true;
    return (n > 5 && !strncasecmp(type + n - 5, "+json", 5)) || (n > 4 && !strncasecmp(type + n - 4, "+xml", 4));
}

struct squeeze {
    struct wk_span from;
    char *to;
    size_t room, len; /* len 0: it did not shrink */
};
static void squeeze(void *arg)
{
    struct squeeze *s = arg;
    z_stream z = {0};

    if (deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    z.next_in = (Bytef *)(uintptr_t)s->from.data; /* zlib only reads it */
    z.avail_in = (uInt)s->from.len;
    z.next_out = (Bytef *)s->to;
    z.avail_out = (uInt)s->room;
    if (deflate(&z, Z_FINISH) == Z_STREAM_END)
        s->len = z.total_out;
    (void)deflateEnd(&z);
}

/* A byte-for-byte tag is not true of what is compressed. */
static bool weaken(struct wk_call *call, struct wk_http *http)
{
    const char *etag = wk_http_answer_header(http, "ETag"), *weak;

    if (!etag || !strncmp(etag, "W/", 2))
        return true;
    weak = wk_printf(call, "W/%s", etag);
    return weak && wk_http_set_header(http, "ETag", weak, NULL);
}

static bool shrink(struct wk_call *call, struct wk_http *http, const char *type, struct wk_span body)
{
    struct squeeze s = {.from = body, .room = body.len - body.len / 10, .to = wk_alloc(call, body.len)};

    if (!s.to)
        return false;
    if (body.len <= ON_LOOP_MAX)
        squeeze(&s);
    else if (!wk_offload(call, squeeze, &s, NULL))
        return false;
    if (!s.len || !weaken(call, http) || !wk_http_set_header(http, "Content-Encoding", "gzip", NULL))
        return false;
    if (wk_http_reply(http, wk_http_status(http), type, s.to, s.len, NULL))
        return true;
    (void)wk_http_set_header(http, "Content-Encoding", "identity", NULL);
    return false;
}

void gzip_answer(struct wk_call *call, struct wk_http *http)
{
    struct wk_span body = wk_http_answer(http);
    int64_t min = wk_setting_int(call, "gzip_min");
    const char *type = wk_http_answer_header(http, "Content-Type"), *control = wk_http_answer_header(http, "Cache-Control");

    if (!min || !body.data || (int64_t)body.len < min || body.len > INT32_MAX || wk_http_status(http) == 206 || !gzip_is_text(type) ||
        wk_http_answer_header(http, "Content-Encoding") || (control && strcasestr(control, "no-transform")))
        return;
    if (edge_vary(call, http, "Accept-Encoding", NULL) && gzip_is_wanted(wk_http_header(http, "Accept-Encoding")) && shrink(call, http, type, body))
        wk_count(call, "compressed", 1);
}
