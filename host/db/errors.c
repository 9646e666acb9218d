/* errors.c - what the server says, as an error that says who must act. Never the message's DETAIL or the parameters: both may
 * carry a customer's data. */
#include "db/internal.h"

#include <stdlib.h>
#include <string.h>

struct rule {
    const char *prefix; /* of the SQLSTATE */
    enum wk_class cls;
    const char *code;
};

static const struct rule rules[] = {
    { "08", WK_TRANSIENT, "db.unavailable" },    /* connection lost */
    { "57P0", WK_TRANSIENT, "db.unavailable" },  /* server stops, crashed, starts; idle session ended */
    { "53300", WK_TRANSIENT, "db.unavailable" }, /* too many connections */
    { "25P03", WK_TRANSIENT, "db.unavailable" }, /* idle in a transaction for too long: the session is gone */
    { "40001", WK_TRANSIENT, "db.conflict" },    /* serialisation */
    { "40P01", WK_TRANSIENT, "db.conflict" },    /* deadlock */
    { "55P03", WK_TRANSIENT, "db.conflict" },    /* lock_timeout, NOWAIT */
    { "57014", WK_TRANSIENT, "db.deadline" },    /* statement_timeout, cancel */
};

static const struct rule *rule_of(const char *sqlstate)
{
    for (size_t i = 0; i < WK_COUNT(rules); i++)
        if (!strncmp(sqlstate, rules[i].prefix, strlen(rules[i].prefix)))
            return &rules[i];
    return NULL;
}

bool wk_pg_is_stale(const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *where = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

    if (!sqlstate)
        return false;
    /* 26000: not there. 42P05: there already. 0A000 from this function: "cached plan must not change result type". */
    return !strcmp(sqlstate, "26000") || !strcmp(sqlstate, "42P05") ||
           (!strcmp(sqlstate, "0A000") && where && !strcmp(where, "RevalidateCachedQuery"));
}

/* A code that stands in a statement's own text: kept for the life of the process, because a code must outlive its call. Bounded: statements
 * are constants. */
static const char *interned(const char *code, size_t len)
{
    static char *known[128];

    for (size_t i = 0; i < WK_COUNT(known); i++) {
        if (!known[i])
            return known[i] = strndup(code, len);
        if (strlen(known[i]) == len && !memcmp(known[i], code, len))
            return known[i];
    }
    return NULL;
}

bool wk_pg_refused(struct wk_err *err, const PGresult *result)
{
    static const char mark[] = "wakala.expect=";
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), *code;
    size_t len = 0;

    if (!message || strncmp(message, mark, sizeof mark - 1) != 0)
        return false;
    message += sizeof mark - 1;
    len = strspn(message, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
    code = len ? interned(message, len) : NULL;
    if (!code)
        return false;
    if (!strcmp(code, "db.conflict"))
        wk_fail(err, WK_TRANSIENT, code, "somebody else changed it first");
    else if (!strcmp(code, "tenant.moving")) {
        wk_fail(err, WK_TRANSIENT, code, "this tenant is moving to another database server");
        err->retry_after_ms = 1000;
    } else if (!strncmp(message + len, ": ", 2))
        wk_fail(err, WK_BUSINESS, code, "%s", message + len + 2);
    else
        wk_fail(err, WK_BUSINESS, code, "refused when it was written: %s", code);
    return true;
}

bool wk_pg_fail(struct wk_err *err, const PGresult *result, const struct wk_stmt *stmt)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    const char *owner = stmt ? stmt->owner : "host", *name = stmt ? stmt->name : "session";
    const struct rule *rule;

    if (!sqlstate) /* libpq's own: the connection broke */
        return wk_fail(err, WK_TRANSIENT, "db.unavailable", "%s.%s: the connection broke", owner, name);
    if (!strcmp(sqlstate, "P0001") && wk_pg_refused(err, result))
        return false;
    if (!strcmp(sqlstate, "23505"))
        return wk_fail(err, WK_BUSINESS, "db.unique", "%s.%s: %s", owner, name, constraint ? constraint : "unique");
    rule = wk_pg_is_stale(result) ? &(struct rule){ "", WK_TRANSIENT, "db.conflict" } : rule_of(sqlstate);
    /* 22: the server quotes the bad value ("invalid input syntax for type integer: ..."), and it may be a person's. */
    if (!strncmp(sqlstate, "22", 2))
        message = "a value does not fit its type";
    if (rule)
        return wk_fail(err, rule->cls, rule->code, "%s.%s: %s %s", owner, name, sqlstate, message ? message : "");
    return wk_fail(err, WK_SYSTEM, "db.statement", "%s.%s: %s %s%s%s", owner, name, sqlstate, message ? message : "",
                   constraint ? ", constraint " : "", constraint ? constraint : "");
}

/* libpq's text on one line. It names host, role and database, never a password. */
bool wk_pg_lost(struct wk_err *err, const PGconn *pg, const char *what)
{
    const char *text = pg ? PQerrorMessage(pg) : "";
    char line[200];
    size_t used = 0;

    for (; *text && used < sizeof line - 1; text++)
        line[used++] = *text == '\n' || *text == '\t' ? ' ' : *text;
    while (used && line[used - 1] == ' ')
        used--;
    line[used] = '\0';
    return wk_fail(err, WK_TRANSIENT, "db.unavailable", "%s: %s", what, used ? line : "the connection broke");
}
