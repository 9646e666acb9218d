#include "roles.h"

#include <stdio.h>
#include <string.h>

enum { OWNER = 1, STAFF = 2, VENDOR = 4, DRIVER = 8, AGENT = 16 };
static const struct {
    const char *name;
    unsigned bit;
} roles[] = {{"admin", 0}, {"owner", OWNER}, {"staff", STAFF}, {"vendor", VENDOR}, {"driver", DRIVER}, {"agent", AGENT}};

/* A vendor's and a driver's are further narrowed by the plugins that have the rows: their own shop, their own deliveries. */
static const struct {
    const char *permission;
    unsigned roles;
} table[] = {
    {"analytics.read", OWNER | STAFF},
    {"audit.read", OWNER},
    {"catalog.read", OWNER | STAFF | VENDOR | AGENT},
    {"catalog.write", OWNER | STAFF | VENDOR},
    {"conversations.read", OWNER | STAFF | AGENT},
    {"conversations.write", OWNER | STAFF | AGENT},
    {"deliveries.read", OWNER | STAFF | DRIVER | AGENT},
    {"deliveries.write", OWNER | STAFF | DRIVER},
    {"drivers.read", OWNER | STAFF},
    {"drivers.write", OWNER | STAFF},
    {"keys.read", OWNER},
    {"keys.write", OWNER},
    {"orders.read", OWNER | STAFF | VENDOR | AGENT},
    {"orders.write", OWNER | STAFF | VENDOR},
    {"payments.read", OWNER | STAFF},
    {"payments.write", OWNER},
    {"settings.read", OWNER | STAFF},
    {"settings.write", OWNER},
    {"tenants.read", 0},
    {"tenants.write", 0},
    {"users.read", OWNER | STAFF},
    {"users.write", OWNER},
    {"webhooks.read", OWNER},
    {"webhooks.write", OWNER},
};
enum { ROLES = sizeof roles / sizeof *roles, PERMISSIONS = sizeof table / sizeof *table };

const char *role_name(size_t i) { return i < ROLES ? roles[i].name : NULL; }
const char *role_permission(size_t i) { return i < PERMISSIONS ? table[i].permission : NULL; }

const char *role_permissions(const char *role)
{
    static char texts[ROLES][ROLE_TEXT_MAX];
    size_t i = 0, n = 0;

    while (i < ROLES && strcmp(roles[i].name, role) != 0)
        i++;
    if (i == ROLES)
        return NULL;
    if (!i)
        return "*";
    if (!*texts[i])
        for (size_t p = 0; p < PERMISSIONS; p++)
            if (table[p].roles & roles[i].bit && n < ROLE_TEXT_MAX)
                n += (size_t)snprintf(texts[i] + n, ROLE_TEXT_MAX - n, "%s%s", n ? " " : "", table[p].permission);
    return texts[i];
}

bool role_is_of_tenant(const char *role) { return strcmp(role, "admin") != 0 && role_permissions(role); }

bool role_list_has(const char *list, const char *word, size_t len)
{
    for (const char *p = list; p && *p; p += strcspn(p, " "), p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");

        if ((n == 1 && *p == '*') || (n == len && !memcmp(p, word, len)))
            return true;
    }
    return false;
}
