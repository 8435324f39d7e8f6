/* Which colours a rectangle is made of. A few that most pixels have are those of a screen; a
 * thousand that hardly two share are those of a photograph. */
#include "client/media/patch_parts.h"

#define SLOTS 1024u
#define COLOURS_MAX (SLOTS * 5 / 8)
#define ANCHOR_PIXELS 3u

struct count {
	uint32_t colour, n;
};

static uint32_t slot_of(uint32_t c)
{
	return c * 2654435761u >> 22; /* as many bits as SLOTS has */
}

/* Counts runs, which are what a screen is made of. false: too many colours. */
static bool count_all(const uint32_t *px, size_t n, struct count table[SLOTS], unsigned *ret_used)
{
	for (size_t i = 0; i < n;) {
		uint32_t c = px[i], run = 1, at = slot_of(c);
		while (i + run < n && px[i + run] == c)
			run++;
		while (table[at].n && table[at].colour != c)
			at = (at + 1) % SLOTS;
		if (!table[at].n && ++*ret_used > COLOURS_MAX)
			return false;
		table[at].colour = c;
		table[at].n += run;
		i += run;
	}
	return true;
}

bool patch_few_colours(const uint32_t *px, size_t n, struct patch_anchors *ret)
{
	struct count table[SLOTS] = { 0 };
	unsigned used = 0;
	size_t all = 0;

	*ret = (struct patch_anchors){ 0 };
	bool few = count_all(px, n, table, &used) && (used <= 64 || used < n / 4);
	while (ret->n < PATCH_ANCHORS_MAX) {
		unsigned best = 0;
		for (unsigned i = 1; i < SLOTS; i++)
			if (table[i].n > table[best].n)
				best = i;
		/* A colour that is as rare as a mixture helps nothing. */
		if (table[best].n < ANCHOR_PIXELS || table[best].n < n / 256)
			break;
		ret->colour[ret->n++] = table[best].colour;
		all += table[best].n;
		table[best].n = 0;
	}
	return few && (used <= 64 || all > n / 4);
}
