#include "tenant/admin.h"
#include "tenant/places.h"
#include "db/lane.h"
#include "db/sync.h"
#include "plugin/registry.h"
#include <stdlib.h>

#define LIST(more) \
    "SELECT t.id, t.name, t.tier, CASE WHEN NOT t.is_ready THEN 'provisioning' WHEN t.gone_at IS NOT NULL THEN 'deleted' WHEN t.delete_at IS NOT NULL THEN 'deleting' ELSE t.status END, " \
    "t.shard, coalesce(string_agg(a.address, ',' ORDER BY a.address), '-')" more \
    " FROM wakala.tenant t LEFT JOIN wakala.address a ON a.tenant_id = t.id WHERE wakala.tenant_is_here(t.id) GROUP BY t.id ORDER BY t.name"

bool wk_tenant_list(const char *conninfo, const char *server, FILE *out, struct wk_err *err)
{
    return wk_sync_print(conninfo, server ? LIST(", $1::text") : LIST(""), server ? 1 : 0, &server, out, err);
}

/* Its id as text. tenant.unknown says how to find the right one. */
static bool find_tenant(PGconn *c, const char *id_or_name, char id[WK_UUID_TEXT], struct wk_err *err)
{
    PGresult *r = wk_sync_run(c, "SELECT id FROM wakala.tenant WHERE (id::text = $1 OR name = $1) AND wakala.tenant_is_here(id) ORDER BY id::text <> $1 LIMIT 1", 1, &id_or_name, err);
    bool found = r && PQntuples(r) == 1;

    if (found)
        (void)snprintf(id, WK_UUID_TEXT, "%s", PQgetvalue(r, 0, 0));
    else if (r)
        wk_fail(err, WK_BUSINESS, "tenant.unknown", "no tenant is called %s, nor has it as its id: see `wakala tenant list`", id_or_name);
    PQclear(r);
    return found;
}

bool wk_tenant_find(const char *conninfo, const char *id_or_name, struct wk_uuid *id, struct wk_err *err)
{
    char text[WK_UUID_TEXT];
    PGconn *c = wk_sync_open(conninfo, err);
    bool found = c && find_tenant(c, id_or_name, text, err) && wk_uuid_parse(text, id);

    PQfinish(c);
    return found;
}

bool wk_tenant_forget(const char *conninfo, const char *id_or_name, const char *pattern, struct wk_err *err)
{
    char text[WK_UUID_TEXT], lane[8], cls[8];
    const char *values[] = {lane, text, pattern, cls};
    PGconn *c = wk_sync_open(conninfo, err);
    struct wk_uuid id;
    bool ok = c && find_tenant(c, id_or_name, text, err) && wk_uuid_parse(text, &id);

    if (ok) {
        (void)snprintf(cls, sizeof cls, "%u", (unsigned)wk_cache_invalidated.priority);
        (void)snprintf(lane, sizeof lane, "%u", wk_lane_of(&id, pattern, strlen(pattern)));
        ok = wk_sync_command(c, "INSERT INTO wakala.event (class, lane, id, tenant_id, at, type, key, payload) "
                                "SELECT $4::int2, $1::int2, wakala.uuid7(n.at), $2::uuid, n.at, 'cache.invalidated', $3::text, "
                                "json_build_object('pattern', $3::text, 'timestamp', extract(epoch FROM n.at)::bigint)::text FROM (SELECT wakala.now() AS at) n",
                             WK_COUNT(values), values, err);
    }
    PQfinish(c);
    return ok;
}

/* What can stand in one segment of a webhook's path without escapes. */
static bool is_word(const char *text, size_t max, const char *allowed)
{
    size_t n = strlen(text);

    return n && n <= max && strspn(text, allowed) == n;
}
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* DNS-1123 labels of a-z 0-9 -, at least two. */
static bool is_domain(const char *text)
{
    size_t labels = 0;

    for (const char *p = text;; labels++) {
        size_t n = strcspn(p, ".");

        if (!n || n > 63 || p[0] == '-' || p[n - 1] == '-' || strspn(p, LOWER DIGITS "-") < n)
            return false;
        p += n;
        if (!*p++)
            return labels > 0;
    }
}

