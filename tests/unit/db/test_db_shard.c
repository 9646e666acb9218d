/* The shard of a tenant is frozen: these vectors were computed apart from this code, with Python:
 *     1 + (int.from_bytes(hashlib.sha256(uuid.UUID(text).bytes).digest()[:8], "big") >> 59) */
#include "db/shard.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct vector {
    const char *id;
    uint32_t shard;
} vectors[] = {
    { "00000000-0000-0000-0000-000000000000", 7 },  { "00000000-0000-0000-0000-000000000001", 16 },
    { "ffffffff-ffff-ffff-ffff-ffffffffffff", 12 }, { "018f5a3e-7c00-7abc-8def-0123456789ab", 27 },
    { "c9a646d3-9c61-4cb7-bfcd-ee2522c8f633", 16 }, { "6ba7b810-9dad-11d1-80b4-00c04fd430c8", 10 },
};

static void known_ids_keep_their_shard(void **state)
{
    (void)state;
    for (size_t i = 0; i < WK_COUNT(vectors); i++) {
        struct wk_uuid id;

        assert_true(wk_uuid_parse(vectors[i].id, &id));
        assert_int_equal(wk_shard_of(&id), vectors[i].shard);
    }
}

/* SHA-256 over the shards of the ids 0..9,999, one byte each. */
static void ten_thousand_ids_keep_theirs(void **state)
{
    static const char wanted[] = "7297e33bda8084169b6fd72f77e0517f9a4bfabd3c0426667b462d3a1b6a7f6f";
    uint8_t shards[10000], digest[EVP_MAX_MD_SIZE];
    uint32_t count[WK_SHARDS + 1] = { 0 };
    char text[65];

    (void)state;
    for (uint32_t k = 0; k < WK_COUNT(shards); k++) {
        struct wk_uuid id = { { 0 } };

        id.b[14] = (uint8_t)(k >> 8);
        id.b[15] = (uint8_t)k;
        shards[k] = (uint8_t)wk_shard_of(&id);
        assert_in_range(shards[k], 1, WK_SHARDS);
        count[shards[k]]++;
    }
    for (int s = 1; s <= WK_SHARDS; s++) /* 312.5 on average */
        assert_in_range(count[s], 230, 400);
    assert_int_equal(EVP_Digest(shards, sizeof shards, digest, NULL, EVP_sha256(), NULL), 1);
    for (int i = 0; i < 32; i++)
        snprintf(text + (size_t)i * 2, 3, "%02x", digest[i]);
    assert_string_equal(text, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_ids_keep_their_shard),
        cmocka_unit_test(ten_thousand_ids_keep_theirs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
