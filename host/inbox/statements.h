/* statements.h - the text of the inbox's hottest statement, where bench/ingest can measure the same text without a host. */
#ifndef WK_INBOX_STATEMENTS_H
#define WK_INBOX_STATEMENTS_H
/* Order inside a burst is kept by n; dedupe keys go in sorted, because unsorted ones deadlock with another flush in nearly every batch. */
#define WK_INBOX_EVENTS_SQL \
    "WITH i AS MATERIALIZED (SELECT * FROM unnest($1::date[], $2::uuid[], $3::uuid[], $4::int2[], $5::int2[], $6::int2[], $7::uuid[], " \
    "$8::text[], $9::text[], $10::text[]) WITH ORDINALITY AS t(day, k, tenant_id, class, lane, version, id, type, key, payload, n)), " \
    "f AS (SELECT day, k, min(n) AS n FROM i GROUP BY day, k), " \
    "s AS (INSERT INTO wakala.seen (day, k) SELECT day, k FROM f ORDER BY day, k ON CONFLICT DO NOTHING RETURNING day, k), " \
    "c AS MATERIALIZED (SELECT wakala.now() AS at) " \
    "INSERT INTO wakala.event (class, lane, version, id, tenant_id, at, type, key, payload) " \
    "SELECT i.class, i.lane, i.version, i.id, i.tenant_id, c.at, i.type, i.key, i.payload " \
    "FROM s JOIN f USING (day, k) JOIN i ON i.n = f.n CROSS JOIN c ORDER BY i.n"
#endif
