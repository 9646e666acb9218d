/* Tokens of another implementation, good and bad; ours read back; the memory of tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "memo.h"
#include "vectors.h"

static struct auth_ring own = {.issuer = "wakala", .audience = "wakala", .is_own = true}, theirs = {.issuer = "them", .audience = "us"};
static const struct auth_ring *const rings[] = {&own, NULL, &theirs};

static int setup(void **state)
{
    struct wk_err err = {0};

    (void)state;
    if (auth_ring_add_pem(&own, vector_own, &err) && auth_ring_add_set(&theirs, vector_keys, strlen(vector_keys), true, &err))
        return 0;
    print_error("%s\n", err.msg);
    return -1;
}
static int teardown(void **state)
{
    (void)state;
    auth_ring_finish(&own);
    auth_ring_finish(&theirs);
    return 0;
}

static bool check(const char *token, struct auth_claims *claims, struct wk_err *err)
{
    char *copy = malloc(strlen(token) + 1); /* AddressSanitizer sees whoever reads behind it */
    bool ok;

    memcpy(copy, token, strlen(token));
    ok = auth_jwt_check(copy, strlen(token), rings, WK_COUNT(rings), VECTOR_NOW, claims, err);
    free(copy);
    return ok;
}

static void every_token_gets_its_verdict(void **state)
{
    size_t good = 0, bad = 0;

    (void)state;
    for (size_t i = 0; i < WK_COUNT(vectors); i++) {
        struct auth_claims claims;
        struct wk_err err = {0};
        bool ok = check(vectors[i].token, &claims, &err);

        if (ok != !*vectors[i].code || (!ok && strcmp(err.code, vectors[i].code) != 0))
            fail_msg("%s: wanted \"%s\", got \"%s\" (%s)", vectors[i].what, vectors[i].code, ok ? "" : err.code, ok ? "taken" : err.msg);
        assert_true(ok || (err.cls == WK_BUSINESS) == (!strcmp(err.code, "auth.token_expired") || !strcmp(err.code, "auth.token_early") ||
                                                       !strcmp(err.code, "auth.token_key")));
        good += ok;
        bad += !ok;
    }
    assert_true(good >= 10 && bad >= 70);
}

static void claims_are_those_of_the_token(void **state)
{
    struct auth_claims claims;
    struct wk_err err = {0};
    char text[WK_UUID_TEXT];

    (void)state;
    assert_true(check(vectors[0].token, &claims, &err));
    assert_string_equal(claims.sub, "amina");
    assert_string_equal(claims.role, "staff");
    assert_string_equal(claims.sid, "");
    assert_false(claims.is_own);
    assert_int_equal(claims.exp_s, VECTOR_NOW + 600);
    assert_string_equal(wk_uuid_text(&claims.tenant, text), "11111111-1111-4111-8111-111111111111");
}

/* Every byte of a good token changed, and every beginning of it: refused, and nothing read that is not there. */
static void no_damaged_token_is_taken(void **state)
{
    size_t len = strlen(vectors[1].token);

    (void)state;
    for (size_t i = 0; i <= len; i++) {
        char *token = strdup(vectors[1].token);
        struct auth_claims claims;
        struct wk_err err = {0};

        if (i < len) {
            token[i] = token[i] == 'A' ? 'B' : 'A';
            assert_false(check(token, &claims, &err));
            token[i] = '\0';
            assert_false(check(token, &claims, &err));
        }
        free(token);
    }
}

static void what_we_sign_we_take(void **state)
{
    struct auth_ring nothing = {0};
    struct auth_claims claims;
    struct wk_err err = {0};
    char *token = auth_jwt_sign(&own, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "iss", "wakala", "aud", "wakala", "sub",
                                                "22222222-2222-4222-8222-222222222222", "tid", "11111111-1111-4111-8111-111111111111", "role", "owner", "sid",
                                                "33333333-3333-4333-8333-333333333333", "exp", VECTOR_NOW + 900), &err);

    (void)state;
    assert_non_null(token);
    assert_true(check(token, &claims, &err));
    assert_true(claims.is_own);
    assert_string_equal(claims.sid, "33333333-3333-4333-8333-333333333333");
    free(token);
    assert_null(auth_jwt_sign(&nothing, json_object(), &err));
    assert_string_equal(err.code, "auth.signing");
}

