#include "cors.h"
#include <ctype.h>
#include <strings.h>
#include "edge.h"

static const char exposed[] = "ETag, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";

static struct wk_span next(const char **at)
{
    const char *p = *at + strspn(*at, " ,");
    size_t n = strcspn(p, " ,");

    *at = p + n;
    return (struct wk_span){p, n};
}

/* scheme://host[:port], nothing behind it. */
static bool is_origin(struct wk_span s)
{
    size_t scheme = s.len > 8 && !strncasecmp(s.data, "https://", 8) ? 8 : s.len > 7 && !strncasecmp(s.data, "http://", 7) ? 7 : 0, i = scheme;

    if (!scheme)
        return false;
    if (s.len > scheme + 2 && !memcmp(s.data + i, "*.", 2))
        i += 2;
    for (; i < s.len; i++)
        if (!isalnum((unsigned char)s.data[i]) && !strchr(".-:[]", s.data[i]))
            return false;
    return s.data[s.len - 1] != '.' && s.data[s.len - 1] != ':';
}

bool cors_check(const char *origins, bool has_credentials, struct wk_span *bad)
{
    for (*bad = next(&origins); bad->len; *bad = next(&origins))
        if (bad->len == 1 && *bad->data == '*' ? has_credentials : !is_origin(*bad))
            return false;
    *bad = (struct wk_span){0};
    return true;
}

static bool matches(struct wk_span entry, const char *origin, size_t len)
{
    const char *star = memchr(entry.data, '*', entry.len);
    size_t head = star ? (size_t)(star - entry.data) : entry.len, tail = star ? entry.len - head - 1 : 0;

    if (!star)
        return len == entry.len && !strncasecmp(entry.data, origin, len);
    return len > head + tail && !strncasecmp(entry.data, origin, head) && !strncasecmp(star + 1, origin + len - tail, tail) &&
           !memchr(origin + head, '/', len - head) && !memchr(origin + head, ':', len - head - tail);
}

bool cors_allows(const char *origins, const char *origin)
{
    size_t len = strlen(origin);

    for (struct wk_span entry = next(&origins); entry.len; entry = next(&origins))
        if ((entry.len == 1 && *entry.data == '*') || matches(entry, origin, len))
            return true;
    return false;
}

static bool put(struct wk_http *http, const char *name, const char *value, struct wk_err *err) { return !*value || wk_http_set_header(http, name, value, err); }

static bool put_common(struct wk_call *call, struct wk_http *http, const char *origin, struct wk_err *err)
{
    bool has_credentials = wk_setting_bool(call, "cors_credentials");

    return put(http, "Access-Control-Allow-Origin", origin, err) && (!has_credentials || put(http, "Access-Control-Allow-Credentials", "true", err));
}

static enum wk_verdict preflight(struct wk_call *call, struct wk_http *http, const char *origin, struct wk_err *err)
{
    const char *max_age = wk_printf(call, "%lld", (long long)(wk_setting_ms(call, "cors_max_age") / 1000));
    bool ok = true;

    if (origin && cors_allows(wk_setting_string(call, "cors_origins"), origin))
        ok = max_age && put_common(call, http, origin, err) && put(http, "Access-Control-Allow-Methods", wk_setting_string(call, "cors_methods"), err) &&
             put(http, "Access-Control-Allow-Headers", wk_setting_string(call, "cors_headers"), err) && put(http, "Access-Control-Max-Age", max_age, err);
    return ok && wk_http_reply(http, 204, NULL, "", 0, err) ? WK_HANDLED : WK_FAILED;
}

enum wk_verdict cors_answer(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *origin = wk_http_header(http, "Origin"), *allowed = wk_setting_string(call, "cors_origins");

    if (*allowed && !edge_vary(call, http, "Origin", err))
        return WK_FAILED;
    if (!strcmp(wk_http_method(http), "OPTIONS"))
        return preflight(call, http, origin, err);
    if (!origin || !cors_allows(allowed, origin))
        return WK_DECLINED;
    return put_common(call, http, origin, err) && put(http, "Access-Control-Expose-Headers", exposed, err) ? WK_DECLINED : WK_FAILED;
}
