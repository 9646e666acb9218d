/* t-wrap - provides greet/1 in front of another provider, which it needs: no circle. */
#include <wakala/plugin.h>

static struct {
    struct wk_service_head head;
} greet = {{.size = sizeof greet, .version = 1}};
static const struct wk_provide provides[] = {{"greet/1", &greet.head}, {0}};

WK_PLUGIN("t-wrap", "1.0.0", .summary = "Greets through another", .needs = "greet/1", .provides = provides);
