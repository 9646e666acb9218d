/* params.c - arguments in the form libpq wants: text for all but BYTES, so that the server infers every type by itself.
 * The buffers are a connection's scratch, used again by the next statement; libpq copies them when it is handed the command. */
#include "db/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NUMBER_BYTES = 48, ARGS_MAX = 65535, BYTES_MAX = 256 << 20 };

struct wk_params {
    size_t max;
    const char **values;
    int *lengths, *formats;
    char (*numbers)[NUMBER_BYTES];
    size_t bytes;
};

struct wk_params *wk_params_create(void) { return calloc(1, sizeof(struct wk_params)); }

void wk_params_destroy(struct wk_params *params)
{
    if (!params)
        return;
    free(params->values);
    free(params->lengths);
    free(params->formats);
    free(params->numbers);
    free(params);
}

const char *const *wk_params_values(const struct wk_params *params) { return params->values; }
const int *wk_params_lengths(const struct wk_params *params) { return params->lengths; }
const int *wk_params_formats(const struct wk_params *params) { return params->formats; }
size_t wk_params_bytes(const struct wk_params *params) { return params->bytes; }

static bool grow_one(void *array, size_t count, size_t size) /* array: address of a pointer */
{
    void *old, *bigger;

    memcpy(&old, array, sizeof old);
    bigger = reallocarray(old, count, size);
    if (!bigger)
        return false;
    memcpy(array, &bigger, sizeof bigger);
    return true;
}

static bool grow(struct wk_params *params, size_t n)
{
    size_t max = params->max ? params->max : 16;

    if (n <= params->max)
        return true;
    while (max < n)
        max *= 2;
    if (!grow_one(&params->values, max, sizeof *params->values) ||
        !grow_one(&params->lengths, max, sizeof *params->lengths) ||
        !grow_one(&params->formats, max, sizeof *params->formats) ||
        !grow_one(&params->numbers, max, sizeof *params->numbers))
        return false; /* max is unchanged, so nobody trusts the longer arrays */
    params->max = max;
    return true;
}

/* timestamptz in UTC with microseconds; PostgreSQL counts years before 1 as BC. */
static void put_time(char out[NUMBER_BYTES], int64_t us)
{
    int64_t second = us / 1000000, part = us % 1000000;
    struct tm tm;
    time_t t;
    long year;

    if (part < 0) {
        part += 1000000;
        second--;
    }
    t = (time_t)second;
    if (!gmtime_r(&t, &tm))
        memset(&tm, 0, sizeof tm); /* cannot be: 2^63 microseconds are 292,000 years, an int holds them */
    year = tm.tm_year + 1900L;
    (void)snprintf(out, NUMBER_BYTES, "%04ld-%02d-%02d %02d:%02d:%02d.%06d+00%s", year > 0 ? year : 1 - year,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)part, year > 0 ? "" : " BC");
}

static void put_double(char out[NUMBER_BYTES], double value)
{
    if (isnan(value))
        (void)strcpy(out, "NaN");
    else if (isinf(value))
        (void)strcpy(out, value > 0 ? "Infinity" : "-Infinity");
    else
        (void)snprintf(out, NUMBER_BYTES, "%.17g", value);
}

static bool encode(struct wk_params *params, size_t i, const struct wk_arg *arg, struct wk_err *err)
{
    char *number = params->numbers[i];

    params->values[i] = number;
    params->lengths[i] = 0;
    params->formats[i] = 0;
    switch (arg->type) {
    case WK_ARG_NULL:
        params->values[i] = NULL;
        return true;
    case WK_ARG_INT:
        (void)snprintf(number, NUMBER_BYTES, "%lld", (long long)arg->i);
        break;
    case WK_ARG_BOOL:
        (void)strcpy(number, arg->i ? "t" : "f");
        break;
    case WK_ARG_DOUBLE:
        put_double(number, arg->d);
        break;
    case WK_ARG_TEXT:
        params->values[i] = arg->text;
        break;
    case WK_ARG_UUID:
        if (arg->uuid)
            (void)wk_uuid_text(arg->uuid, number);
        else
            params->values[i] = NULL;
        break;
    case WK_ARG_BYTES:
        if (arg->len > BYTES_MAX)
            return wk_fail(err, WK_SYSTEM, "db.statement", "argument %zu has %zu bytes, more than %d", i + 1, arg->len,
                           BYTES_MAX);
        params->values[i] = arg->bytes ? arg->bytes : "";
        params->lengths[i] = (int)arg->len;
        params->formats[i] = 1;
        params->bytes += arg->len;
        return true;
    case WK_ARG_TIME:
        put_time(number, arg->i);
        break;
    default:
        return wk_fail(err, WK_SYSTEM, "db.statement", "argument %zu has no known type (%d)", i + 1, (int)arg->type);
    }
    params->bytes += params->values[i] ? strlen(params->values[i]) : 0;
    return true;
}

bool wk_params_encode(struct wk_params *params, const struct wk_arg *args, size_t n, struct wk_err *err)
{
    params->bytes = 0;
    if (n > ARGS_MAX)
        return wk_fail(err, WK_SYSTEM, "db.statement", "%zu arguments; a statement takes %d", n, ARGS_MAX);
    if (!grow(params, n))
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "%zu arguments", n);
    for (size_t i = 0; i < n; i++)
        if (!encode(params, i, &args[i], err))
            return false;
    return true;
}
