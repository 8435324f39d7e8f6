/* conf/suggest: "did you mean ...?" for a mistyped word. */
#pragma once
#include <stddef.h>

/* A candidate is kept when it is nearer to `word` than `*best` was. Start with *best_cost = a third
 * of the word's length + 1, *best = NULL. Words above 63 bytes are never near. */
void hws_suggest(const char *word, const char *candidate, size_t *best_cost, const char **best);
