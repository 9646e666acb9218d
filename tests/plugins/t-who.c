/* t-who - an identity provider for the system tests: believes the header X-Who, "subject permission permission ..." (with "@tenant" for somebody of one
 * tenant; "forged" for a token that is not genuine). A filter in every phase writes into the header X-Trail where the request has been. */
#include <stdio.h>
#include <wakala/plugin.h>

static char trail[256]; /* of one request: filters and routes here do not suspend */

static bool step(struct wk_http *http, const char *name, bool is_first)
{
    size_t n = is_first ? 0 : strlen(trail);

    (void)snprintf(trail + n, sizeof trail - n, "%s%s", n ? " " : "", name);
    return wk_http_set_header(http, "X-Trail", trail, NULL);
}
#define STEP(name, is_first)                                                                                                   \
    static enum wk_verdict name##_in(struct wk_call *call, struct wk_http *http, struct wk_err *err)                           \
    {                                                                                                                          \
        (void)call;                                                                                                            \
        return step(http, #name, is_first) ? WK_DECLINED : wk_fail(err, WK_SYSTEM, "t-who.trail", #name) ? WK_HANDLED : WK_FAILED; \
    }                                                                                                                          \
    static void name##_out(struct wk_call *call, struct wk_http *http)                                                         \
    {                                                                                                                          \
        (void)call;                                                                                                            \
        (void)step(http, "-" #name, false);                                                                                    \
    }
STEP(early, true)
STEP(late, false)
STEP(policy, false)
STEP(cache, false)

static enum wk_verdict who_in(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *text = wk_http_header(http, "X-Who"), *space = text ? strchr(text, ' ') : NULL, *at;
    struct wk_principal who = {.size = sizeof who, .role = "staff", .permissions = space ? space + 1 : ""};

    (void)step(http, "who", false);
    if (!text)
        return WK_DECLINED;
    if (!strcmp(text, "forged"))
        return wk_fail(err, WK_SECURITY, "t-who.forged", "a token that nobody here signed") ? WK_HANDLED : WK_FAILED;
    who.subject = wk_strndup(call, text, space ? (size_t)(space - text) : strlen(text));
    at = who.subject ? strchr(who.subject, '@') : NULL;
    if (at && !wk_uuid_parse(at + 1, &who.tenant))
        return wk_fail(err, WK_BUSINESS, "t-who.tenant", "X-Who: a UUID after the @") ? WK_HANDLED : WK_FAILED;
    return wk_set_principal(call, &who, err) ? WK_DECLINED : WK_FAILED;
}
static void who_out(struct wk_call *call, struct wk_http *http)
{
    (void)call;
    (void)step(http, "-who", false);
}

/* As auth does it: the call enters its principal's tenant. */
static enum wk_verdict tenant_in(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);

    (void)step(http, "tenant", false);
    return !who->subject || wk_uuid_is_nil(&who->tenant) || wk_enter_tenant(call, &who->tenant, err) ? WK_DECLINED : WK_FAILED;
}
static void tenant_out(struct wk_call *call, struct wk_http *http)
{
    (void)call;
    (void)step(http, "-tenant", false);
}

static bool answer(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);
    const char *text = wk_printf(call, "%s|%s", who->subject ? who->subject : "", who->permissions ? who->permissions : "");

    (void)step(http, "route", false);
    return text && wk_http_reply(http, 200, "text/plain", text, strlen(text), err);
}
static bool enter(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *text = wk_http_param(http, "tenant");
    struct wk_uuid id;

    return ((text && wk_uuid_parse(text, &id)) || wk_fail(err, WK_BUSINESS, "t-who.tenant", "tenant: a UUID")) && wk_enter_tenant(call, &id, err) &&
           answer(call, http, err);
}
static bool pretend(struct wk_call *call, struct wk_http *http, struct wk_err *err) /* too late: the phase is over */
{
    return wk_set_principal(call, &(struct wk_principal){.size = sizeof(struct wk_principal), .subject = "root", .permissions = "*"}, err) &&
           answer(call, http, err);
}

/* "address|came over ?networks" */
static bool hop(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *networks = wk_http_query(http, "networks");
    const char *text = wk_printf(call, "%s|%s", wk_http_peer(http), wk_http_came_over(http, networks ? networks : "") ? "yes" : "no");

    return text && wk_http_reply(http, 200, "text/plain", text, strlen(text), err);
}

static struct {
    struct wk_service_head head;
} identity = {{.size = sizeof identity, .version = 1}};
static const struct wk_provide provides[] = {{"identity/1", &identity.head}, {0}};
static const struct wk_filter filters[] = { /* not in the order in which they run */
    {"cache", WK_PHASE_CACHE, 0, 0, cache_in, cache_out, NULL},   {"policy", WK_PHASE_POLICY, 0, 0, policy_in, policy_out, NULL},
    {"tenant", WK_PHASE_TENANT, 0, 0, tenant_in, tenant_out, NULL}, {"late", WK_PHASE_EDGE, 10, 0, late_in, late_out, NULL},
    {"who", WK_PHASE_IDENTITY, 0, 0, who_in, who_out, NULL},      {"early", WK_PHASE_EDGE, -10, 0, early_in, early_out, NULL}, {0}};
static const struct wk_route routes[] = {
    {WK_GET, "/who/public", WK_PUBLIC, answer, 0, 0, 0}, {WK_GET, "/who/any", WK_AUTHENTICATED, answer, 0, 0, 0},
    {WK_GET, "/who/safe", WK_PERM("safe.open"), answer, 0, 0, 0}, {WK_GET, "/who/of/{tenant}", WK_AUTHENTICATED, enter, 0, 0, 0},
    {WK_GET, "/who/always", WK_AUTHENTICATED, answer, WK_ROUTE_ALWAYS, 0, 0}, {WK_GET, "/who/pretend", WK_PUBLIC, pretend, 0, 0, 0},
    {WK_GET, "/who/hop", WK_PUBLIC, hop, 0, 0, 0},
    /* what an export makes of routes: open and not, with parameters, kept, with a limit of its own */
    {WK_POST, "/v1/who/open/{what}/now", WK_PUBLIC, answer, 0, 0, 0}, {WK_GET, "/v1/who/kept.json", WK_AUTHENTICATED, answer, WK_ROUTE_CACHE, 0, 0},
    {WK_ANY, "/v1/who/large/{rest*}", WK_PERM("safe.open"), answer, 0, 0, 5 << 20}, {0}};

static const struct wk_error_type errors[] = {
    WK_ERROR_SECURITY("t-who.forged", 401, "Somebody says who they are, and it is not true."),
    WK_ERROR_REFUSAL("t-who.tenant", 400, "That is no tenant.", "The message says what is wanted."),
    WK_ERROR_SYSTEM("t-who.trail", "A header more than the answer holds."),
    {0},
};
WK_PLUGIN("t-who", "1.0.0", .errors = errors, .summary = "Believes a header", .provides = provides, .filters = filters, .routes = routes);
