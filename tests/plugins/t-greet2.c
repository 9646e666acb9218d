/* t-greet2 - a second provider of greet/1. */
#include <wakala/service.h>
#include <wakala/plugin.h>

static struct {
    struct wk_service_head head;
} greet = {{.size = sizeof greet, .version = 1}};
static const struct wk_provide provides[] = {{"greet/1", &greet.head}, {0}};

WK_PLUGIN("t-greet2", "1.0.0", .summary = "Greets too", .provides = provides);
