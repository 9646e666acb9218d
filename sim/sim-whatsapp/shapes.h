/* shapes.h - webhooks as Meta shapes them: one update (a message or a status of one person), and the envelope of many. Pure, jansson only. */
#ifndef SIM_SHAPES_H
#define SIM_SHAPES_H
#include <jansson.h>
#include "numbers.h"
#include "refusal.h"

struct sim_person {
    const char *phone;   /* wa_id; NULL: hidden behind a user name */
    const char *user_id; /* business-scoped; NULL: none */
    const char *name;    /* profile; NULL: none */
};

/* {"profile":{"name"},"wa_id"?,"user_id"?} */
json_t *sim_contact(const struct sim_person *person);
/* {"from"?,"from_user_id"?,"id","timestamp","type",<content>}. `content` is {"text":{..}} and the like and is only read; it may have a
 * "context". */
json_t *sim_message(const struct sim_person *person, const char *id, int64_t at_s, const char *type, const json_t *content);
/* {"id","status","timestamp","recipient_id"?,"recipient_user_id"?,"biz_opaque_callback_data"?,"pricing"?} */
json_t *sim_status(const struct sim_person *person, const char *id, const char *status, int64_t at_s, const char *callback);
/* The same with "failed" and errors[]. */
json_t *sim_status_failed(const struct sim_person *person, const char *id, int64_t at_s, const char *callback, const struct sim_refusal *no);

struct sim_update {
    const struct sim_number *number;
    bool is_status;
    const json_t *contact; /* NULL: none */
    const json_t *body;    /* the message or status */
};
/* One POST: updates of one number that follow each other and are of one kind share a change, accounts share an entry. NULL: no memory. */
json_t *sim_envelope(const struct sim_update *updates, size_t n);
#endif
