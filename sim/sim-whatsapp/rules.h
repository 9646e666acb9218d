/* rules.h - what a test may ask of the simulator: duplicates, delays, disorder, errors, lost answers. Pure functions over one struct.
 * Text form: the JSON of POST /sim/whatsapp/rules; sim/README.md describes it. */
#ifndef SIM_RULES_H
#define SIM_RULES_H
#include <jansson.h>
#include "refusal.h"

enum { SIM_ERRORS_MAX = 32, SIM_DUPLICATES_MAX = 20, SIM_DELAY_MAX_MS = 3600000, SIM_SLOW_MAX_MS = 25000 };

enum sim_statuses { SIM_STATUSES_ON, SIM_STATUSES_OFF, SIM_STATUSES_SHUFFLED };
enum sim_loss { SIM_LOSS_CUT, SIM_LOSS_SILENCE, SIM_LOSS_500 };

struct sim_error_rule {
    int code, http;   /* http 0: the code's own status */
    int64_t times;    /* how often still */
    char to[160];     /* phone digits or user id; "": anybody */
    bool by_status;   /* accept, and tell by a failed status */
};
struct sim_rules {
    int64_t duplicate;                   /* each webhook so often; 1: once */
    int64_t delay_ms[2], status_delay_ms[2];
    bool reorder;                        /* a person's messages may overtake each other */
    enum sim_statuses statuses;
    size_t error_count;
    struct sim_error_rule errors[SIM_ERRORS_MAX];
    bool mix;                            /* posts carry updates of several numbers and accounts */
    int64_t loss_times;
    enum sim_loss loss;
    int64_t slow_ms;                     /* before each answer of the Graph API */
    uint64_t seed;                       /* 0: random ones */
    uint64_t state;                      /* of the generator behind the random choices */
};

void sim_rules_init(struct sim_rules *rules); /* none */
/* Take over what `json` names, leave the rest. False: `why` says which key and what is allowed; *rules is as it was. */
bool sim_rules_apply(struct sim_rules *rules, const json_t *json, char *why, size_t size);
json_t *sim_rules_json(const struct sim_rules *rules); /* the same form; NULL without memory */

/* The error for a message to that person, counted down; NULL: none. `person` and `other` are their phone and user id, either may be NULL. */
const struct sim_error_rule *sim_rules_take_error(struct sim_rules *rules, const char *phone, const char *user_id);
bool sim_rules_take_loss(struct sim_rules *rules);

void sim_rules_seed(struct sim_rules *rules, uint64_t random); /* unless the rules name a seed */
/* Evenly from range[0] to range[1]. */
int64_t sim_rules_draw(struct sim_rules *rules, const int64_t range[2]);
#endif
