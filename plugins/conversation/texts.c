/* texts.c - one row per key. A new language is a new column here and a file in locale/. */
#include "texts.h"

#include <wakala/plugin.h>

static const struct text {
    const char *key, *en;
} texts[] = {
    {"cancel.done", "Okay, I left that step. To cancel an order, reply TRACK and open it."},
    {"expired", "That choice has expired. Here is where things are now:"},
    {"failure.reference", "{text} (Reference: {ref})"},
    {"g1.only", "I speak {language}. More languages will follow."},
    {"g1.text", "Choose your language"},
    {"g2.first", "Reply MENU any time, STOP to opt out of offers."},
    {"g2.hello", "Hi {name}! {tenant} here. What would you like to do?"},
    {"g2.hello_nameless", "Hi! {tenant} here. What would you like to do?"},
    {"g2.more", "More"},
    {"g3.language", "Language"},
    {"g3.person", "Talk to a person"},
    {"g3.privacy", "Privacy and opt-out"},
    {"g3.text", "What else can I do for you?"},
    {"i1.text", "Shall I take you to: {title}?"},
    {"i1.no", "Stay here"},
    {"i1.yes", "Yes, go there"},
    {"menu.location", "Please share your location."},
    {"menu.main", "Main menu"},
    {"menu.more", "More ▸"},
    {"menu.open", "Choose"},
    {"menu.section", "Options"},
    {"menu.what_next", "What would you like to do?"},
    {"miss.again", "Try again"},
    {"miss.first", "Sorry, I didn't get that."},
    {"miss.hint", "MENU · HELP"},
    {"miss.third", "I still don't understand. How shall we go on?"},
    {"p1.start", "Get offers again"},
    {"p1.stop", "Stop offers"},
    {"p1.text", "Your phone number is never shown to shops or drivers beyond the job they do for you. Offers are only sent if you want them."},
    {"s1.text", "How can I help? Reply TRACK for your orders, or talk to a person."},
    {"s2.text", "I have told the team that you want to talk to a person. They will answer you here. Reply MENU to go on with me."},
    {"s2.waiting", "The team knows that you are waiting. Reply MENU to go on with me."},
    {"start.done", "Done: you get offers again. Reply STOP to opt out."},
    {"stop.done", "You will get no more offers. Messages about your running orders go on. Reply START to undo."},
    {"stop.twice", "Okay. From now on I only answer when you write, also about running orders. Reply START to undo."},
    {"unsupported", "I can't read that yet."},
};
static const struct text_language languages[] = {{"en", "English"}};

const struct text_language *text_languages(size_t *n)
{
    *n = WK_COUNT(languages);
    return languages;
}

bool text_has_language(const char *code)
{
    for (size_t i = 0; code && i < WK_COUNT(languages); i++)
        if (!strcmp(languages[i].code, code))
            return true;
    return false;
}

const char *text_key(size_t i, const char **text)
{
    if (i >= WK_COUNT(texts))
        return NULL;
    *text = texts[i].en;
    return texts[i].key;
}

const char *text_of(const char *language, const char *key)
{
    (void)language; /* one column so far */
    for (size_t i = 0; i < WK_COUNT(texts); i++)
        if (!strcmp(texts[i].key, key))
            return texts[i].en;
    return key;
}

const char *text_replace(struct wk_call *call, const char *text, const char *const *pairs)
{
    const char *out = "", *p = text;

    while (*p && out) {
        const char *open = strchr(p, '{'), *close = open ? strchr(open, '}') : NULL, *value = NULL;

        if (!close)
            break;
        for (size_t i = 0; pairs[i] && pairs[i + 1]; i += 2)
            if (strlen(pairs[i]) == (size_t)(close - open) - 1 && !strncmp(pairs[i], open + 1, strlen(pairs[i])))
                value = pairs[i + 1];
        if (!value) { /* not ours: it stays as it is */
            out = wk_printf(call, "%s%.*s", out, (int)(close + 1 - p), p);
        } else {
            out = wk_printf(call, "%s%.*s%s", out, (int)(open - p), p, value);
        }
        p = close + 1;
    }
    return out ? wk_printf(call, "%s%s", out, p) : NULL;
}

const char *text_fill(struct wk_call *call, const char *language, const char *key, ...)
{
    const char *pairs[17] = {NULL};
    va_list ap;

    va_start(ap, key);
    for (size_t i = 0; i < WK_COUNT(pairs) - 1 && (pairs[i] = va_arg(ap, const char *)); i++)
        ;
    va_end(ap);
    return text_replace(call, text_of(language, key), pairs);
}
