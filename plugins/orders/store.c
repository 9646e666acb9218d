#include "store.h"
#include <wakala/json.h>

/* to_char wants the tenant's zone: parameter 2 of every statement that reads whole orders. */
#define ORDER_COLUMNS                                                                                                  \
    "id, cart_id, number, version, customer_id, customer_name, vendor_id, vendor_name, payment_id, status, "           \
    "payment_status, delivery_status, payment_method, fulfilment, subtotal, delivery_fee, tax, total, currency, "      \
    "exponent, latitude, longitude, landmark, items, distance_m, courier, reason, "                                    \
    "(extract(epoch FROM created_at) * 1000000)::bigint, to_char(ready_at AT TIME ZONE $2::text, 'HH24:MI'), is_cash"
#define LIVE "status NOT IN ('DELIVERED', 'CANCELLED', 'REFUNDED')"

WK_SQL(order_by_id, "SELECT " ORDER_COLUMNS " FROM orders_order WHERE id = $1::uuid");
WK_SQL(order_by_cart, "SELECT " ORDER_COLUMNS " FROM orders_order WHERE cart_id = $1::uuid");
WK_SQL(order_by_number, "SELECT " ORDER_COLUMNS " FROM orders_order WHERE number = $1::bigint");
WK_SQL(order_live_of_customer,
       "SELECT " ORDER_COLUMNS " FROM orders_order WHERE customer_id = $1::uuid AND " LIVE " ORDER BY number LIMIT 10");
WK_SQL(order_live_of_vendor,
       "SELECT " ORDER_COLUMNS " FROM orders_order WHERE vendor_id = $1::uuid AND " LIVE " ORDER BY number LIMIT 10");
WK_SQL(order_lines, "SELECT name, quantity, price, amount FROM orders_line WHERE order_id = $1::uuid ORDER BY line");
WK_SQL(order_history,
       "SELECT status, to_char(at AT TIME ZONE $2::text, 'HH24:MI') FROM orders_history WHERE order_id = $1::uuid ORDER BY version");
WK_SQL(order_next_number,
       "INSERT INTO orders_counter (name, value) VALUES ('order', 1001) "
       "ON CONFLICT (tenant_id, name) DO UPDATE SET value = orders_counter.value + 1 RETURNING value");
/* One statement for order, lines and history; queued, so it says itself that a cart which is an order already must fail the call. */
WK_SQL(order_insert,
       "WITH o AS (INSERT INTO orders_order (id, cart_id, number, version, customer_id, customer_name, vendor_id, vendor_name, "
       "payment_id, status, payment_status, payment_method, fulfilment, subtotal, delivery_fee, tax, total, currency, exponent, "
       "latitude, longitude, landmark, items, distance_m, is_cash) VALUES ($1::uuid, $2::uuid, $3::bigint, 2, $4::uuid, $5::text, $6::uuid, "
       "$7::text, $8::uuid, 'PAYMENT_PENDING', 'pending', $9::text, $10::text, $11::bigint, $12::bigint, $13::bigint, $14::bigint, "
       "$15::text, $16::bigint, $17::double precision, $18::double precision, $19::text, $20::bigint, $21::bigint, $24::boolean) "
       "ON CONFLICT (tenant_id, cart_id) DO NOTHING RETURNING id), "
       "l AS (INSERT INTO orders_line (order_id, line, variant_id, name, quantity, price, amount, tax) "
       "SELECT o.id, t.line, t.variant, t.name, t.quantity, t.price, t.amount, t.tax FROM o, jsonb_to_recordset($22::jsonb) "
       "AS t(line bigint, variant uuid, name text, quantity bigint, price bigint, amount bigint, tax bigint)), "
       "h AS (INSERT INTO orders_history (order_id, version, previous, status, actor, actor_id, trace) "
       "SELECT o.id, v.version, v.previous, v.status, v.actor, v.actor_id, $23::text FROM o, (VALUES "
       "(1::bigint, '', 'CREATED', 'customer', $4::uuid), (2::bigint, 'CREATED', 'PAYMENT_PENDING', 'system', NULL::uuid)) "
       "AS v(version, previous, status, actor, actor_id)) "
       "SELECT wakala.expect((SELECT count(*) FROM o), 1, 'order.cart_placed')");
