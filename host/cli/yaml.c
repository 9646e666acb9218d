#include "cli/yaml.h"
#include <stdbool.h>
#include <stdlib.h>

enum { STEP = 2 };

/* A JSON string is a double-quoted one of YAML; jansson writes what is not ASCII as escapes, so the output survives any locale. */
static void write_scalar(const json_t *value, FILE *out)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT);

    (void)fputs(text ? text : "null", out);
    free(text);
}

static void write_key(const char *key, FILE *out)
{
    json_t *text = json_string(key);

    write_scalar(text, out);
    json_decref(text);
}

static bool is_block(const json_t *value)
{
    return (json_is_object(value) && json_object_size(value)) || (json_is_array(value) && json_array_size(value));
}

/* `is_begun`: the first line stands behind "- " already. */
static void write_block(const json_t *value, int indent, bool is_begun, FILE *out)
{
    const char *key;
    json_t *part;

    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            part = json_array_get(value, i);
            (void)fprintf(out, "%*s- ", is_begun && !i ? 0 : indent, "");
            if (is_block(part)) {
                write_block(part, indent + STEP, true, out);
            } else {
                write_scalar(part, out);
                (void)fputc('\n', out);
            }
        }
        return;
    }
    json_object_foreach((json_t *)value, key, part) {
        (void)fprintf(out, "%*s", is_begun ? 0 : indent, "");
        is_begun = false;
        write_key(key, out);
        (void)fputs(is_block(part) ? ":\n" : ": ", out);
        if (is_block(part)) {
            write_block(part, indent + STEP, false, out);
        } else {
            write_scalar(part, out);
            (void)fputc('\n', out);
        }
    }
}

void wk_yaml_write(const json_t *value, FILE *out)
{
    if (is_block(value)) {
        write_block(value, 0, false, out);
        return;
    }
    write_scalar(value, out);
    (void)fputc('\n', out);
}
