/* shop.c - reading shops and variants. Search goes through catalog_search(), which returns ids; their rows come in the same trip, under
 * row-level security. */
#include <wakala/plugin.h>

#include "catalog_db.h"

#define VARIANT_COLUMNS                                                                                                \
    "v.id, p.id, s.id, CASE WHEN v.name = '' THEN p.name ELSE p.name || ' - ' || v.name END, p.short_description, v.sku, v.price, " \
    "v.on_hand - v.reserved, s.name, v.status = 'active' AND p.status = 'active'"
#define VARIANT_JOINS                                                                                                  \
    "JOIN catalog_product p ON p.tenant_id = wakala.tenant_id() AND p.id = v.product_id "                              \
    "JOIN catalog_vendor s ON s.tenant_id = wakala.tenant_id() AND s.id = p.vendor_id "

/* One by one: the planner thinks that a function returns a thousand rows, and would read all variants of a big tenant to join them with a page. */
WK_SQL(search_variants, "SELECT " VARIANT_COLUMNS " FROM catalog_search($1, $2, $3) f "
                        "JOIN LATERAL (SELECT * FROM catalog_variant c WHERE c.tenant_id = wakala.tenant_id() AND c.id = f.variant_id OFFSET 0) v ON true "
                        VARIANT_JOINS "ORDER BY f.place");
/* By name from the index. Lists may be a minute old, but not older than the last change of a product or of stock that was told: what is sold is read in
 * the transaction. Tags: products (what there is, its price, whose it is), stock. */
WK_SQL_CACHED(list_variants, 60, "products stock",
              "SELECT " VARIANT_COLUMNS " FROM catalog_variant v " VARIANT_JOINS
                      "WHERE v.tenant_id = wakala.tenant_id() AND v.status = 'active' AND p.status = 'active' AND s.is_open "
                      "ORDER BY p.name, p.id, v.price, v.id OFFSET $1 LIMIT $2");
WK_SQL_CACHED(list_category, 60, "products stock",
              "SELECT " VARIANT_COLUMNS " FROM catalog_variant v " VARIANT_JOINS
                      "WHERE v.tenant_id = wakala.tenant_id() AND v.status = 'active' AND p.status = 'active' AND s.is_open AND p.category = $3 "
                      "ORDER BY p.name, p.id, v.price, v.id OFFSET $1 LIMIT $2");
WK_SQL(get_variants, "SELECT " VARIANT_COLUMNS " FROM unnest($1::uuid[]) WITH ORDINALITY AS a (id, n) "
                     "JOIN catalog_variant v ON v.tenant_id = wakala.tenant_id() AND v.id = a.id " VARIANT_JOINS "ORDER BY a.n");
WK_SQL_CACHED(list_categories, 60, "products",
              "SELECT p.category FROM catalog_product p WHERE p.tenant_id = wakala.tenant_id() AND p.status = 'active' AND p.category <> '' "
                        "GROUP BY p.category ORDER BY count(*) DESC, p.category LIMIT $1");

#define VENDOR_COLUMNS                                                                                                 \
    "id, user_id, name, phone, address, latitude, longitude, is_open AND (opens_at IS NULL OR CASE WHEN opens_at <= closes_at "         \
    "THEN (wakala.now() AT TIME ZONE $2)::time >= opens_at AND (wakala.now() AT TIME ZONE $2)::time < closes_at "      \
    "ELSE (wakala.now() AT TIME ZONE $2)::time >= opens_at OR (wakala.now() AT TIME ZONE $2)::time < closes_at END)"
WK_SQL(get_vendor, "SELECT " VENDOR_COLUMNS " FROM catalog_vendor WHERE tenant_id = wakala.tenant_id() AND id = $1");
WK_SQL(get_vendor_of_user, "SELECT " VENDOR_COLUMNS " FROM catalog_vendor WHERE tenant_id = wakala.tenant_id() AND user_id = $1 "
                           "ORDER BY created_at, id LIMIT 1");

static bool no_memory(struct wk_err *err) { return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "catalog"); }

