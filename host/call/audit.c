/* audit.c - who changed what: a row of the same transaction as the change. */
#include "call/call.h"

enum { DETAIL_MAX = 8192 };

WK_SQL(host_audit, "INSERT INTO wakala.audit (tenant_id, subject, role, action, object, detail, trace) "
                   "VALUES ((SELECT wakala.tenant_id()), $1, $2, $3, $4, $5::jsonb, $6)");

bool wk_call_audit(struct wk_call *call, const char *action, const char *object, const char *detail_json, struct wk_err *err)
{
    const struct wk_principal *who = &call->principal;

    if (detail_json && strlen(detail_json) > DETAIL_MAX)
        return wk_fail(err, WK_SYSTEM, "audit.too_large", "detail of %s has %zu bytes, allowed are %d", action, strlen(detail_json), DETAIL_MAX);
    return wk_call_queue_host(call, &host_audit,
                              WK_ARGS(wk_text(who->subject ? who->subject : "-"), wk_text(who->role ? who->role : "-"), wk_text(action), wk_text(object),
                                      wk_text(detail_json), wk_text(call->trace.trace_id)), err);
}
