/* lane.h - where the rooms above the call look for it. */
#include "db/lane.h" // IWYU pragma: export
