/* wire.h - an event as a message: CloudEvents 1.0 in AMQP binary mode, and where it stands in the log. Pure: no I/O. */
#ifndef RABBITMQ_WIRE_H
#define RABBITMQ_WIRE_H
#include <amqp.h>
#include <amqp_framing.h>
#include <wakala/service/bus.h>

struct parcel { /* one event with its texts in one block */
    struct parcel *next;
    struct wk_bus_record record;
    size_t bytes;
};
/* Room for the texts of a record, NUL-terminated; the payload is filled by whoever reads the body. NULL without memory. */
struct parcel *parcel_create(const struct wk_bus_record *record);
void parcels_free(struct parcel *first);

struct envelope { /* what amqp_basic_publish() needs; lives beside the record */
    amqp_basic_properties_t properties;
    amqp_table_entry_t header[13];
    char routing_key[160], id[WK_UUID_TEXT], tenant[WK_UUID_TEXT], at[48], before[48], time[40], expires[40], trace[64], partition[256], lane[4];
};
void envelope_make(struct envelope *e, const struct wk_bus_record *record, const char *source);
/* A parcel with everything but its payload, which has room for body_len bytes. `cls` and `lane`: of the queue it came from. NULL: not one of ours, or
 * without memory. */
struct parcel *envelope_read(const amqp_basic_properties_t *properties, uint64_t body_len, unsigned cls, unsigned lane);

extern const char *const class_names[WK_BUS_CLASSES]; /* high normal low */
#endif
