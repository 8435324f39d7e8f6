/* admin/output: answers of a server as text for people, or as the JSON they came in. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Objects become "name: value" lines, arrays of objects a table with one column for each member of
 * the first; foreign text is escaped. "ok" is left out. With `json` the object is printed as it is,
 * indented. */
void adm_output(FILE *out, const json_t *answer, bool json);
