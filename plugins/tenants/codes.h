/* codes.h - what tenants fail with.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef TENANTS_CODES_H
#define TENANTS_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_BUSINESS("tenant.suspended", 403, "This shop is closed for now.",
                      "The tenant is suspended: wakala tenant show says why, wakala tenant resume ends it. Routes with WK_ROUTE_ALWAYS are served all the same."),
    WK_ERROR_SECURITY("tenants.not_platform", 404, "A principal of one tenant asked for the platform's tenants: who gave it that permission? The log says who."),
    WK_ERROR_REFUSAL("tenants.query", 422, "The address of this request is not valid.", "The message says which parameter and what is allowed."),
    WK_ERROR_SYSTEM("tenants.quota", "A plugin counts a quota that is not there, or in a call without a tenant: service/quota.h has the names."),
    {0},
};
#endif
