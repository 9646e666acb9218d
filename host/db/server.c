/* server.c - its clock, without asking it. */
#include "db/server.h"
#include <time.h>

int64_t wk_dbserver_now_us(const struct wk_dbserver *server)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + server->clock_shift_us;
}
