/* errors.c - the catalogue of one worker: the host's codes and every plugin's, sorted, with what the locale files add. */
#include <dirent.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "plugin/registry_data.h"

#define LOCALE_MAX (1024 * 1024) /* bytes of one file */
#define TEXT_MAX 1024            /* characters that a message of the narrowest channel takes */

struct wk_error_text {
    struct wk_error_text *next;
    char language[12];
    char text[];
};

static int by_code(const void *a, const void *b)
{
    return strcmp(((const struct wk_error_hook *)a)->type->code, ((const struct wk_error_hook *)b)->type->code);
}

static int is_code(const void *code, const void *hook) { return strcmp(code, ((const struct wk_error_hook *)hook)->type->code); }

static const struct wk_error_hook *find(const struct wk_error_hook *sorted, size_t n, const char *code)
{
    return n && code ? bsearch(code, sorted, n, sizeof *sorted, is_code) : NULL;
}

/* --- texts of other languages ------------------------------------------------------------------------------------------------ */

static bool keep(const struct wk_error_hook *hook, const char *language, const char *text)
{
    struct wk_error_hook *ours = (struct wk_error_hook *)(uintptr_t)hook; /* const for readers */
    size_t len = strlen(text);
    struct wk_error_text *t = malloc(sizeof *t + len + 1);

    if (!t)
        return false;
    (void)snprintf(t->language, sizeof t->language, "%s", language);
    memcpy(t->text, text, len + 1);
    t->next = ours->texts;
    ours->texts = t;
    return true;
}

/* A text for a code that is not listed belongs to another version of the plugin: passed over, so that a rollback is not refused. */
static bool read_texts(struct wk_registry *r, const struct wk_plugin *plugin, const char *path, const char *language, struct wk_problems *problems)
{
    json_error_t where;
    struct stat st = {0};
    json_t *file = stat(path, &st) == 0 && st.st_size <= LOCALE_MAX ? json_load_file(path, JSON_REJECT_DUPLICATES, &where) : NULL, *value;
    const char *key;
    bool ok = true;

    if (!json_is_object(file)) {
        wk_problems_at(problems, path, file ? 1 : where.line, "%s", file ? "is no JSON object of texts" : st.st_size > LOCALE_MAX ? "is larger than 1 MiB" : where.text);
        json_decref(file);
        return true;
    }
    json_object_foreach(file, key, value) {
        const struct wk_error_hook *hook = strncmp(key, "error.", 6) ? NULL : find(r->errors, r->error_count, key + 6);
        const char *text = json_string_value(value);

        if (!hook || hook->plugin != plugin)
            continue;
        if (!text || !*text || strlen(text) > TEXT_MAX)
            wk_problems_at(problems, path, 0, "%s: a text of 1 to %d bytes is wanted", key, TEXT_MAX);
        else
            ok = ok && keep(hook, language, text);
    }
    json_decref(file);
    return ok;
}

static bool read_languages(struct wk_registry *r, const struct wk_plugin *plugin, struct wk_problems *problems)
{
    const char *share = wk_settings_text(wk_config_host(r->conf.config), "host.share_dir");
    char folder[PATH_MAX - 300], path[PATH_MAX], language[12];
    struct dirent *entry;
    bool ok = true;
    DIR *dir;

    if (!share || snprintf(folder, sizeof folder, "%s/%s/locale", share, plugin->name) >= (int)sizeof folder || !(dir = opendir(folder)))
        return true; /* none: English */
    while (ok && (entry = readdir(dir))) {
        size_t n = strspn(entry->d_name, "abcdefghijklmnopqrstuvwxyz-");

        if (n < 2 || n >= sizeof language || strcmp(entry->d_name + n, ".json") || !strcmp(entry->d_name, "en.json"))
            continue; /* English is what the tables say */
        (void)snprintf(language, sizeof language, "%.*s", (int)n, entry->d_name);
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        ok = read_texts(r, plugin, path, language, problems);
    }
    (void)closedir(dir);
    return ok;
}

/* --- life -------------------------------------------------------------------------------------------------------------------- */

bool wk_registry_catalogue(struct wk_registry *r, struct wk_problems *problems)
{
    size_t n = wk_host_errors(NULL), at;
    bool ok = true;

    for (size_t i = 0; i < r->count; i++)
        for (const struct wk_error_type *t = r->plugins[i]->desc.errors; t && t->code; t++)
            n++;
    if (!(r->errors = calloc(n + 1, sizeof *r->errors)))
        return false;
    at = wk_host_errors(r->errors);
    for (size_t i = 0; i < r->count; i++)
        for (const struct wk_error_type *t = r->plugins[i]->desc.errors; t && t->code; t++)
            r->errors[at++] = (struct wk_error_hook){.plugin = r->plugins[i], .type = t};
    r->error_count = n;
    qsort(r->errors, n, sizeof *r->errors, by_code);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(r->errors[i].type->code, r->errors[i - 1].type->code))
            wk_problems_add(problems, "error %s: both %s and %s list it: a code has one owner", r->errors[i].type->code,
                            r->errors[i - 1].plugin->name, r->errors[i].plugin->name);
    ok = read_languages(r, wk_host_plugin(), problems);
    for (size_t i = 0; ok && i < r->count; i++)
        ok = read_languages(r, r->plugins[i], problems);
    return ok;
}

void wk_registry_catalogue_free(struct wk_registry *r)
{
    for (size_t i = 0; i < r->error_count; i++)
        for (struct wk_error_text *t = r->errors[i].texts, *next; t; t = next) {
            next = t->next;
            free(t);
        }
    free(r->errors);
}

/* --- reading ----------------------------------------------------------------------------------------------------------------- */

const struct wk_error_hook *wk_registry_errors(const struct wk_registry *registry, size_t *n)
{
    *n = registry->error_count;
    return registry->errors;
}

const struct wk_error_hook *wk_registry_error(const struct wk_registry *registry, const char *code)
{
    static struct wk_error_hook own[256]; /* for programs that load no plugin */
    static size_t count;

    if (registry)
        return find(registry->errors, registry->error_count, code);
    if (!count && wk_host_errors(NULL) <= WK_COUNT(own)) {
        count = wk_host_errors(own);
        qsort(own, count, sizeof *own, by_code);
    }
    return find(own, count, code);
}

const char *wk_error_text(const struct wk_error_hook *hook, const char *language)
{
    size_t n = language ? strcspn(language, "-") : 0;

    for (const struct wk_error_text *t = hook->texts; language && t; t = t->next)
        if (!strcmp(t->language, language))
            return t->text;
    for (const struct wk_error_text *t = hook->texts; n && t; t = t->next) /* "pt-BR" reads "pt" */
        if (strlen(t->language) == n && !strncmp(t->language, language, n))
            return t->text;
    return hook->type->text;
}

bool wk_error_has_language(const struct wk_error_hook *hook, const char *language, size_t len)
{
    for (const struct wk_error_text *t = hook->texts; t; t = t->next)
        if (strlen(t->language) == len && !strncmp(t->language, language, len))
            return true;
    return len == 2 && !strncmp(language, "en", 2);
}
