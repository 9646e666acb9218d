#include "memo.h"

#include <stdlib.h>

bool memo_init(struct auth_memo *memo) { return (memo->entry = calloc(MEMO_SETS * MEMO_WAYS, sizeof *memo->entry)); }

void memo_finish(struct auth_memo *memo)
{
    free(memo->entry);
    memo->entry = NULL;
}

void memo_clear(struct auth_memo *memo) { memset(memo->entry, 0, MEMO_SETS * MEMO_WAYS * sizeof *memo->entry); }

static struct memo_entry *set_of(const struct auth_memo *memo, const uint8_t hash[32])
{
    return &memo->entry[((size_t)(hash[0] << 8 | hash[1]) % MEMO_SETS) * MEMO_WAYS];
}

bool memo_find(const struct auth_memo *memo, const uint8_t hash[32], int64_t now_s, struct auth_claims *claims)
{
    const struct memo_entry *e = set_of(memo, hash);

    for (int i = 0; i < MEMO_WAYS; i++)
        if (e[i].claims.exp_s && now_s <= e[i].claims.exp_s + JWT_SKEW_S && !memcmp(e[i].hash, hash, sizeof e[i].hash)) {
            *claims = e[i].claims;
            return true;
        }
    return false;
}

void memo_keep(struct auth_memo *memo, const uint8_t hash[32], const struct auth_claims *claims)
{
    struct memo_entry *e = set_of(memo, hash), *to = e;

    for (int i = 0; i < MEMO_WAYS; i++) {
        if (!memcmp(e[i].hash, hash, sizeof e[i].hash)) {
            to = &e[i];
            break;
        }
        if (e[i].claims.exp_s < to->claims.exp_s)
            to = &e[i];
    }
    memcpy(to->hash, hash, sizeof to->hash);
    to->claims = *claims;
}
