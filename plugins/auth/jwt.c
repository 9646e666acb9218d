#include "jwt.h"

#include <jose/b64.h>
#include <jose/jws.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BRACKETS_MAX = 64, SIGNATURE_MAX = 1024 };

static bool malformed(struct wk_err *err, const char *what) { return wk_fail(err, WK_SECURITY, "auth.token_malformed", "a token that %s", what); }

/* --- shape --- */

/* One spelling only: what decodes to the same bytes by another text (bits behind the last byte, blanks, "=") is refused. */
static size_t decode(struct wk_span part, uint8_t *out, size_t size)
{
    char again[JWT_MAX + 4];
    size_t n = jose_b64_dec_buf(part.data, part.len, NULL, 0);

    if (!part.len || part.len > JWT_MAX || n == SIZE_MAX || !n || n > size || jose_b64_dec_buf(part.data, part.len, out, size) != n)
        return 0;
    return jose_b64_enc_buf(out, n, again, sizeof again) == part.len && !memcmp(again, part.data, part.len) ? n : 0;
}

/* jansson's own bound of nesting is beyond a fiber's stack, and no token needs so many brackets. */
static json_t *object(const uint8_t *text, size_t len)
{
    size_t brackets = 0;
    json_t *json;

    for (size_t i = 0; i < len; i++)
        brackets += text[i] == '[' || text[i] == '{';
    json = brackets <= BRACKETS_MAX ? json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

static bool three_parts(const char *token, size_t len, struct auth_jwt *jwt)
{
    const char *first = memchr(token, '.', len), *second, *end = token + len;

    if (!first)
        return false;
    second = memchr(first + 1, '.', (size_t)(end - first - 1));
    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return false;
    jwt->signed_text = (struct wk_span){token, (size_t)(second - token)};
    jwt->protected = (struct wk_span){token, (size_t)(first - token)};
    jwt->payload = (struct wk_span){first + 1, (size_t)(second - first - 1)};
    jwt->signature = (struct wk_span){second + 1, (size_t)(end - second - 1)};
    return true;
}

/* Members that change what is signed or how it is read. jku, x5u, x5c and jwk are not looked at: keys come from our rings alone. */
static bool header_is_plain(const json_t *header)
{
    static const char *const refused[] = {"crit", "b64", "cty", "enc", "zip"};

    for (size_t i = 0; i < WK_COUNT(refused); i++)
        if (json_object_get(header, refused[i]))
            return false;
    return true;
}

void auth_jwt_finish(struct auth_jwt *jwt)
{
    json_decref(jwt->header);
    json_decref(jwt->claims);
    jwt->header = jwt->claims = NULL;
}

bool auth_jwt_open(const char *token, size_t len, struct auth_jwt *jwt, struct wk_err *err)
{
    uint8_t raw[JWT_MAX];
    size_t n;

    *jwt = (struct auth_jwt){0};
    if (len > JWT_MAX)
        return malformed(err, "has more than 8,192 bytes");
    if (!three_parts(token, len, jwt))
        return malformed(err, "has not three parts");
    n = decode(jwt->protected, raw, sizeof raw);
    jwt->header = n ? object(raw, n) : NULL;
    n = decode(jwt->payload, raw, sizeof raw);
    jwt->claims = n ? object(raw, n) : NULL;
    if (!jwt->header || !jwt->claims || !decode(jwt->signature, raw, sizeof raw)) {
        auth_jwt_finish(jwt);
        return malformed(err, "is not base64url of two JSON objects and a signature");
    }
    if (!header_is_plain(jwt->header)) {
        auth_jwt_finish(jwt);
        return malformed(err, "has a crit, b64, cty, enc or zip in its header");
    }
    return true;
}

/* --- key and signature --- */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text ? text : "";
}