WK_SQL(order_change,
       "WITH m AS (UPDATE orders_order SET status = $3::text, version = version + 1, reason = COALESCE($6::text, reason), "
       "courier = COALESCE($7::text, courier), delivery_status = COALESCE($8::text, delivery_status), "
       "payment_status = COALESCE($9::text, payment_status), updated_at = wakala.now() "
       "WHERE id = $1::uuid AND status = $2::text RETURNING id, version) "
       "INSERT INTO orders_history (order_id, version, previous, status, actor, actor_id, reason, trace) "
       "SELECT m.id, m.version, $2::text, $3::text, $4::text, $5::uuid, COALESCE($6::text, ''), $10::text FROM m");
WK_SQL(order_payment_status, "UPDATE orders_order SET payment_status = $2::text, updated_at = wakala.now() WHERE id = $1::uuid");
WK_SQL(order_ready_in,
       "UPDATE orders_order SET ready_at = wakala.now() + $2::bigint * interval '1 minute', updated_at = wakala.now() WHERE id = $1::uuid");

static void fill(const struct wk_rows *rows, size_t r, struct order_row *row)
{
    memset(row, 0, sizeof *row);
    row->o.size = sizeof row->o;
    row->o.id = wk_rows_id(rows, r, 0);
    row->cart = wk_rows_id(rows, r, 1);
    row->o.number = (uint32_t)wk_rows_int(rows, r, 2);
    row->version = wk_rows_int(rows, r, 3);
    row->o.customer = wk_rows_id(rows, r, 4);
    row->o.customer_name = wk_rows_text(rows, r, 5);
    row->o.vendor = wk_rows_id(rows, r, 6);
    row->vendor_name = wk_rows_text(rows, r, 7);
    row->o.payment = wk_rows_id(rows, r, 8);
    row->o.status = wk_rows_text(rows, r, 9);
    row->o.payment_status = wk_rows_text(rows, r, 10);
    row->o.delivery_status = wk_rows_text(rows, r, 11);
    row->o.payment_method = wk_rows_text(rows, r, 12);
    row->o.fulfilment = wk_rows_text(rows, r, 13);
    row->o.subtotal = wk_rows_int(rows, r, 14);
    row->o.delivery_fee = wk_rows_int(rows, r, 15);
    row->o.tax = wk_rows_int(rows, r, 16);
    row->o.total = wk_rows_int(rows, r, 17);
    row->o.currency = wk_rows_text(rows, r, 18);
    row->exponent = (uint32_t)wk_rows_int(rows, r, 19);
    row->o.latitude = wk_rows_double(rows, r, 20);
    row->o.longitude = wk_rows_double(rows, r, 21);
    row->o.landmark = wk_rows_text(rows, r, 22);
    row->items = wk_rows_int(rows, r, 23);
    row->distance_m = wk_rows_int(rows, r, 24);
    row->courier = wk_rows_text(rows, r, 25);
    row->reason = wk_rows_text(rows, r, 26);
    row->o.created_us = wk_rows_int(rows, r, 27);
    row->ready_at = wk_rows_text(rows, r, 28);
    row->o.is_cash = wk_rows_bool(rows, r, 29);
}

static bool one(const struct wk_rows *rows, struct order_row *row, struct wk_err *err)
{
    if (!wk_rows_count(rows))
        return wk_fail(err, WK_BUSINESS, "order.not_found", "no such order");
    fill(rows, 0, row);
    /* The check constraint lets nothing else in; still, an unknown word must not become CREATED. */
    return order_state_parse(row->o.status, &row->state) || wk_fail(err, WK_SYSTEM, "order.bad_state", "state %s", row->o.status);
}

