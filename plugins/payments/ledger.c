#include "ledger.h"

/* FNV-1a: spreads ids and finds typing errors; it proves nothing about who wrote the text. */
static uint64_t fnv(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    return h;
}
#define FNV_START UINT64_C(14695981039346656037)

struct wk_uuid id_derive(const struct wk_uuid *from, const char *purpose)
{
    struct wk_uuid id = *from;
    uint64_t h = fnv(fnv(FNV_START, from->b, 16), purpose, strlen(purpose));

    /* Time and most random bits of the UUIDv7 stay (its order keeps the index tight); the last six bytes differ per purpose. */
    for (int i = 0; i < 6; i++)
        id.b[10 + i] ^= (uint8_t)(h >> (8 * i));
    id.b[6] = (uint8_t)((id.b[6] & 0x0F) | 0x80);
    return id;
}

static const char base32[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void checksum(const char *text, size_t n, char out[5])
{
    uint64_t h = fnv(FNV_START, text, n);

    for (int i = 0; i < 4; i++)
        out[i] = base32[(h >> (13 * i + 3)) & 31];
    out[4] = '\0';
}

void reference_make(const struct wk_uuid *tenant, const struct wk_uuid *payment, unsigned n, char out[REFERENCE_SIZE])
{
    unsigned bits = 0, held = 0;
    size_t o;
    char check[5];

    o = (size_t)snprintf(out, REFERENCE_SIZE, "wk%02x%02x%02x%02x-", tenant->b[0], tenant->b[1], tenant->b[14], tenant->b[15]);
    for (int i = 0; i < 16; i++) {
        bits = bits << 8 | payment->b[i];
        for (held += 8; held >= 5; held -= 5)
            out[o++] = base32[(bits >> (held - 5)) & 31];
        bits &= (1u << held) - 1;
    }
    out[o++] = base32[(bits << (5 - held)) & 31];
    o += (size_t)snprintf(out + o, REFERENCE_SIZE - o, "-%u-", n % 1000);
    checksum(out, o, check);
    memcpy(out + o, check, sizeof check);
}

/* Made by us, of whichever tenant: shape and checksum hold. */
static bool is_reference(const char *reference)
{
    size_t n = strlen(reference);
    char check[5];

    if (n < 40 || n > 50 || strncmp(reference, "wk", 2) != 0 || strspn(reference + 2, "0123456789abcdef") != 8 || reference[10] != '-')
        return false;
    checksum(reference, n - 4, check);
    return !strcmp(reference + n - 4, check);
}

static bool has_head_of(const struct wk_uuid *tenant, const char *reference)
{
    char head[12];

    (void)snprintf(head, sizeof head, "wk%02x%02x%02x%02x-", tenant->b[0], tenant->b[1], tenant->b[14], tenant->b[15]);
    return !strncmp(reference, head, 11);
}

bool reference_check(const struct wk_uuid *tenant, const char *reference) { return is_reference(reference) && has_head_of(tenant, reference); }
bool reference_is_foreign(const struct wk_uuid *tenant, const char *reference) { return is_reference(reference) && !has_head_of(tenant, reference); }

const char *collect_status(int64_t due, int64_t got) { return got == due ? "collected" : got < due ? "short" : "over"; }

const char *fact_name(enum wk_fact_kind kind)
{
    static const char *const names[] = {"", "pending", "paid", "failed", "cancelled", "expired", "refunded", "refund_failed", "disputed"};

    return kind >= WK_FACT_PENDING && kind <= WK_FACT_DISPUTED ? names[kind] : "unknown";
}

static bool is_open(const char *s) { return !strcmp(s, "due") || !strcmp(s, "pending"); }
static bool is_settled(const char *s)
{
    return !strcmp(s, "paid") || !strcmp(s, "collected") || !strcmp(s, "short") || !strcmp(s, "over") || !strcmp(s, "remitted") ||
           !strcmp(s, "reconciled");
}

/* Money came. Record it first, whatever the payment's state; then say what of it must go back. */
static struct settle paid(const char *status, int64_t collected, int64_t amount, const struct wk_fact *fact)
{
    struct settle s = {.verdict = SETTLE_APPLY, .money = fact->amount < 0 ? amount : fact->amount, .attempt = "settled", .why = ""};

    if (s.money <= 0)
        return (struct settle){.verdict = SETTLE_MISMATCH, .why = "no amount"};
    if (is_settled(status) || !strcmp(status, "refunded")) { /* a second success for one order: surplus */
        s.status = status;
        s.refund_due = s.money;
        s.why = "paid twice";
    } else if (!strcmp(status, "cancelled")) { /* late: the order is gone */
        s.status = "paid";
        s.refund_due = s.money;
        s.why = "paid after it was cancelled";
    } else if (s.money < amount) {
        s.status = "short";
        s.why = "less than was due";
    } else {
        s.status = s.money > amount ? "over" : "paid";
        s.refund_due = s.money - amount;
        s.why = s.refund_due ? "more than was due" : "";
    }
    (void)collected;
    return s;
}

struct settle settle_decide(const char *status, int64_t collected, int64_t amount, const char *currency, bool is_test_account,
                            const struct wk_fact *fact)
{
    const struct settle ignore = {.verdict = SETTLE_IGNORE, .why = "nothing to do in this state"};

    if (fact->currency && strcmp(fact->currency, currency))
        return (struct settle){.verdict = SETTLE_MISMATCH, .why = "another currency"};
    if (fact->is_test && !is_test_account)
        return (struct settle){.verdict = SETTLE_MISMATCH, .why = "test money on a live account"};
    switch (fact->kind) {
    case WK_FACT_PAID:
        return paid(status, collected, amount, fact);
    case WK_FACT_FAILED: /* money wins: a failure after a success changes nothing */
        return is_open(status) ? (struct settle){.verdict = SETTLE_APPLY, .status = "failed", .attempt = "failed", .why = ""} : ignore;
    case WK_FACT_CANCELLED:
    case WK_FACT_EXPIRED:
        return is_open(status) ? (struct settle){.verdict = SETTLE_APPLY, .status = "failed",
                                                 .attempt = fact->kind == WK_FACT_EXPIRED ? "expired" : "cancelled", .why = ""}
                               : ignore;
    case WK_FACT_REFUNDED: {
        int64_t back = fact->amount < 0 ? collected : fact->amount;

        if (!is_settled(status) || back <= 0)
            return ignore;
        if (back > collected)
            return (struct settle){.verdict = SETTLE_MISMATCH, .why = "more was refunded than came in"};
        return (struct settle){.verdict = SETTLE_APPLY, .status = back == collected ? "refunded" : status, .money = -back, .why = ""};
    }
    default: /* pending, refund failed, disputed: recorded, for people to see */
        return ignore;
    }
}
