#include "store.h"

#define PAYMENT_COLUMNS                                                                                                \
    "p.id, p.order_id, p.attempt_id, p.gateway, p.account, p.amount, p.currency, p.exponent, p.status, p.collected, "  \
    "p.refund_due, p.collect_key, a.reference, a.n, a.status, a.gateway_id, a.reply, a.next"
#define PAYMENT_JOIN "payments_payment p JOIN payments_attempt a ON a.tenant_id = p.tenant_id AND a.id = p.attempt_id"

WK_SQL(payment_of_order, "SELECT " PAYMENT_COLUMNS " FROM " PAYMENT_JOIN " WHERE p.order_id = $1::uuid");
WK_SQL(payment_by_id, "SELECT " PAYMENT_COLUMNS " FROM " PAYMENT_JOIN " WHERE p.id = $1::uuid");
/* The attempt that the fact names; the payment's row is the lock. Any attempt of the payment counts, not only the current one. */
WK_SQL(payment_lock_reference,
       "SELECT p.id, p.order_id, a.id, p.gateway, p.account, a.amount, a.currency, p.exponent, p.status, p.collected, p.refund_due, "
       "p.collect_key, a.reference, a.n, a.status, a.gateway_id, a.reply, a.next FROM payments_attempt a "
       "JOIN payments_payment p ON p.tenant_id = a.tenant_id AND p.id = a.payment_id "
       "WHERE a.reference = $3::text AND a.gateway = $1::text AND a.account = $2::text FOR UPDATE OF p");
WK_SQL(payment_lock_gateway_id,
       "SELECT p.id, p.order_id, a.id, p.gateway, p.account, a.amount, a.currency, p.exponent, p.status, p.collected, p.refund_due, "
       "p.collect_key, a.reference, a.n, a.status, a.gateway_id, a.reply, a.next FROM payments_attempt a "
       "JOIN payments_payment p ON p.tenant_id = a.tenant_id AND p.id = a.payment_id "
       "WHERE a.gateway_id = $3::text AND a.gateway = $1::text AND a.account = $2::text FOR UPDATE OF p");
/* Queued: it says itself what must be so. */
WK_SQL(payment_prepare,
       "WITH p AS (INSERT INTO payments_payment (id, order_id, attempt_id, gateway, account, amount, currency, exponent, status) "
       "VALUES ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::text, $6::bigint, $7::text, $8::bigint, $9::text) "
       "ON CONFLICT (tenant_id, order_id) DO UPDATE SET updated_at = payments_payment.updated_at "
       "WHERE payments_payment.gateway = excluded.gateway AND payments_payment.amount = excluded.amount "
       "AND payments_payment.currency = excluded.currency RETURNING id), "
       "a AS (INSERT INTO payments_attempt (id, payment_id, n, reference, gateway, account, amount, currency) "
       "SELECT $3::uuid, p.id, 1, $10::text, $4::text, $5::text, $6::bigint, $7::text FROM p ON CONFLICT DO NOTHING) "
       "SELECT wakala.expect((SELECT count(*) FROM p), 1, 'payment.order_has_payment')");
WK_SQL(payment_event,
       "INSERT INTO payments_event (gateway, account, event_key, payment_id, kind, reference, amount, currency, verdict, reason) "
       "VALUES ($1::text, $2::text, $3::text, $4::uuid, $5::text, $6::text, $7::bigint, $8::text, $9::text, $10::text) "
       "ON CONFLICT DO NOTHING");
WK_SQL(payment_settle,
       "WITH p AS (UPDATE payments_payment SET status = $2::text, collected = collected + $3::bigint, "
       "refund_due = greatest(0, refund_due + $4::bigint), updated_at = wakala.now() WHERE id = $1::uuid "
       "RETURNING id, order_id, gateway, account, currency), "
       "a AS (UPDATE payments_attempt SET status = COALESCE($6::text, status), updated_at = wakala.now() WHERE id = $5::uuid), "
       "l AS (INSERT INTO payments_ledger (entry_id, line, account, amount, currency, payment_id) "
       "SELECT $7::uuid, v.line, v.account, v.amount, p.currency, p.id FROM p, LATERAL (VALUES "
       "(1::bigint, 'buyer:' || p.order_id, -$3::bigint), (2::bigint, 'gateway:' || p.gateway || ':' || p.account, $3::bigint)) "
       "AS v(line, account, amount) WHERE $3::bigint <> 0) SELECT wakala.expect((SELECT count(*) FROM p), 1, 'db.conflict')");
