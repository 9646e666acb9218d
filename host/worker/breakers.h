/* breakers.h - what this worker says of breakers that turn: log, alert, and other machines through Redis, which it also hears. */
#ifndef WK_WORKER_BREAKERS_H
#define WK_WORKER_BREAKERS_H
#include "call/engine.h"
#include "config/settings.h"

/* Sets engine->guard. */
bool wk_breakers_create(struct wk_engine *engine, const struct wk_settings *settings, struct wk_err *err);
/* Once engine->redis is there; without it breakers are this machine's. */
bool wk_breakers_listen(struct wk_engine *engine, struct wk_err *err);
#endif
