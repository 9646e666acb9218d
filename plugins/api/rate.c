#include "rate.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <wakala/json.h>
#include "api.h"
#include "edge.h"

#define QUOTA_EXCEEDED "https://iana.org/assignments/http-problem-types#quota-exceeded"

/* --- what is declared --- */

static bool parse_one(char *word, struct rate *rate)
{
    char *equals = strrchr(word, '='), *end;
    double burst = 0;

    if (!equals || equals == word)
        return false;
    *equals = '\0';
    rate->of = word;
    rate->per_second = isdigit((unsigned char)equals[1]) ? strtod(equals + 1, &end) : (end = equals + 1, 0);
    if (*end == '/' && isdigit((unsigned char)end[1]))
        burst = strtod(end + 1, &end);
    rate->burst = burst >= 1 && burst <= 1e6 ? (uint32_t)burst : 0;
    return !*end && rate->per_second > 0 && rate->per_second <= 1e6 && burst <= 1e6;
}

bool rates_parse(const char *text, struct rates *rates, struct wk_span *bad)
{
    size_t room = strlen(text) / 2 + 1; /* a word has at least three letters and its blank */
    char *copy;

    *bad = (struct wk_span){0};
    rates->n = 0;
    rates->list = calloc(1, room * sizeof *rates->list + strlen(text) + 1);
    if (!rates->list)
        return false;
    copy = strcpy((char *)(rates->list + room), text);
    for (char *word = copy + strspn(copy, " "); *word;) {
        size_t n = strcspn(word, " "), at = (size_t)(word - copy);
        char *after = word + n + strspn(word + n, " ");

        word[n] = '\0';
        if (!parse_one(word, &rates->list[rates->n])) {
            *bad = (struct wk_span){text + at, n};
            rates_finish(rates);
            return false;
        }
        rates->n++;
        word = after;
    }
    return true;
}

void rates_finish(struct rates *rates)
{
    free(rates->list);
    *rates = (struct rates){0};
}

const struct rate *rates_find(const struct rates *rates, const char *of)
{
    for (size_t i = 0; i < rates->n; i++)
        if (!strcmp(rates->list[i].of, of))
            return &rates->list[i];
    return NULL;
}

uint32_t rate_burst(double per_second, uint32_t named, int64_t burst_ms)
{
    double burst = per_second * (double)burst_ms / 1000;

    return named ? named : burst < 1 ? 1 : (uint32_t)burst;
}

/* --- what is told --- */

static enum wk_verdict refuse(struct wk_call *call, struct wk_http *http, const struct wk_err *why, int64_t wait_us, const char *type, const char *policy,
                              struct wk_err *err)
{
    struct wk_told told = {.size = sizeof told};
    char seconds[24];
    const char *body;
    json_t *problem;
    size_t len;

    wk_error_told(call, why, NULL, &told);
    problem = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", type, "title", "Too Many Requests", "status", (int)told.status, "code", told.code, "detail",
                        told.text);
    if (problem && policy)
        (void)json_object_set_new(problem, "violated-policies", json_pack("[s]", policy));
    body = wk_json_text(call, problem, &len);
    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)((wait_us + 999999) / 1000000));
    if (!body) {
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "answer");
        return WK_FAILED;
    }
    return wk_http_set_header(http, "Retry-After", seconds, err) &&
                   wk_http_reply(http, (int)told.status, "application/problem+json", body, len, err)
               ? WK_HANDLED
               : WK_FAILED;
}

enum wk_verdict rate_penalised(struct wk_call *call, struct wk_http *http, int64_t left_ms, struct wk_err *err)
{
    struct wk_err why = {0};

    wk_fail(&why, WK_BUSINESS, "api.penalised", "too many refused requests");
    wk_count(call, "penalised", 1);
    return refuse(call, http, &why, left_ms * 1000, "about:blank", NULL, err);
}

