/* money.h - amounts are int64 minor units of an ISO 4217 currency; never a float. Pure functions. */
#ifndef WAKALA_MONEY_H
#define WAKALA_MONEY_H
#include <wakala/call.h>

#define WK_MONEY_MAX INT64_C(1000000000) /* largest amount read from a person: 10^9 minor units */

/* a * n, a + b without overflow; false when it would not fit. */
static inline bool wk_money_mul(int64_t amount, int64_t n, int64_t *out) { return !__builtin_mul_overflow(amount, n, out); }
static inline bool wk_money_add(int64_t a, int64_t b, int64_t *out) { return !__builtin_add_overflow(a, b, out); }

/* "36.00" for 3600 with exponent 2, "1,200" with 0: digits grouped by comma, point as decimal mark. In the call's memory, NULL
 * without it. `exponent`: digits after the point, 0..6 (wk_tenant.currency_exponent). */
static inline const char *wk_money_text(struct wk_call *call, int64_t minor, uint32_t exponent)
{
    char digits[32], out[48];
    uint64_t v = minor < 0 ? (uint64_t)0 - (uint64_t)minor : (uint64_t)minor, unit = 1;
    int n, o = 0;

    for (uint32_t i = 0; i < exponent && i < 6; i++)
        unit *= 10;
    n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)(v / unit));
    if (minor < 0)
        out[o++] = '-';
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            out[o++] = ',';
        out[o++] = digits[i];
    }
    out[o] = '\0';
    return exponent ? wk_printf(call, "%s.%0*llu", out, (int)exponent, (unsigned long long)(v % unit)) : wk_strdup(call, out);
}
#endif
