/* The nearest of the words that exist, for messages about one that does not. */
#include "shared/conf/suggest.h"

#include "shared/base/macros.h"

#include <string.h>

#define WORD_MAX 63u

/* Levenshtein distance with one row. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t cost = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			cost = HWS_MIN(cost, row[j - 1] + 1);
			row[j] = HWS_MIN(cost, row[j] + 1);
		}
	}
	return row[nb];
}

void hws_suggest(const char *word, const char *candidate, size_t *best_cost, const char **best)
{
	size_t na = strlen(word), nb = strlen(candidate), cost;

	if (na > WORD_MAX || nb > WORD_MAX)
		return;
	cost = distance(word, na, candidate, nb);
	if (cost <= *best_cost && (!*best || cost < *best_cost)) {
		*best_cost = cost;
		*best = candidate;
	}
}
