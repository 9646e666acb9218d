#include "pages.h"

#include <errno.h>
#include "body.h"
#include "roles.h"
#include "who.h"

/* The host's table, written by wk_audit(); row-level security shows the tenant's own rows. */
WK_SQL(audit_list, "SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), subject, role, action, object, detail, trace FROM wakala.audit "
                   "WHERE tenant_id = (SELECT wakala.tenant_id()) AND id < $1 ORDER BY id DESC LIMIT $2");

bool page_jwks(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct auth *a = wk_state(call);

    return wk_http_set_header(http, "Cache-Control", "public, max-age=300", err) && wk_http_reply_json(call, http, 200, auth_ring_public(&a->own), err);
}

static json_t *words(const char *list)
{
    json_t *out = json_array();

    for (const char *p = list; p && *p; p += strcspn(p, " "), p += strspn(p, " "))
        (void)json_array_append_new(out, json_stringn(p, strcspn(p, " ")));
    return out;
}

bool page_roles(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    json_t *roles = json_object(), *all = json_array();

    for (size_t i = 0; role_name(i); i++)
        (void)json_object_set_new(roles, role_name(i), words(role_permissions(role_name(i))));
    for (size_t i = 0; role_permission(i); i++)
        (void)json_array_append_new(all, json_string(role_permission(i)));
    return wk_http_reply_json(call, http, 200, json_pack("{s:o, s:o}", "roles", roles, "permissions", all), err);
}

bool page_me(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);
    char tenant[WK_UUID_TEXT];

    return wk_http_set_header(http, "Cache-Control", "no-store", err) &&
           wk_http_reply_json(call, http, 200,
                              json_pack("{s:s, s:s, s:s?, s:o}", "subject", who->subject, "role", who->role, "tenant",
                                        wk_uuid_is_nil(&who->tenant) ? NULL : wk_uuid_text(&who->tenant, tenant), "permissions", words(who->permissions)), err);
}

static json_t *audit_row(struct wk_call *call, const struct wk_rows *rows, size_t i)
{
    struct wk_span text = wk_rows_span(rows, i, 6);
    json_t *detail = text.data ? wk_json_parse(call, text.data, text.len, NULL) : NULL;

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O?, s:s}", "id", wk_rows_text(rows, i, 0), "at", wk_rows_text(rows, i, 1), "subject", wk_rows_text(rows, i, 2),
                     "role", wk_rows_text(rows, i, 3), "action", wk_rows_text(rows, i, 4), "object", wk_rows_text(rows, i, 5), "detail", detail, "trace",
                     wk_rows_text(rows, i, 7));
}

bool page_audit(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *after = wk_http_query(http, "after");
    int64_t limit, before = INT64_MAX;
    struct wk_rows *rows;
    char *end = NULL;

    if (!who_has_tenant(call, err) || !page_limit(http, &limit, err))
        return false;
    errno = 0;
    if (after)
        before = strtoll(after, &end, 10);
    if (after && (errno || end == after || *end || before < 1))
        return wk_fail(err, WK_BUSINESS, "auth.parameter", "after: what \"next\" of the page before said");
    if (!wk_db_read(call, &audit_list, WK_ARGS(wk_int(before), wk_int(limit + 1)), &rows, err))
        return false;
    return page_reply(call, http, rows, limit, audit_row, err);
}
