/* admin/help: what --help prints, made of the table. */
#pragma once
#include "admin/cli/table.h"
#include <stdio.h>

/* All nouns, the single words of old, and the options of all. */
void adm_help_all(FILE *out);
/* The verbs of a noun. */
void adm_help_noun(FILE *out, const struct adm_noun *noun);
void adm_help_verb(FILE *out, const struct adm_verb *v);