static const char *zone(struct wk_call *call)
{
    const struct wk_tenant *t = wk_tenant(call);

    return t && t->timezone && *t->timezone ? t->timezone : "UTC";
}

bool store_order(struct wk_call *call, const struct wk_uuid *id, struct order_row *row, struct wk_err *err)
{
    struct wk_rows *rows;

    return wk_db_read(call, &order_by_id, WK_ARGS(wk_id(id), wk_text(zone(call))), &rows, err) && one(rows, row, err);
}

bool store_order_of_cart(struct wk_call *call, const struct wk_uuid *cart, struct order_row *row, struct wk_err *err)
{
    struct wk_rows *rows;

    return wk_db_read(call, &order_by_cart, WK_ARGS(wk_id(cart), wk_text(zone(call))), &rows, err) && one(rows, row, err);
}

bool store_order_of_number(struct wk_call *call, int64_t number, struct order_row *row, struct wk_err *err)
{
    struct wk_rows *rows;

    return wk_db_read(call, &order_by_number, WK_ARGS(wk_int(number), wk_text(zone(call))), &rows, err) && one(rows, row, err);
}

bool store_order_lines(struct wk_call *call, const struct wk_uuid *id, struct order_row *row, struct order_line_row **lines, size_t *n,
                       struct wk_err *err)
{
    struct wk_arg args[] = {wk_id(id), wk_text(zone(call))};
    struct wk_query q[] = {{.sql = &order_by_id, .args = args, .n = 2}, {.sql = &order_lines, .args = args, .n = 1}};

    if (!wk_db_read_all(call, q, WK_COUNT(q), err) || !one(q[0].rows, row, err))
        return false;
    *n = wk_rows_count(q[1].rows);
    *lines = wk_alloc(call, (*n + 1) * sizeof **lines);
    if (!*lines)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "lines of an order");
    for (size_t i = 0; i < *n; i++)
        (*lines)[i] = (struct order_line_row){.name = wk_rows_text(q[1].rows, i, 0), .quantity = wk_rows_int(q[1].rows, i, 1),
                                              .price = wk_rows_int(q[1].rows, i, 2), .amount = wk_rows_int(q[1].rows, i, 3)};
    return true;
}

bool store_order_steps(struct wk_call *call, const struct wk_uuid *id, struct order_row *row, struct order_step **steps, size_t *n,
                       struct wk_err *err)
{
    struct wk_arg args[] = {wk_id(id), wk_text(zone(call))};
    struct wk_query q[] = {{.sql = &order_by_id, .args = args, .n = 2}, {.sql = &order_history, .args = args, .n = 2}};

    if (!wk_db_read_all(call, q, WK_COUNT(q), err) || !one(q[0].rows, row, err))
        return false;
    *n = wk_rows_count(q[1].rows);
    *steps = wk_alloc(call, (*n + 1) * sizeof **steps);
    if (!*steps)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "history of an order");
    for (size_t i = 0; i < *n; i++)
        (*steps)[i] = (struct order_step){wk_rows_text(q[1].rows, i, 0), wk_rows_text(q[1].rows, i, 1)};
    return true;
}

static bool live(struct wk_call *call, const struct wk_sql *sql, const struct wk_uuid *whose, struct order_row **list, size_t *n,
                 struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, sql, WK_ARGS(wk_id(whose), wk_text(zone(call))), &rows, err))
        return false;
    *n = wk_rows_count(rows);
    *list = wk_alloc(call, (*n + 1) * sizeof **list);
    if (!*list)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "running orders");
    for (size_t i = 0; i < *n; i++) {
        fill(rows, i, &(*list)[i]);
        if (!order_state_parse((*list)[i].o.status, &(*list)[i].state))
            return wk_fail(err, WK_SYSTEM, "order.bad_state", "state %s", (*list)[i].o.status);
    }
    return true;
}

bool store_live_of_customer(struct wk_call *call, const struct wk_uuid *customer, struct order_row **rows, size_t *n, struct wk_err *err)
{
    return live(call, &order_live_of_customer, customer, rows, n, err);
}

