/* limits.h - Meta's two speed limits, counted exactly: 45 messages at once and then one per 6 s for a number and one person, and so many
 * messages a second, in and out together, for a number. In the memory of one worker: the simulator's host runs one. Times are microseconds of the clock that
 * decides. A refused message takes nothing. Loop only. */
#ifndef SIM_LIMITS_H
#define SIM_LIMITS_H
#include <stdbool.h>
#include <stdint.h>
#include <wakala/base.h>

enum { SIM_PAIR_BURST = 45 };
#define SIM_PAIR_US INT64_C(6000000)
#define SIM_PAIR_GRACE_US INT64_C(500000) /* what the way from sender to here may jitter: a sender that paces exactly is not refused */

struct sim_limits;
struct sim_limits *sim_limits_create(void); /* NULL: no memory */
void sim_limits_destroy(struct sim_limits *limits);
WK_DEFINE_AUTO(sim_limits)

/* May `address` send to `person` now, at `per_second` of the number (0: no limit) and, if `pairs` are counted, at the pair's pace? 0: it may, and
 * has taken its places; else 131056 or 130429, and nothing is taken. */
int sim_limits_take(struct sim_limits *limits, const char *address, const char *person, int64_t per_second, bool pairs, int64_t now_us);
/* Somebody wrote to `address`: counts for the number like a message it sends, but is never refused. */
void sim_number_heard(struct sim_limits *limits, const char *address, int64_t per_second, int64_t now_us);
#endif
