/* statements.h - the texts of the inbox's hottest statements, where bench/ingest can measure the same without a host.
 * A flush brings each key once, so nothing is joined, grouped or sorted: the rows go in as they stand, in the order they came. */
#ifndef WK_INBOX_STATEMENTS_H
#define WK_INBOX_STATEMENTS_H
#define WK_INBOX_ROWS \
    "$2::int2[], $3::int2[], $4::int2[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[]"
#define WK_INBOX_COLUMNS "class, lane, version, id, tenant_id, type, key, payload, trace"
/* Nearly always every key is new. $1 is sorted: two flushes that share keys then wait for each other in one direction only. The keys are stored before
 * the first event (the count is asked for first), so that a key which is there already (db.unique) has cost little. */
#define WK_INBOX_NEW_SQL \
    "WITH s AS (INSERT INTO wakala.seen (k) SELECT unnest($1::uuid[]) RETURNING 1) " \
    "INSERT INTO wakala.event (" WK_INBOX_COLUMNS ", at) SELECT " WK_INBOX_COLUMNS ", (SELECT wakala.now()) " \
    "FROM unnest(" WK_INBOX_ROWS ") WITH ORDINALITY AS t(" WK_INBOX_COLUMNS ", n) WHERE (SELECT count(*) FROM s) > 0 ORDER BY n"
/* When some were there: $1 stands in the rows' order, and only rows whose key was new are stored. */
#define WK_INBOX_KNOWN_SQL \
    "WITH i AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], " WK_INBOX_ROWS ") WITH ORDINALITY AS t(k, " WK_INBOX_COLUMNS ", n)), " \
    "s AS (INSERT INTO wakala.seen (k) SELECT k FROM i ORDER BY k ON CONFLICT DO NOTHING RETURNING k) " \
    "INSERT INTO wakala.event (" WK_INBOX_COLUMNS ", at) SELECT " WK_INBOX_COLUMNS ", (SELECT wakala.now()) FROM s JOIN i USING (k) ORDER BY n"
#endif
