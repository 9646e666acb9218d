/* codes.h - what the bus over RabbitMQ fails with; a broker that is away is no error of a call, the log goes on without it.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef RABBITMQ_CODES_H
#define RABBITMQ_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_SYSTEM("rabbitmq.conf", "A setting of rabbitmq does not fit: the message names it and says what is allowed."),
    WK_ERROR_SYSTEM("rabbitmq.thread", "The machine refuses a thread or an open file: raise the worker's limits."),
    {0},
};
#endif
