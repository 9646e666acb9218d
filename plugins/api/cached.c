#include "cached.h"
#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>
#include "api.h"
#include "edge.h"

enum { NAMES_MAX = 100 };
static const char *const travels[] = {"Content-Language", "Last-Modified", "Link"}; /* kept with the answer, beside type and tag */

/* --- what it depends on --- */

void cached_path_tag(const char *path, char out[65])
{
    const char *word = path + strspn(path, "/");
    size_t n = strcspn(word, "/");

    if (n >= 2 && *word == 'v' && isdigit((unsigned char)word[1])) {
        word += n + strspn(word + n, "/");
        n = strcspn(word, "/");
    }
    n = n > 64 ? 64 : n;
    for (size_t i = 0; i < n; i++)
        out[i] = isalnum((unsigned char)word[i]) || strchr("_.-", word[i]) ? (char)tolower((unsigned char)word[i]) : '-';
    out[n] = '\0';
}

static int by_name(const void *a, const void *b)
{
    const struct wk_span *x = a, *y = b;
    size_t n = strcspn(x->data, "=&"), m = strcspn(y->data, "=&");
    int order = memcmp(x->data, y->data, n < m ? n : m);

    return order ? order : n != m ? (n < m ? -1 : 1) : x->data < y->data ? -1 : x->data > y->data;
}

void cached_sort_query(const char *query, char *out)
{
    struct wk_span parts[NAMES_MAX];
    size_t n = 0;

    for (const char *p = query; *p && n < NAMES_MAX; p += *p == '&') {
        size_t len = strcspn(p, "&");

        if (len)
            parts[n++] = (struct wk_span){p, len};
        p += len;
    }
    if (n == NAMES_MAX) { /* as it is: another order is another entry */
        strcpy(out, query);
        return;
    }
    qsort(parts, n, sizeof *parts, by_name);
    for (size_t i = 0; i < n; i++) {
        memcpy(out, parts[i].data, parts[i].len);
        out += parts[i].len;
        if (i + 1 < n)
            *out++ = '&';
    }
    *out = '\0';
}

void cached_key(const struct cached_key *key, uint8_t out[32])
{
    const char *parts[] = {key->role, key->subject, key->path, key->query, key->vary};
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL);

    for (size_t i = 0; i < WK_COUNT(parts); i++) {
        uint64_t len = parts[i] ? strlen(parts[i]) : UINT64_MAX; /* absent is not empty */

        ok = ok && EVP_DigestUpdate(md, &len, sizeof len) && (!parts[i] || EVP_DigestUpdate(md, parts[i], len));
    }
    if (!ok || !EVP_DigestFinal_ex(md, out, NULL))
        abort(); /* without memory for a digest: a wrong key would be somebody else's answer */
    EVP_MD_CTX_free(md);
}

/* The headers that the operator names, with what this request has. */
static const char *vary_of(struct wk_call *call, struct wk_http *http)
{
    const char *names = wk_setting_string(call, "cache_vary"), *all = "";

    for (const char *p = names + strspn(names, " ,"); *p && all; p += strcspn(p, " ,"), p += strspn(p, " ,")) {
        const char *name = wk_strndup(call, p, strcspn(p, " ,")), *value = name ? wk_http_header(http, name) : NULL;

        all = name ? wk_printf(call, "%s%s=%s\n", all, name, value ? value : "") : NULL;
    }
    return all;
}

static bool key_of(struct wk_call *call, struct wk_http *http, uint8_t out[32], struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);
    const char *query = wk_http_query_text(http);
    char *sorted = wk_alloc(call, strlen(query) + 1);
    struct cached_key key = {.role = who->role, .path = wk_http_path(http), .query = sorted, .vary = vary_of(call, http)};

    if (!sorted || !key.vary)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "cache key");
    cached_sort_query(query, sorted);
    if (wk_http_route(http)->flags & WK_ROUTE_OWN)
        key.subject = who->subject;
    cached_key(&key, out);
    return true;
}

/* --- what is kept: "etag\ncontent type\nlanguage\nmodified\nlink\n\n" and the body --- */

bool cached_may_keep(int status, const char *control, const char *cookie, const char *encoding)
{
    return status == 200 && !cookie && !encoding &&
           (!control || (!strcasestr(control, "private") && !strcasestr(control, "no-store") && !strcasestr(control, "no-cache")));
}

static bool names_word(const char *names, const char *word, size_t n)
{
    for (const char *p = names + strspn(names, " ,"); *p; p += strcspn(p, " ,"), p += strspn(p, " ,"))
        if (strcspn(p, " ,") == n && !strncasecmp(p, word, n))
            return true;
    return false;
}

