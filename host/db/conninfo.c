/* conninfo.c - connection parameters for libpq, with host names looked up beforehand: libpq looks them up with getaddrinfo
 * inside PQconnectStart, which blocks the loop for as long as a resolver likes. A reload looks them up again. */
#include "db/internal.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

enum { EXTRA = 8, ADDRESSES_BYTES = 1024 };

void wk_conninfo_free(char **keys, char **values)
{
    for (size_t i = 0; keys && keys[i]; i++) {
        free(keys[i]);
        free(values[i]);
    }
    free(keys);
    free(values);
}

static bool look_up(const char *host, char *out, size_t bytes, struct wk_err *err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);

    if (rc == 0)
        rc = getnameinfo(found->ai_addr, found->ai_addrlen, out, (socklen_t)bytes, NULL, 0, NI_NUMERICHOST);
    if (found)
        freeaddrinfo(found);
    return rc == 0 || wk_fail(err, WK_SYSTEM, "db.conf", "database host %.80s: %s", host, gai_strerror(rc));
}

/* "db1,/run/postgresql,10.0.0.3" -> "192.0.2.7,,10.0.0.3": an empty place means a socket directory, as libpq reads it. */
static bool addresses_of(const char *hosts, char *out, struct wk_err *err)
{
    char copy[ADDRESSES_BYTES], *rest = copy, *host;
    size_t used = 0;

    if (strlen(hosts) >= sizeof copy / 4)
        return wk_fail(err, WK_SYSTEM, "db.conf", "the database's host list is too long");
    strcpy(copy, hosts);
    while ((host = strsep(&rest, ","))) {
        char address[64] = "";

        if (*host && *host != '/' && *host != '@' && !look_up(host, address, sizeof address, err))
            return false;
        if (used + strlen(address) + 2 > ADDRESSES_BYTES)
            return wk_fail(err, WK_SYSTEM, "db.conf", "the database's host list is too long");
        used += (size_t)snprintf(out + used, ADDRESSES_BYTES - used, "%s%s", address, rest ? "," : "");
    }
    return true;
}

struct list {
    char **keys, **values;
    size_t n;
};

static bool put(struct list *list, const char *key, const char *value)
{
    char *k = strdup(key), *v = strdup(value);

    if (!k || !v) {
        free(k);
        free(v);
        return false;
    }
    list->keys[list->n] = k;
    list->values[list->n++] = v;
    return true;
}

static const char *value_of(const PQconninfoOption *options, const char *key)
{
    for (; options->keyword; options++)
        if (!strcmp(options->keyword, key))
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

static bool put_all(struct list *list, const PQconninfoOption *options, const char *application_name, struct wk_err *err)
{
    const char *host = value_of(options, "host");
    char addresses[ADDRESSES_BYTES] = "";
    bool ok = true;

    if (value_of(options, "service"))
        return wk_fail(err, WK_SYSTEM, "db.conf", "the database's connection string names a service file: write host, port "
                                                  "and dbname instead");
    if (!host && !value_of(options, "hostaddr"))
        host = getenv("PGHOST");
    for (const PQconninfoOption *o = options; o->keyword && ok; o++)
        if (o->val && *o->val)
            ok = put(list, o->keyword, o->val);
    if (host && !value_of(options, "hostaddr")) {
        if (!addresses_of(host, addresses, err))
            return false;
        if (strspn(addresses, ",") != strlen(addresses)) /* at least one that is not a socket */
            ok = ok && put(list, "hostaddr", addresses);
    }
    if (!value_of(options, "gssencmode")) /* it may look up a Kerberos realm, and blocks */
        ok = ok && put(list, "gssencmode", "disable");
    ok = ok && put(list, "client_encoding", "UTF8") && put(list, "application_name", application_name);
    return ok || wk_fail(err, WK_SYSTEM, "host.no_memory", "connection parameters");
}

bool wk_conninfo_parse(const char *conninfo, const char *application_name, char ***keys, char ***values,
                       struct wk_err *err)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &why);
    struct list list = { NULL, NULL, 0 };
    size_t n = EXTRA;
    bool ok;

    if (!options) { /* libpq's text may quote the string, and a password with it: say only that it is wrong */
        PQfreemem(why);
        return wk_fail(err, WK_SYSTEM, "db.conf", "the database's connection string cannot be read: write key=value pairs "
                                                  "or postgresql://...");
    }
    for (const PQconninfoOption *o = options; o->keyword; o++)
        n++;
    list.keys = calloc(n, sizeof *list.keys);
    list.values = calloc(n, sizeof *list.values);
    ok = list.keys && list.values ? put_all(&list, options, application_name, err)
                                  : wk_fail(err, WK_SYSTEM, "host.no_memory", "connection parameters");
    PQconninfoFree(options);
    if (!ok) {
        if (list.keys && list.values) {
            wk_conninfo_free(list.keys, list.values);
        } else {
            free(list.keys);
            free(list.values);
        }
        return false;
    }
    *keys = list.keys;
    *values = list.values;
    return true;
}