/* Buyer receivable -> cash in the collector's hand. The row's own lock and status make it happen once. */
WK_SQL(payment_collect,
       "WITH p AS (UPDATE payments_payment SET status = CASE WHEN $3::bigint = amount THEN 'collected' WHEN $3::bigint < amount THEN 'short' "
       "ELSE 'over' END, collected = $3::bigint, collector = $2::uuid, collect_key = $4::text, updated_at = wakala.now() "
       "WHERE order_id = $1::uuid AND status = 'due' RETURNING id, order_id, attempt_id, gateway, account, currency), "
       "a AS (UPDATE payments_attempt t SET status = 'settled', updated_at = wakala.now() FROM p WHERE t.id = p.attempt_id), "
       "e AS (INSERT INTO payments_event (gateway, account, event_key, payment_id, kind, amount, currency, verdict) "
       "SELECT p.gateway, p.account, $4::text, p.id, 'collected', $3::bigint, p.currency, 'applied' FROM p), "
       "l AS (INSERT INTO payments_ledger (entry_id, line, account, amount, currency, payment_id) "
       "SELECT $5::uuid, v.line, v.account, v.amount, p.currency, p.id FROM p, LATERAL (VALUES "
       "(1::bigint, 'buyer:' || p.order_id, -$3::bigint), (2::bigint, 'cash:' || $2::uuid, $3::bigint)) AS v(line, account, amount)) "
       "SELECT id FROM p");
WK_SQL(payment_cancel,
       "WITH was AS (SELECT id, status, collected, refund_due FROM payments_payment WHERE order_id = $1::uuid FOR UPDATE), "
       "p AS (UPDATE payments_payment t SET status = CASE WHEN w.collected > 0 THEN t.status ELSE 'cancelled' END, "
       "refund_due = w.collected, updated_at = wakala.now() FROM was w WHERE t.id = w.id AND t.status <> 'refunded' "
       "AND (w.status IN ('due', 'pending', 'failed') OR w.collected > w.refund_due) RETURNING t.id, w.status AS before), "
       "a AS (UPDATE payments_attempt t SET status = 'cancelled', updated_at = wakala.now() FROM p WHERE t.payment_id = p.id "
       "AND t.status IN ('created', 'started', 'unknown')) SELECT before FROM p");
WK_SQL(payment_started,
       "UPDATE payments_attempt SET status = $2::text, gateway_id = COALESCE($3::text, gateway_id), reply = $4::text, next = $5::bigint, "
       "updated_at = wakala.now() WHERE id = $1::uuid AND status IN ('created', 'started', 'unknown')");

static void fill(const struct wk_rows *rows, struct payment_row *row)
{
    memset(row, 0, sizeof *row);
    row->p.size = sizeof row->p;
    row->p.id = wk_rows_id(rows, 0, 0);
    row->p.order = wk_rows_id(rows, 0, 1);
    row->p.attempt = wk_rows_id(rows, 0, 2);
    row->p.gateway = wk_rows_text(rows, 0, 3);
    row->account = wk_rows_text(rows, 0, 4);
    row->p.amount = wk_rows_int(rows, 0, 5);
    row->p.currency = wk_rows_text(rows, 0, 6);
    row->p.exponent = (uint32_t)wk_rows_int(rows, 0, 7);
    row->p.status = wk_rows_text(rows, 0, 8);
    row->p.collected = wk_rows_int(rows, 0, 9);
    row->refund_due = wk_rows_int(rows, 0, 10);
    row->collect_key = wk_rows_text(rows, 0, 11);
    row->p.reference = wk_rows_text(rows, 0, 12);
    row->attempt_n = (unsigned)wk_rows_int(rows, 0, 13);
    row->attempt_status = wk_rows_text(rows, 0, 14);
    row->gateway_id = wk_rows_text(rows, 0, 15);
    row->reply = wk_rows_text(rows, 0, 16);
    row->next = (enum wk_next)wk_rows_int(rows, 0, 17);
}