bool rate_address(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    int64_t rate = wk_setting_int(call, "address_rate"), wait_us;
    char key[64], name[80];
    struct wk_err why = {0};

    if (!rate)
        return true;
    edge_address_key(wk_http_peer(http), key);
    (void)snprintf(name, sizeof name, "address:%s", key);
    if (wk_limit(call, name, (double)rate, rate_burst((double)rate, 0, 1000), 1, &wait_us))
        return true;
    wk_count(call, "limited_address", 1);
    wk_fail(&why, WK_BUSINESS, "api.rate_limited", "too many requests from one address");
    return refuse(call, http, &why, wait_us, QUOTA_EXCEEDED, "address", err) == WK_HANDLED;
}

/* --- a tenant's --- */

static struct rate policy_of(struct wk_call *call, struct wk_http *http, const char **name)
{
    const struct api *api = wk_state(call);
    const struct wk_route *route = wk_http_route(http);
    int64_t own = wk_setting_int(call, "tenant_rate");
    const struct rate *found = NULL;

    *name = "route";
    if (api->routes.n) {
        found = rates_find(&api->routes, wk_printf(call, "%s:%s", wk_http_method(http), route->path));
        found = found ? found : rates_find(&api->routes, route->path);
        if (found)
            return *found;
    }
    *name = "tenant";
    if (own)
        return (struct rate){.per_second = (double)own};
    found = rates_find(&api->tiers, wk_tenant(call)->tier);
    return found ? *found : (struct rate){.per_second = (double)wk_setting_int(call, "rate")};
}

static bool tell(struct wk_call *call, struct wk_http *http, const char *name, const struct wk_quota *q, const struct wk_quota_left *left, struct wk_err *err)
{
    /* A rate below one a second has a window in which it is a whole number. */
    int window = q->per_second >= 1 ? 1 : (int)ceil(1 / q->per_second);
    int64_t next_us = left->wait_us ? left->wait_us : left->full_us;
    char policy[64], now[64];

    (void)call;
    (void)snprintf(policy, sizeof policy, "\"%s\";q=%lld;w=%d", name, (long long)(q->per_second * window), window);
    (void)snprintf(now, sizeof now, "\"%s\";r=%u;t=%lld", name, left->left, (long long)((next_us + 999999) / 1000000));
    return wk_http_set_header(http, "RateLimit-Policy", policy, err) && wk_http_set_header(http, "RateLimit", now, err);
}

static enum wk_verdict limit_tenant(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *name;
    struct rate rate = policy_of(call, http, &name);
    struct wk_quota q = {.size = sizeof q, .per_second = rate.per_second, .share = (uint32_t)wk_setting_int(call, "host_share"),
                         .burst = rate_burst(rate.per_second, rate.burst, wk_setting_ms(call, "rate_burst"))};
    struct wk_quota_left left = {.size = sizeof left};
    struct wk_err why = {0};
    bool is_taken;

    q.name = rate.of ? wk_printf(call, "route:%s", rate.of) : "tenant";
    if (!q.name) {
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "rate");
        return WK_FAILED;
    }
    is_taken = wk_limit_cluster(call, &q, &left);
    if (left.was_cut_off)
        wk_count(call, "limited_without_redis", 1);
    if (!tell(call, http, name, &q, &left, err))
        return WK_FAILED;
    if (is_taken)
        return WK_DECLINED;
    wk_count(call, "limited", 1);
    wk_fail(&why, WK_BUSINESS, "api.rate_limited", "%s: %.3f requests a second", name, rate.per_second);
    return refuse(call, http, &why, left.wait_us, QUOTA_EXCEEDED, name, err);
}

enum wk_verdict rate_before(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    int64_t left_ms = 0;

    if (edge_is_free(wk_http_path(http)))
        return WK_DECLINED;
    if (!(wk_http_route(http)->flags & WK_ROUTE_ALWAYS) && wk_principal(call)->subject && wk_setting_bool(call, "penalties")) {
        left_ms = wk_penalty_left(call, http, WK_PENALTY_CREDENTIAL, NULL);
        if (!left_ms)
            left_ms = wk_penalty_left(call, http, WK_PENALTY_TENANT, NULL);
    }
    if (left_ms)
        return rate_penalised(call, http, left_ms, err);
    return wk_tenant(call) ? limit_tenant(call, http, err) : WK_DECLINED;
}
