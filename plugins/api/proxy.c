#include "proxy.h"
#include <ctype.h>
#include <stdlib.h>
#include "api.h"

static const struct unit {
    const char *name;
    int64_t factor;
} times[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {NULL, 0}}, sizes[] = {{"k", 1 << 10}, {"M", 1 << 20}, {NULL, 0}}, plain[] = {{"", 1}, {NULL, 0}};

/* --- what is declared --- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == ','; }

static struct wk_span trimmed(const char *from, const char *end)
{
    while (from < end && is_blank(*from))
        from++;
    while (end > from && is_blank(end[-1]))
        end--;
    return (struct wk_span){from, (size_t)(end - from)};
}

static struct wk_span next_word(const char **at, const char *end)
{
    const char *from = *at, *to;

    while (from < end && is_blank(*from))
        from++;
    for (to = from; to < end && !is_blank(*to);)
        to++;
    *at = to;
    return (struct wk_span){from, (size_t)(to - from)};
}

static bool number(struct wk_span text, const struct unit *units, int64_t min, int64_t max, int64_t *out)
{
    char copy[24], *rest;
    long long n;

    if (!text.len || text.len >= sizeof copy || !isdigit((unsigned char)*text.data))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    n = strtoll(copy, &rest, 10);
    for (; units->name; units++)
        if (!strcmp(rest, units->name) && n <= max / units->factor) {
            *out = n * units->factor;
            return *out >= min;
        }
    return false;
}

struct parsing {
    struct proxied *to;
    struct wk_span *bad;
    const char **allowed;
};
static bool wrong(struct parsing *p, struct wk_span word, const char *allowed)
{
    *p->bad = word;
    *p->allowed = allowed;
    return false;
}

static bool keep(char **to, struct wk_span s)
{
    free(*to);
    return (*to = strndup(s.data, s.len)) != NULL;
}

static bool server(struct parsing *p, struct wk_span word)
{
    struct wk_span address = {word.data + 7, word.len - 7};

    if (!memchr(address.data, ':', address.len) || memchr(address.data, '/', address.len))
        return wrong(p, word, "a server is http://host:port, without a path; TLS to it: a local proxy");
    if (p->to->n == PROXY_SERVERS)
        return wrong(p, word, "at most 16 servers");
    return keep(&p->to->address[p->to->n++], address);
}

static bool option(struct parsing *p, struct wk_span word)
{
    static const char allowed[] = "allowed are permission=name write=name timeout=2s (10ms to 60s) retry=1 (0 to 5) cache=60s body=1M (to 64M) reply=4M (to 64M)";
    const char *equals = memchr(word.data, '=', word.len);
    size_t n = equals ? (size_t)(equals - word.data) : 0;
    struct wk_span value = {word.data + n + 1, equals ? word.len - n - 1 : 0};
    int64_t ms = 0;
    bool ok = false;

    if (n == 10 && !memcmp(word.data, "permission", n))
        ok = value.len && keep(&p->to->read, value);
    else if (n == 5 && !memcmp(word.data, "write", n))
        ok = value.len && keep(&p->to->write, value);
    else if (n == 7 && !memcmp(word.data, "timeout", n))
        ok = number(value, times, 10, 60000, &p->to->timeout_ms);
    else if (n == 5 && !memcmp(word.data, "retry", n))
        ok = number(value, plain, 0, 5, &p->to->retries);
    else if (n == 5 && !memcmp(word.data, "cache", n))
        ok = number(value, times, 1000, 86400000, &ms) && (p->to->cache_s = ms / 1000) > 0;
    else if (n == 4 && !memcmp(word.data, "body", n))
        ok = number(value, sizes, 1, 64 << 20, &p->to->body_max);
    else if (n == 5 && !memcmp(word.data, "reply", n))
        ok = number(value, sizes, 1, 64 << 20, &p->to->reply_max);
    return ok || wrong(p, word, allowed);
}

static bool path(struct parsing *p, struct wk_span word)
{
    if (word.len < 3 || *word.data != '/' || word.data[word.len - 1] != '/' || memchr(word.data, '{', word.len))
        return wrong(p, word, "a prefix begins and ends with /, such as /v1/erp/");
    return asprintf(&p->to->path, "%.*s{rest*}", (int)word.len, word.data) > 0 || ((p->to->path = NULL), false);
}

static bool entry(struct parsing *p, const char *from, const char *end)
{
    const char *equals = memchr(from, '=', (size_t)(end - from)), *arrow = memmem(from, (size_t)(end - from), "->", 2);
    struct wk_span name = trimmed(from, equals ? equals : from), word;

    if (!equals || !arrow || arrow < equals)
        return wrong(p, trimmed(from, end), "a route is: name = /prefix/ -> http://host:port option=value ...");
    if (!name.len || strspn(name.data, "abcdefghijklmnopqrstuvwxyz0123456789-_") < name.len)
        return wrong(p, name, "a name is made of a-z, 0-9, - and _");
    if (!keep(&p->to->name, name) || !path(p, trimmed(equals + 1, arrow)))
        return false;
    p->to->timeout_ms = 10000;
    from = arrow + 2;
    for (word = next_word(&from, end); word.len; word = next_word(&from, end))
        if (!(word.len > 7 && !memcmp(word.data, "http://", 7) ? server(p, word) : option(p, word)))
            return false;
    if (!p->to->n)
        return wrong(p, name, "it names no server: -> http://host:port");
    return (p->to->read || (p->to->read = strdup(WK_AUTHENTICATED))) && (p->to->write || (p->to->write = strdup(p->to->read)));
}

bool proxies_parse(const char *text, struct proxies *proxies, struct wk_span *bad, const char **allowed)
{
    *bad = (struct wk_span){0};
    *allowed = "no memory";
    *proxies = (struct proxies){0};
    for (const char *from = text, *end; *from; from = *end ? end + 1 : end) {
        struct parsing p = {.bad = bad, .allowed = allowed};
        struct proxied *more;

        end = from + strcspn(from, ";");
        if (!trimmed(from, end).len)
            continue;
        more = realloc(proxies->list, (proxies->n + 1) * sizeof *more);
        if (!more)
            return false;
        proxies->list = more;
        p.to = &more[proxies->n++];
        *p.to = (struct proxied){0};
        if (!entry(&p, from, end)) {
            proxies_finish(proxies);
            return false;
        }
    }
    return true;
}

void proxies_finish(struct proxies *proxies)
{
    for (size_t i = 0; i < proxies->n; i++) {
        struct proxied *p = &proxies->list[i];

        for (size_t k = 0; k < p->n; k++)
            free(p->address[k]);
        free(p->name);
        free(p->path);
        free(p->read);
        free(p->write);
    }
    free(proxies->list);
    *proxies = (struct proxies){0};
}

/* --- serving --- */