bool store_live_of_vendor(struct wk_call *call, const struct wk_uuid *vendor, struct order_row **rows, size_t *n, struct wk_err *err)
{
    return live(call, &order_live_of_vendor, vendor, rows, n, err);
}

bool store_next_number(struct wk_call *call, int64_t *number, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &order_next_number, WK_NO_ARGS, &rows, err))
        return false;
    *number = wk_rows_int(rows, 0, 0);
    return *number > 0 || wk_fail(err, WK_SYSTEM, "order.no_number", "the counter gave no number");
}

static const char *lines_json(struct wk_call *call, const struct cart *cart, const struct quote_line *amounts)
{
    json_t *list = json_array();
    char id[WK_UUID_TEXT];

    for (size_t i = 0; i < cart->n; i++) {
        const struct cart_line *l = &cart->lines[i];

        (void)json_array_append_new(list, json_pack("{s:I,s:s,s:s,s:I,s:I,s:I,s:I}", "line", (json_int_t)i + 1, "variant",
                                                    wk_uuid_text(&l->variant, id), "name", l->name, "quantity", (json_int_t)l->quantity,
                                                    "price", (json_int_t)l->price, "amount", (json_int_t)amounts[i].amount, "tax",
                                                    (json_int_t)amounts[i].tax));
    }
    if (json_array_size(list) != cart->n) { /* out of memory, or a name that is not UTF-8 */
        json_decref(list);
        return NULL;
    }
    return wk_json_text(call, list, NULL);
}

bool store_insert(struct wk_call *call, const struct order_row *row, const struct cart *cart, const struct quote_line *amounts,
                  struct wk_err *err)
{
    const struct wk_order *o = &row->o;
    const char *lines = lines_json(call, cart, amounts);
    bool has_place = geo_is_valid(o->latitude, o->longitude);

    if (!lines)
        return wk_fail(err, WK_SYSTEM, "order.lines", "the lines cannot be written as JSON");
    return wk_db_queue(call, &order_insert,
                       WK_ARGS(wk_id(&o->id), wk_id(&row->cart), wk_int(o->number), wk_id(&o->customer), wk_text(o->customer_name),
                               wk_id(&o->vendor), wk_text(row->vendor_name), wk_id(&o->payment), wk_text(o->payment_method),
                               wk_text(o->fulfilment), wk_int(o->subtotal), wk_int(o->delivery_fee), wk_int(o->tax), wk_int(o->total),
                               wk_text(o->currency), wk_int(row->exponent), has_place ? wk_double(o->latitude) : wk_null(),
                               has_place ? wk_double(o->longitude) : wk_null(), wk_text(o->landmark), wk_int(row->items),
                               wk_int(row->distance_m), wk_text(lines), wk_text(wk_trace_id(call)), wk_bool(o->is_cash)),
                       -1, NULL, err);
}

bool store_change(struct wk_call *call, const struct wk_uuid *id, const struct order_change *c, bool *won, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &order_change,
                     WK_ARGS(wk_id(id), wk_text(order_state_name(c->from)), wk_text(order_state_name(c->to)),
                             wk_text(order_actor_name(c->actor)), wk_id(c->actor_id), wk_text(c->reason), wk_text(c->courier),
                             wk_text(c->delivery_status), wk_text(c->payment_status), wk_text(wk_trace_id(call))),
                     &rows, err))
        return false;
    *won = wk_rows_affected(rows) == 1;
    return true;
}

bool store_payment_status(struct wk_call *call, const struct wk_uuid *id, const char *status, struct wk_err *err)
{
    return wk_db_queue(call, &order_payment_status, WK_ARGS(wk_id(id), wk_text(status)), 1, "order.not_found", err);
}

bool store_ready_in(struct wk_call *call, const struct wk_uuid *id, int64_t minutes, struct wk_err *err)
{
    return wk_db_queue(call, &order_ready_in, WK_ARGS(wk_id(id), wk_int(minutes)), 1, "order.not_found", err);
}
