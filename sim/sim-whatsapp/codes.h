/* codes.h - what the simulator itself fails with. What it answers as Meta is in refusal.h.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef SIM_WHATSAPP_CODES_H
#define SIM_WHATSAPP_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_BUSINESS("sim_whatsapp.bad_event", 422, "This update can't be delivered.",
                      "An event of the simulator without its update: it was not published by it."),
    WK_ERROR_SYSTEM("sim_whatsapp.crypto", "OpenSSL has no HMAC-SHA256: the machine's crypto is broken."),
    WK_ERROR_SYSTEM("sim_whatsapp.no_memory", "No memory for the simulator's tables."),
    WK_ERROR_BUSINESS("sim_whatsapp.no_number", 422, "This number is gone.",
                      "The number was taken out of the setting numbers while a message was under way."),
    WK_ERROR_SYSTEM("sim_whatsapp.numbers", "The setting numbers has an entry that is not phone_number_id:waba:display_number, nor *:waba."),
    WK_ERROR_SYSTEM("sim_whatsapp.setting", "A setting of the simulator is above what it can do: the message says which."),
    {0},
};
#endif
