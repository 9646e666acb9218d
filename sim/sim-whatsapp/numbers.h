/* numbers.h - which business numbers exist: setting `numbers`, a list of "phone_number_id:waba:display_phone_number". Pure. */
#ifndef SIM_NUMBERS_H
#define SIM_NUMBERS_H
#include <wakala/err.h>

struct sim_number {
    char id[24], account[24], display[24]; /* digits */
};
struct sim_numbers;

/* "id:waba:display id:waba:display ..."; "*:waba" lets every id of 5 to 20 digits exist, with itself as display number. */
struct sim_numbers *sim_numbers_create(const char *setting, struct wk_err *err);
void sim_numbers_destroy(struct sim_numbers *numbers);
WK_DEFINE_AUTO(sim_numbers)
/* False: no such number. */
bool sim_numbers_find(const struct sim_numbers *numbers, const char *id, struct sim_number *out);
/* Some listed number of another account, for posts that mix tenants; NULL: there is none. */
const struct sim_number *sim_numbers_other(const struct sim_numbers *numbers, const char *account);
#endif
