/* limits.c - see limits.h. Each cell holds one time: when everything sent so far is paid for. */
#include "limits.h"
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };
#define SECOND_US INT64_C(1000000)

struct cell {
    struct cell *next;
    int64_t paid_us;
    char name[]; /* "address" or "address person" */
};
struct sim_limits {
    struct cell *bucket[BUCKETS];
};

struct sim_limits *sim_limits_create(void) { return calloc(1, sizeof(struct sim_limits)); }

void sim_limits_destroy(struct sim_limits *limits)
{
    if (!limits)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (limits->bucket[i]) {
            struct cell *c = limits->bucket[i];

            limits->bucket[i] = c->next;
            free(c);
        }
    free(limits);
}

/* The cell of that name; cells that are paid for are as good as new and make room. NULL without memory. */
static struct cell *find(struct sim_limits *limits, const char *address, const char *person, int64_t now_us)
{
    size_t a = strlen(address), p = strlen(person);
    uint64_t h = UINT64_C(14695981039346656037);
    struct cell **at, *c;

    for (size_t i = 0; i < a; i++)
        h = (h ^ (unsigned char)address[i]) * UINT64_C(1099511628211);
    for (size_t i = 0; i < p; i++)
        h = (h ^ (unsigned char)person[i] ^ 0x80) * UINT64_C(1099511628211);
    at = &limits->bucket[(h ^ h >> 32) % BUCKETS];
    for (struct cell **q = at; (c = *q);) {
        if (strlen(c->name) == a + 1 + p && !memcmp(c->name, address, a) && !memcmp(c->name + a + 1, person, p))
            return c;
        if (c->paid_us <= now_us) {
            *q = c->next;
            free(c);
        } else {
            q = &c->next;
        }
    }
    c = calloc(1, sizeof *c + a + p + 2);
    if (!c)
        return NULL;
    memcpy(c->name, address, a);
    c->name[a] = ' ';
    memcpy(c->name + a + 1, person, p);
    c->next = *at;
    *at = c;
    return c;
}

/* One more, of each_us: when all would be paid for. */
static int64_t paid_after(const struct cell *c, int64_t each_us, int64_t now_us) { return (c->paid_us > now_us ? c->paid_us : now_us) + each_us; }

/* Without memory there is no limit either: the simulator must not invent refusals. */
static bool has_room(const struct cell *c, int64_t each_us, int64_t ahead_us, int64_t now_us)
{
    return !c || paid_after(c, each_us, now_us) - now_us <= ahead_us;
}

static void take(struct cell *c, int64_t each_us, int64_t now_us)
{
    if (c)
        c->paid_us = paid_after(c, each_us, now_us);
}

int sim_limits_take(struct sim_limits *limits, const char *address, const char *person, int64_t per_second, bool pairs, int64_t now_us)
{
    int64_t each_us = per_second > 0 ? SECOND_US / per_second : 0;
    struct cell *number;

    if (pairs && !has_room(find(limits, address, person, now_us), SIM_PAIR_US, SIM_PAIR_BURST * SIM_PAIR_US + SIM_PAIR_GRACE_US, now_us))
        return 131056;
    number = each_us ? find(limits, address, "", now_us) : NULL;
    if (!has_room(number, each_us, SECOND_US, now_us))
        return 130429;
    take(number, each_us, now_us);
    if (pairs) /* looked up again: to find one cell may free others */
        take(find(limits, address, person, now_us), SIM_PAIR_US, now_us);
    return 0;
}

void sim_number_heard(struct sim_limits *limits, const char *address, int64_t per_second, int64_t now_us)
{
    struct cell *number = per_second > 0 ? find(limits, address, "", now_us) : NULL;

    if (!number)
        return;
    take(number, SECOND_US / per_second, now_us);
    if (number->paid_us > now_us + SECOND_US) /* people cannot be refused: they fill the second, and no more than it */
        number->paid_us = now_us + SECOND_US;
}
