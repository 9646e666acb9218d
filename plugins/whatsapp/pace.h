/* pace.h - what is known of a number, and of a pair of number and person, in one worker's memory.
 *
 * A pair is exact: its lane has one owner, so one worker sees all of it. A number's rate is shared by all workers of the machine (wk_limit_reserve()); what
 * is kept here is whether it must stand still, and how often Meta's 130429 has halved this worker's part until a quiet minute doubles it again. The
 * tables are of fixed size; what must make room is the entry nearest to being as good as new. Times are microseconds of wk_now(). Loop only. */
#ifndef WA_PACE_H
#define WA_PACE_H
#include <stdbool.h>
#include <stdint.h>

enum { WA_PAIR_BURST = 45 };                      /* messages at once ... */
#define WA_PAIR_INTERVAL_US INT64_C(6000000)      /* ... then one per 6 s on average */

struct wa_cell { /* one number or one pair */
    uint64_t hash;
    int64_t tat_us;     /* pair: when all that was sent is paid for */
    int64_t blocked_us; /* nothing before this */
    int64_t slowed_us;  /* number: last time it was told to slow down or sped up again */
    uint8_t refusals;   /* pair: 131056 in a row */
    uint8_t slow;       /* number: the rate is halved so many times */
    bool is_stopped;    /* number: token or account trouble */
};
struct wa_pace;

struct wa_pace *wa_pace_create(void); /* NULL: no memory */
void wa_pace_destroy(struct wa_pace *pace);

/* Never NULL; valid until the next call for the same kind: look it up again after whatever may let another fiber run. */
struct wa_cell *wa_pace_number(struct wa_pace *pace, const char *address);
struct wa_cell *wa_pace_pair(struct wa_pace *pace, const char *tenant, const char *address, const char *user);

/* Microseconds to wait before this pair may be sent to; 0: now. Takes nothing. */
int64_t wa_pair_wait(const struct wa_cell *pair, int64_t now_us);
void wa_pair_take(struct wa_cell *pair, int64_t now_us);
/* Meta said 131056: blocks for 4^n s, n = 0, 1, 2 ... (at most 1024 s); returns until when. */
int64_t wa_pair_refuse(struct wa_cell *pair, int64_t now_us);
void wa_pair_accept(struct wa_cell *pair); /* a message went through: n is 0 again */

/* By what the number's rate is divided: 1, doubled each time it was told to slow down. Speeds up again by itself. */
uint32_t wa_number_slowness(struct wa_cell *number, int64_t now_us);
void wa_number_slow(struct wa_cell *number, int64_t now_us);
/* Trouble that a person must mend: blocks for so long, then lets one message try. True the first time: tell the operator. */
bool wa_number_stop(struct wa_cell *number, int64_t now_us, int64_t for_us);
/* 0: go on (the one that tries is it, for 15 s); else until when. */
int64_t wa_number_gate(struct wa_cell *number, int64_t now_us);
void wa_number_clear(struct wa_cell *number); /* it works (again) */
#endif
