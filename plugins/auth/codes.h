/* codes.h - what sign-in and access fail with.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef AUTH_CODES_H
#define AUTH_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_SECURITY("auth.api_key", 401, "An API key is none, or deleted: whoever uses it needs a new one. Many at once: somebody guesses."),
    WK_ERROR_REFUSAL("auth.body", 422, "Something in your request is not right.", "The message says which member, and what is allowed."),
    WK_ERROR_BUSINESS("auth.code", 401, "That code is wrong or no longer valid. Please ask for a new one.",
                      "A code is good for setting code_ttl, once, and for five tries; an account that is not there is answered the same."),
    WK_ERROR_SYSTEM("auth.code_hash", "A stored one-time code cannot be read, or a number in an event is none: a bug, please report it."),
    WK_ERROR_SYSTEM("auth.config", "A setting of auth cannot be used: the message says which and why. wakala check tells before a reload does."),
    WK_ERROR_SECURITY("auth.credential", 401, "A bearer credential is no token, no API key and not admin_key: a wrong client, or somebody guesses."),
    WK_ERROR_TRANSIENT("auth.jwks", "jwks_url did not answer with keys: the old ones serve on, it is asked again after 30 s."),
    WK_ERROR_BUSINESS("auth.key_ended", 401, "This API key has expired.", "Make a new one: POST /v1/keys."),
    WK_ERROR_BUSINESS("auth.key_unknown", 404, "There is no such key.", "The key is not one of this tenant, or is deleted already."),
    WK_ERROR_BUSINESS("auth.last_owner", 409, "This is the only owner. Please make somebody else an owner first.",
                      "A tenant keeps at least one active owner; the platform can make another."),
    WK_ERROR_SYSTEM("auth.no_address", "A tenant has no WhatsApp number, so nobody of it can get a code: wakala tenant address add."),
    WK_ERROR_BUSINESS("auth.no_session", 409, "There is no session to end.", "API keys and tokens of other issuers are ended where they were made."),
    WK_ERROR_REFUSAL("auth.parameter", 400, "Something in your request is not right.", "The message says which parameter or header, and what is allowed."),
    WK_ERROR_BUSINESS("auth.phone_taken", 409, "This number has an account already.", "A number signs in one user of a tenant: change or delete that one."),
    WK_ERROR_SECURITY("auth.refresh_reused", 401, "A refresh token came twice, so two have it: its session is ended, the person signs in anew. Ask them whether they know why."),
    WK_ERROR_SECURITY("auth.refresh_unknown", 401, "A refresh token that nobody was given, or of a session long gone: the person signs in anew."),
    WK_ERROR_BUSINESS("auth.scheme", 401, "Please send your credentials in another way.",
                      "Either Authorization: Bearer with an access token or an API key, or X-API-Key with an API key."),
    WK_ERROR_BUSINESS("auth.role", 403, "You cannot do that to somebody with this role.",
                      "Nobody makes, changes or removes a user who may more than they; owners of platform_tenant only by the platform's own."),
    WK_ERROR_REFUSAL("auth.scope", 422, "A key cannot have that permission.", "A key may have permissions of its maker that their role has in a tenant: GET /v1/roles."),
    WK_ERROR_BUSINESS("auth.session_ended", 401, "Your session has ended. Please sign in again.",
                      "Signed out, suspended, deleted, or too long unused: sign in with a new code."),
    WK_ERROR_SYSTEM("auth.signing", "Tokens cannot be signed: set signing_keys in the conf of auth."),
    WK_ERROR_REFUSAL("auth.tenant_needed", 400, "Please say which shop you mean.", "The platform's own name one by the header Wakala-Tenant, a UUID."),
    WK_ERROR_SECURITY("auth.token_algorithm", 401, "A token's alg is none of ours, or not that of its key: somebody tries, or an issuer is set up wrongly."),
    WK_ERROR_SECURITY("auth.token_claims", 401,
                      "A token that was signed rightly is not for us, or lacks what it needs (iss, aud, exp, sub, tid, role): see docs/design/auth.md."),
    WK_ERROR_BUSINESS("auth.token_early", 401, "Your sign-in is not valid yet.", "nbf lies more than 60 s ahead: the issuer's clock is wrong."),
    WK_ERROR_BUSINESS("auth.token_expired", 401, "Your sign-in has expired.", "Ask for a new access token with the refresh token."),
    WK_ERROR_BUSINESS("auth.token_key", 401, "Your sign-in is not known here. Please sign in again.",
                      "No key has the token's kid: an old one was taken away too early, a new one is not in the file or behind jwks_url, or somebody tries."),
    WK_ERROR_SECURITY("auth.token_malformed", 401, "A token that is no JWT of ours in shape: a wrong client, or somebody tries."),
    WK_ERROR_SECURITY("auth.token_signature", 401, "A token that its key did not sign: somebody tries."),
    WK_ERROR_BUSINESS("auth.too_many", 429, "Too many tries. Please wait a moment.", "Limits of signing in: settings address_tries and codes_per_hour."),
    WK_ERROR_BUSINESS("auth.user_unknown", 404, "There is no such user.", "The user is not one of this tenant, or is deleted."),
    {0},
};
#endif
