/* refusal.h - how the Graph API says no: code, HTTP status, words; and the body that carries them. Pure functions. */
#ifndef SIM_REFUSAL_H
#define SIM_REFUSAL_H
#include <jansson.h>
#include <wakala/base.h>

struct sim_refusal {
    int code, subcode;   /* subcode 0: none */
    int http;            /* 0: the code's own status */
    char details[240];   /* error_data.details: for the developer who reads it */
};

/* Fill *no and return false, so that a failing line reads: return sim_refuse(no, ...); */
WK_PRINTF(3, 4)
bool sim_refuse(struct sim_refusal *no, int code, const char *fmt, ...);

const char *sim_code_title(int code); /* "Re-engagement message"; never NULL */
bool sim_code_is_known(int code);
int sim_refusal_http(const struct sim_refusal *no); /* the status that Meta answers with */
/* {"error":{"message":"(#131047) ...","type":"OAuthException","code":...,"error_data":{...},"fbtrace_id":...}}; NULL without memory. */
json_t *sim_refusal_body(const struct sim_refusal *no, const char *fbtrace_id);
#endif
