/* Entries in the order in which they came, and a table of their paths: duplicates and folders are
 * looked up for each of 16 384. */
#include "client/mount/list.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include <string.h>

#define ENTRY_HEAD 21u /* bytes before the path, in the form that is exchanged */
#define SHOWN 120

struct hws_clip_list {
	unsigned refs; /* atomic */
	uint32_t count, room;
	struct hws_clip_entry *entry;
	uint32_t *table; /* index + 1, 0 = free; open addressing */
	uint32_t table_size;
	uint8_t key[HWS_HASH_KEY_LEN]; /* of the table */
};

int hws_clip_list_new(struct hws_clip_list **ret)
{
	struct hws_clip_list *l = hws_alloc(sizeof(*l));

	if (!l)
		return HWS_ERR_NOMEM;
	l->refs = 1;
	hws_rand_bytes(l->key, sizeof(l->key));
	*ret = l;
	return HWS_OK;
}

struct hws_clip_list *hws_clip_list_ref(struct hws_clip_list *l)
{
	__atomic_add_fetch(&l->refs, 1, __ATOMIC_RELAXED);
	return l;
}

void hws_clip_list_unref(struct hws_clip_list *l)
{
	if (!l || __atomic_sub_fetch(&l->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (uint32_t i = 0; i < l->count; i++)
		hws_free(l->entry[i].path);
	hws_free(l->entry);
	hws_free(l->table);
	hws_free(l);
}

/* --- finding ---------------------------------------------------------------------------------- */

/* Whoever sends the list chooses its paths: without the key he cannot make them meet. */
static uint32_t hash(const struct hws_clip_list *l, const char *path, size_t len)
{
	return (uint32_t)hws_keyed_hash(l->key, hws_bytes(path, len));
}

static uint32_t *place(const struct hws_clip_list *l, const char *path, size_t len)
{
	uint32_t i = hash(l, path, len) & (l->table_size - 1);

	for (;; i = (i + 1) & (l->table_size - 1)) {
		const char *other = l->table[i] ? l->entry[l->table[i] - 1].path : NULL;

		if (!other || (strlen(other) == len && memcmp(other, path, len) == 0))
			return &l->table[i];
	}
}

uint32_t hws_clip_list_find(const struct hws_clip_list *l, const char *path, size_t len)
{
	if (!l->count)
		return HWS_CLIP_NO_PARENT;
	return *place(l, path, len) - 1; /* 0 - 1 is HWS_CLIP_NO_PARENT */
}

static int make_room(struct hws_clip_list *l)
{
	uint32_t room = l->room ? l->room * 2 : 64;
	struct hws_clip_entry *grown;
	uint32_t *table;

	if (l->count < l->room)
		return HWS_OK;
	grown = hws_realloc_array(l->entry, room, sizeof(*grown));
	if (!grown)
		return HWS_ERR_NOMEM;
	l->entry = grown;
	table = hws_alloc_array((size_t)room * 4, sizeof(*table));
	if (!table)
		return HWS_ERR_NOMEM;
	hws_free(l->table);
	l->table = table;
	l->table_size = room * 4;
	l->room = room;
	for (uint32_t i = 0; i < l->count; i++)
		*place(l, l->entry[i].path, strlen(l->entry[i].path)) = i + 1;
	return HWS_OK;
}

/* --- adding ----------------------------------------------------------------------------------- */

static int refuse(struct hws_error *err, int code, const char *path, size_t len, const char *why)
{
	char shown[4 * SHOWN + 1];

	hws_str_escape(shown, sizeof(shown), hws_bytes(path, HWS_MIN(len, (size_t)SHOWN)));
	return hws_error_set(err, code, "\"%.200s\": %s", shown, why);
}

static int check_path(const char *path, size_t len, struct hws_error *err)
{
	const char *name = path, *end = path + len;

	if (len == 0 || len > HWS_CLIP_PATH_MAX)
		return refuse(err, len ? HWS_ERR_TOOBIG : HWS_ERR_INVAL, path, len,
				len ? "the path is too long" : "there is no name");
	if (memchr(path, 0, len))
		return refuse(err, HWS_ERR_INVAL, path, len, "a name with a NUL in it");
	for (;;) {
		const char *slash = memchr(name, '/', (size_t)(end - name));
		size_t n = (size_t)((slash ? slash : end) - name);

		if (n == 0 || (n == 1 && name[0] == '.') || (n == 2 && memcmp(name, "..", 2) == 0))
			return refuse(err, HWS_ERR_INVAL, path, len,
					"a path that is absolute or leads out of what was copied");
		if (n > HWS_CLIP_NAME_MAX)
			return refuse(err, HWS_ERR_TOOBIG, path, len,
					"a name of more than 255 bytes, which no folder here can hold");
		if (!slash)
			return HWS_OK;
		name = slash + 1;
	}
}

static int find_parent(const struct hws_clip_list *l, const char *path, size_t len, uint32_t *ret,
		struct hws_error *err)
{
	const char *slash = memrchr(path, '/', len);

	*ret = HWS_CLIP_NO_PARENT;
	if (!slash)
		return HWS_OK;
	*ret = hws_clip_list_find(l, path, (size_t)(slash - path));
	if (*ret == HWS_CLIP_NO_PARENT || !l->entry[*ret].is_folder)
		return refuse(err, HWS_ERR_INVAL, path, len,
				"its folder is not in the list before it");
	return HWS_OK;
}

static int check(const struct hws_clip_list *l, const struct hws_clip_entry *e, size_t len,
		uint32_t *ret_parent, struct hws_error *err)
{
	int r = check_path(e->path, len, err);

	if (r == HWS_OK)
		r = find_parent(l, e->path, len, ret_parent, err);
	if (r < 0)
		return r;
	if (hws_clip_list_find(l, e->path, len) != HWS_CLIP_NO_PARENT)
		return refuse(err, HWS_ERR_EXISTS, e->path, len, "it stands in the list twice");
	if (e->size > INT64_MAX)
		return refuse(err, HWS_ERR_INVAL, e->path, len, "a size that no file has");
	if (l->count >= HWS_CLIP_ENTRIES_MAX)
		return hws_error_set(err, HWS_ERR_FULL,
				"more than %u files and folders; copy fewer at once, or send them "
				"with hawser files",
				HWS_CLIP_ENTRIES_MAX);
	return HWS_OK;
}

int hws_clip_list_add(struct hws_clip_list *l, const struct hws_clip_entry *e, size_t path_len,
		struct hws_error *err)
{
	struct hws_clip_entry *n;
	const char *slash;
	uint32_t parent = HWS_CLIP_NO_PARENT;
	char *path;
	int r = check(l, e, path_len, &parent, err);

	if (r < 0)
		return r;
	path = hws_alloc(path_len + 1);
	if (!path || make_room(l) < 0) {
		hws_free(path);
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	memcpy(path, e->path, path_len);
	slash = strrchr(path, '/');
	*place(l, path, path_len) = l->count + 1;
	n = &l->entry[l->count++];
	*n = *e;
	n->path = path;
	n->name = slash ? slash + 1 : path;
	n->parent = parent;
	n->mode &= 0777;
	if (n->is_folder)
		n->size = 0;
	return HWS_OK;
}

uint32_t hws_clip_list_count(const struct hws_clip_list *l)
{
	return l->count;
}

const struct hws_clip_entry *hws_clip_list_at(const struct hws_clip_list *l, uint32_t i)
{
	return &l->entry[i];
}

uint64_t hws_clip_list_bytes(const struct hws_clip_list *l)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < l->count; i++)
		if (__builtin_add_overflow(sum, l->entry[i].size, &sum))
			return UINT64_MAX;
	return sum;
}

/* --- the form that is exchanged --------------------------------------------------------------- */

static void put_le(struct hws_buf *out, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		hws_buf_put_u8(out, (uint8_t)(v >> 8 * i));
}

static uint64_t get_le(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

void hws_clip_list_put(const struct hws_clip_list *l, struct hws_buf *out)
{
	put_le(out, l->count, 4);
	for (uint32_t i = 0; i < l->count; i++) {
		const struct hws_clip_entry *e = &l->entry[i];
		size_t len = strlen(e->path);

		put_le(out, len, 2);
		put_le(out, e->is_folder, 1);
		put_le(out, e->mode, 2);
		put_le(out, e->size, 8);
		put_le(out, (uint64_t)e->time_ns, 8);
		hws_buf_put(out, e->path, len);
	}
}

static int take_entry(struct hws_clip_list *l, struct hws_bytes *in, struct hws_error *err)
{
	struct hws_clip_entry e = { 0 };
	const uint8_t *p = in->ptr;
	size_t len;
	int r;

	if (in->len < ENTRY_HEAD)
		return hws_error_set(err, HWS_ERR_PROTO, "the list of files is cut off");
	len = get_le(p, 2);
	if (p[2] > 1 || in->len - ENTRY_HEAD < len)
		return hws_error_set(err, HWS_ERR_PROTO, "the list of files is damaged");
	e.is_folder = p[2];
	e.mode = (uint32_t)get_le(p + 3, 2);
	e.size = get_le(p + 5, 8);
	e.time_ns = (int64_t)get_le(p + 13, 8);
	e.path = (char *)p + ENTRY_HEAD;
	r = hws_clip_list_add(l, &e, len, err);
	*in = hws_bytes(p + ENTRY_HEAD + len, in->len - ENTRY_HEAD - len);
	return r;
}

int hws_clip_list_take(struct hws_bytes in, struct hws_clip_list **ret, struct hws_error *err)
{
	struct hws_clip_list *l;
	uint64_t count;
	int r;

	if (in.len < 4)
		return hws_error_set(err, HWS_ERR_PROTO, "there is no list of files");
	count = get_le(in.ptr, 4);
	in = hws_bytes(in.ptr + 4, in.len - 4);
	r = hws_clip_list_new(&l);
	if (r < 0)
		return r;
	for (uint64_t i = 0; r == HWS_OK && i < count; i++)
		r = take_entry(l, &in, err);
	if (r == HWS_OK && in.len)
		r = hws_error_set(err, HWS_ERR_PROTO, "the list of files goes on after its end");
	if (r == HWS_OK)
		*ret = l;
	else
		hws_clip_list_unref(l);
	return r;
}
