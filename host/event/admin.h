/* admin.h - the log on the command line: look, replay, dead letters; straight to the database as role wakala_host. Output is one fact a line, values
 * between tabs. Keys are masked unless they are UUIDs; payloads hold personal data and are shown only where asked for. Blocks; never on the loop. */
#ifndef WK_EVENT_ADMIN_H
#define WK_EVENT_ADMIN_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <wakala/err.h>

struct wk_event_filter { /* NULL: any */
    const char *type;        /* "order.created", "order.*" */
    const char *tenant;      /* id or name */
    const char *from, *until; /* a time ("2026-11-28 10:00Z") or how long ago ("2h", "3 days") */
};
/* time, seq, class, lane, type, tenant, key, id, and the payload when asked for. Follows the log until `out` fails, or ends when all is printed. */
bool wk_events_tail(const char *conninfo, const struct wk_event_filter *filter, bool has_payload, bool is_followed, FILE *out, struct wk_err *err);
/* One event by its id (UUID) or seq, with its payload, and what became of it at each subscription. event.not_found (BUSINESS). */
bool wk_events_show(const char *conninfo, const char *id, FILE *out, struct wk_err *err);
/* Once more to one subscription: parked as work that is due now, in order, later events of the same keys behind it. Prints how many of which type.
 * event.no_subscription, event.time, tenant.unknown (BUSINESS). */
bool wk_events_replay(const char *conninfo, const struct wk_event_filter *filter, const char *to, bool is_dry, FILE *out, struct wk_err *err);
/* lane, owner, epoch, events that wait of each class, age of the oldest (s), parked keys. */
bool wk_lanes_list(const char *conninfo, FILE *out, struct wk_err *err);
/* name, pattern, active or frozen, events that wait, parked, dead, lost. */
bool wk_subscriptions_list(const char *conninfo, FILE *out, struct wk_err *err);
/* due, tenant, key, name, type; tenant NULL: of all; the next 1,000. */
bool wk_timers_list(const char *conninfo, const char *tenant, FILE *out, struct wk_err *err);

bool wk_dead_list(const char *conninfo, const char *prefix, FILE *out, struct wk_err *err); /* prefix and id, last failure, subscription, type, attempts, code, tenant */
bool wk_dead_show(const char *conninfo, int64_t id, FILE *out, struct wk_err *err);
/* Back to its subscription, or given up for good: shown until its lifetime ends. dead.not_found (BUSINESS). */
bool wk_dead_requeue(const char *conninfo, int64_t id, struct wk_err *err);
bool wk_dead_drop(const char *conninfo, int64_t id, struct wk_err *err);
#endif
