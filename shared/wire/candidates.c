/* wire/candidates: the bound on what strangers list. The addresses themselves are looked at by the
 * end that would go there. */
#include "shared/wire/candidates.h"
#include "shared/wire/addr_codec.h"

size_t hws_candidates_keep(Rdv__Candidate **list, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n && kept < HWS_CANDIDATES_MAX; i++) {
		Rdv__Candidate *c = list[i];

		if (c->address.len == 0 || c->address.len > HWS_ADDR_WIRE_MAX)
			continue;
		c->base.n_unknown_fields = 0;
		c->base.unknown_fields = NULL;
		list[i] = list[kept];
		list[kept++] = c;
	}
	return kept;
}
