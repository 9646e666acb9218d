/* yaml.h - JSON values as YAML that every reader takes alike: texts and keys always in double quotes (no "no" that becomes false, no 1e3 that becomes a
 * number), numbers and truth values plain, nothing folded, no anchors. */
#ifndef WK_CLI_YAML_H
#define WK_CLI_YAML_H
#include <jansson.h>
#include <stdio.h>

void wk_yaml_write(const json_t *value, FILE *out); /* block style from column 0, ends with a line end */
#endif
