#include "config/raw.h"
#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#define KEY_MAX 128

void wk_raw_finish(struct wk_raw_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        free(file->values[i].key);
        free(file->values[i].text);
    }
    free(file->values);
    free(file->path);
    free(file->text);
    *file = (struct wk_raw_file){0};
}

const struct wk_raw *wk_raw_find(const struct wk_raw_file *file, const char *key)
{
    for (size_t i = 0; i < file->count; i++)
        if (!strcmp(file->values[i].key, key))
            return &file->values[i];
    return NULL;
}

static struct wk_raw *new_value(struct wk_raw_file *file, const char *key, int line)
{
    struct wk_raw *value;

    if (file->count == file->room) {
        size_t room = file->room ? file->room * 2 : 32;
        struct wk_raw *values = realloc(file->values, room * sizeof *values);

        if (!values)
            return NULL;
        file->values = values;
        file->room = room;
    }
    value = &file->values[file->count];
    *value = (struct wk_raw){.key = strdup(key), .line = line};
    if (!value->key)
        return NULL;
    file->count++;
    return value;
}

static bool take_scalar(struct wk_raw_file *file, const config_setting_t *setting, const char *key)
{
    struct wk_raw *value = new_value(file, key, (int)config_setting_source_line(setting));

    if (!value)
        return false;
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
        value->type = WK_RAW_INT;
        value->number = config_setting_get_int(setting);
        return true;
    case CONFIG_TYPE_INT64:
        value->type = WK_RAW_INT;
        value->number = config_setting_get_int64(setting);
        return true;
    case CONFIG_TYPE_BOOL:
        value->type = WK_RAW_BOOL;
        value->number = config_setting_get_bool(setting) ? 1 : 0;
        return true;
    case CONFIG_TYPE_FLOAT:
        value->type = WK_RAW_FLOAT;
        return true;
    default:
        value->type = WK_RAW_STRING;
        value->text = strdup(config_setting_get_string(setting));
        return value->text != NULL;
    }
}

/* The nesting was bounded by wk_scan(), so this recursion is too. */
static bool flatten(struct wk_raw_file *file, const config_setting_t *group, const char *prefix, struct wk_problems *problems)
{
    for (unsigned i = 0; i < (unsigned)config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, i);
        const char *name = config_setting_name(setting);
        char key[KEY_MAX];
        int n = name ? snprintf(key, sizeof key, "%s%s%s", prefix, *prefix ? "." : "", name)
                     : snprintf(key, sizeof key, "%s[%u]", prefix, i);

        if (n >= (int)sizeof key) {
            wk_problems_at(problems, file->path, (int)config_setting_source_line(setting), "%.40s...: a name longer than %d characters",
                           key, KEY_MAX - 1);
            return false;
        }
        if (!(config_setting_is_aggregate(setting) ? flatten(file, setting, key, problems) : take_scalar(file, setting, key)))
            return false;
    }
    return true;
}

/* The text of one line of the file without its indent, for the message. */
static struct wk_span line_text(const struct wk_raw_file *file, int line)
{
    const char *at = file->text, *end = file->text + file->text_len, *stop;

    for (int i = 1; i < line && at < end; i++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : end;
    }
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : end;
    stop = stop ? stop : end;
    return (struct wk_span){at, (size_t)(stop - at) > 60 ? 60 : (size_t)(stop - at)};
}

static void report_syntax(const struct wk_raw_file *file, const config_t *parsed, struct wk_problems *problems)
{
    const char *text = config_error_text(parsed);
    int line = config_error_line(parsed);
    struct wk_span what = line_text(file, line);
    size_t word = 0;

    if (text && !strcmp(text, "duplicate setting name")) {
        while (word < what.len && !strchr(" \t=:", what.data[word]))
            word++;
        wk_problems_at(problems, file->path, line, "%.*s: this name is given twice; keep one of the two", (int)word, what.data);
        return;
    }
    /* The line itself is not shown: it may hold what somebody wrongly wrote there, a password. */
    wk_problems_at(problems, file->path, line, "%s; write `key = value;`, text in quotes, and look at the line before too for a missing ; or \"",
                   text ? text : "syntax error");
}

bool wk_raw_parse(struct wk_raw_file *file, const char *path, const char *text, size_t len, struct wk_problems *problems)
{
    config_t parsed;
    bool is_ok;

    *file = (struct wk_raw_file){.path = strdup(path), .text = malloc(len + 1), .text_len = len};
    if (!file->path || !file->text) {
        wk_problems_at(problems, path, 0, "out of memory");
        return false;
    }
    if (len)
        memcpy(file->text, text, len);
    file->text[len] = '\0';
    if (len > WK_RAW_FILE_MAX) {
        wk_problems_at(problems, path, 0, "larger than 1M: this is not a conf file");
        return false;
    }
    if (!wk_scan(path, text, len, problems))
        return false;
    config_init(&parsed);
    is_ok = config_read_string(&parsed, file->text) == CONFIG_TRUE;
    if (!is_ok) {
        report_syntax(file, &parsed, problems);
    } else {
        size_t known = wk_problems_count(problems);

        is_ok = flatten(file, config_root_setting(&parsed), "", problems);
        if (!is_ok && wk_problems_count(problems) == known)
            wk_problems_at(problems, path, 0, "out of memory");
    }
    config_destroy(&parsed);
    return is_ok;
}

/* The whole of a regular file, at most one byte more than allowed. NULL: errno. */
static char *slurp(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), kept;
    struct stat st;
    char *text = NULL;
    ssize_t n = 0;

    *len = 0;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    else
        text = malloc(WK_RAW_FILE_MAX + 1);
    while (text && *len <= WK_RAW_FILE_MAX && (n = read(fd, text + *len, WK_RAW_FILE_MAX + 1 - *len)) > 0)
        *len += (size_t)n;
    kept = errno;
    if (n < 0) {
        free(text);
        text = NULL;
    }
    (void)close(fd);
    errno = kept;
    return text;
}

bool wk_raw_read(struct wk_raw_file *file, const char *path, struct wk_problems *problems)
{
    size_t len;
    char *text = slurp(path, &len);
    bool is_ok;

    *file = (struct wk_raw_file){0};
    if (!text) {
        wk_problems_at(problems, path, 0, "cannot be read: %s", errno == EINVAL ? "not a regular file" : strerror(errno));
        return false;
    }
    is_ok = wk_raw_parse(file, path, text, len, problems);
    free(text);
    return is_ok;
}
