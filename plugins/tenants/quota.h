/* quota.h - counting what a tenant uses of its limits. */
#ifndef TENANTS_QUOTA_H
#define TENANTS_QUOTA_H
#include <wakala/service/quota.h>

bool quota_take(struct wk_call *call, const char *quota, int64_t n, struct wk_err *err);
bool quota_used(struct wk_call *call, const char *quota, int64_t *used, int64_t *limit, struct wk_err *err);
#endif
