/* service/catalog.h - catalog/1: shops, products, stock. Prices are minor units of the tenant's currency. */
#ifndef WAKALA_SERVICE_CATALOG_H
#define WAKALA_SERVICE_CATALOG_H
#include <wakala/service.h>

/* Results lie in the call's memory. Errors beside those named: db.* (db.h). */
#define WK_CATALOG "catalog/1"
struct wk_vendor {
    uint32_t size;
    bool is_open;
    struct wk_uuid id, user; /* user: who answers for the shop in chat */
    const char *name, *phone, *address;
    double latitude, longitude;
};
struct wk_variant { /* what is bought: one product in one option. Comes in arrays: frozen whole */
    uint32_t size;
    bool is_active;
    struct wk_uuid id, product, vendor;
    const char *name;   /* "Bread white 700g" or "Bread - Large" */
    const char *short_description;
    const char *sku;
    int64_t price;      /* minor units */
    int64_t available;  /* on_hand - reserved */
    const char *vendor_name;
};
struct wk_stock_line {
    struct wk_uuid variant;
    int64_t quantity;
};
struct wk_shortage { /* filled when a reservation is refused */
    struct wk_uuid variant;
    int64_t available;
    const char *name;
};
struct wk_catalog {
    struct wk_service_head head;
    bool (*search)(struct wk_call *call, const char *text, uint32_t offset, uint32_t limit, struct wk_variant **found, size_t *n,
                   struct wk_err *err);
    bool (*variants)(struct wk_call *call, const struct wk_uuid *ids, size_t n, struct wk_variant **found, size_t *found_n,
                     struct wk_err *err);
    bool (*vendor)(struct wk_call *call, const struct wk_uuid *id, struct wk_vendor *vendor, struct wk_err *err);
    bool (*vendor_of_user)(struct wk_call *call, const struct wk_uuid *user, struct wk_vendor *vendor, struct wk_err *err);
    bool (*reserve)(struct wk_call *call, const struct wk_uuid *order, const struct wk_stock_line *lines, size_t n, int64_t expires_us,
                    struct wk_shortage *shortage, struct wk_err *err);
    bool (*release)(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
    bool (*consume)(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
    bool (*put_back)(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
};
/* Active products with stock first, best match first. An empty text lists by name. May suspend. */
static inline bool wk_catalog_search(struct wk_call *call, const char *text, uint32_t offset, uint32_t limit, struct wk_variant **found,
                                     size_t *n, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_catalog, WK_CATALOG, NULL, search, false, bool, call, err, call, text, offset, limit, found, n, err);
}
/* Those that exist, in the order asked for; missing ones are left out. Read inside the call's transaction when one is open. May suspend. */
static inline bool wk_catalog_variants(struct wk_call *call, const struct wk_uuid *ids, size_t n, struct wk_variant **found,
                                       size_t *found_n, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_catalog, WK_CATALOG, NULL, variants, false, bool, call, err, call, ids, n, found, found_n, err);
}
/* A shop by id; catalog.no_vendor (BUSINESS) when there is none. May suspend. */
static inline bool wk_catalog_vendor(struct wk_call *call, const struct wk_uuid *id, struct wk_vendor *vendor, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_catalog, WK_CATALOG, NULL, vendor, false, bool, call, err, call, id, vendor, err);
}
/* The shop that this user answers for in chat; catalog.no_vendor (BUSINESS) when there is none. May suspend. */
static inline bool wk_catalog_vendor_of_user(struct wk_call *call, const struct wk_uuid *user, struct wk_vendor *vendor, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_catalog, WK_CATALOG, NULL, vendor_of_user, false, bool, call, err, call, user, vendor, err);
}
/* Stock moves, always inside the caller's transaction, once per order each. Lines of one variant are summed, rows taken in id order.
 * reserve: catalog.insufficient_stock (BUSINESS) fills *shortage. expires_us 0: until released. All suspend. */
static inline bool wk_catalog_reserve(struct wk_call *call, const struct wk_uuid *order, const struct wk_stock_line *lines, size_t n,
                                      int64_t expires_us, struct wk_shortage *shortage, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_catalog, WK_CATALOG, NULL, reserve, false, bool, call, err, call, order, lines, n, expires_us, shortage, err);
}
/* The order will not happen: reserved -= q. A second release changes nothing. */
static inline bool wk_catalog_release(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_catalog, WK_CATALOG, NULL, release, false, bool, call, err, call, order, err);
}
/* The goods left the shop: on_hand -= q, reserved -= q. */
static inline bool wk_catalog_consume(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_catalog, WK_CATALOG, NULL, consume, false, bool, call, err, call, order, err);
}
/* The goods came back: on_hand += q, reserved += q. */
static inline bool wk_catalog_put_back(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_catalog, WK_CATALOG, NULL, put_back, false, bool, call, err, call, order, err);
}
#endif
