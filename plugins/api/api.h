/* api.h - what a worker's gateway knows after open(). */
#ifndef API_H
#define API_H
#include "cached.h"
#include "openapi.h"
#include "proxy.h"
#include "rate.h"

struct api {
    struct rates tiers, routes;
    struct tagged tagged;
    struct openapi document;
    struct proxies proxies;
};
#endif
