/* describe.h - what a stored webhook body holds, for `wakala whatsapp decode`. Pure C: needs no host, no server, no settings. */
#ifndef WA_DESCRIBE_H
#define WA_DESCRIBE_H
#include <stdio.h>

/* One line per update: kind<TAB>phone_number_id<TAB>id<TAB>user_key<TAB>type; kind is message, status, other or bad; "-" for what is absent. Why
 * something is bad goes to stderr. A file that is no webhook at all is one bad line. 0; 1 when the file cannot be read or is over 3 MiB. */
int wa_describe_file(FILE *out, const char *path);
#endif
