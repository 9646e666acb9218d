/* service/drivers.h - drivers/1: who delivers, and what one delivery is. */
#ifndef WAKALA_SERVICE_DRIVERS_H
#define WAKALA_SERVICE_DRIVERS_H
#include <wakala/service.h>

/* Results lie in the call's memory. Errors beside those named: db.* (db.h). */
#define WK_DRIVERS "drivers/1"
struct wk_driver {
    uint32_t size;
    bool is_online;
    struct wk_uuid id, user;
    const char *name, *vehicle, *plate;
    uint32_t active_jobs, max_jobs;
};
struct wk_delivery {
    uint32_t size;
    uint32_t reserved;
    struct wk_uuid id, order, driver;
    const char *status; /* ASSIGNED AT_SHOP PICKED_UP ARRIVED DELIVERED FAILED */
    int64_t fee;        /* what the driver earns, minor units */
    int64_t cash_due;   /* 0: nothing to collect */
};
struct wk_drivers {
    struct wk_service_head head;
    bool (*get)(struct wk_call *call, const struct wk_uuid *driver, struct wk_driver *out, struct wk_err *err);
    bool (*delivery_of_order)(struct wk_call *call, const struct wk_uuid *order, struct wk_delivery *delivery, struct wk_driver *driver,
                              struct wk_err *err);
    bool (*dispatch)(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
    bool (*is_delivering)(struct wk_call *call, const struct wk_uuid *user, bool *yes, struct wk_err *err);
};
/* driver.not_found (BUSINESS). May suspend, like all of these. */
static inline bool wk_drivers_get(struct wk_call *call, const struct wk_uuid *driver, struct wk_driver *out, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_drivers, WK_DRIVERS, NULL, get, false, bool, call, err, call, driver, out, err);
}
/* The live or last delivery of an order; delivery.not_found (BUSINESS). */
static inline bool wk_drivers_delivery_of_order(struct wk_call *call, const struct wk_uuid *order, struct wk_delivery *delivery,
                                                struct wk_driver *driver, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_drivers, WK_DRIVERS, NULL, delivery_of_order, false, bool, call, err, call, order, delivery, driver, err);
}
/* Is this person a driver with a delivery that has not ended? */
static inline bool wk_drivers_is_delivering(struct wk_call *call, const struct wk_uuid *user, bool *yes, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_drivers, WK_DRIVERS, NULL, is_delivering, false, bool, call, err, call, user, yes, err);
}
/* Begin (or begin again) to look for a driver. Idempotent while a round is open. */
static inline bool wk_drivers_dispatch(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_drivers, WK_DRIVERS, NULL, dispatch, false, bool, call, err, call, order, err);
}
#endif
