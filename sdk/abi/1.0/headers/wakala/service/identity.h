/* service/identity.h - identity/1: who is behind a credential, outside the filter chain: a token in a query of a stream, a user's name for a page.
 * Requests need none of it: their principal is in wk_principal(). docs/design/auth.md */
#ifndef WAKALA_SERVICE_IDENTITY_H
#define WAKALA_SERVICE_IDENTITY_H
#include <wakala/call.h>
#include <wakala/service.h>

#define WK_IDENTITY "identity/1"
struct wk_user { /* set size before; text lives until the call ends */
    uint32_t size;
    uint32_t reserved;
    struct wk_uuid id;
    const char *name;   /* "" when nobody gave one */
    const char *role;   /* owner staff vendor driver agent */
    const char *status; /* active | suspended */
    const char *phone;  /* masked: "*******0101"; NULL: none */
};
struct wk_identity {
    struct wk_service_head head;
    bool (*verify)(struct wk_call *call, const char *token, struct wk_principal *who, struct wk_err *err);
    bool (*user)(struct wk_call *call, const struct wk_uuid *id, struct wk_user *user, struct wk_err *err);
};

/* Check an access token or API key, as "Authorization: Bearer" would be, and say whose it is; the call gets no principal by it. who->size set by the
 * caller. The call enters the credential's tenant; tenant.foreign (SECURITY) when it has another. Errors: auth.* (SECURITY: forged; BUSINESS: expired,
 * ended). May suspend; not inside a transaction. */
static inline bool wk_identity_verify(struct wk_call *call, const char *token, struct wk_principal *who, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_identity, WK_IDENTITY, NULL, verify, false, bool, call, err, call, token, who, err);
}
/* A user of the call's tenant. auth.user_unknown (BUSINESS, 404): nobody, or somebody of another tenant. May suspend. */
static inline bool wk_identity_user(struct wk_call *call, const struct wk_uuid *id, struct wk_user *user, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_identity, WK_IDENTITY, NULL, user, false, bool, call, err, call, id, user, err);
}
#endif
