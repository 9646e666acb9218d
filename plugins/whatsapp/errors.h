/* errors.h - what to do about each error of the Graph API. One table; the code decides, the HTTP status only where there is no known code. */
#ifndef WA_ERRORS_H
#define WA_ERRORS_H
#include <stddef.h>
#include <stdint.h>

enum wa_action {
    WA_RETRY = 1,   /* temporary: again with growing delays */
    WA_RETRY_ONCE,  /* may be our request: once more, then permanent */
    WA_RETRY_TWICE, /* a link Meta could not fetch: twice more, then permanent */
    WA_SLOW,        /* this number sends too fast: half the rate, again */
    WA_PAIR,        /* too fast to this person: 4^n seconds, only them */
    WA_PAUSE,       /* maintenance of the number: again after 60 s */
    WA_WAIT,        /* not now and not for hours: failed, the sender of the message may decide again */
    WA_WINDOW,      /* the 24-hour window is closed: failed, a template is needed */
    WA_STOP,        /* token, permission, account: nothing of this number goes out, receiving goes on */
    WA_PERMANENT,   /* this message never */
};
struct wa_error_class { /* codes first..last */
    int32_t first, last;
    enum wa_action action;
    const char *meaning;
};
extern const struct wa_error_class wa_error_classes[];
extern const size_t wa_error_class_count;

enum { WA_NO_CODE = -1 };
/* code WA_NO_CODE: the answer had none. */
enum wa_action wa_error_action(int http_status, int32_t code);
const char *wa_error_meaning(int32_t code); /* static text; "unknown error" */
#endif
