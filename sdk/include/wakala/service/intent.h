/* service/intent.h - intent/1: what free text is about. */
#ifndef WAKALA_SERVICE_INTENT_H
#define WAKALA_SERVICE_INTENT_H
#include <wakala/service.h>

#define WK_INTENT "intent/1"
struct wk_intent {
    uint32_t size;
    const char *label;   /* VENDOR CUSTOMER DRIVER TRACKING UNKNOWN */
    double score;        /* 0..1 of the best label */
    double margin;       /* best minus second */
    const char *language; /* language its evidence is in; NULL: unclear */
};
struct wk_intent_detector {
    struct wk_service_head head;
    bool (*detect)(struct wk_call *call, const char *text, const char *language, struct wk_intent *intent, struct wk_err *err);
};
/* `language`: the person's, as wk_tenant.language. UNKNOWN is an answer, not an error. May suspend (a detector may ask an outside model). */
static inline bool wk_intent_detect(struct wk_call *call, const char *text, const char *language, struct wk_intent *intent, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_intent_detector, WK_INTENT, NULL, detect, false, bool, call, err, call, text, language, intent, err);
}
#endif
