/* tenancy.h - making, changing and ending tenants: for the plugin that is their life cycle. The rows are the host's; docs/design/tenants.md. */
#ifndef WAKALA_TENANCY_H
#define WAKALA_TENANCY_H
#include <wakala/call.h>

enum wk_tenancy { /* what is done, with what `json` holds */
    WK_TENANCY_CREATE = 1, /* a tenant as in POST /v1/tenants, tenant NULL; answers {"is_new", "tenant"}. Repeated with its request_id: the same one */
    WK_TENANCY_CHANGE,     /* members of a tenant: those that are there change */
    WK_TENANCY_SUSPEND,    /* {"reason"} */
    WK_TENANCY_RESUME,
    WK_TENANCY_TRIAL_END,  /* suspends a tenant whose trial is over; any other stays as it is */
    WK_TENANCY_DELETE,     /* {"grace_s"}: suspended now, its data removed then */
    WK_TENANCY_UNDELETE,
    WK_TENANCY_GET,
    WK_TENANCY_PAGE,       /* {"after": id or null, "limit"}, tenant NULL; answers {"items", "next"} */
};
/* Done at once and for good, whatever becomes of the call, with its events and its row of the audit (by the call's principal). *answer: the tenant as JSON,
 * or as said above, in the call's memory. json NULL: {}. tenant.invalid, tenant.name_taken, tenant.number_taken, tenant.request_used, tenant.deleting,
 * tenant.unknown (BUSINESS), db.*; call.wait_in_tx (SYSTEM) in a transaction. Suspends. Who may do it, the caller has checked. */
static inline bool wk_tenancy(struct wk_call *call, enum wk_tenancy what, const struct wk_uuid *tenant, const char *json, const char **answer,
                              struct wk_err *err)
{
    return wk_host->tenancy(call, (int)what, tenant, json, answer, err);
}
#endif
