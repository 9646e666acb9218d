/* proxy.h - routes that the operator declares and servers behind the gateway answer. */
#ifndef API_PROXY_H
#define API_PROXY_H
#include <wakala/plugin.h>

enum { PROXY_SERVERS = 16, PROXY_METHODS = 5 };
struct proxied {
    char *name, *path, *read, *write; /* path as of struct wk_route: "/v1/erp/{rest*}"; permissions */
    char *address[PROXY_SERVERS];
    struct wk_server *server[PROXY_SERVERS];
    size_t n;
    int64_t timeout_ms, retries, cache_s, body_max, reply_max;
    struct wk_route route[PROXY_METHODS];
};
struct proxies {
    struct proxied *list;
    size_t n;
};
/* Pure. "erp = /v1/erp/ -> http://10.0.0.5:8080 permission=erp.read; ...". False: *bad is the word that is wrong, *allowed what it may be. */
bool proxies_parse(const char *text, struct proxies *proxies, struct wk_span *bad, const char **allowed);
void proxies_finish(struct proxies *proxies);
/* In open(): the servers, and a route for each method. */
bool proxies_open(struct wk_plugin *plugin, struct proxies *proxies, struct wk_err *err);
const struct proxied *proxies_find(const struct proxies *proxies, const struct wk_route *route); /* NULL: not one of these */
#endif
