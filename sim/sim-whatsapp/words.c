/* words.c - what the parts of validate.h share: fields with their limits, each refusal naming the field and the limit. */
#include "validate.h"
#include <ctype.h>
#include <string.h>

size_t sim_count_characters(const char *text)
{
    size_t n = 0;

    for (const char *p = text; *p; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    return n;
}

bool sim_is_phone(const char *text)
{
    size_t plus = *text == '+', n = strlen(text) - plus;

    return n >= 5 && n <= SIM_PHONE_MAX && strspn(text + plus, "0123456789") == n;
}

/* "ZA.1349..." or, of a parent portfolio, "ZA.ENT.1349..." */
bool sim_is_user_id(const char *text)
{
    const char *id = text + 3;
    size_t n = 0;

    if (!isupper((unsigned char)text[0]) || !isupper((unsigned char)text[1]) || text[2] != '.')
        return false;
    if (!strncmp(id, "ENT.", 4))
        id += 4;
    while (isalnum((unsigned char)id[n]))
        n++;
    return n >= 1 && n <= 128 && !id[n];
}

static bool one_text(const json_t *value, const char *path, const char *key, struct sim_range range, const char **out,
                     struct sim_refusal *no)
{
    const char *text = json_string_value(value);
    size_t n;

    if (!text)
        return sim_refuse(no, 100, "Param %s['%s'] must be a string.", path, key);
    n = sim_count_characters(text);
    if (n < range.min || n > range.max)
        return sim_refuse(no, range.code ? range.code : 131009, "Param %s['%s'] has %zu characters. Min length: %zu, max length: %zu.", path,
                          key, n, range.min, range.max);
    if (out)
        *out = text;
    return true;
}

bool sim_may_text(const json_t *object, const char *path, const char *key, struct sim_range range, const char **out, struct sim_refusal *no)
{
    const json_t *value = json_object_get(object, key);

    if (out)
        *out = NULL;
    return !value || json_is_null(value) || one_text(value, path, key, range, out, no);
}

bool sim_need_text(const json_t *object, const char *path, const char *key, struct sim_range range, const char **out, struct sim_refusal *no)
{
    const json_t *value = json_object_get(object, key);

    if (!value || json_is_null(value))
        return sim_refuse(no, 131008, "Required parameter is missing: %s['%s'].", path, key);
    return one_text(value, path, key, range, out, no);
}

bool sim_need_object(const json_t *object, const char *path, const char *key, json_t **out, struct sim_refusal *no)
{
    *out = json_object_get(object, key);
    if (!*out || json_is_null(*out))
        return sim_refuse(no, 131008, "Required parameter is missing: %s['%s'].", path, key);
    return json_is_object(*out) || sim_refuse(no, 100, "Param %s['%s'] must be a JSON object.", path, key);
}

bool sim_need_array(const json_t *object, const char *path, const char *key, struct sim_range range, json_t **out, struct sim_refusal *no)
{
    size_t n;

    *out = json_object_get(object, key);
    if (!*out || json_is_null(*out))
        return sim_refuse(no, 131008, "Required parameter is missing: %s['%s'].", path, key);
    if (!json_is_array(*out))
        return sim_refuse(no, 100, "Param %s['%s'] must be an array.", path, key);
    n = json_array_size(*out);
    if (n < range.min || n > range.max)
        return sim_refuse(no, range.code ? range.code : 131009, "Param %s['%s'] has %zu elements. Min: %zu, max: %zu.", path, key, n, range.min,
                          range.max);
    for (size_t i = 0; i < n; i++)
        if (!json_is_object(json_array_get(*out, i)))
            return sim_refuse(no, 100, "Param %s['%s'][%zu] must be a JSON object.", path, key, i);
    return true;
}

static bool is_among(const char *text, const char *const *words)
{
    while (*words && strcmp(*words, text) != 0)
        words++;
    return *words != NULL;
}

bool sim_only_keys(const json_t *object, const char *path, const char *const *keys, struct sim_refusal *no)
{
    for (void *it = json_object_iter((json_t *)(uintptr_t)object); it; it = json_object_iter_next((json_t *)(uintptr_t)object, it))
        if (!is_among(json_object_iter_key(it), keys))
            return sim_refuse(no, 100, "Unexpected key \"%.60s\" on param %s.", json_object_iter_key(it), path);
    return true;
}

bool sim_need_choice(const json_t *object, const char *path, const char *key, const char *const *choices, const char **out,
                     struct sim_refusal *no)
{
    const char *text;

    if (!sim_need_text(object, path, key, (struct sim_range){0, 100, 0}, &text, no))
        return false;
    if (!is_among(text, choices))
        return sim_refuse(no, 131009, "Param %s['%s'] has no value \"%.60s\".", path, key, text);
    if (out)
        *out = text;
    return true;
}
