#include "edge.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>
#include "cors.h"
#include "gzip.h"
#include "rate.h"

bool edge_is_request_id(const char *text)
{
    size_t n = text ? strlen(text) : 0;

    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("._:-", text[i]))
            return false;
    return n >= 1 && n <= 128;
}

void edge_address_key(const char *peer, char out[64])
{
    struct in6_addr a;

    if (!strncasecmp(peer, "::ffff:", 7) && strchr(peer, '.'))
        peer += 7; /* IPv4 on an IPv6 socket */
    (void)snprintf(out, 64, "%s", peer);
    if (inet_pton(AF_INET6, peer, &a) != 1)
        return;
    for (int i = 0; i < 4; i++)
        (void)snprintf(out + i * 5, 64 - (size_t)i * 5, "%02x%02x%s", a.s6_addr[2 * i], a.s6_addr[2 * i + 1], i < 3 ? ":" : "::/64");
}

bool edge_is_free(const char *path)
{
    static const char *const trees[] = {"/webhooks/", "/.well-known/"};

    for (size_t i = 0; i < WK_COUNT(trees); i++)
        if (!strncmp(path, trees[i], strlen(trees[i])))
            return true;
    return false;
}

bool edge_vary(struct wk_call *call, struct wk_http *http, const char *word, struct wk_err *err)
{
    const char *has = wk_http_answer_header(http, "Vary"), *at = has ? strcasestr(has, word) : NULL, *all;
    size_t n = strlen(word);

    if (at && (at == has || at[-1] == ' ' || at[-1] == ',') && (at[n] == ',' || at[n] == ' ' || !at[n]))
        return true;
    all = has && *has ? wk_printf(call, "%s, %s", has, word) : word;
    return all && wk_http_set_header(http, "Vary", all, err);
}

static bool tag_request(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *id = wk_http_header(http, "X-Request-Id");

    return wk_http_set_header(http, "X-Request-Id", edge_is_request_id(id) ? id : wk_trace_id(call), err);
}

/* Who brings a credential is asked for it, whatever others of the same address (a carrier has thousands behind one) have tried. */
static int64_t penalty_of_address(struct wk_call *call, struct wk_http *http)
{
    if ((wk_http_route(http)->flags & WK_ROUTE_ALWAYS) || !wk_setting_bool(call, "penalties") || wk_http_header(http, "Authorization") ||
        wk_http_header(http, "X-API-Key"))
        return 0;
    return wk_penalty_left(call, http, WK_PENALTY_ADDRESS, NULL);
}

enum wk_verdict edge_before(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    enum wk_verdict verdict;
    int64_t left;

    if (!tag_request(call, http, err) || (verdict = cors_answer(call, http, err)) == WK_FAILED)
        return WK_FAILED;
    if (edge_is_free(wk_http_path(http)))
        return verdict;
    if ((left = penalty_of_address(call, http)) > 0)
        return rate_penalised(call, http, left, err);
    if (!rate_address(call, http, err))
        return WK_FAILED;
    return wk_http_status(http) ? WK_HANDLED : verdict;
}

void edge_after(struct wk_call *call, struct wk_http *http)
{
    if (*wk_setting_string(call, "cors_origins"))
        (void)edge_vary(call, http, "Origin", NULL); /* the route may have set its own */
    gzip_answer(call, http);
}
