/* who.h - from a credential to a principal: the filters of IDENTITY and TENANT, and identity/1's verify. */
#ifndef AUTH_WHO_H
#define AUTH_WHO_H
#include "state.h"

/* Whose access token, API key or admin key this is; the call enters its tenant. Suspends. */
bool who_is(struct wk_call *call, struct auth *a, const char *credential, struct wk_principal *who, struct wk_err *err);
bool who_verify(struct wk_call *call, const char *token, struct wk_principal *who, struct wk_err *err);

enum wk_verdict who_identity(struct wk_call *call, struct wk_http *http, struct wk_err *err);
enum wk_verdict who_tenant(struct wk_call *call, struct wk_http *http, struct wk_err *err);
void who_after(struct wk_call *call, struct wk_http *http); /* WWW-Authenticate beside a 401 */

/* Routes that work in a tenant: auth.tenant_needed (BUSINESS) for somebody of the platform who named none. */
bool who_has_tenant(struct wk_call *call, struct wk_err *err);
#endif
