/* stock.c - reserve, release, consume, put back: one trip each, counters and ledger together.
 *
 * Every statement locks its variants in id order before it changes one, so that two of them never wait for each other in a circle. */
#include <wakala/plugin.h>

#include "catalog_db.h"

/* One row per line that does not fit; none: everything is held. sql/001-catalog.sql tells why it is a function. */
WK_SQL(reserve, "SELECT r.variant_id, r.available, r.name FROM catalog_reserve($1, $2, $3, $4) r");

/* `from` and `to` are the reservation's states; a reservation that is not in `from` is left alone, and so is its stock. One statement is enough
 * here: every version of a variant since the order's own reservation has room for giving it back. */
#define STOCK_MOVE(ident, from, to, on_hand, reserved)                                                                 \
    WK_SQL(ident,                                                                                                      \
           "WITH gone AS (UPDATE catalog_reservation SET status = '" to "', updated_at = wakala.now() "                \
           "WHERE tenant_id = wakala.tenant_id() AND order_id = $1 AND status = '" from "' RETURNING variant_id, quantity), " \
           "held AS (SELECT v.id, g.quantity FROM catalog_variant v JOIN gone g ON g.variant_id = v.id "               \
           "WHERE v.tenant_id = wakala.tenant_id() ORDER BY v.id FOR UPDATE OF v), "                                   \
           "moved AS (UPDATE catalog_variant v SET on_hand = v.on_hand + (" on_hand ") * h.quantity, "                 \
           "reserved = v.reserved + (" reserved ") * h.quantity, updated_at = wakala.now() FROM held h "               \
           "WHERE v.tenant_id = wakala.tenant_id() AND v.id = h.id RETURNING v.id, h.quantity) "                       \
           "INSERT INTO catalog_movement (variant_id, delta_on_hand, delta_reserved, reason, order_id) "               \
           "SELECT m.id, (" on_hand ") * m.quantity, (" reserved ") * m.quantity, '" #ident "', $1::uuid FROM moved m")
STOCK_MOVE(release, "active", "released", "0", "-1");
STOCK_MOVE(consume, "active", "consumed", "-1", "-1");
STOCK_MOVE(put_back, "consumed", "active", "1", "1");

/* "{a,b}" and "{1,2}" for unnest. */
static bool arrays(struct wk_call *call, const struct wk_stock_line *lines, size_t n, char **ids, char **quantities)
{
    size_t id_at = 0, quantity_at = 0, room = n * (WK_UUID_TEXT + 1) + 3;
    char id[WK_UUID_TEXT];

    *ids = (char *)wk_alloc(call, room);
    *quantities = (char *)wk_alloc(call, n * 21 + 3);
    if (!*ids || !*quantities)
        return false;
    for (size_t i = 0; i < n; i++) {
        id_at += (size_t)snprintf(*ids + id_at, room - id_at, "%c%s", i ? ',' : '{', wk_uuid_text(&lines[i].variant, id));
        quantity_at += (size_t)snprintf(*quantities + quantity_at, n * 21 + 3 - quantity_at, "%c%lld", i ? ',' : '{',
                                        (long long)lines[i].quantity);
    }
    memcpy(*ids + id_at, "}", 2);
    memcpy(*quantities + quantity_at, "}", 2);
    return true;
}

/* What lists show of stock is old with the commit. */
static bool told(struct wk_call *call, struct wk_err *err) { return wk_cache_invalidate(call, "stock", err); }

bool stock_reserve(struct wk_call *call, const struct wk_uuid *order, const struct wk_stock_line *lines, size_t n, int64_t expires_us,
                   struct wk_shortage *shortage, struct wk_err *err)
{
    struct wk_rows *rows;
    char *ids, *quantities;

    if (!n || n > STOCK_LINES_MAX)
        return wk_fail(err, WK_BUSINESS, "catalog.bad_lines", "%zu lines; 1 to %d can be reserved", n, STOCK_LINES_MAX);
    for (size_t i = 0; i < n; i++)
        if (lines[i].quantity < 1 || lines[i].quantity > WK_MONEY_MAX)
            return wk_fail(err, WK_BUSINESS, "catalog.bad_lines", "a quantity of %lld", (long long)lines[i].quantity);
    if (!arrays(call, lines, n, &ids, &quantities))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "reservation");
    if (!wk_db_write(call, &reserve, WK_ARGS(wk_id(order), wk_text(ids), wk_text(quantities), expires_us ? wk_time(expires_us) : wk_null()),
                     &rows, err))
        return false;
    if (!wk_rows_count(rows))
        return told(call, err);
    if (shortage) {
        shortage->variant = wk_rows_id(rows, 0, 0);
        shortage->available = wk_rows_int(rows, 0, 1);
        shortage->name = wk_rows_text(rows, 0, 2);
    }
    return wk_fail(err, WK_BUSINESS, "catalog.insufficient_stock", "only %lld of %.80s left", (long long)wk_rows_int(rows, 0, 1),
                   wk_rows_text(rows, 0, 2));
}

static bool move(struct wk_call *call, const struct wk_sql *sql, const struct wk_uuid *order, struct wk_err *err)
{
    return told(call, err) && wk_db_queue(call, sql, WK_ARGS(wk_id(order)), -1, NULL, err);
}

bool stock_release(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err) { return move(call, &release, order, err); }
bool stock_consume(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err) { return move(call, &consume, order, err); }
bool stock_put_back(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err) { return move(call, &put_back, order, err); }