bool cached_knows_vary(const char *vary, const char *names)
{
    for (const char *p = vary ? vary + strspn(vary, " ,") : ""; *p; p += strcspn(p, " ,"), p += strspn(p, " ,"))
        if (!names_word("Accept-Encoding, Authorization, Origin", p, strcspn(p, " ,")) && !names_word(names, p, strcspn(p, " ,")))
            return false;
    return true;
}

static const char *tag_of(struct wk_call *call, struct wk_http *http, struct wk_span body)
{
    const char *own = wk_http_answer_header(http, "ETag");
    uint8_t sum[32];

    if (own)
        return own;
    if (!EVP_Digest(body.data, body.len, sum, NULL, EVP_sha256(), NULL))
        return NULL;
    return wk_printf(call, "\"%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x\"", sum[0], sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], sum[7], sum[8],
                     sum[9], sum[10], sum[11]);
}

static const char *or_empty(const char *text) { return text ? text : ""; }

struct load {
    struct wk_http *http;
    bool was_run; /* the route has answered, and its answer is for this caller alone */
};

static bool pack(struct wk_call *call, struct wk_http *http, struct wk_span body, struct wk_span *value, struct wk_err *err)
{
    const char *etag = tag_of(call, http, body), *type = or_empty(wk_http_answer_header(http, "Content-Type"));
    char *head = etag ? wk_printf(call, "%s\n%s\n%s\n%s\n%s\n", etag, type, or_empty(wk_http_answer_header(http, travels[0])),
                                  or_empty(wk_http_answer_header(http, travels[1])), or_empty(wk_http_answer_header(http, travels[2])))
                      : NULL;
    size_t n = head ? strlen(head) : 0;
    char *all = head ? wk_alloc(call, n + body.len + 1) : NULL;

    if (!all)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "an answer to keep");
    memcpy(all, head, n);
    memcpy(all + n, body.data, body.len);
    *value = (struct wk_span){all, n + body.len};
    return true;
}

static bool load_answer(struct wk_call *call, void *arg, struct wk_span *value, struct wk_err *err)
{
    struct load *load = arg;
    struct wk_http *http = load->http;
    struct wk_span body;

    if (!wk_http_run(call, http, err))
        return false;
    body = wk_http_answer(http);
    if (body.data && cached_knows_vary(wk_http_answer_header(http, "Vary"), wk_setting_string(call, "cache_vary")) &&
        cached_may_keep(wk_http_status(http), wk_http_answer_header(http, "Cache-Control"), wk_http_answer_header(http, "Set-Cookie"),
                        wk_http_answer_header(http, "Content-Encoding")))
        return pack(call, http, body, value, err);
    load->was_run = true;
    return wk_fail(err, WK_TRANSIENT, "api.not_kept", "status %d, or the route forbids it", wk_http_status(http));
}

/* --- the answer --- */

bool cached_matches(const char *wanted, const char *etag)
{
    const char *bare = !strncmp(etag, "W/", 2) ? etag + 2 : etag;
    size_t n = strlen(bare);

    for (const char *p = wanted; p && *p;) {
        p += strspn(p, " \t,");
        if (*p == '*')
            return true;
        if (!strncmp(p, "W/", 2))
            p += 2;
        if (!strncmp(p, bare, n) && (p[n] == ',' || p[n] == ' ' || !p[n]))
            return true;
        p += strcspn(p, ",");
    }
    return false;
}

static bool put(struct wk_http *http, const char *name, const char *value, struct wk_err *err)
{
    return !value || !*value || wk_http_set_header(http, name, value, err);
}

static bool put_vary(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *names = wk_setting_string(call, "cache_vary");

    for (const char *p = names + strspn(names, " ,"); *p; p += strcspn(p, " ,"), p += strspn(p, " ,")) {
        const char *name = wk_strndup(call, p, strcspn(p, " ,"));

        if (!name || !edge_vary(call, http, name, err))
            return false;
    }
    return edge_vary(call, http, "Authorization", err);
}

static bool serve(struct wk_call *call, struct wk_http *http, struct wk_span value, bool is_hit, struct wk_err *err)
{
    const char *part[2 + WK_COUNT(travels)], *at = value.data;
    const char *control = wk_printf(call, "private, max-age=%lld, must-revalidate", (long long)(wk_setting_ms(call, "cache_client_age") / 1000));
    const char *wanted = wk_http_header(http, "If-None-Match");
    bool ok = control != NULL;

    for (size_t i = 0; i < WK_COUNT(part); i++) {
        const char *end = memchr(at, '\n', value.len - (size_t)(at - value.data));

        if (!end) {
            wk_fail(err, WK_SYSTEM, "api.cache_damaged", "a kept answer has no head");
            return false;
        }
        ok = ok && (part[i] = wk_strndup(call, at, (size_t)(end - at)));
        at = end + 1;
    }
    for (size_t i = 0; ok && i < WK_COUNT(travels); i++)
        ok = put(http, travels[i], part[2 + i], err);
    ok = ok && put(http, "ETag", part[0], err) && put(http, "Cache-Control", control, err) &&
         put(http, "Cache-Status", is_hit ? "wakala; hit" : "wakala; fwd=miss; stored", err) && put_vary(call, http, err);
    if (!ok)
        return false;
    if (wanted && cached_matches(wanted, part[0]))
        return wk_http_reply(http, 304, NULL, "", 0, err);
    return wk_http_reply(http, 200, *part[1] ? part[1] : NULL, at, value.len - (size_t)(at - value.data), err);
}

