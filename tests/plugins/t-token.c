/* t-token - an identity provider for tests of the REST interface: "Authorization: Bearer ROLE.SUBJECT@TENANT" (a UUID) is believed, and the call works
 * in that tenant. Staff may all; a driver may only read; anybody else with a token may nothing. The headers that sign-in looks at are looked at. */
#include <wakala/plugin.h>

static bool refuse(struct wk_err *err) { return wk_fail(err, WK_SECURITY, "t-token.forged", "a token that nobody here made"); }

static bool take(struct wk_call *call, const char *token, struct wk_err *err)
{
    const char *dot = strchr(token, '.'), *at = dot ? strchr(dot, '@') : NULL;
    struct wk_principal who = {.size = sizeof who, .permissions = ""};

    if (!at || !wk_uuid_parse(at + 1, &who.tenant))
        return refuse(err);
    who.role = wk_strndup(call, token, (size_t)(dot - token));
    who.subject = wk_strndup(call, dot + 1, (size_t)(at - dot - 1));
    if (!who.role || !who.subject)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a principal");
    if (!strcmp(who.role, "staff"))
        who.permissions = "*";
    else if (!strcmp(who.role, "driver"))
        who.permissions = "jars.read";
    return wk_set_principal(call, &who, err);
}

static enum wk_verdict who_asks(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *text = wk_http_header(http, "Authorization");

    if (!text)
        return WK_DECLINED;
    if (strncmp(text, "Bearer ", 7) != 0)
        return refuse(err) ? WK_HANDLED : WK_FAILED;
    return take(call, text + 7, err) ? WK_DECLINED : WK_FAILED;
}
static enum wk_verdict whose(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);
    const char *named = wk_http_header(http, "Wakala-Tenant"), *key = wk_http_header(http, "Idempotency-Key");
    struct wk_uuid id;

    if (who->subject && named && !wk_uuid_parse(named, &id))
        return wk_fail(err, WK_BUSINESS, "t-token.header", "Wakala-Tenant: a UUID") ? WK_HANDLED : WK_FAILED;
    if (who->subject && named && !wk_uuid_equal(&id, &who->tenant))
        return wk_fail(err, WK_SECURITY, "t-token.foreign", "another tenant") ? WK_HANDLED : WK_FAILED;
    if (who->subject && key && (!*key || strlen(key) > 255))
        return wk_fail(err, WK_BUSINESS, "t-token.header", "Idempotency-Key: 1 to 255 characters") ? WK_HANDLED : WK_FAILED;
    for (; who->subject && key && *key; key++)
        if (*key < '!' || *key > '~')
            return wk_fail(err, WK_BUSINESS, "t-token.header", "Idempotency-Key: visible characters") ? WK_HANDLED : WK_FAILED;
    return !who->subject || wk_enter_tenant(call, &who->tenant, err) ? WK_DECLINED : WK_FAILED;
}

static struct {
    struct wk_service_head head;
} identity = {{.size = sizeof identity, .version = 1}};
static const struct wk_provide provides[] = {{"identity/1", &identity.head}, {0}};
static const struct wk_filter filters[] = {{.name = "token", .phase = WK_PHASE_IDENTITY, .before = who_asks},
                                           {.name = "tenant", .phase = WK_PHASE_TENANT, .before = whose}, {0}};
static const struct wk_error_type errors[] = {
    WK_ERROR_SECURITY("t-token.forged", 401, "Somebody says who they are, and it is not true."),
    WK_ERROR_SECURITY("t-token.foreign", 404, "A principal of one tenant names another."),
    WK_ERROR_REFUSAL("t-token.header", 400, "That header is not valid.", "The message says what is allowed."),
    {0},
};
WK_PLUGIN("t-token", "1.0.0", .errors = errors, .summary = "Believes a token", .provides = provides, .filters = filters);
