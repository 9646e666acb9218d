/* kong.h - the declarative configuration of a Kong in front of us: docs/design/mesh.md. */
#ifndef WK_CLI_KONG_H
#define WK_CLI_KONG_H
#include <jansson.h>
#include <wakala/err.h>

struct wk_config;
struct wk_registry;

struct wk_kong {
    const struct wk_registry *registry;
    const struct wk_config *config; /* where the tenants are */
    const char *upstream;        /* "http://wakala:8080" */
    const char *host;            /* of the routes; NULL: any */
    const char *jwt_key;         /* PEM file with the public key of our tokens; NULL: Kong verifies none */
    int64_t rate, address_rate;  /* requests a second: of a tenant, of an address */
    int64_t body_max;            /* bytes, of routes that set none */
};
/* The caller's. NULL: export.key (BUSINESS), db.unavailable, ... */
json_t *wk_kong_make(const struct wk_kong *kong, struct wk_err *err);
#endif
