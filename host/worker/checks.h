/* checks.h - what a rehearsal looks at beyond settings and open(): is the database as new as the plugins. Blocks; before the loop runs. */
#ifndef WK_CHECKS_H
#define WK_CHECKS_H
#include "config/config.h"
#include "plugin/registry.h"
/* False: a problem was added (which files are missing, and the command), or err says why it could not be seen. */
bool wk_check_migrations(const struct wk_config *config, const struct wk_registry *registry, struct wk_problems *problems, struct wk_err *err);
#endif
