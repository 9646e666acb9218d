/* rate.h - how much of the API a tenant, a route of a tenant, or an address may use, and what the refused are told. */
#ifndef API_RATE_H
#define API_RATE_H
#include <wakala/plugin.h>

struct rate { /* one policy */
    const char *of; /* tier, or "METHOD:/path" or "/path" of a route */
    double per_second;
    uint32_t burst; /* 0: by rate_burst */
};
struct rates {
    struct rate *list;
    size_t n;
};
/* Pure. "basic=1000 premium=2000/400 POST:/v1/orders=50": false: *bad is the first word that is none. The caller frees ->list; `of` points into
 * memory of it. */
bool rates_parse(const char *text, struct rates *rates, struct wk_span *bad);
void rates_finish(struct rates *rates);
const struct rate *rates_find(const struct rates *rates, const char *of); /* NULL: not named */
/* Pure. What may be taken at once at this rate. */
uint32_t rate_burst(double per_second, uint32_t named, int64_t burst_ms);

/* Phase POLICY: penalties of who is known now, then the tenant's rate. */
enum wk_verdict rate_before(struct wk_call *call, struct wk_http *http, struct wk_err *err);
/* Phase EDGE: false: err. When it has answered there is a status. */
bool rate_address(struct wk_call *call, struct wk_http *http, struct wk_err *err);
enum wk_verdict rate_penalised(struct wk_call *call, struct wk_http *http, int64_t left_ms, struct wk_err *err);
#endif
