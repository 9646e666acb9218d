/* out.c - joining: texts become one, and go into the body of the menu or location request behind them when they fit. */
#include "out.h"

#include <wakala/plugin.h>

#include "ids.h"
#include "texts.h"
#include "utf8.h"

#define TITLE_BUTTON 20
#define TITLE_ROW 24
#define DESCRIPTION 72

static bool no_memory(struct wk_err *err) { return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "message"); }

const char *out_cut(struct wk_call *call, const char *text, size_t chars)
{
    size_t keep;

    if (!text || utf8_length(text) <= chars)
        return text;
    keep = utf8_bytes(text, chars - 1);
    while (keep && text[keep - 1] == ' ')
        keep--;
    return wk_printf(call, "%.*s…", (int)keep, text);
}

static const char *join(struct wk_call *call, const char *a, const char *b)
{
    return !a || !*a ? b : !b || !*b ? a : wk_printf(call, "%s\n\n%s", a, b);
}

/* Saying. */

static bool add(struct wk_turn *turn, enum said_kind kind, const char *text, struct wk_err *err)
{
    const char *copy = wk_strdup(turn->call, text);

    if (!copy)
        return no_memory(err);
    if (turn->said_count == TURN_SAID)
        return wk_fail(err, WK_SYSTEM, "flow.says_too_much", "more than %d things said in one turn", TURN_SAID);
    turn->said[turn->said_count++] = (struct said){kind, copy};
    return true;
}

bool out_say(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err)
{
    (void)call;
    return !*text || add(turn, SAID_TEXT, text, err);
}

bool out_ask_location(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err)
{
    (void)call;
    for (size_t i = 0; i < turn->said_count; i++)
        if (turn->said[i].kind == SAID_LOCATION)
            turn->said[i].kind = SAID_TEXT; /* asked twice: once is enough */
    return add(turn, SAID_LOCATION, text, err);
}

/* The last menu of a turn is the menu. An earlier one was passed by on the way to it: its text stays, its options do not. */
static bool add_menu(struct wk_turn *turn, const char *text, struct wk_err *err)
{
    for (size_t i = 0; i < turn->said_count; i++)
        if (turn->said[i].kind == SAID_MENU)
            turn->said[i].kind = SAID_TEXT;
    turn->is_menu_said = true;
    return add(turn, SAID_MENU, text, err);
}

static bool copy_choice(struct wk_turn *turn, const struct wk_choice *from, struct turn_choice *to, struct wk_err *err)
{
    const char *node = from->node && *from->node ? from->node : turn->running ? turn->running : turn->node;
    char id[ID_MAX + 1];

    if (!node || !from->title || !*from->title)
        return wk_fail(err, WK_SYSTEM, "flow.bad_choice", "a choice needs a title, and a node when none is running");
    *to = (struct turn_choice){wk_strdup(turn->call, node), wk_strdup(turn->call, from->action ? from->action : ""),
                               wk_strdup(turn->call, from->arg ? from->arg : ""), wk_strdup(turn->call, from->title),
                               from->description ? wk_strdup(turn->call, from->description) : NULL,
                               from->section ? wk_strdup(turn->call, from->section) : NULL};
    if (!to->node || !to->action || !to->arg || !to->title)
        return no_memory(err);
    if (!id_write(id, to->node, to->action, to->arg, turn->version + 1))
        return wk_fail(err, WK_SYSTEM, "flow.long_id", "the choice %s|%s has an id of more than %d bytes", to->node, to->action, ID_MAX);
    return true;
}

bool out_menu(struct wk_call *call, struct wk_turn *turn, const char *text, const char *open_with, const struct wk_choice *choices,
              size_t n, struct wk_err *err)
{
    struct turn_menu menu = {.version = turn->version + 1, .count = n};

    if (!n)
        return out_say(call, turn, text, err);
    if (n > TURN_CHOICES)
        return wk_fail(err, WK_SYSTEM, "flow.too_many_choices", "%zu options in one menu; %d at most", n, TURN_CHOICES);
    menu.choices = (struct turn_choice *)wk_alloc(call, n * sizeof *menu.choices);
    menu.text = wk_strdup(call, text);
    menu.node = turn->running ? turn->running : turn->node ? turn->node : "";
    menu.open_with = n > OUT_BUTTONS && !open_with ? text_of(turn->language, "menu.open") : open_with;
    if (!menu.choices || !menu.text)
        return no_memory(err);
    if (menu.open_with && !(menu.open_with = wk_strdup(call, menu.open_with)))
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        if (!copy_choice(turn, &choices[i], &menu.choices[i], err))
            return false;
    turn->menu = menu;
    return add_menu(turn, text, err);
}

