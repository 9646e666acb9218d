#include "keys.h"

#include <jose/b64.h>
#include <jose/jwk.h>
#include <jose/openssl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <string.h>

enum { RSA_MIN_BYTES = 256, RSA_MAX_BYTES = 1024, SECRET_MIN_BYTES = 32, ED25519_BYTES = 32 };

static const char *const names[] = {[AUTH_RS256] = "RS256", [AUTH_ES256] = "ES256", [AUTH_EDDSA] = "EdDSA", [AUTH_HS256] = "HS256"};

enum auth_alg auth_alg_of(const char *name)
{
    for (size_t i = AUTH_RS256; i < WK_COUNT(names); i++)
        if (!strcmp(name, names[i]))
            return (enum auth_alg)i;
    return AUTH_NONE;
}
const char *auth_alg_name(enum auth_alg alg) { return names[alg]; }

static void quiet(void *misc, const char *file, int line, uint64_t err, const char *fmt, va_list ap)
{
    (void)misc, (void)file, (void)line, (void)err, (void)fmt, (void)ap;
}

jose_cfg_t *auth_jose(void)
{
    static jose_cfg_t *cfg;

    if (!cfg && (cfg = jose_cfg()))
        jose_cfg_set_err_func(cfg, quiet, NULL);
    return cfg;
}

static void drop_key(struct auth_key *key)
{
    json_decref(key->jwk);
    json_decref(key->private);
    EVP_PKEY_free(key->edward);
    *key = (struct auth_key){0};
}

void auth_ring_finish(struct auth_ring *ring)
{
    for (size_t i = 0; i < ring->n; i++)
        drop_key(&ring->key[i]);
    ring->n = ring->skipped = 0;
}

const struct auth_key *auth_ring_find(const struct auth_ring *ring, const char *kid)
{
    for (size_t i = 0; i < ring->n; i++)
        if (!strcmp(ring->key[i].kid, kid))
            return &ring->key[i];
    return NULL;
}

/* --- our own --- */

static bool own_key(EVP_PKEY *pkey, struct auth_key *out)
{
    char group[32] = "", thumb[64];
    uint8_t raw[64];
    size_t n;

    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC || !EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) || strcmp(group, "prime256v1") != 0)
        return false;
    out->alg = AUTH_ES256;
    out->private = jose_openssl_jwk_from_EVP_PKEY(auth_jose(), pkey);
    out->jwk = out->private ? json_deep_copy(out->private) : NULL;
    if (!out->jwk || !jose_jwk_pub(auth_jose(), out->jwk))
        return false;
    n = jose_jwk_thp_buf(auth_jose(), out->jwk, "S256", raw, sizeof raw);
    n = n == 32 ? jose_b64_enc_buf(raw, n, thumb, sizeof thumb) : 0;
    if (n != 43)
        return false;
    memcpy(out->kid, thumb, n);
    return !json_object_set_new(out->jwk, "kid", json_string(out->kid)) && !json_object_set_new(out->jwk, "alg", json_string("ES256")) &&
           !json_object_set_new(out->jwk, "use", json_string("sig")) && !json_object_set_new(out->private, "alg", json_string("ES256"));
}

bool auth_ring_add_pem(struct auth_ring *ring, const char *pem, struct wk_err *err)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    const char *wrong = in ? NULL : "there is no memory for it";
    EVP_PKEY *pkey;

    while (!wrong && (pkey = PEM_read_bio_PrivateKey(in, NULL, NULL, (void *)(uintptr_t) ""))) {
        struct auth_key key = {0};

        if (ring->n == AUTH_KEYS_MAX)
            wrong = "it has more than 64 keys";
        else if (!own_key(pkey, &key))
            wrong = "a key is not of EC P-256: openssl ecparam -name prime256v1 -genkey -noout";
        else if (auth_ring_find(ring, key.kid))
            wrong = "a key stands twice";
        if (wrong)
            drop_key(&key);
        else
            ring->key[ring->n++] = key;
        EVP_PKEY_free(pkey);
    }
    BIO_free(in);
    if (!wrong && !ring->n)
        wrong = "it holds no private key in PEM";
    return !wrong || wk_fail(err, WK_SYSTEM, "auth.config", "signing_keys: %s", wrong);
}

/* --- operators' --- */

static size_t bytes_of(const json_t *jwk, const char *member, void *out, size_t size)
{
    size_t n = jose_b64_dec(json_object_get(jwk, member), NULL, 0);

    if (n == SIZE_MAX || n > size)
        return 0;
    return jose_b64_dec(json_object_get(jwk, member), out, size);
}