static bool verify_edward(const struct auth_key *key, const struct auth_jwt *jwt)
{
    uint8_t signature[SIGNATURE_MAX];
    size_t n = decode(jwt->signature, signature, sizeof signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && n == 64 && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->edward) == 1 &&
              EVP_DigestVerify(ctx, signature, n, (const uint8_t *)jwt->signed_text.data, jwt->signed_text.len) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

static bool verify(const struct auth_key *key, const struct auth_jwt *jwt)
{
    json_t *jws;
    bool ok;

    if (key->alg == AUTH_EDDSA)
        return verify_edward(key, jwt);
    jws = json_pack("{s:s%, s:s%, s:s%}", "protected", jwt->protected.data, jwt->protected.len, "payload", jwt->payload.data, jwt->payload.len,
                    "signature", jwt->signature.data, jwt->signature.len);
    ok = jws && jose_jws_ver(auth_jose(), jws, NULL, key->jwk, true);
    json_decref(jws);
    return ok;
}

/* Its key by kid; the header's alg must be the one alg of that key. */
static const struct auth_key *key_of(const struct auth_jwt *jwt, const struct auth_ring *const *rings, size_t n, const struct auth_ring **of,
                                     struct wk_err *err)
{
    const char *kid = text_of(jwt->header, "kid"), *alg = text_of(jwt->header, "alg"), *typ = text_of(jwt->header, "typ");
    const struct auth_key *key = NULL;

    if (auth_alg_of(alg) == AUTH_NONE) {
        wk_fail(err, WK_SECURITY, "auth.token_algorithm", "a token whose alg is none of RS256, ES256, EdDSA, HS256");
        return NULL;
    }
    for (size_t i = 0; i < n && !key; i++)
        if (rings[i] && *kid && (key = auth_ring_find(rings[i], kid)))
            *of = rings[i];
    if (!key)
        wk_fail(err, WK_BUSINESS, "auth.token_key", "no key with the token's kid is known");
    else if (key->alg != auth_alg_of(alg))
        wk_fail(err, WK_SECURITY, "auth.token_algorithm", "a token with alg %s for a key of %s", alg, auth_alg_name(key->alg));
    else if (*typ && strcasecmp(typ, "JWT") != 0 && strcasecmp(typ, "at+jwt") != 0)
        wk_fail(err, WK_SECURITY, "auth.token_malformed", "a token whose typ is neither JWT nor at+jwt");
    else
        return key;
    return NULL;
}

/* --- claims --- */

static bool names(const json_t *value, const char *wanted)
{
    size_t i;
    json_t *one;

    if (json_is_string(value))
        return !strcmp(json_string_value(value), wanted);
    json_array_foreach(value, i, one)
        if (json_is_string(one) && !strcmp(json_string_value(one), wanted))
            return true;
    return false;
}

/* A time in seconds; false: absent or no number. */
static bool time_of(const json_t *claims, const char *member, double *out)
{
    const json_t *value = json_object_get(claims, member);

    *out = json_number_value(value);
    return json_is_number(value) && *out >= 0 && *out < 1e11;
}

static bool times(const json_t *claims, int64_t now_s, int64_t *exp_s, struct wk_err *err)
{
    double exp = 0, nbf = 0, now = (double)now_s;

    if (!time_of(claims, "exp", &exp) || (json_object_get(claims, "nbf") && !time_of(claims, "nbf", &nbf)))
        return wk_fail(err, WK_SECURITY, "auth.token_claims", "a token without exp, or with a time that is none");
    if (now > exp + JWT_SKEW_S)
        return wk_fail(err, WK_BUSINESS, "auth.token_expired", "the token has expired");
    if (json_object_get(claims, "nbf") && nbf > now + JWT_SKEW_S)
        return wk_fail(err, WK_BUSINESS, "auth.token_early", "the token is not valid yet");
    *exp_s = (int64_t)exp;
    return true;
}

static bool fill(const struct auth_jwt *jwt, const struct auth_ring *ring, struct auth_claims *claims, struct wk_err *err)
{
    const char *sub = text_of(jwt->claims, "sub"), *role = text_of(jwt->claims, "role"), *sid = text_of(jwt->claims, "sid");
    struct wk_uuid id;

    if (!names(json_object_get(jwt->claims, "iss"), ring->issuer) || json_is_array(json_object_get(jwt->claims, "iss")))
        return wk_fail(err, WK_SECURITY, "auth.token_claims", "a token of another issuer");
    if (!names(json_object_get(jwt->claims, "aud"), ring->audience))
        return wk_fail(err, WK_SECURITY, "auth.token_claims", "a token for another audience");
    if (!*sub || strlen(sub) > JWT_SUB_MAX || !*role || strlen(role) >= sizeof claims->role || !wk_uuid_parse(text_of(jwt->claims, "tid"), &claims->tenant))
        return wk_fail(err, WK_SECURITY, "auth.token_claims", "a token without sub (at most 128 bytes), role, or tid (a UUID)");
    if (ring->is_own && (!wk_uuid_parse(sid, &id) || !wk_uuid_parse(sub, &id)))
        return wk_fail(err, WK_SECURITY, "auth.token_claims", "a token of ours without its session");
    claims->is_own = ring->is_own;
    (void)snprintf(claims->sub, sizeof claims->sub, "%s", sub);
    (void)snprintf(claims->role, sizeof claims->role, "%s", role);
    (void)snprintf(claims->sid, sizeof claims->sid, "%s", ring->is_own ? sid : "");
    return true;
}

bool auth_jwt_check(const char *token, size_t len, const struct auth_ring *const *rings, size_t n, int64_t now_s, struct auth_claims *claims,
                    struct wk_err *err)
{
    const struct auth_ring *ring = NULL;
    const struct auth_key *key;
    struct auth_jwt jwt;
    bool ok;

    *claims = (struct auth_claims){0};
    if (!auth_jwt_open(token, len, &jwt, err))
        return false;
    key = key_of(&jwt, rings, n, &ring, err);
    ok = key && (verify(key, &jwt) || wk_fail(err, WK_SECURITY, "auth.token_signature", "a token that its key did not sign")) &&
         fill(&jwt, ring, claims, err) && times(jwt.claims, now_s, &claims->exp_s, err);
    auth_jwt_finish(&jwt);
    return ok;
}

/* --- making one --- */

char *auth_jwt_sign(const struct auth_ring *ring, json_t *payload, struct wk_err *err)
{
    const struct auth_key *key = ring->n ? &ring->key[0] : NULL;
    json_t *body = payload ? jose_b64_enc_dump(payload) : NULL;
    json_t *jws = body && key ? json_pack("{s:O}", "payload", body) : NULL;
    json_t *how = key ? json_pack("{s:{s:s, s:s, s:s}}", "protected", "alg", "ES256", "kid", key->kid, "typ", "at+jwt") : NULL;
    char *token = NULL;

    if (jws && how && jose_jws_sig(auth_jose(), jws, how, key->private) &&
        asprintf(&token, "%s.%s.%s", text_of(jws, "protected"), text_of(jws, "payload"), text_of(jws, "signature")) < 0)
        token = NULL;
    json_decref(how);
    json_decref(jws);
    json_decref(body);
    json_decref(payload);
    if (!token)
        wk_fail(err, WK_SYSTEM, "auth.signing", key ? "the token cannot be signed" : "signing_keys is not set: nobody can sign in");
    return token;
}
