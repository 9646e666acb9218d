/* codes.h - what the gateway fails with.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef API_CODES_H
#define API_CODES_H
#include <wakala/err.h>
#include "openapi.h"

static const struct wk_error_type codes[] = {
    WK_ERROR_SYSTEM("api.cache_damaged", "A kept answer cannot be read: wakala cache forget <tenant> '*', then look at who writes into Redis."),
    WK_ERROR_BUSINESS("api.idempotency_busy", 409, "This request is being worked on.",
                      "The first request with this Idempotency-Key has no answer yet: ask again after Retry-After with the same key."),
    WK_ERROR_REFUSAL("api.idempotency_key", 400, "This Idempotency-Key can't be used.", "1 to 255 visible ASCII characters; a UUID is best."),
    WK_ERROR_BUSINESS("api.idempotency_mismatch", 422, "This Idempotency-Key was used for another request.",
                      "A key belongs to one method, path, query and body for 24 hours: take a new key for a new request."),
    WK_ERROR_SYSTEM("api.idempotency_row", "A row of api_once is damaged: was the database changed by hand? Delete the row."),
    WK_ERROR_BUSINESS("api.idempotency_taken", 409, "This request took too long and was begun anew.",
                      "The answer came after its lease, and another try with the same key had taken over: nothing of this one was kept. Ask again with the key."),
    WK_ERROR_TRANSIENT("api.not_kept", "Never seen outside: an answer that the cache must not keep."),
    WK_ERROR_BUSINESS("api.penalised", 429, "Too many refused requests. Please wait.",
                      "Somebody with this address, key or tenant has tried what is forbidden too often: wait for Retry-After; the security log says what."),
    WK_ERROR_BUSINESS("api.rate_limited", 429, "Too many requests. Please slow down.",
                      "The caller waits for Retry-After. Operator: rate, tier_rates, route_rates, address_rate in the conf of api; tenant_rate of a tenant."),
    WK_ERROR_SYSTEM("api.setting", "A setting of the gateway is not what it must be: the message names file, line and what is allowed."),
    OPENAPI_ERRORS,
    {0},
};
#endif
