/* t-identity - the provider of identity/1. */
#include <wakala/plugin.h>

static struct {
    struct wk_service_head head;
} identity = {{.size = sizeof identity, .version = 1}};
static const struct wk_provide provides[] = {{"identity/1", &identity.head}, {0}};

static enum wk_verdict before(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call, (void)http, (void)err;
    return WK_DECLINED;
}
static const struct wk_filter filters[] = {{.name = "who", .phase = WK_PHASE_IDENTITY, .before = before}, {0}};

WK_PLUGIN("t-identity", "1.0.0", .summary = "Says who asks", .provides = provides, .filters = filters);