bool out_page(struct wk_turn *turn, size_t offset, struct wk_err *err)
{
    turn->menu.offset = offset < turn->menu.count ? offset : 0;
    turn->menu.version = turn->version + 1;
    return add_menu(turn, turn->menu.text, err);
}

size_t out_visible(const struct wk_turn *turn, struct turn_choice *out)
{
    const struct turn_menu *m = &turn->menu;
    size_t left = m->version && m->offset < m->count ? m->count - m->offset : 0, n = 0;
    bool has_more = left > OUT_ROWS;
    char next[16];

    for (size_t i = 0; i < left && n < (has_more ? OUT_ROWS - 1 : OUT_ROWS); i++)
        out[n++] = m->choices[m->offset + i];
    if (has_more) {
        (void)snprintf(next, sizeof next, "%zu", m->offset + OUT_ROWS - 1);
        out[n++] = (struct turn_choice){m->node && *m->node ? m->node : "G2", MORE_ACTION, wk_strdup(turn->call, next),
                                        text_of(turn->language, "menu.more"), NULL, NULL};
    }
    return n;
}

/* Leaving. */

struct messages { /* at most two leave */
    struct wk_outgoing m[2];
    size_t n;
};

static bool equal_titles(const struct wk_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (!strcmp(options[i].title, options[k].title))
                return true;
    return false;
}

static bool shape_options(struct wk_turn *turn, struct wk_outgoing *to, struct wk_err *err)
{
    struct turn_choice visible[OUT_ROWS];
    size_t n = out_visible(turn, visible);
    struct wk_option *options = (struct wk_option *)wk_alloc(turn->call, n * sizeof *options);
    const char *section = NULL;
    bool is_list = turn->menu.open_with != NULL;

    if (!options)
        return no_memory(err);
    for (int pass = 0; pass < 2; pass++) { /* twice when buttons turn out to look alike: the channel refuses equal titles */
        for (size_t i = 0; i < n; i++) {
            char *id = (char *)wk_alloc(turn->call, ID_MAX + 1);

            if (!id)
                return no_memory(err);
            if (!id_write(id, visible[i].node, visible[i].action, visible[i].arg ? visible[i].arg : "", turn->menu.version))
                return wk_fail(err, WK_SYSTEM, "flow.long_id", "the choice %s|%s", visible[i].node, visible[i].action);
            section = visible[i].section ? visible[i].section : section;
            options[i] = (struct wk_option){.id = id,
                                            .title = out_cut(turn->call, visible[i].title, is_list ? TITLE_ROW : TITLE_BUTTON),
                                            .description = is_list ? out_cut(turn->call, visible[i].description, DESCRIPTION) : NULL,
                                            .section = is_list ? out_cut(turn->call, visible[i].section, TITLE_ROW) : NULL};
            if (!options[i].title)
                return no_memory(err);
        }
        if (is_list || !equal_titles(options, n))
            break;
        is_list = true;
    }
    if (is_list && section && !options[0].section) /* sections need titles, from the first row on */
        options[0].section = text_of(turn->language, "menu.section");
    to->type = is_list ? WK_OUT_LIST : WK_OUT_BUTTONS;
    to->options = options;
    to->option_count = n;
    if (is_list) {
        to->button = out_cut(turn->call, turn->menu.open_with ? turn->menu.open_with : text_of(turn->language, "menu.open"), TITLE_BUTTON);
        if (!to->button)
            return no_memory(err);
    }
    return true;
}

/* "1) Bread – 18.50" a line. */
static const char *numbered(struct wk_turn *turn)
{
    struct turn_choice visible[OUT_ROWS];
    size_t n = out_visible(turn, visible);
    const char *text = "";

    for (size_t i = 0; text && i < n; i++)
        text = visible[i].description ? wk_printf(turn->call, "%s%s%zu) %s – %s", text, i ? "\n" : "", i + 1, visible[i].title,
                                                  visible[i].description)
                                      : wk_printf(turn->call, "%s%s%zu) %s", text, i ? "\n" : "", i + 1, visible[i].title);
    return text;
}

