/* admin/manual_text: the parts of the manual page that no table holds. */
#pragma once

extern const char adm_manual_head[];  /* up to the options */
extern const char adm_manual_use[];   /* names, output, servers */
extern const char adm_manual_words[]; /* the single words */
extern const char adm_manual_tail[];  /* files, exit status, examples */