static bool read_variants(struct wk_call *call, const struct wk_rows *rows, struct wk_variant **found, size_t *n, struct wk_err *err)
{
    size_t count = wk_rows_count(rows);
    struct wk_variant *out = (struct wk_variant *)wk_alloc(call, (count + 1) * sizeof *out);

    if (!out)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        out[i] = (struct wk_variant){.size = sizeof *out, .id = wk_rows_id(rows, i, 0), .product = wk_rows_id(rows, i, 1),
                                     .vendor = wk_rows_id(rows, i, 2), .name = wk_rows_text(rows, i, 3),
                                     .short_description = wk_rows_text(rows, i, 4), .sku = wk_rows_text(rows, i, 5),
                                     .price = wk_rows_int(rows, i, 6), .available = wk_rows_int(rows, i, 7),
                                     .vendor_name = wk_rows_text(rows, i, 8), .is_active = wk_rows_bool(rows, i, 9)};
    *found = out;
    *n = count;
    return true;
}

bool shop_search(struct wk_call *call, const char *text, uint32_t offset, uint32_t limit, struct wk_variant **found, size_t *n,
                 struct wk_err *err)
{
    const char *query = text + strspn(text, " \t\n");
    struct wk_rows *rows;
    bool ok;

    limit = limit > 100 ? 100 : limit;
    ok = *query ? wk_db_read(call, &search_variants, WK_ARGS(wk_text(query), wk_int(offset), wk_int(limit)), &rows, err)
                : wk_db_read(call, &list_variants, WK_ARGS(wk_int(offset), wk_int(limit)), &rows, err);
    return ok && read_variants(call, rows, found, n, err);
}

bool shop_category(struct wk_call *call, const char *category, uint32_t offset, uint32_t limit, struct wk_variant **found, size_t *n,
                   struct wk_err *err)
{
    struct wk_rows *rows;

    return wk_db_read(call, &list_category, WK_ARGS(wk_int(offset), wk_int(limit), wk_text(category)), &rows, err) &&
           read_variants(call, rows, found, n, err);
}

bool shop_categories(struct wk_call *call, const char **names, size_t max, size_t *n, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &list_categories, WK_ARGS(wk_int((int64_t)max)), &rows, err))
        return false;
    *n = wk_rows_count(rows) < max ? wk_rows_count(rows) : max;
    for (size_t i = 0; i < *n; i++)
        names[i] = wk_rows_text(rows, i, 0);
    return true;
}

bool shop_variants(struct wk_call *call, const struct wk_uuid *ids, size_t n, struct wk_variant **found, size_t *found_n, struct wk_err *err)
{
    char *array = (char *)wk_alloc(call, n * (WK_UUID_TEXT + 1) + 3), *p = array;
    struct wk_rows *rows;

    if (!array)
        return no_memory(err);
    *p++ = '{';
    for (size_t i = 0; i < n; i++) {
        if (i)
            *p++ = ',';
        p += strlen(wk_uuid_text(&ids[i], p));
    }
    memcpy(p, "}", 2);
    return wk_db_read(call, &get_variants, WK_ARGS(wk_text(array)), &rows, err) && read_variants(call, rows, found, found_n, err);
}

static bool read_vendor(struct wk_call *call, const struct wk_sql *sql, const struct wk_uuid *id, struct wk_vendor *vendor, struct wk_err *err)
{
    const struct wk_tenant *tenant = wk_tenant(call);
    struct wk_rows *rows;

    if (!wk_db_read(call, sql, WK_ARGS(wk_id(id), wk_text(tenant && tenant->timezone ? tenant->timezone : "UTC")), &rows, err))
        return false;
    if (!wk_rows_count(rows))
        return wk_fail(err, WK_BUSINESS, "catalog.no_vendor", "there is no such shop");
    *vendor = (struct wk_vendor){.size = sizeof *vendor, .id = wk_rows_id(rows, 0, 0), .user = wk_rows_id(rows, 0, 1),
                                 .name = wk_rows_text(rows, 0, 2), .phone = wk_rows_text(rows, 0, 3), .address = wk_rows_text(rows, 0, 4),
                                 .latitude = wk_rows_double(rows, 0, 5), .longitude = wk_rows_double(rows, 0, 6),
                                 .is_open = wk_rows_bool(rows, 0, 7)};
    return true;
}

bool shop_vendor(struct wk_call *call, const struct wk_uuid *id, struct wk_vendor *vendor, struct wk_err *err)
{
    return read_vendor(call, &get_vendor, id, vendor, err);
}

bool shop_vendor_of_user(struct wk_call *call, const struct wk_uuid *user, struct wk_vendor *vendor, struct wk_err *err)
{
    return read_vendor(call, &get_vendor_of_user, user, vendor, err);
}
