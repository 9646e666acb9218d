/* rest.h - /v1/tenants for who runs the platform, /v1/tenant for everybody's own. */
#ifndef TENANTS_REST_H
#define TENANTS_REST_H
#include <wakala/http.h>

bool rest_create(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool rest_list(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool rest_get(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool rest_change(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool rest_delete(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool rest_suspend(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool rest_resume(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool rest_undelete(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool rest_own(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool rest_missed(struct wk_call *call, struct wk_http *http, struct wk_err *err);
#endif