static bool one(struct wk_call *call, const struct wk_sql *sql, const struct wk_uuid *id, struct payment_row *row, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, sql, WK_ARGS(wk_id(id)), &rows, err))
        return false;
    if (!wk_rows_count(rows))
        return wk_fail(err, WK_BUSINESS, "payment.not_found", "no such payment");
    fill(rows, row);
    return true;
}

bool store_of_order(struct wk_call *call, const struct wk_uuid *order, struct payment_row *row, struct wk_err *err)
{
    return one(call, &payment_of_order, order, row, err);
}

bool store_payment(struct wk_call *call, const struct wk_uuid *id, struct payment_row *row, struct wk_err *err)
{
    return one(call, &payment_by_id, id, row, err);
}

bool store_lock(struct wk_call *call, const char *gateway, const char *account, const struct wk_fact *fact, struct payment_row *row,
                bool *found, struct wk_err *err)
{
    const char *by = fact->reference ? fact->reference : fact->gateway_id;
    struct wk_rows *rows;

    *found = false;
    if (!by)
        return true;
    /* A write, though it only reads: the lock needs the call's transaction. */
    if (!wk_db_write(call, fact->reference ? &payment_lock_reference : &payment_lock_gateway_id,
                     WK_ARGS(wk_text(gateway), wk_text(account), wk_text(by)), &rows, err))
        return false;
    *found = wk_rows_count(rows) > 0;
    if (*found)
        fill(rows, row);
    return true;
}

bool store_prepare(struct wk_call *call, const struct payment_row *row, struct wk_err *err)
{
    const struct wk_payment *p = &row->p;

    return wk_db_queue(call, &payment_prepare,
                       WK_ARGS(wk_id(&p->id), wk_id(&p->order), wk_id(&p->attempt), wk_text(p->gateway), wk_text(row->account),
                               wk_int(p->amount), wk_text(p->currency), wk_int(p->exponent), wk_text(p->status), wk_text(p->reference)),
                       -1, NULL, err);
}

bool store_event(struct wk_call *call, const char *gateway, const char *account, const struct wk_uuid *payment, const struct wk_fact *fact,
                 const char *verdict, const char *reason, bool *fresh, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &payment_event,
                     WK_ARGS(wk_text(gateway), wk_text(account), wk_text(fact->event_key), wk_id(payment), wk_text(fact_name(fact->kind)),
                             wk_text(fact->reference ? fact->reference : ""), wk_int(fact->amount), wk_text(fact->currency ? fact->currency : ""),
                             wk_text(verdict), wk_text(reason)),
                     &rows, err))
        return false;
    *fresh = wk_rows_affected(rows) == 1;
    return true;
}

bool store_settle(struct wk_call *call, const struct payment_row *row, const struct settle *what, const struct wk_uuid *entry,
                  struct wk_err *err)
{
    return wk_db_queue(call, &payment_settle,
                       WK_ARGS(wk_id(&row->p.id), wk_text(what->status), wk_int(what->money),
                               wk_int(what->money < 0 ? what->money : what->refund_due), wk_id(&row->p.attempt), wk_text(what->attempt),
                               wk_id(entry)),
                       -1, NULL, err);
}

bool store_collect(struct wk_call *call, const struct wk_uuid *order, const struct wk_uuid *collector, int64_t amount, const char *key,
                   const struct wk_uuid *entry, bool *won, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &payment_collect, WK_ARGS(wk_id(order), wk_id(collector), wk_int(amount), wk_text(key), wk_id(entry)), &rows, err))
        return false;
    *won = wk_rows_count(rows) == 1;
    return true;
}

bool store_cancel(struct wk_call *call, const struct wk_uuid *order, struct payment_row *after, const char **was, struct wk_err *err)
{
    struct wk_rows *rows;

    *was = "";
    if (!wk_db_write(call, &payment_cancel, WK_ARGS(wk_id(order)), &rows, err))
        return false;
    if (!wk_rows_count(rows))
        return true;
    *was = wk_rows_text(rows, 0, 0);
    return store_of_order(call, order, after, err);
}

bool store_started(struct wk_call *call, const struct wk_uuid *attempt, const char *status, const char *gateway_id, const char *reply,
                   enum wk_next next, struct wk_err *err)
{
    return wk_db_queue(call, &payment_started,
                       WK_ARGS(wk_id(attempt), wk_text(status), wk_text(gateway_id), wk_text(reply ? reply : ""), wk_int(next)), -1, NULL,
                       err);
}
