/* refusal.c - see refusal.h. The table is sorted by code. */
#include "refusal.h"
#include <stdarg.h>
#include <stdio.h>

static const struct known {
    int code, http;
    const char *title;
} table[] = {
    {0, 401, "AuthException"},
    {1, 400, "API Unknown"},
    {2, 503, "API Service"},
    {3, 500, "API Method"},
    {4, 400, "API Too Many Calls"},
    {10, 403, "Permission Denied"},
    {33, 400, "Parameter value is not valid"},
    {100, 400, "Invalid parameter"},
    {190, 401, "Access token has expired"},
    {200, 403, "API Permission"},
    {368, 403, "Temporarily blocked for policies violations"},
    {80007, 400, "Rate limit issues"},
    {130403, 400, "User is blocked"},
    {130429, 400, "Rate limit hit"},
    {130472, 400, "User's number is part of an experiment"},
    {130497, 403, "Business account is restricted from messaging users in this country"},
    {131000, 500, "Something went wrong"},
    {131005, 403, "Access denied"},
    {131008, 400, "Required parameter is missing"},
    {131009, 400, "Parameter value is not valid"},
    {131016, 500, "Service unavailable"},
    {131021, 400, "Recipient cannot be sender"},
    {131026, 400, "Message undeliverable"},
    {131031, 403, "Account has been locked"},
    {131037, 400, "WhatsApp provided number needs display name approval before message can be sent"},
    {131042, 400, "Business eligibility payment issue"},
    {131045, 500, "Incorrect certificate"},
    {131047, 400, "Re-engagement message"},
    {131048, 400, "Spam rate limit hit"},
    {131049, 400, "Meta chose not to deliver"},
    {131050, 400, "User has stopped marketing messages"},
    {131051, 400, "Unsupported message type"},
    {131052, 400, "Media download error"},
    {131053, 400, "Media upload error"},
    {131055, 400, "Method not allowed"},
    {131056, 400, "(Business Account, Consumer Account) pair rate limit hit"},
    {131057, 500, "Account in maintenance mode"},
    {131062, 400, "Message type not possible to a business-scoped user id"},
    {131063, 400, "Marketing messages are not possible with this API"},
    {131064, 400, "Limited because of template misclassification"},
    {132000, 400, "Template param count mismatch"},
    {132001, 404, "Template does not exist"},
    {132005, 400, "Template hydrated text too long"},
    {132007, 400, "Template format character policy violated"},
    {132012, 400, "Template parameter format mismatch"},
    {132015, 400, "Template is paused"},
    {132016, 400, "Template is disabled"},
    {132018, 400, "Template parameter is not valid"},
    {132068, 400, "Flow is blocked"},
    {132069, 400, "Flow is throttled"},
    {133004, 503, "Server temporarily unavailable"},
    {133010, 400, "Phone number not registered"},
    {134011, 400, "WhatsApp payments terms of service have not been accepted"},
    {135000, 400, "Generic user error"},
};

static const struct known *find(int code)
{
    for (size_t i = 0; i < WK_COUNT(table); i++)
        if (table[i].code == code)
            return &table[i];
    return NULL;
}

bool sim_refuse(struct sim_refusal *no, int code, const char *fmt, ...)
{
    va_list ap;

    *no = (struct sim_refusal){.code = code};
    va_start(ap, fmt);
    (void)vsnprintf(no->details, sizeof no->details, fmt, ap);
    va_end(ap);
    for (char *p = no->details; *p; p++) /* what people sent may be quoted: keep it printable, whatever was cut off */
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            *p = '?';
    return false;
}

bool sim_code_is_known(int code) { return find(code) != NULL; }

const char *sim_code_title(int code)
{
    const struct known *k = find(code);

    return k ? k->title : "Unknown error";
}

int sim_refusal_http(const struct sim_refusal *no)
{
    const struct known *k = find(no->code);

    return no->http ? no->http : k ? k->http : 400;
}

/* A number that does not exist is a fault of another kind, and Meta shapes it so. */
static json_t *unsupported_object(const struct sim_refusal *no, const char *fbtrace_id)
{
    return json_pack("{s:{s:s, s:s, s:i, s:i, s:s}}", "error", "message", no->details, "type", "GraphMethodException", "code", no->code,
                     "error_subcode", no->subcode, "fbtrace_id", fbtrace_id);
}

json_t *sim_refusal_body(const struct sim_refusal *no, const char *fbtrace_id)
{
    char message[160];

    if (no->code == 100 && no->subcode)
        return unsupported_object(no, fbtrace_id);
    (void)snprintf(message, sizeof message, "(#%d) %s", no->code, sim_code_title(no->code));
    return json_pack("{s:{s:s, s:s, s:i, s:{s:s, s:s}, s:s}}", "error", "message", message, "type", "OAuthException", "code", no->code,
                     "error_data", "messaging_product", "whatsapp", "details", *no->details ? no->details : sim_code_title(no->code),
                     "fbtrace_id", fbtrace_id);
}
