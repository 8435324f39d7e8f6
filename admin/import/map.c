/* import/map: sorted once a pass is over; nothing is looked up before. */
#include "admin/import/apply.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <stdlib.h>
#include <string.h>

int imp_map_add(struct imp_map *m, const char *key, const char *guid)
{
	struct imp_pair p = { 0 };
	int r = hws_str_copy(p.guid, sizeof(p.guid), guid);

	if (r < 0 || !*key)
		return r;
	if (m->count == m->room) {
		size_t room = m->room ? 2 * m->room : 64;
		struct imp_pair *bigger = hws_realloc_array(m->pair, room, sizeof(*bigger));

		if (!bigger)
			return HWS_ERR_NOMEM;
		m->pair = bigger;
		m->room = room;
	}
	p.key = hws_strdup(key);
	if (!p.key)
		return HWS_ERR_NOMEM;
	m->pair[m->count++] = p;
	return HWS_OK;
}

static int by_key(const void *a, const void *b)
{
	const struct imp_pair *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void imp_map_sort(struct imp_map *m)
{
	if (m->count)
		qsort(m->pair, m->count, sizeof(*m->pair), by_key);
	m->sorted = m->count;
}

const char *imp_map_find(const struct imp_map *m, const char *key)
{
	const struct imp_pair wanted = { .key = (char *)(uintptr_t)key };
	const struct imp_pair *p = m->sorted
			? bsearch(&wanted, m->pair, m->sorted, sizeof(wanted), by_key)
			: NULL;

	return p ? p->guid : NULL;
}

void imp_map_done(struct imp_map *m)
{
	for (size_t i = 0; i < m->count; i++)
		hws_free(m->pair[i].key);
	hws_free(m->pair);
}
