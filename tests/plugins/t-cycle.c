/* t-cycle-a, t-cycle-b - each needs what the other provides. */
#include <wakala/plugin.h>

static struct {
    struct wk_service_head head;
} ring = {{.size = sizeof ring, .version = 1}};
static const struct wk_provide provides[] = {{TEST_GIVES, &ring.head}, {0}};

WK_PLUGIN(TEST_NAME, "1.0.0", .summary = "Half of a ring", .needs = TEST_NEEDS, .provides = provides);
