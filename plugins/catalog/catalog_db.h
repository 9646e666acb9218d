/* catalog_db.h - catalog/1's functions: shops and variants (shop.c), stock (stock.c). */
#ifndef CATALOG_DB_H
#define CATALOG_DB_H
#include <wakala/service/catalog.h>

bool shop_search(struct wk_call *call, const char *text, uint32_t offset, uint32_t limit, struct wk_variant **found, size_t *n,
                 struct wk_err *err);
/* Active variants of one category by name, the same shape; open shops only. */
bool shop_category(struct wk_call *call, const char *category, uint32_t offset, uint32_t limit, struct wk_variant **found, size_t *n,
                   struct wk_err *err);
/* Up to `max` categories, the fullest first. */
bool shop_categories(struct wk_call *call, const char **names, size_t max, size_t *n, struct wk_err *err);
bool shop_variants(struct wk_call *call, const struct wk_uuid *ids, size_t n, struct wk_variant **found, size_t *found_n, struct wk_err *err);
bool shop_vendor(struct wk_call *call, const struct wk_uuid *id, struct wk_vendor *vendor, struct wk_err *err);
bool shop_vendor_of_user(struct wk_call *call, const struct wk_uuid *user, struct wk_vendor *vendor, struct wk_err *err);

#define STOCK_LINES_MAX 100
bool stock_reserve(struct wk_call *call, const struct wk_uuid *order, const struct wk_stock_line *lines, size_t n, int64_t expires_us,
                   struct wk_shortage *shortage, struct wk_err *err);
bool stock_release(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
bool stock_consume(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
bool stock_put_back(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
#endif
