/* rest.c - the routes. What a tenant may be told to be is checked where it is written (the host's statement), so that the command line knows the same. */
#include "rest.h"
#include <time.h>
#include <wakala/db.h>
#include <wakala/json.h>
#include <wakala/tenancy.h>
#include "quota.h"

enum { PAGE_DEFAULT = 20, PAGE_MAX = 100, GRACE_DEFAULT = 30, GRACE_MAX = 365, REASON_MAX = 200 };

/* Newest first: the ids begin with the time. */
WK_SQL(missed_page,
       "SELECT id, extract(epoch FROM at)::bigint, extract(epoch FROM said_at)::bigint, channel, address, user_key, name, text "
       "FROM tenants_missed WHERE tenant_id = wakala.tenant_id() AND id < $1::uuid ORDER BY id DESC LIMIT $2::bigint");

/* --- what is asked --- */

/* Permissions say who may; this says that they are nobody's tenant: a key of one tenant must not reach another, whatever is written into it. */
static bool is_platform(struct wk_call *call, struct wk_err *err)
{
    return wk_uuid_is_nil(&wk_principal(call)->tenant) ||
           wk_fail(err, WK_SECURITY, "tenants.not_platform", "a principal of a tenant asks for the platform's tenants");
}

static bool path_tenant(struct wk_call *call, struct wk_http *http, struct wk_uuid *id, struct wk_err *err)
{
    const char *text = wk_http_param(http, "tenant");

    return is_platform(call, err) && ((text && wk_uuid_parse(text, id)) || wk_fail(err, WK_BUSINESS, "tenant.unknown", "no such tenant"));
}

static bool query_number(struct wk_http *http, const char *name, int64_t fallback, int64_t max, int64_t *out, struct wk_err *err)
{
    const char *text = wk_http_query(http, name);
    size_t n = text ? strspn(text, "0123456789") : 0;

    *out = text ? strtoll(text, NULL, 10) : fallback;
    return !text || (n && n < 10 && !text[n] && *out >= 1 && *out <= max) ||
           wk_fail(err, WK_BUSINESS, "tenants.query", "%s: a whole number from 1 to %lld", name, (long long)max);
}

static bool query_after(struct wk_http *http, struct wk_uuid *after, bool *is_given, struct wk_err *err)
{
    const char *text = wk_http_query(http, "after");

    *is_given = text != NULL;
    return !text || wk_uuid_parse(text, after) || wk_fail(err, WK_BUSINESS, "tenants.query", "after: \"next\" of the page before");
}

/* A JSON object of the caller's, bounded; NULL: err says why. No body at all is an empty one where `may_be_empty`. */
static const json_t *body_of(struct wk_call *call, struct wk_http *http, bool may_be_empty, struct wk_err *err)
{
    struct wk_span body = wk_http_body(http);
    const json_t *object = !body.len && may_be_empty ? wk_json_parse(call, "{}", 2, err) : wk_json_parse(call, body.data ? body.data : "", body.len, err);

    if (object && !json_is_object(object)) {
        (void)wk_fail(err, WK_BUSINESS, "tenant.invalid", "the body: a JSON object");
        return NULL;
    }
    return object;
}

/* --- what is answered --- */

static bool answer(struct wk_call *call, struct wk_http *http, int status, const char *json, struct wk_err *err)
{
    (void)call;
    return wk_http_reply(http, status, "application/json", json, strlen(json), err);
}

static bool live(struct wk_call *call, struct wk_http *http, enum wk_tenancy what, const struct wk_uuid *id, const char *json, int status, struct wk_err *err)
{
    const char *text;

    return wk_tenancy(call, what, id, json, &text, err) && answer(call, http, status, text, err);
}

/* --- /v1/tenants --- */

