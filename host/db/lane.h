/* lane.h - which of the 64 lanes an event goes to: by tenant and key, the same on every host for ever (test vectors). */
#ifndef WK_LANE_H
#define WK_LANE_H
#include <wakala/base.h>
enum { WK_LANES = 64 };
unsigned wk_lane_of(const struct wk_uuid *tenant, const char *key, size_t len);
#endif
