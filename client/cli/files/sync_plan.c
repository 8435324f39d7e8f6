/* What two trees differ in: both lists are sorted, so one pass tells. */
#include "client/cli/files/sync.h"
#include <stdio.h>
#include <string.h>

static bool is_file(const struct files_entry *e)
{
	return e->kind == HAWSER_FILE_REGULAR;
}

static bool same(const struct files_entry *a, const struct files_entry *b)
{
	if (is_file(a) != is_file(b))
		return false;
	return !is_file(a) || (a->bytes == b->bytes && a->modified == b->modified);
}

void files_sync_compare(const struct files_list *from, const struct files_list *to,
		void (*each)(enum files_sync_what what, const struct files_entry *e, void *arg),
		void *arg)
{
	size_t i = 0, k = 0;

	while (i < from->count || k < to->count) {
		int c = i == from->count         ? 1
				: k == to->count ? -1
						 : strcmp(from->entry[i].name, to->entry[k].name);
		if (c < 0)
			each(FILES_SYNC_NEW, &from->entry[i++], arg);
		else if (c > 0)
			each(FILES_SYNC_EXTRA, &to->entry[k++], arg);
		else {
			each(same(&from->entry[i], &to->entry[k]) ? FILES_SYNC_SAME
								  : FILES_SYNC_CHANGED,
					&from->entry[i], arg);
			i++;
			k++;
		}
	}
}

/* Does the list have the folder, or something in it? */
static bool has_below(const struct files_list *l, const char *folder, size_t n)
{
	size_t lo = 0, hi = l->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (strncmp(l->entry[mid].name, folder, n) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < l->count && strncmp(l->entry[lo].name, folder, n) == 0; lo++)
		if (!l->entry[lo].name[n] || l->entry[lo].name[n] == '/')
			return true;
	return false;
}

void files_sync_extra_root(const struct files_list *from, const char *name, char *buf, size_t size)
{
	for (const char *sep = strchr(name, '/'); sep; sep = strchr(sep + 1, '/')) {
		size_t n = (size_t)(sep - name);
		if (n < size && !has_below(from, name, n)) {
			memcpy(buf, name, n);
			buf[n] = 0;
			return;
		}
	}
	snprintf(buf, size, "%s", name);
}
