/* memo.h - tokens that this worker has checked, by SHA-256, until they expire: a signature is looked at once. Bounded; whoever does not fit pushes out the
 * one that expires first. One thread. What a session may at this moment is never kept here. */
#ifndef AUTH_MEMO_H
#define AUTH_MEMO_H
#include "jwt.h"

enum { MEMO_SETS = 4096, MEMO_WAYS = 8 };
struct auth_memo {
    struct memo_entry {
        uint8_t hash[32];
        struct auth_claims claims; /* exp_s 0: empty */
    } *entry;
};
bool memo_init(struct auth_memo *memo); /* false: no memory */
void memo_finish(struct auth_memo *memo);
bool memo_find(const struct auth_memo *memo, const uint8_t hash[32], int64_t now_s, struct auth_claims *claims);
void memo_keep(struct auth_memo *memo, const uint8_t hash[32], const struct auth_claims *claims);
void memo_clear(struct auth_memo *memo); /* a key may have gone */
#endif
