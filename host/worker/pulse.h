/* pulse.h - signs of life of a worker: heartbeat, load, memory, metrics; and the report of a fatal signal. */
#ifndef WK_PULSE_H
#define WK_PULSE_H
#include "call/engine.h"
#include "event/log.h"
#include "inbox/inbox.h"
#include "worker/front.h"
struct wk_pulse;
struct wk_pulse *wk_pulse_create(struct wk_engine *engine, struct wk_front *front, const struct wk_log *const *logs, struct wk_inbox_room *inbox,
                                 struct wk_err *err); /* logs: one a server */
void wk_pulse_destroy(struct wk_pulse *pulse);
void wk_pulse_guard(void); /* once per process, before any plugin is loaded */
#endif
