/* gate - behind the gateway, for its tests: an identity provider that believes the header X-Who, "subject role tenant", the tenant's phase, and routes
 * of every kind that filters treat differently. Never shipped. */
#include <unistd.h>
#include <wakala/json.h>
#include <wakala/plugin.h>

WK_SQL(gate_add, "INSERT INTO gate_item (id, name) VALUES ($1, $2)");
WK_SQL(gate_list, "SELECT name FROM gate_item ORDER BY name LIMIT 100");

/* --- who asks --- */

static enum wk_verdict who_in(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *text = wk_http_header(http, "X-Who");
    char subject[40], role[20], tenant[40];
    struct wk_principal who = {.size = sizeof who, .subject = subject, .role = role, .permissions = "*", .credential = subject};

    if (!text)
        return WK_DECLINED;
    if (sscanf(text, "%39s %19s %39s", subject, role, tenant) != 3 || !wk_uuid_parse(tenant, &who.tenant)) {
        wk_fail(err, WK_SECURITY, "gate.forged", "X-Who that nobody here wrote");
        return WK_FAILED;
    }
    return wk_set_principal(call, &who, err) ? WK_DECLINED : WK_FAILED;
}
static enum wk_verdict tenant_in(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);

    (void)http;
    return !who->subject || wk_uuid_is_nil(&who->tenant) || wk_enter_tenant(call, &who->tenant, err) ? WK_DECLINED : WK_FAILED;
}

/* --- routes --- */

static bool say(struct wk_call *call, struct wk_http *http, int status, const char *text, struct wk_err *err)
{
    return text ? wk_http_reply(http, status, "text/plain", text, strlen(text), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "%s", wk_trace_id(call));
}
static bool ping(struct wk_call *call, struct wk_http *http, struct wk_err *err) { return say(call, http, 200, "pong\n", err); }

static int64_t number(struct wk_http *http, const char *name)
{
    const char *text = wk_http_query(http, name);

    return text ? strtoll(text, NULL, 10) : 0;
}

/* GET /v1/items: the names, and how often they were made (wakala_gate_loads). */
static bool list(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *kind = wk_http_query(http, "kind"), *language = wk_http_header(http, "Accept-Language");
    json_t *names = json_array();
    struct wk_rows *rows;

    wk_count(call, "loads", 1);
    if (!wk_db_read(call, &gate_list, WK_NO_ARGS, &rows, err)) {
        json_decref(names);
        return false;
    }
    for (size_t i = 0; i < wk_rows_count(rows); i++)
        (void)json_array_append_new(names, json_string(wk_rows_text(rows, i, 0)));
    if (kind && !strcmp(kind, "cookie"))
        (void)wk_http_set_header(http, "Set-Cookie", "a=b", NULL);
    if (kind && !strcmp(kind, "private"))
        (void)wk_http_set_header(http, "Cache-Control", "private", NULL);
    if (kind && !strcmp(kind, "error")) {
        json_decref(names);
        return wk_fail(err, WK_BUSINESS, "gate.missing", "asked for");
    }
    return wk_http_reply_json(call, http, kind && !strcmp(kind, "accepted") ? 202 : 200,
                              json_pack("{s:o, s:s, s:s}", "items", names, "language", language ? language : "", "subject", wk_principal(call)->subject), err);
}

/* POST /v1/items?ms=0&fail=0: adds the body's text after a while. */
static bool add(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid id = wk_new_id(call);
    struct wk_span body = wk_http_body(http);
    const char *name = wk_strndup(call, body.data, body.len);
    char text[WK_UUID_TEXT];

    if (!name || !wk_sleep(call, (uint32_t)number(http, "ms"), err) ||
        !wk_db_queue(call, &gate_add, WK_ARGS(wk_id(&id), wk_text(name)), 1, NULL, err))
        return false;
    if (number(http, "fail"))
        return wk_fail(err, WK_BUSINESS, "gate.missing", "asked for");
    return wk_http_set_header(http, "Location", wk_printf(call, "/v1/items/%s", wk_uuid_text(&id, text)), err) &&
           say(call, http, (int)(number(http, "status") ? number(http, "status") : 201), text, err);
}

static bool text(struct wk_call *call, struct wk_http *http, struct wk_err *err) /* GET /v1/text?size=1000&type=text/plain */
{
    size_t size = (size_t)number(http, "size");
    char *out = wk_alloc(call, size + 1);
    const char *type = wk_http_query(http, "type");

    for (size_t i = 0; out && i < size; i++)
        out[i] = "wakala "[i % 7];
    return out && wk_http_set_header(http, "ETag", "\"of-the-route\"", err) && wk_http_reply(http, 200, type ? type : "text/plain", out, size, err);
}

static struct {
    struct wk_service_head head;
} identity = {{.size = sizeof identity, .version = 1}};
static const struct wk_provide provides[] = {{"identity/1", &identity.head}, {0}};
static const struct wk_filter filters[] = {{.name = "who", .phase = WK_PHASE_IDENTITY, .before = who_in},
                                           {.name = "tenant", .phase = WK_PHASE_TENANT, .before = tenant_in}, {0}};
static const struct wk_route routes[] = {
    {WK_GET, "/v1/ping", WK_AUTHENTICATED, ping, 0, 0, 0}, {WK_GET, "/v1/open", WK_PUBLIC, ping, 0, 0, 0},
    {WK_GET, "/v1/always", WK_PUBLIC, ping, WK_ROUTE_ALWAYS, 0, 0}, {WK_GET, "/.well-known/gate", WK_PUBLIC, ping, WK_ROUTE_ALWAYS, 0, 0},
    {WK_GET, "/v1/items", WK_AUTHENTICATED, list, WK_ROUTE_CACHE, 0, 0}, {WK_POST, "/v1/items", WK_AUTHENTICATED, add, 0, 2000, 0},
    {WK_GET, "/v1/own", WK_AUTHENTICATED, list, WK_ROUTE_CACHE | WK_ROUTE_OWN, 0, 0}, {WK_GET, "/v1/text", WK_PUBLIC, text, 0, 0, 0},
    {WK_GET, "/v1/stock", WK_AUTHENTICATED, list, WK_ROUTE_CACHE, 0, 0}, {WK_GET, "/v1/few", WK_AUTHENTICATED, ping, 0, 0, 0}, {0}};
static const struct wk_route_tags route_tags[] = {{"/v1/stock", "items stock"}, {0}};

static const struct wk_error_type errors[] = {
    WK_ERROR_SECURITY("gate.forged", 401, "Somebody says who they are, and it is not true."),
    WK_ERROR_BUSINESS("gate.missing", 404, "It is not there.", "A test asked for it."),
    {0},
};
WK_PLUGIN("gate", "1.0.0", .errors = errors, .summary = "Routes behind the gateway", .provides = provides, .filters = filters, .routes = routes,
          .route_tags = route_tags);
