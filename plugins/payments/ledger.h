/* ledger.h - what a fact about money means: pure decisions, no call. */
#ifndef PAYMENTS_LEDGER_H
#define PAYMENTS_LEDGER_H
#include <wakala/service/payments.h>

#define REFERENCE_SIZE 64

/* Our name of an attempt at a gateway: "wk" + 8 hex digits of the tenant + payment in base 32 + attempt + checksum; at most 50 characters of
 * [a-z0-9-]. The same payment and attempt always give the same one. */
void reference_make(const struct wk_uuid *tenant, const struct wk_uuid *payment, unsigned n, char out[REFERENCE_SIZE]);
/* Is it ours, of this tenant, unharmed? */
bool reference_check(const struct wk_uuid *tenant, const char *reference);
/* Is it ours and unharmed, and another tenant's? */
bool reference_is_foreign(const struct wk_uuid *tenant, const char *reference);
/* Ids that follow from another one, so that they are known before any row is read: RFC 9562 version 8. */
struct wk_uuid id_derive(const struct wk_uuid *from, const char *purpose);

enum settle_verdict { SETTLE_IGNORE, SETTLE_APPLY, SETTLE_MISMATCH };
struct settle { /* what settling a fact does to a payment */
    enum settle_verdict verdict;
    const char *status;  /* of the payment afterwards */
    int64_t money;       /* came in now: booked buyer -> gateway; negative: went back */
    int64_t refund_due;  /* of it, to be given back */
    const char *attempt; /* status of the attempt afterwards; NULL: as it was */
    const char *why;
};
/* `status` and `collected` as the locked row says; amount and currency as frozen with the attempt. */
struct settle settle_decide(const char *status, int64_t collected, int64_t amount, const char *currency, bool is_test_account,
                            const struct wk_fact *fact);
/* collected | short | over */
const char *collect_status(int64_t due, int64_t got);
const char *fact_name(enum wk_fact_kind kind);
#endif