static const char *text_of(const json_t *jwk, const char *member)
{
    const char *text = json_string_value(json_object_get(jwk, member));

    return text ? text : "";
}

/* What the key's kind can do; it must be long enough for it. */
static enum auth_alg kind_of(const json_t *jwk, bool may_share, struct auth_key *out)
{
    const char *kty = text_of(jwk, "kty"), *crv = text_of(jwk, "crv");
    uint8_t raw[RSA_MAX_BYTES + 1];
    size_t n;

    if (!strcmp(kty, "RSA")) {
        n = bytes_of(jwk, "n", raw, sizeof raw);
        return n >= RSA_MIN_BYTES && n <= RSA_MAX_BYTES ? AUTH_RS256 : AUTH_NONE;
    }
    if (!strcmp(kty, "EC"))
        return strcmp(crv, "P-256") ? AUTH_NONE : AUTH_ES256;
    if (!strcmp(kty, "oct"))
        return may_share && bytes_of(jwk, "k", raw, sizeof raw) >= SECRET_MIN_BYTES ? AUTH_HS256 : AUTH_NONE;
    if (strcmp(kty, "OKP") != 0 || strcmp(crv, "Ed25519") != 0 || bytes_of(jwk, "x", raw, sizeof raw) != ED25519_BYTES)
        return AUTH_NONE;
    out->edward = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, ED25519_BYTES);
    return out->edward ? AUTH_EDDSA : AUTH_NONE;
}

/* Only what verifies is kept: members of a private key, of certificates and addresses are left behind. */
static json_t *plain(const json_t *jwk, enum auth_alg alg)
{
    static const char *const wanted[][4] = {
        [AUTH_RS256] = {"kty", "n", "e"}, [AUTH_ES256] = {"kty", "crv", "x", "y"}, [AUTH_EDDSA] = {"kty", "crv", "x"}, [AUTH_HS256] = {"kty", "k"}};
    json_t *out = json_object();
    bool ok = out && !json_object_set_new(out, "alg", json_string(names[alg]));

    for (size_t i = 0; ok && i < 4 && wanted[alg][i]; i++)
        ok = !json_object_set(out, wanted[alg][i], json_object_get(jwk, wanted[alg][i]));
    if (ok)
        return out;
    json_decref(out);
    return NULL;
}

static bool take(struct auth_ring *ring, const json_t *jwk, bool may_share)
{
    struct auth_key key = {0};
    const char *kid = text_of(jwk, "kid"), *alg = text_of(jwk, "alg"), *use = text_of(jwk, "use");

    if (ring->n == AUTH_KEYS_MAX || !*kid || strlen(kid) > AUTH_KID_MAX || (*use && strcmp(use, "sig") != 0) || auth_ring_find(ring, kid))
        return false;
    key.alg = kind_of(jwk, may_share, &key);
    if (key.alg == AUTH_NONE || (*alg && auth_alg_of(alg) != key.alg) || !(key.jwk = plain(jwk, key.alg))) {
        drop_key(&key);
        return false;
    }
    memcpy(key.kid, kid, strlen(kid) + 1);
    ring->key[ring->n++] = key;
    return true;
}

bool auth_ring_add_set(struct auth_ring *ring, const char *text, size_t len, bool may_share, struct wk_err *err)
{
    size_t brackets = 0, before = ring->n, i;
    json_t *set, *jwk;

    for (i = 0; i < len; i++)
        brackets += text[i] == '[' || text[i] == '{';
    set = brackets < 2000 ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL; /* jansson's own bound is beyond a fiber's stack */
    if (!json_is_array(json_object_get(set, "keys"))) {
        json_decref(set);
        return wk_fail(err, WK_SYSTEM, "auth.config", "the JWK set is not JSON with an array \"keys\"");
    }
    json_array_foreach(json_object_get(set, "keys"), i, jwk)
        if (!take(ring, jwk, may_share))
            ring->skipped++;
    json_decref(set);
    return ring->n > before || wk_fail(err, WK_SYSTEM, "auth.config",
                                       "no key of the JWK set is of use: each needs kid and is RSA of 2,048 to 8,192 bits, EC P-256, Ed25519%s",
                                       may_share ? ", or oct of 32 bytes" : "");
}

json_t *auth_ring_public(const struct auth_ring *ring)
{
    json_t *keys = json_array();

    for (size_t i = 0; keys && i < ring->n; i++)
        if (json_array_append(keys, ring->key[i].jwk)) {
            json_decref(keys);
            return NULL;
        }
    return keys ? json_pack("{s:o}", "keys", keys) : NULL;
}
