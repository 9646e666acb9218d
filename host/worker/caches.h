/* caches.h - Redis and the cache of this worker, from its settings. */
#ifndef WK_WORKER_CACHES_H
#define WK_WORKER_CACHES_H
#include "call/engine.h"
#include "config/settings.h"
#include "event/log.h"

/* Sets engine->redis (NULL when none is named) and engine->cache, and what the log tells them in `log`. */
bool wk_caches_create(struct wk_engine *engine, const struct wk_settings *settings, unsigned worker, struct wk_log_conf *log, struct wk_err *err);
#endif
