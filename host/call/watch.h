/* watch.h - what a failure leaves behind: the security log with its penalties, the operator's alert, the backtrace. */
#ifndef WK_WATCH_H
#define WK_WATCH_H
#include <wakala/err.h>
#include "call/engine.h"

struct wk_watched { /* any may be NULL but err */
    const struct wk_err *err;
    const char *plugin, *route; /* route: its pattern, or the hook */
    const char *path;           /* as asked: decides where penalties fall */
    const char *ip, *subject, *trace_id;
    const char *tenant;   /* whose data it was about */
    const char *credential_tenant; /* whose credential it was: this one is punished, never the one it was aimed at */
};
/* Class SECURITY: one line of kind "security", counted by code, a point against credential and tenant, or the address while nobody is signed in.
 * Class SYSTEM: a line with the backtrace of where it was raised (once per code and minute), and an alert. TRANSIENT: a line. BUSINESS: nothing. */
void wk_watch(const struct wk_engine *engine, const struct wk_watched *what);
#endif
