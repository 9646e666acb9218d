/* pace.c - see pace.h. A pair is a leaky bucket, kept as the one time at which it will be empty. */
#include "pace.h"
#include <stdlib.h>

enum { WAYS = 8, NUMBER_SETS = 512, PAIR_SETS = 8192, REFUSALS_MAX = 5, SLOW_MAX = 6 };
#define SECOND_US INT64_C(1000000)
#define QUIET_US (60 * SECOND_US)
#define PROBE_US (15 * SECOND_US)

struct wa_pace {
    struct wa_cell number[NUMBER_SETS][WAYS], pair[PAIR_SETS][WAYS];
};

struct wa_pace *wa_pace_create(void) { return calloc(1, sizeof(struct wa_pace)); }
void wa_pace_destroy(struct wa_pace *pace) { free(pace); }

static uint64_t hash_more(uint64_t h, const char *text) /* FNV-1a, with the NUL so that "a" "bc" is not "ab" "c" */
{
    do
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return h;
}

static uint64_t hash_end(uint64_t h) /* spread into the low bits that choose the set; 0 means empty */
{
    h ^= h >> 32;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
    return h ? h : 1;
}

static int64_t later_of(int64_t a, int64_t b) { return a > b ? a : b; }

static struct wa_cell *find(struct wa_cell *set, uint64_t hash)
{
    struct wa_cell *victim = set;

    for (int i = 0; i < WAYS; i++) {
        if (set[i].hash == hash)
            return &set[i];
        if (later_of(set[i].tat_us, set[i].blocked_us) < later_of(victim->tat_us, victim->blocked_us))
            victim = &set[i];
    }
    *victim = (struct wa_cell){.hash = hash};
    return victim;
}

struct wa_cell *wa_pace_number(struct wa_pace *pace, const char *address)
{
    uint64_t h = hash_end(hash_more(UINT64_C(0xcbf29ce484222325), address));

    return find(pace->number[h % NUMBER_SETS], h);
}

struct wa_cell *wa_pace_pair(struct wa_pace *pace, const char *tenant, const char *address, const char *user)
{
    uint64_t h = hash_end(hash_more(hash_more(hash_more(UINT64_C(0xcbf29ce484222325), tenant), address), user));

    return find(pace->pair[h % PAIR_SETS], h);
}

int64_t wa_pair_wait(const struct wa_cell *pair, int64_t now_us)
{
    int64_t from = later_of(pair->tat_us - (WA_PAIR_BURST - 1) * WA_PAIR_INTERVAL_US, pair->blocked_us);

    return from > now_us ? from - now_us : 0;
}

void wa_pair_take(struct wa_cell *pair, int64_t now_us) { pair->tat_us = later_of(pair->tat_us, now_us) + WA_PAIR_INTERVAL_US; }

int64_t wa_pair_refuse(struct wa_cell *pair, int64_t now_us)
{
    pair->blocked_us = now_us + (SECOND_US << 2 * pair->refusals);
    if (pair->refusals < REFUSALS_MAX)
        pair->refusals++;
    return pair->blocked_us;
}

void wa_pair_accept(struct wa_cell *pair) { pair->refusals = 0; }

uint32_t wa_number_slowness(struct wa_cell *number, int64_t now_us)
{
    while (number->slow && now_us - number->slowed_us >= QUIET_US) {
        number->slow--;
        number->slowed_us += QUIET_US;
    }
    return UINT32_C(1) << number->slow;
}

void wa_number_slow(struct wa_cell *number, int64_t now_us)
{
    if (number->slow && now_us - number->slowed_us < SECOND_US) /* answers to what was already on its way */
        return;
    if (number->slow < SLOW_MAX)
        number->slow++;
    number->slowed_us = now_us;
}

bool wa_number_stop(struct wa_cell *number, int64_t now_us, int64_t for_us)
{
    bool is_news = !number->is_stopped;

    number->is_stopped = true;
    number->blocked_us = now_us + for_us;
    return is_news;
}

int64_t wa_number_gate(struct wa_cell *number, int64_t now_us)
{
    if (now_us < number->blocked_us)
        return number->blocked_us;
    if (number->is_stopped)
        number->blocked_us = now_us + PROBE_US;
    return 0;
}

void wa_number_clear(struct wa_cell *number)
{
    number->is_stopped = false;
    number->blocked_us = 0;
}
