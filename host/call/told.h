/* told.h - what people see of an error, in HTTP and in chat alike: docs/design/errors.md. */
#ifndef WK_TOLD_H
#define WK_TOLD_H
#include "call/call.h"
#include "plugin/registry.h"

/* The code's row; NULL when nobody lists it, or lists it with another class: then it is logged once and counted. registry NULL: only the host's. */
const struct wk_error_hook *wk_error_look(const struct wk_registry *registry, const struct wk_err *err);
/* wk_error_told() of guard.h. */
void wk_call_error_told(struct wk_call *call, const struct wk_err *err, const char *language, struct wk_told *told);
/* The first language of an Accept-Language header (NULL: none was sent) that this error can be told in; NULL: none. Memory of the call. */
const char *wk_told_language(struct wk_call *call, const struct wk_err *err, const char *header);
#endif
