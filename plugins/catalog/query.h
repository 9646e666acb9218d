/* query.h - what people type when they look for something: "2 milk", "do you have salt?". Pure. */
#ifndef CATALOG_QUERY_H
#define CATALOG_QUERY_H
#include <stdbool.h>
#include <stddef.h>

#define QUERY_MAX 80 /* characters that are looked for */

struct query {
    int quantity;                 /* 0: not said */
    char words[QUERY_MAX * 4 + 1]; /* what is left to look for; "" = nothing */
};
/* A leading number ("2 milk", "2x milk") becomes the quantity, unless it is all there is or belongs to a name ("7up", "2.5 kg"); words that
 * only ask ("do you have", "I want to buy") go. */
void query_read(const char *text, struct query *out);
#endif
