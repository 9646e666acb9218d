/* tenancy.c - a tenant's life for plugins: the host's statement, on the host's pool. */
#include <wakala/tenancy.h>
#include "call/call.h"
#include "tenant/life.h"
#include <stdlib.h>

bool wk_call_tenancy(struct wk_call *call, int what, const struct wk_uuid *tenant, const char *asked, const char **answer, struct wk_err *err)
{
    static const enum wk_life lives[] = {[WK_TENANCY_CREATE] = WK_LIFE_CREATE, [WK_TENANCY_CHANGE] = WK_LIFE_CHANGE, [WK_TENANCY_SUSPEND] = WK_LIFE_SUSPEND,
                                         [WK_TENANCY_RESUME] = WK_LIFE_RESUME, [WK_TENANCY_TRIAL_END] = WK_LIFE_TRIAL_END, [WK_TENANCY_DELETE] = WK_LIFE_DELETE,
                                         [WK_TENANCY_UNDELETE] = WK_LIFE_UNDELETE, [WK_TENANCY_GET] = WK_LIFE_GET, [WK_TENANCY_PAGE] = WK_LIFE_PAGE};
    const struct wk_principal *who = &call->principal;
    struct wk_life_ask ask = {.id = tenant, .asked = asked ? asked : "{}", .subject = who->subject, .role = who->role, .trace = call->trace.trace_id};
    const struct wk_tenant_ref *ref = tenant ? wk_directory_find(call->engine->directory, tenant) : NULL;
    char *text;

    if (what < WK_TENANCY_CREATE || what > WK_TENANCY_PAGE)
        return wk_fail(err, WK_SYSTEM, "tenant.no_such_verb", "wk_tenancy(%d): this host does not know it", what);
    ask.what = lives[what];
    ask.at = ref ? ref->server : 0;
    if (!wk_call_may_wait(call, "a tenant's life", err) || !wk_life_run(call->engine->server, call->engine->servers, &ask, call->until_us, &text, err))
        return false;
    call->trips++;
    *answer = wk_strdup(call, text);
    free(text);
    return *answer || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a tenant's life");
}
