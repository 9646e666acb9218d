/* codes.h - what the WhatsApp channel fails with. What Meta answers is in errors.h.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef WHATSAPP_CODES_H
#define WHATSAPP_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_SYSTEM("whatsapp.apps", "The file of further apps has a line that cannot be read: name, app secret, verify token."),
    WK_ERROR_BUSINESS("whatsapp.bad_outgoing", 422, "This message can't be sent.",
                      "A whatsapp.outgoing event without tenant, address, to or body: not published by wk_reply() or wk_send()."),
    WK_ERROR_BUSINESS("whatsapp.bad_payload", 422, "This message can't be read.",
                      "Meta sent a message that is not understood: wakala whatsapp decode shows where; update the plugin."),
    WK_ERROR_SECURITY("whatsapp.bad_signature", 401,
                      "A webhook's signature is not of its body: is app_secret that of the Meta app? Else somebody tries."),
    WK_ERROR_SYSTEM("whatsapp.crypto", "OpenSSL has no HMAC-SHA256: the machine's crypto is broken."),
    WK_ERROR_TRANSIENT("whatsapp.inbox_full", "The inbox took no more updates of one webhook: Meta sends it again."),
    WK_ERROR_SYSTEM("whatsapp.no_app_secret", "No webhook could be verified: set app_secret (env:NAME or file:PATH), or apps."),
    WK_ERROR_SYSTEM("whatsapp.no_memory", "No memory for the sender's or the apps' tables."),
    WK_ERROR_SECURITY("whatsapp.no_signature", 401, "A webhook came without X-Hub-Signature-256: not from Meta, or a proxy drops the header."),
    WK_ERROR_BUSINESS("whatsapp.not_envelope", 422, "This is no WhatsApp webhook.",
                      "A signed body of another product of Meta: is the app subscribed to whatsapp_business_account only?"),
    WK_ERROR_BUSINESS("whatsapp.not_json", 400, "What you sent is not valid JSON.",
                      "A signed body that is no JSON: kept in quarantine, wakala whatsapp decode shows where it breaks."),
    WK_ERROR_SECURITY("whatsapp.not_verified", 401,
                      "A signature could not be computed: OpenSSL failed. The webhook is refused, and Meta sends it again."),
    WK_ERROR_BUSINESS("whatsapp.too_many_updates", 422, "That was too much in one webhook.",
                      "A body with more updates than are ever sent: kept in quarantine."),
    WK_ERROR_SECURITY("whatsapp.unknown_app", 401,
                      "A webhook came for an app that has no secret here: add the app, or correct the address in its dashboard."),
    WK_ERROR_SYSTEM("whatsapp.verify_token", "verify_token is too long."),
    {0},
};
#endif
