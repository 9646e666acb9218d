/* server.h - a PostgreSQL server: tenants, and everything that is theirs. docs/design/servers.md. */
#ifndef WK_DB_SERVER_H
#define WK_DB_SERVER_H
#include <stdint.h>

enum { WK_SERVERS = 8 };

struct wk_db;
struct wk_dbserver {
    const char *name;
    struct wk_db *db;
    uint32_t shards;        /* bit n - 1: new tenants of shard n are made here */
    uint64_t lanes;         /* of its log, that this worker wants to be woken for */
    int64_t clock_shift_us; /* its clock minus this machine's CLOCK_REALTIME; kept fresh by its log */
};
int64_t wk_dbserver_now_us(const struct wk_dbserver *server); /* the time that decides there */
#endif