static bool valid_address(const struct wk_tenant_address *a, struct wk_err *err)
{
    if (!is_word(a->channel, 31, LOWER DIGITS "-_"))
        return wk_fail(err, WK_BUSINESS, "tenant.invalid", "channel %.40s: the name of a channel or gateway, 1 to 31 of a-z 0-9 - _", a->channel);
    if (!is_word(a->address, WK_ADDRESS_MAX, LOWER UPPER DIGITS "-_.~"))
        return wk_fail(err, WK_BUSINESS, "tenant.invalid", "address %.40s: 1 to %d of A-Z a-z 0-9 - _ . ~, as it stands in the webhook's path or body",
                       a->address, WK_ADDRESS_MAX);
    if (!strcmp(a->channel, WK_CHANNEL_DOMAIN) && !is_domain(a->address))
        return wk_fail(err, WK_BUSINESS, "tenant.invalid", "domain %.40s: a host name in lower case such as shop.example", a->address);
    return !a->account || is_word(a->account, WK_ADDRESS_MAX, LOWER UPPER DIGITS "-_.~") ||
           wk_fail(err, WK_BUSINESS, "tenant.invalid", "--account %.40s: 1 to %d of A-Z a-z 0-9 - _ . ~", a->account, WK_ADDRESS_MAX);
}

static bool add_address(PGconn *c, const struct wk_tenant_address *a, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *values[] = {a->channel, a->address, a->account, id}, *place[] = {a->channel, a->address};
    PGresult *r;
    bool mine;

    if (!find_tenant(c, a->tenant, id, err) ||
        !(r = wk_sync_run(c, "INSERT INTO wakala.address AS a (channel, address, account, tenant_id) VALUES ($1, $2, coalesce($3, ''), $4) "
                     "ON CONFLICT (channel, address) DO UPDATE SET account = coalesce($3, a.account) WHERE a.tenant_id = excluded.tenant_id "
                     "RETURNING 1", WK_COUNT(values), values, err)))
        return false;
    mine = PQntuples(r) == 1;
    PQclear(r);
    if (mine)
        return true;
    r = wk_sync_run(c, "SELECT t.name FROM wakala.address a JOIN wakala.tenant t ON t.id = a.tenant_id WHERE a.channel = $1 AND a.address = $2", 2, place, err);
    if (r)
        wk_fail(err, WK_BUSINESS, "tenant.address_taken", "%s %s belongs to %.60s: `wakala tenant address remove` it there first", a->channel, a->address,
                PQntuples(r) ? PQgetvalue(r, 0, 0) : "another tenant");
    PQclear(r);
    return false;
}

bool wk_tenant_address_add(const char *conninfo, const struct wk_tenant_address *wanted, struct wk_err *err)
{
    PGconn *c;
    bool ok;

    if (!valid_address(wanted, err) || !(c = wk_sync_open(conninfo, err)))
        return false;
    ok = add_address(c, wanted, err);
    PQfinish(c);
    return ok;
}

bool wk_tenant_address_remove(const char *conninfo, const struct wk_tenant_address *unwanted, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *values[] = {unwanted->channel, unwanted->address, id};
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *r = c && find_tenant(c, unwanted->tenant, id, err)
                      ? wk_sync_run(c, "DELETE FROM wakala.address WHERE channel = $1 AND address = $2 AND tenant_id = $3 RETURNING 1", 3, values, err)
                      : NULL;
    bool found = r && PQntuples(r) == 1;

    if (r && !found)
        wk_fail(err, WK_BUSINESS, "tenant.no_address", "%s has no address %.40s on channel %.40s: see `wakala tenant address list`", unwanted->tenant,
                unwanted->address, unwanted->channel);
    PQclear(r);
    PQfinish(c);
    return found;
}

bool wk_tenant_address_list(const char *conninfo, const char *tenant, FILE *out, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *values[] = {tenant ? id : NULL};

    if (tenant) {
        PGconn *c = wk_sync_open(conninfo, err);
        bool found = c && find_tenant(c, tenant, id, err);

        PQfinish(c);
        if (!found)
            return false;
    }
    return wk_sync_print(conninfo, "SELECT a.channel, a.address, CASE a.account WHEN '' THEN '-' ELSE a.account END, t.id, t.name FROM wakala.address a "
                           "JOIN wakala.tenant t ON t.id = a.tenant_id WHERE $1::uuid IS NULL OR t.id = $1::uuid ORDER BY a.channel, t.name, a.address",
                 1, values, out, err);
}

bool wk_tenant_account_is_shared(const char *conninfo, const char *channel, const char *account, bool *is_shared, struct wk_err *err)
{
    const char *values[] = {channel, account};
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *r = c ? wk_sync_run(c, "SELECT count(DISTINCT tenant_id) > 1 FROM wakala.address WHERE channel = $1 AND account = $2", 2, values, err) : NULL;

    *is_shared = r && PQntuples(r) == 1 && *PQgetvalue(r, 0, 0) == 't';
    PQclear(r);
    PQfinish(c);
    return r != NULL;
}
