/* conf - a conf file from anywhere: parsed and typed, or refused with a line; wakala.conf's schema and a plugin's. */
#include <stdlib.h>
#include "config/config.h"
#include "config/raw.h"
#include "config/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
WK_EXPORT const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets its string buffer when a syntax error follows a string: a few bytes per refused file, not ours to free. */
const char *__lsan_default_suppressions(void) { return "leak:libconfig.so"; }

static const struct wk_setting plugin[] = {
    WK_SETTING_STRING("text", "x", WK_SCOPE_HOST, "h"),
    WK_SETTING_INT("number", "3", -5, 9, WK_SCOPE_HOST, "h"),
    WK_SETTING_BOOL("flag", "false", WK_SCOPE_HOST, "h"),
    WK_SETTING_DURATION("time", "30s", WK_SCOPE_HOST, "h"),
    WK_SETTING_SIZE("size", "1k", WK_SCOPE_HOST, "h"),
    WK_SETTING_CHOICE("mode", "a", "a|b", WK_SCOPE_HOST, "h"),
    {0}};

static void look(const struct wk_value *value, void *arg)
{
    char buf[64];

    (void)arg;
    if (value->setting->type != WK_TYPE_SECRET && !value->text)
        abort(); /* only secrets may be unset */
    if (value->setting->type == WK_TYPE_INT && value->setting->max && (value->number < value->setting->min || value->number > value->setting->max))
        abort();
    (void)wk_value_shown(value, buf, sizeof buf);
}

/* Secrets would read files and the environment of this machine: their keys are left out. */
static bool has_source(const struct wk_raw_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        if (file->values[i].type == WK_RAW_STRING && wk_secret_is_source(file->values[i].text))
            return true;
    return false;
}

static void check(const struct wk_raw_file *file, const struct wk_setting *schema)
{
    struct wk_problems *problems = wk_problems_create();
    struct wk_settings *settings = wk_settings_build(schema, file, "/nowhere", NULL, problems);

    if (!settings == !wk_problems_count(problems))
        abort(); /* values and problems exclude each other */
    wk_settings_each(settings, look, NULL);
    wk_settings_destroy(settings);
    wk_problems_destroy(problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wk_problems *problems = wk_problems_create();
    struct wk_raw_file file;

    if (wk_raw_parse(&file, "fuzz.conf", (const char *)data, size, problems)) {
        if (!has_source(&file)) {
            check(&file, plugin);
            check(&file, wk_config_host_schema());
        }
    } else if (!wk_problems_count(problems)) {
        abort(); /* a refusal without a reason */
    }
    wk_raw_finish(&file);
    wk_problems_destroy(problems);
    return 0;
}
