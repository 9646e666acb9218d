/* errors.c - see errors.h. Sorted by code; a test holds this table against the documented one. */
#include "errors.h"

#define ONE(code, action, meaning) {code, code, action, meaning}

const struct wa_error_class wa_error_classes[] = {
    ONE(0, WA_STOP, "the token was refused"),
    ONE(1, WA_RETRY_ONCE, "invalid request or server error"),
    ONE(2, WA_RETRY, "temporary, downtime or overload"),
    ONE(3, WA_STOP, "the app lacks a capability or permission"),
    ONE(4, WA_SLOW, "the app's rate limit"),
    ONE(10, WA_STOP, "a permission is missing"),
    ONE(33, WA_PERMANENT, "the number or object does not exist"),
    ONE(100, WA_PERMANENT, "a parameter is wrong"),
    ONE(190, WA_STOP, "the token has expired"),
    {200, 299, WA_STOP, "a permission is missing"},
    ONE(368, WA_STOP, "restricted for a breach of policy"),
    ONE(613, WA_SLOW, "rate limit"),
    ONE(80007, WA_SLOW, "the account's rate limit"),
    ONE(130403, WA_PERMANENT, "we blocked this person"),
    ONE(130429, WA_SLOW, "the number's throughput"),
    ONE(130472, WA_PERMANENT, "part of a marketing experiment"),
    ONE(130497, WA_STOP, "the country is not allowed"),
    ONE(131000, WA_RETRY, "something went wrong at Meta"),
    ONE(131005, WA_STOP, "access denied"),
    ONE(131008, WA_PERMANENT, "a parameter is missing"),
    ONE(131009, WA_PERMANENT, "a parameter's value is wrong"),
    ONE(131016, WA_RETRY, "service unavailable"),
    ONE(131021, WA_PERMANENT, "sender and receiver are the same"),
    ONE(131026, WA_PERMANENT, "undeliverable: not on WhatsApp, an old app, or terms not accepted"),
    ONE(131031, WA_STOP, "the account is locked"),
    ONE(131037, WA_STOP, "the display name is not approved"),
    ONE(131042, WA_STOP, "a payment problem of the account"),
    ONE(131045, WA_STOP, "the number is not registered rightly"),
    ONE(131047, WA_WINDOW, "more than 24 hours since they wrote"),
    ONE(131048, WA_WAIT, "the number's spam limit"),
    ONE(131049, WA_WAIT, "this person gets no more marketing today"),
    ONE(131050, WA_PERMANENT, "this person stopped marketing"),
    ONE(131051, WA_PERMANENT, "the type of message is not supported"),
    ONE(131052, WA_PERMANENT, "their media cannot be loaded"),
    ONE(131053, WA_RETRY_TWICE, "our media could not be loaded"),
    ONE(131055, WA_PERMANENT, "not possible with this API"),
    ONE(131056, WA_PAIR, "too many messages to this person"),
    ONE(131057, WA_PAUSE, "the number is in maintenance"),
    ONE(131062, WA_PERMANENT, "not possible to a business-scoped user id"),
    ONE(131063, WA_PERMANENT, "not possible with this API"),
    ONE(131064, WA_WAIT, "limited for templates in the wrong category"),
    ONE(132000, WA_PERMANENT, "template: wrong number of parameters"),
    ONE(132001, WA_PERMANENT, "template: does not exist in this language"),
    ONE(132005, WA_PERMANENT, "template: too long when filled in"),
    ONE(132007, WA_PERMANENT, "template: against policy"),
    ONE(132012, WA_PERMANENT, "template: a parameter of the wrong form"),
    ONE(132015, WA_WAIT, "template: paused"),
    ONE(132016, WA_PERMANENT, "template: disabled"),
    ONE(132018, WA_PERMANENT, "template: a parameter is wrong"),
    ONE(132068, WA_WAIT, "flow: blocked"),
    ONE(132069, WA_WAIT, "flow: throttled"),
    ONE(133004, WA_RETRY, "registration service unavailable"),
    {133005, 133009, WA_STOP, "PIN or registration"},
    ONE(133010, WA_STOP, "the number is not registered"),
    {133015, 133016, WA_STOP, "too many registrations"},
    ONE(134011, WA_PERMANENT, "payments: terms not accepted"),
    {134100, 134102, WA_PERMANENT, "marketing messages API"},
    ONE(135000, WA_PERMANENT, "a parameter made an unknown error"),
};
const size_t wa_error_class_count = sizeof wa_error_classes / sizeof wa_error_classes[0];

static const struct wa_error_class *find(int32_t code)
{
    size_t low = 0, high = wa_error_class_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (code < wa_error_classes[mid].first)
            high = mid;
        else if (code > wa_error_classes[mid].last)
            low = mid + 1;
        else
            return &wa_error_classes[mid];
    }
    return NULL;
}

enum wa_action wa_error_action(int http_status, int32_t code)
{
    const struct wa_error_class *c = find(code);

    if (c)
        return c->action;
    if (http_status == 429)
        return WA_SLOW;
    if (http_status >= 500 || http_status < 400) /* below 400: an answer that is no answer of the Graph API, a proxy's perhaps */
        return WA_RETRY;
    return http_status == 401 || http_status == 403 ? WA_STOP : WA_PERMANENT;
}

const char *wa_error_meaning(int32_t code)
{
    const struct wa_error_class *c = find(code);

    return c ? c->meaning : "unknown error";
}
