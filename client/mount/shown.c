/* What is in each folder stands one behind the other, in the order of the list. */
#include "client/mount/shown.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll
#define BLOCK (128u << 10)

struct hws_shown {
	struct hws_clip_list *list;
	uint32_t count;
	/* by number - 1: where the content of a folder begins; one more at the end */
	uint32_t *first;
	uint32_t *child; /* indexes */
};

/* Place of a folder in `first`. */
static uint32_t slot(uint32_t parent)
{
	return parent == HWS_CLIP_NO_PARENT ? 0 : parent + 1;
}

int hws_shown_new(struct hws_clip_list *list, struct hws_shown **ret)
{
	struct hws_shown *s = hws_alloc(sizeof(*s));
	uint32_t n = hws_clip_list_count(list), *at;

	if (!s)
		return HWS_ERR_NOMEM;
	s->list = hws_clip_list_ref(list);
	s->count = n;
	s->first = hws_alloc_array((size_t)n + 2, sizeof(*s->first));
	s->child = hws_alloc_array((size_t)n + 1, sizeof(*s->child));
	at = hws_alloc_array((size_t)n + 2, sizeof(*at));
	if (!s->first || !s->child || !at) {
		hws_free(at);
		hws_shown_free(s);
		return HWS_ERR_NOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		s->first[slot(hws_clip_list_at(list, i)->parent) + 1]++;
	for (uint32_t i = 1; i < n + 2; i++)
		s->first[i] += s->first[i - 1];
	memcpy(at, s->first, ((size_t)n + 2) * sizeof(*at));
	for (uint32_t i = 0; i < n; i++)
		s->child[at[slot(hws_clip_list_at(list, i)->parent)]++] = i;
	hws_free(at);
	*ret = s;
	return HWS_OK;
}

void hws_shown_free(struct hws_shown *s)
{
	if (!s)
		return;
	hws_clip_list_unref(s->list);
	hws_free(s->first);
	hws_free(s->child);
	hws_free(s);
}

const struct hws_clip_entry *hws_shown_entry(const struct hws_shown *s, uint64_t number)
{
	return number >= 2 && number - 2 < s->count
			? hws_clip_list_at(s->list, (uint32_t)(number - 2))
			: NULL;
}

bool hws_shown_is_folder(const struct hws_shown *s, uint64_t number)
{
	const struct hws_clip_entry *e = hws_shown_entry(s, number);

	return number == HWS_SHOWN_TOP || (e && e->is_folder);
}

/* Nobody can write here, whatever the modes of the other end are; but who has it may read it. */
bool hws_shown_stat(const struct hws_shown *s, uint64_t number, struct stat *ret)
{
	const struct hws_clip_entry *e = hws_shown_entry(s, number);
	bool is_folder = hws_shown_is_folder(s, number);
	int64_t ns = e ? e->time_ns : 0, sub = ns % NS_PER_S;

	memset(ret, 0, sizeof(*ret));
	if (!e && number != HWS_SHOWN_TOP)
		return false;
	ret->st_ino = number;
	ret->st_mode = (is_folder ? S_IFDIR | 0500 : S_IFREG | 0400) | (e ? e->mode & 0555 : 0);
	ret->st_nlink = is_folder ? 2 : 1;
	ret->st_uid = getuid();
	ret->st_gid = getgid();
	ret->st_size = e ? (off_t)e->size : 0;
	ret->st_blocks = (blkcnt_t)((ret->st_size + 511) / 512);
	ret->st_blksize = BLOCK;
	ret->st_mtim.tv_sec = ns / NS_PER_S - (sub < 0);
	ret->st_mtim.tv_nsec = sub < 0 ? sub + NS_PER_S : sub;
	ret->st_atim = ret->st_ctim = ret->st_mtim;
	return true;
}

uint64_t hws_shown_find(const struct hws_shown *s, uint64_t folder, const char *name)
{
	const struct hws_clip_entry *e = hws_shown_entry(s, folder);
	char path[HWS_CLIP_PATH_MAX + 1];
	uint32_t i;

	if (!hws_shown_is_folder(s, folder) || strchr(name, '/') ||
			hws_fmt(path, sizeof(path), "%s%s%s", e ? e->path : "", e ? "/" : "",
					name) < 0)
		return 0;
	i = hws_clip_list_find(s->list, path, strlen(path));
	return i == HWS_CLIP_NO_PARENT ? 0 : HWS_SHOWN_OF(i);
}

uint64_t hws_shown_child(const struct hws_shown *s, uint64_t folder, uint64_t i)
{
	uint32_t at;

	if (!hws_shown_is_folder(s, folder))
		return 0;
	at = folder == HWS_SHOWN_TOP ? 0 : (uint32_t)(folder - 1);
	if (i >= s->first[at + 1] - s->first[at])
		return 0;
	return HWS_SHOWN_OF(s->child[s->first[at] + i]);
}

uint64_t hws_shown_parent(const struct hws_shown *s, uint64_t folder)
{
	const struct hws_clip_entry *e = hws_shown_entry(s, folder);

	return e && e->parent != HWS_CLIP_NO_PARENT ? HWS_SHOWN_OF(e->parent) : HWS_SHOWN_TOP;
}

uint64_t hws_shown_files(const struct hws_shown *s)
{
	return s->count;
}
