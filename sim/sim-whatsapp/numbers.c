/* numbers.c - see numbers.h. */
#include "numbers.h"
#include <stdlib.h>

struct sim_numbers {
    size_t count;
    char any_account[24]; /* "": only what is listed */
    struct sim_number item[];
};

static bool is_digits(const char *text, size_t min, size_t max)
{
    size_t n = strlen(text);

    return n >= min && n <= max && strspn(text, "0123456789") == n;
}

static bool add(struct sim_numbers *numbers, const char *word, struct wk_err *err)
{
    struct sim_number *n = &numbers->item[numbers->count];
    char spare[2];
    int fields = sscanf(word, "%23[0-9*]:%23[0-9]:%23[0-9]%1s", n->id, n->account, n->display, spare);

    if (fields == 2 && !strcmp(n->id, "*") && is_digits(n->account, 1, 20) && strlen(word) == 2 + strlen(n->account)) {
        memcpy(numbers->any_account, n->account, sizeof n->account);
        return true;
    }
    if (fields != 3 || !is_digits(n->id, 5, 20) || !is_digits(n->account, 1, 20) || !is_digits(n->display, 5, 15))
        return wk_fail(err, WK_SYSTEM, "sim_whatsapp.numbers", "numbers: \"%.80s\" is not phone_number_id:waba:display_number, nor *:waba", word);
    numbers->count++;
    return true;
}

struct sim_numbers *sim_numbers_create(const char *setting, struct wk_err *err)
{
    size_t max = strlen(setting) / 2 + 1; /* an entry and the space behind it have at least two characters */
    WK_AUTO(sim_numbers) numbers = calloc(1, sizeof *numbers + max * sizeof numbers->item[0]);
    char *copy = strdup(setting), *rest = NULL;
    bool ok = numbers && copy;

    if (!ok)
        wk_fail(err, WK_SYSTEM, "sim_whatsapp.no_memory", "list of numbers");
    for (char *word = ok ? strtok_r(copy, " ,\t\r\n", &rest) : NULL; ok && word; word = strtok_r(NULL, " ,\t\r\n", &rest))
        ok = add(numbers, word, err);
    free(copy);
    if (ok && !numbers->count && !*numbers->any_account)
        ok = wk_fail(err, WK_SYSTEM, "sim_whatsapp.numbers", "numbers: at least one is needed");
    return ok ? wk_steal(numbers) : NULL;
}

void sim_numbers_destroy(struct sim_numbers *numbers) { free(numbers); }

bool sim_numbers_find(const struct sim_numbers *numbers, const char *id, struct sim_number *out)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (!strcmp(numbers->item[i].id, id)) {
            *out = numbers->item[i];
            return true;
        }
    if (!*numbers->any_account || !is_digits(id, 5, 20))
        return false;
    *out = (struct sim_number){0};
    memcpy(out->id, id, strlen(id));
    memcpy(out->account, numbers->any_account, sizeof out->account);
    memcpy(out->display, id, strlen(id));
    return true;
}

const struct sim_number *sim_numbers_other(const struct sim_numbers *numbers, const char *account)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (strcmp(numbers->item[i].account, account))
            return &numbers->item[i];
    return NULL;
}