const struct proxied *proxies_find(const struct proxies *proxies, const struct wk_route *route)
{
    for (size_t i = 0; i < proxies->n; i++)
        if (route >= proxies->list[i].route && route < proxies->list[i].route + PROXY_METHODS)
            return &proxies->list[i];
    return NULL;
}

static bool run(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct api *api = wk_state(call);
    const struct wk_route *route = wk_http_route(http);
    const struct proxied *p = proxies_find(&api->proxies, route);
    struct wk_passing passing = {.size = sizeof passing, .timeout_ms = (uint32_t)p->timeout_ms, .servers = p->server, .count = p->n,
                                 .retries = (uint32_t)p->retries, .is_kept = (route->flags & WK_ROUTE_CACHE) != 0, .reply_max = (size_t)p->reply_max};

    wk_count(call, "passed", 1);
    return wk_http_pass(call, http, &passing, err);
}

static bool open_one(struct wk_plugin *plugin, struct proxied *p, struct wk_err *err)
{
    static const enum wk_method methods[PROXY_METHODS] = {WK_GET, WK_POST, WK_PUT, WK_PATCH, WK_DELETE};
    char target[120];

    for (size_t i = 0; i < p->n; i++) {
        (void)snprintf(target, sizeof target, "%.40s@%.70s", p->name, p->address[i]);
        if (!(p->server[i] = wk_server_open(plugin, p->address[i], target, err)))
            return false;
    }
    for (size_t i = 0; i < PROXY_METHODS; i++) {
        bool is_get = methods[i] == WK_GET;

        p->route[i] = (struct wk_route){.method = methods[i], .path = p->path, .permission = is_get ? p->read : p->write, .run = run,
                                        .flags = is_get && p->cache_s ? WK_ROUTE_CACHE : 0, .body_max = (uint64_t)p->body_max,
                                        .deadline_ms = (uint32_t)(p->timeout_ms * (1 + p->retries) + 1000)};
        if (!wk_add_route(plugin, &p->route[i], err))
            return false;
    }
    return true;
}

bool proxies_open(struct wk_plugin *plugin, struct proxies *proxies, struct wk_err *err)
{
    for (size_t i = 0; i < proxies->n; i++) {
        struct wk_err why = {0};
        char where[120];

        if (open_one(plugin, &proxies->list[i], &why))
            continue;
        (void)wk_plugin_setting_where(plugin, "routes", where, sizeof where);
        return wk_fail(err, WK_SYSTEM, "api.setting", "%s: routes: %s: %.140s", where, proxies->list[i].name, why.msg);
    }
    return true;
}