static void what_the_world_sees_of_our_keys_holds_no_secret(void **state)
{
    json_t *set = auth_ring_public(&own), *key = json_array_get(json_object_get(set, "keys"), 0);

    (void)state;
    assert_int_equal(json_array_size(json_object_get(set, "keys")), 1);
    assert_null(json_object_get(key, "d"));
    assert_string_equal(json_string_value(json_object_get(key, "kid")), own.key[0].kid);
    assert_string_equal(json_string_value(json_object_get(key, "alg")), "ES256");
    json_decref(set);
}

static void keys_of_no_use_are_refused(void **state)
{
    static const char *const sets[] = {"", "[]", "{}", "{\"keys\": {}}", "{\"keys\": []}", "{\"keys\": [1]}", "{\"keys\": [{\"kty\": \"oct\", \"kid\": \"a\", \"k\": \"AAAA\"}]}",
                                       "{\"keys\": [{\"kty\": \"RSA\", \"kid\": \"a\", \"n\": \"AQAB\", \"e\": \"AQAB\"}]}",
                                       "{\"keys\": [{\"kty\": \"OKP\", \"kid\": \"a\", \"crv\": \"Ed25519\", \"x\": \"AQAB\"}]}"};
    struct auth_ring ring = {0};
    struct wk_err err = {0};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(sets); i++)
        assert_false(auth_ring_add_set(&ring, sets[i], strlen(sets[i]), true, &err));
    assert_int_equal(ring.n, 0);
    assert_true(auth_ring_add_set(&ring, vector_keys, strlen(vector_keys), false, &err)); /* from an address: no shared secret */
    assert_int_equal(ring.n, 3);
    assert_null(auth_ring_find(&ring, "hs"));
    auth_ring_finish(&ring);
    assert_false(auth_ring_add_pem(&ring, "nothing", &err));
    assert_string_equal(err.code, "auth.config");
}

static void the_memory_is_bounded_and_forgets(void **state)
{
    struct auth_memo memo;
    struct auth_claims claims = {.sub = "x"};
    uint8_t hash[32] = {0};
    size_t kept = 0;

    (void)state;
    assert_true(memo_init(&memo));
    for (uint32_t i = 0; i < 20000; i++) {
        memcpy(hash, &i, sizeof i);
        claims.exp_s = 1000 + i;
        memo_keep(&memo, hash, &claims);
        assert_true(memo_find(&memo, hash, 1000, &claims));
    }
    for (uint32_t i = 0; i < 20000; i++) {
        memcpy(hash, &i, sizeof i);
        kept += memo_find(&memo, hash, 1000, &claims);
    }
    assert_true(kept <= MEMO_SETS * MEMO_WAYS && kept > MEMO_SETS);
    assert_true(memo_find(&memo, hash, 20999 + JWT_SKEW_S, &claims)); /* the last */
    assert_false(memo_find(&memo, hash, 20999 + JWT_SKEW_S + 1, &claims));
    memo_clear(&memo);
    assert_false(memo_find(&memo, hash, 1000, &claims));
    memo_finish(&memo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_token_gets_its_verdict), cmocka_unit_test(claims_are_those_of_the_token), cmocka_unit_test(no_damaged_token_is_taken),
        cmocka_unit_test(what_we_sign_we_take), cmocka_unit_test(what_the_world_sees_of_our_keys_holds_no_secret), cmocka_unit_test(keys_of_no_use_are_refused),
        cmocka_unit_test(the_memory_is_bounded_and_forgets),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