bool rest_create(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const json_t *asked, *made, *tenant;
    const char *text, *id;
    bool is_open;

    if (!is_platform(call, err) || !(asked = body_of(call, http, false, err)))
        return false;
    if (!json_object_get(asked, "request_id"))
        return wk_fail(err, WK_BUSINESS, "tenant.invalid", "request_id: is missing: an id of your own, so that a repetition makes no second tenant");
    if (!wk_tenancy(call, WK_TENANCY_CREATE, NULL, wk_json_text(call, json_incref((json_t *)(uintptr_t)asked), NULL), &text, err) ||
        !(made = wk_json_parse(call, text, strlen(text), err)))
        return false;
    tenant = json_object_get(made, "tenant");
    id = wk_json_string(tenant, "id", "");
    is_open = !strcmp(wk_json_string(tenant, "state", ""), "provisioning"); /* its schema is made by the operator's command */
    text = wk_json_text(call, json_incref((json_t *)(uintptr_t)tenant), NULL);
    return (text || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a tenant")) &&
           wk_http_set_header(http, "Location", wk_printf(call, "/v1/tenants/%s", id), err) &&
           answer(call, http, is_open ? 202 : json_is_true(json_object_get(made, "is_new")) ? 201 : 200, text, err);
}

bool rest_list(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid after;
    char id[WK_UUID_TEXT];
    bool has_after;
    int64_t limit;
    const char *json;

    if (!is_platform(call, err) || !query_number(http, "limit", PAGE_DEFAULT, PAGE_MAX, &limit, err) || !query_after(http, &after, &has_after, err))
        return false;
    json = has_after ? wk_printf(call, "{\"after\":\"%s\",\"limit\":%lld}", wk_uuid_text(&after, id), (long long)limit)
                     : wk_printf(call, "{\"limit\":%lld}", (long long)limit);
    return (json || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a page")) && live(call, http, WK_TENANCY_PAGE, NULL, json, 200, err);
}

bool rest_get(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid id;

    return path_tenant(call, http, &id, err) && live(call, http, WK_TENANCY_GET, &id, NULL, 200, err);
}

bool rest_change(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const json_t *asked;
    struct wk_uuid id;
    const char *json;

    if (!path_tenant(call, http, &id, err) || !(asked = body_of(call, http, false, err)))
        return false;
    json = wk_json_text(call, json_incref((json_t *)(uintptr_t)asked), NULL);
    return (json || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a tenant")) && live(call, http, WK_TENANCY_CHANGE, &id, json, 200, err);
}

bool rest_delete(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid id;
    int64_t days;
    const char *json;

    if (!path_tenant(call, http, &id, err) || !query_number(http, "grace_days", GRACE_DEFAULT, GRACE_MAX, &days, err))
        return false;
    json = wk_printf(call, "{\"grace_s\":%lld}", (long long)days * 86400);
    return (json || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a tenant")) && live(call, http, WK_TENANCY_DELETE, &id, json, 202, err);
}

bool rest_suspend(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const json_t *asked, *reason;
    struct wk_uuid id;
    const char *name, *json;
    json_t *value;

    if (!path_tenant(call, http, &id, err) || !(asked = body_of(call, http, true, err)))
        return false;
    json_object_foreach((json_t *)(uintptr_t)asked, name, value)
        if (strcmp(name, "reason") != 0)
            return wk_fail(err, WK_BUSINESS, "tenant.invalid", "%.40s: there is no such member; allowed is reason", name);
    reason = json_object_get(asked, "reason");
    if (reason && (!json_is_string(reason) || json_string_length(reason) > REASON_MAX))
        return wk_fail(err, WK_BUSINESS, "tenant.invalid", "reason: a text of at most %d bytes", REASON_MAX);
    json = wk_json_text(call, json_incref((json_t *)(uintptr_t)asked), NULL);
    return (json || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a reason")) && live(call, http, WK_TENANCY_SUSPEND, &id, json, 200, err);
}

bool rest_resume(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid id;

    return path_tenant(call, http, &id, err) && live(call, http, WK_TENANCY_RESUME, &id, NULL, 200, err);
}

bool rest_undelete(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid id;

    return path_tenant(call, http, &id, err) && live(call, http, WK_TENANCY_UNDELETE, &id, NULL, 200, err);
}

/* --- /v1/tenant --- */

static const struct wk_tenant *own_tenant(struct wk_call *call, struct wk_err *err)
{
    const struct wk_tenant *tenant = wk_tenant(call);

    if (!tenant)
        (void)wk_fail(err, WK_BUSINESS, "tenant.unknown", "who asks has no tenant: the header Wakala-Tenant names one");
    return tenant;
}

bool rest_own(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    static const char *const names[] = {WK_QUOTA_PRODUCTS, WK_QUOTA_ORDERS, WK_QUOTA_USERS}, *const members[] = {"maxProducts", "maxOrders", "maxUsers"};
    const struct wk_tenant *tenant = own_tenant(call, err);
    json_t *own, *usage;
    const char *text;

    if (!tenant || !wk_tenancy(call, WK_TENANCY_GET, &tenant->id, NULL, &text, err) || !(own = wk_json_parse(call, text, strlen(text), err)))
        return false;
    usage = json_object();
    (void)json_object_set_new(own, "usage", usage);
    for (size_t i = 0; i < WK_COUNT(names); i++) {
        int64_t used, limit;

        if (!quota_used(call, names[i], &used, &limit, err))
            return false;
        (void)json_object_set_new(usage, members[i], json_pack("{s:I, s:I}", "used", (json_int_t)used, "limit", (json_int_t)limit));
    }
    return wk_http_reply_json(call, http, 200, json_incref(own), err);
}

/* Bytes that are no UTF-8 cannot be there: they came through JSON. */
static json_t *missed_row(const struct wk_rows *rows, size_t r)
{
    char at[32], said[32];
    time_t when[] = {(time_t)wk_rows_int(rows, r, 1), (time_t)wk_rows_int(rows, r, 2)};
    struct tm tm;

    (void)strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when[0], &tm));
    (void)strftime(said, sizeof said, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when[1], &tm));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", wk_rows_text(rows, r, 0), "at", at, "said_at", said, "channel", wk_rows_text(rows, r, 3),
                     "address", wk_rows_text(rows, r, 4), "user_key", wk_rows_text(rows, r, 5), "name", wk_rows_text(rows, r, 6), "text",
                     wk_rows_text(rows, r, 7));
}

bool rest_missed(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid after;
    struct wk_rows *rows;
    bool has_after;
    int64_t limit;
    json_t *items;
    size_t n;

    if (!own_tenant(call, err) || !query_number(http, "limit", PAGE_DEFAULT, PAGE_MAX, &limit, err) || !query_after(http, &after, &has_after, err))
        return false;
    if (!has_after)
        memset(&after, 0xff, sizeof after);
    if (!wk_db_read(call, &missed_page, WK_ARGS(wk_id(&after), wk_int(limit + 1)), &rows, err))
        return false;
    n = wk_rows_count(rows);
    items = json_array();
    for (size_t i = 0; i < n && i < (size_t)limit; i++)
        (void)json_array_append_new(items, missed_row(rows, i));
    return wk_http_reply_json(call, http, 200,
                              json_pack("{s:o, s:o}", "items", items, "next",
                                        n > (size_t)limit ? json_string(wk_rows_text(rows, (size_t)limit - 1, 0)) : json_null()), err);
}
