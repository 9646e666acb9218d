/* directory.h - who a number, an account or an id belongs to, and which server has it: all tenants of all servers in memory, read whole when they change.
 * A snapshot is immutable and counted: a call keeps the one it started with. Threads: the loop's. */
#ifndef WK_DIRECTORY_H
#define WK_DIRECTORY_H
#include <wakala/call.h>

struct wk_dbserver;
struct wk_directory;
struct wk_snapshot;

struct wk_tenant_ref { /* one tenant in one snapshot */
    struct wk_tenant tenant;
    const char *schema; /* "pool" or its own */
    unsigned server;    /* index in the engine */
    bool is_arriving;   /* its move was decided, and not ended yet */
    uint64_t since_xid; /* events of that server's log before it are not its own any more; 0: it was born there */
    struct wk_snapshot *snapshot;
    size_t first_value, value_count; /* its settings and secrets in the snapshot */
};

struct wk_directory *wk_directory_create(struct wk_err *err);
void wk_directory_destroy(struct wk_directory *dir); /* NULL allowed */
/* Read everything again, and use it; the old snapshot serves until then and for who holds it. A server that does not answer keeps what it said last.
 * Parks: 5 s for the first server, 2 s for each other. False: one did not answer, and err says which. */
bool wk_directory_load(struct wk_directory *dir, const struct wk_dbserver *servers, unsigned n, struct wk_err *err);
/* The same in two steps. *next NULL: there is nothing new. Not used: wk_snapshot_drop(). */
bool wk_directory_read(const struct wk_directory *dir, const struct wk_dbserver *servers, unsigned n, struct wk_snapshot **next, struct wk_err *err);
uint32_t wk_directory_arrivals(const struct wk_directory *dir, const struct wk_snapshot *next); /* a bit for each server that has tenants it had not */
void wk_directory_use(struct wk_directory *dir, struct wk_snapshot *next); /* NULL allowed */
void wk_snapshot_drop(struct wk_snapshot *snapshot);                        /* NULL allowed */
bool wk_directory_is_loaded(const struct wk_directory *dir); /* main's tenants are known */
bool wk_directory_is_whole(const struct wk_directory *dir);  /* those of all servers: who is not there is nobody's */
bool wk_directory_has(const struct wk_directory *dir, unsigned server);
bool wk_directory_has_left(const struct wk_directory *dir, unsigned server, const struct wk_uuid *tenant); /* for another server */

/* Borrowed until the next load: take it to keep it. NULL: nobody's. */
const struct wk_tenant_ref *wk_directory_find(const struct wk_directory *dir, const struct wk_uuid *tenant);
const struct wk_tenant_ref *wk_directory_by_address(const struct wk_directory *dir, const char *channel, const char *address, size_t len);
const struct wk_tenant_ref *wk_directory_by_account(const struct wk_directory *dir, const char *channel, const char *account, size_t len);
/* An account that several tenants have is nobody's: guessing would hand one tenant's updates to another. */
bool wk_directory_is_shared(const struct wk_directory *dir, const char *channel, const char *account, size_t len);
void wk_directory_each(const struct wk_directory *dir, void (*visit)(const struct wk_tenant_ref *ref, void *arg), void *arg);

const struct wk_tenant_ref *wk_tenant_take(const struct wk_tenant_ref *ref); /* returns ref; NULL stays NULL */
void wk_tenant_drop(const struct wk_tenant_ref *ref);
/* The first of its addresses on a channel, in order of text; NULL: none. */
const char *wk_tenant_address_of(const struct wk_tenant_ref *ref, const char *channel);
/* False: the tenant's own setting "enabled" of this plugin says so. The one place that decides what a tenant has. ref NULL: true. */
bool wk_tenant_has(const struct wk_tenant_ref *ref, const char *plugin);
/* The tenant's own value, NULL when it has none; a secret's sealed bytes through *len. */
const char *wk_tenant_value(const struct wk_tenant_ref *ref, const char *plugin, const char *key);
const uint8_t *wk_tenant_sealed(const struct wk_tenant_ref *ref, const char *plugin, const char *key, size_t *len);
#endif