static const char *tags_of(const struct api *api, const struct wk_route *route, bool *is_kept)
{
    for (size_t i = 0; i < api->tagged.n; i++)
        if (api->tagged.list[i].route == route) {
            *is_kept = api->tagged.list[i].is_kept;
            return api->tagged.list[i].tags;
        }
    *is_kept = false;
    return NULL;
}

static uint32_t lifetime_of(struct wk_call *call, const struct wk_route *route)
{
    const struct proxied *p = proxies_find(&((const struct api *)wk_state(call))->proxies, route);

    return (uint32_t)(p ? p->cache_s : wk_setting_ms(call, "cache_ttl") / 1000);
}

enum wk_verdict cached_before(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct wk_route *route = wk_http_route(http);
    struct wk_cache_spec spec = {.size = sizeof spec, .ns = "answer", .key_len = 32};
    struct load load = {.http = http};
    struct wk_span value = {0};
    uint8_t key[32];
    bool is_kept, is_hit;

    if (!(route->flags & WK_ROUTE_CACHE) || !wk_tenant(call) || !(spec.lifetime_s = lifetime_of(call, route)))
        return WK_DECLINED;
    spec.key = key;
    spec.tags = tags_of(wk_state(call), route, &is_kept);
    if (!key_of(call, http, key, err))
        return WK_FAILED;
    if (!wk_cache_get(call, &spec, load_answer, &load, &value, err))
        return load.was_run ? WK_HANDLED : WK_FAILED;
    is_hit = !wk_http_status(http);
    wk_count(call, is_hit ? "cache_hits" : "cache_misses", 1);
    return serve(call, http, value, is_hit, err) ? WK_HANDLED : WK_FAILED;
}

/* --- what a write makes untrue --- */

bool cached_seal(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *method = wk_http_method(http), *tags;
    bool is_kept;

    if (!strcmp(method, "GET") || !strcmp(method, "HEAD") || wk_http_status(http) >= 400 || !wk_tenant(call))
        return true;
    tags = tags_of(wk_state(call), wk_http_route(http), &is_kept);
    for (const char *p = tags; is_kept && *p; p += strcspn(p, " "), p += strspn(p, " ")) {
        const char *tag = wk_strndup(call, p, strcspn(p, " "));

        if (!tag)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "tags");
        if (!wk_cache_invalidate(call, tag, err))
            return false;
    }
    return true;
}

static bool has_word(const char *words, const char *word, size_t n)
{
    for (const char *p = words; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (strcspn(p, " ") == n && !memcmp(p, word, n))
            return true;
    return false;
}

static bool shares_word(const char *a, const char *b)
{
    for (const char *p = a; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (has_word(b, p, strcspn(p, " ")))
            return true;
    return false;
}

bool tagged_make(struct tagged *t, struct wk_err *err)
{
    struct wk_route_info info;
    char own[65];

    while (wk_http_route_at(t->n, &info))
        t->n++;
    t->list = calloc(t->n + 1, sizeof *t->list);
    for (size_t i = 0; t->list && i < t->n && wk_http_route_at(i, &info); i++) {
        cached_path_tag(info.route->path, own);
        t->list[i].route = info.route;
        if (!(t->list[i].tags = strdup(info.tags ? info.tags : own)))
            return wk_fail(err, WK_SYSTEM, "host.no_memory", "tags of routes");
    }
    for (size_t i = 0; t->list && i < t->n; i++)
        for (size_t k = 0; k < t->n && !t->list[i].is_kept; k++)
            t->list[i].is_kept = (t->list[k].route->flags & WK_ROUTE_CACHE) && shares_word(t->list[i].tags, t->list[k].tags);
    return t->list || wk_fail(err, WK_SYSTEM, "host.no_memory", "tags of routes");
}

void tagged_finish(struct tagged *t)
{
    for (size_t i = 0; t->list && i < t->n; i++)
        free(t->list[i].tags);
    free(t->list);
    *t = (struct tagged){0};
}
