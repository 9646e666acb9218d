/* fault.h - named fault points: every park and both sides of every COMMIT and send.
 * WAKALA_FAULT=kill@37 ends this process with SIGKILL at its 37th point; kill@NAME:3 at the third point of that name, which is
 * FIBER/POINT or only POINT. armed@FILE shares one page of counters between all workers of a host, and whoever holds the file
 * arms it as often as it likes: each time exactly one worker dies. Compiled in unless WK_NO_FAULTS; one predictable branch when
 * the variable is not set. docs/design/faults.md. */
#ifndef WK_FAULT_H
#define WK_FAULT_H
#include <stdbool.h>
#include <stdint.h>

enum { WK_FAULT_NAMES = 126, WK_FAULT_NAME = 112 };

/* The file of armed@FILE, made by the test and full of zeros at first; native byte order, because both ends are on one machine.
 * The test writes kill_at = 0, then struck = matched = 0 and kill_name, then kill_at. Only the processes write the rest. */
struct wk_fault_page {
    uint64_t struck;               /* the process that died of it; 0 = none yet */
    uint64_t total;                /* points passed by all */
    uint64_t matched;              /* of these: points that kill_name means, since it was armed */
    uint64_t kill_at;              /* the one of them to die at; 0 = never */
    char kill_name[WK_FAULT_NAME]; /* "" = every point */
    uint64_t spare[14];
    struct wk_fault_count {
        uint64_t key; /* 0 = free, and so are all that follow */
        uint64_t count;
        char name[WK_FAULT_NAME];
    } counts[WK_FAULT_NAMES]; /* in order of first use; points beyond these still count in the total */
};

extern bool wk_fault_armed; /* read by the macro only */
void wk_fault_init(void);   /* reads the environment; once per process */
void wk_fault_hit(const char *name);
#ifdef WK_NO_FAULTS
#define wk_fault_point(name) ((void)0)
#else
#define wk_fault_point(name) ((void)(__builtin_expect(wk_fault_armed, 0) ? (wk_fault_hit(name), 0) : 0))
#endif
#endif
