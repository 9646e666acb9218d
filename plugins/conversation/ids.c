#include "ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool id_write(char *out, const char *node, const char *action, const char *arg, int64_t version)
{
    int n;

    if (!*node || strlen(node) >= 32 || strlen(action) >= 64 || strchr(node, '|') || strchr(action, '|'))
        return false;
    n = snprintf(out, ID_MAX + 1, "%s|%s|%s|%" PRId64, node, action, arg, version);
    return n > 0 && n <= ID_MAX;
}

bool id_read(const char *text, struct reply_id *id)
{
    size_t len = strlen(text), node, action;
    const char *first = strchr(text, '|'), *second = first ? strchr(first + 1, '|') : NULL, *last = strrchr(text, '|');
    char *end;

    if (len > ID_MAX || !second || last == second)
        return false;
    node = (size_t)(first - text);
    action = (size_t)(second - first) - 1;
    if (!node || node >= sizeof id->node || action >= sizeof id->action || last[1] < '0' || last[1] > '9' || strlen(last + 1) > 18)
        return false;
    id->version = strtoll(last + 1, &end, 10);
    if (*end)
        return false;
    (void)snprintf(id->node, sizeof id->node, "%.*s", (int)node, text);
    (void)snprintf(id->action, sizeof id->action, "%.*s", (int)action, first + 1);
    (void)snprintf(id->arg, sizeof id->arg, "%.*s", (int)(last - second) - 1, second + 1);
    return true;
}