static bool put(struct wk_turn *turn, struct messages *out, enum wk_outgoing_type type, const char *text, struct wk_err *err)
{
    struct wk_outgoing *m = &out->m[out->n];

    if (!text)
        return no_memory(err);
    if (out->n == 2)
        return wk_fail(err, WK_SYSTEM, "flow.says_too_much", "more than two messages in one turn");
    if (utf8_length(text) > OUT_TEXT_MAX)
        wk_log(turn->call, WK_WARN, "a text of node %s is cut at %d characters", turn->node ? turn->node : "-", OUT_TEXT_MAX);
    *m = (struct wk_outgoing){.size = sizeof *m, .type = type, .text = out_cut(turn->call, text, OUT_TEXT_MAX)};
    if (!m->text)
        return no_memory(err);
    if (type == WK_OUT_BUTTONS && !shape_options(turn, m, err))
        return false;
    out->n++;
    return true;
}

/* Everything said, gathered: texts before the first and behind the last thing that asks. */
struct gathered {
    const char *lead, *tail, *menu, *location;
};

static bool gather(struct wk_turn *turn, struct gathered *g, struct wk_err *err)
{
    bool is_plain = turn->is_plain || turn->is_forced_plain;

    memset(g, 0, sizeof *g);
    for (size_t i = 0; i < turn->said_count; i++) {
        const struct said *s = &turn->said[i];

        if (s->kind == SAID_MENU && !is_plain) {
            g->menu = s->text;
        } else if (s->kind == SAID_LOCATION) {
            g->location = s->text;
        } else {
            const char *text = s->kind == SAID_MENU ? join(turn->call, s->text, numbered(turn)) : s->text;
            const char **to = g->menu || g->location ? &g->tail : &g->lead;

            if (!text || !(*to = join(turn->call, *to, text)))
                return no_memory(err);
        }
    }
    return true;
}

/* A body with its texts: one message when they fit, else the texts first. `text` is what asks. */
static bool ask(struct wk_turn *turn, struct messages *out, enum wk_outgoing_type type, const char *lead, const char *text,
                const char *tail, struct wk_err *err)
{
    const char *body = join(turn->call, lead, text);

    if (body && utf8_length(body) <= OUT_BODY_MAX)
        return put(turn, out, type, body, err) && (!tail || put(turn, out, WK_OUT_TEXT, tail, err));
    if (utf8_length(text) > OUT_BODY_MAX) { /* a review longer than a body: all of it as text, a short question under it */
        lead = body;
        text = text_of(turn->language, type == WK_OUT_BUTTONS ? "menu.what_next" : "menu.location");
    }
    return put(turn, out, WK_OUT_TEXT, join(turn->call, lead, tail), err) && put(turn, out, type, text, err);
}

static bool compose(struct wk_turn *turn, struct messages *out, struct wk_err *err)
{
    struct gathered g;

    if (!gather(turn, &g, err))
        return false;
    if (g.menu && g.location) { /* two that ask: all texts go with the location request, as text when it gets too long */
        const char *body = join(turn->call, join(turn->call, g.lead, g.location), g.tail);

        return body ? put(turn, out, utf8_length(body) <= OUT_BODY_MAX ? WK_OUT_LOCATION_REQUEST : WK_OUT_TEXT, body, err) &&
                          put(turn, out, WK_OUT_BUTTONS,
                              utf8_length(g.menu) <= OUT_BODY_MAX ? g.menu : out_cut(turn->call, g.menu, OUT_BODY_MAX), err)
                    : no_memory(err);
    }
    if (g.menu)
        return ask(turn, out, WK_OUT_BUTTONS, g.lead, g.menu, g.tail, err);
    if (g.location)
        return ask(turn, out, WK_OUT_LOCATION_REQUEST, g.lead, g.location, g.tail, err);
    if (!g.lead)
        return true;
    if (utf8_length(g.lead) <= OUT_TEXT_MAX)
        return put(turn, out, WK_OUT_TEXT, g.lead, err);
    return put(turn, out, WK_OUT_TEXT, wk_strndup(turn->call, g.lead, utf8_bytes(g.lead, OUT_TEXT_MAX)), err) &&
           put(turn, out, WK_OUT_TEXT, g.lead + utf8_bytes(g.lead, OUT_TEXT_MAX), err);
}

bool out_flush(struct wk_turn *turn, size_t *sent, struct wk_err *err)
{
    struct messages out = {.n = 0};

    *sent = 0;
    if (!compose(turn, &out, err))
        return false;
    for (size_t i = 0; i < out.n; i++)
        if (!(turn->is_push ? wk_send(turn->call, turn->channel, turn->address, turn->user_key, &out.m[i], err)
                            : wk_reply(turn->call, &out.m[i], err)))
            return false;
    *sent = out.n;
    return true;
}
