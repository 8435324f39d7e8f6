/* Which read of the paster is which of the mounted program's. */
#include "client/services/clipfiles/folder.h"
#include "client/mount/protocol.h"
#include "shared/base/mem.h"
#include <string.h>

struct place {
	struct hws_clip_folder *f;
	bool used;
	uint32_t id;
	struct hws_clip_read *read;
};

struct hws_clip_folder {
	struct hws_clip_folder_conf conf;
	struct hws_mount *mount;
	struct place place[HWS_MOUNT_READS_MAX];
};

static struct place *find_place(struct hws_clip_folder *f, bool used, uint32_t id)
{
	for (unsigned i = 0; i < HWS_MOUNT_READS_MAX; i++)
		if (f->place[i].used == used && (!used || f->place[i].id == id))
			return &f->place[i];
	return NULL;
}

static void on_data(int r, struct hws_bytes data, void *arg)
{
	struct place *p = arg;

	p->used = false;
	p->read = NULL;
	hws_mount_answer(p->f->mount, p->id, r, data);
}

static void on_read(uint32_t id, uint32_t index, uint64_t offset, uint32_t len, void *arg)
{
	struct hws_clip_folder *f = arg;
	struct place *p = find_place(f, false, 0);
	struct hws_clip_read *read;
	int r = HWS_ERR_FULL;

	if (p) {
		*p = (struct place){ .f = f, .used = true, .id = id };
		r = hws_clip_paster_read(f->conf.paster, index, offset, len, on_data, p, &read);
		if (r == HWS_OK && read)
			p->read = read;
		if (r < 0)
			p->used = false;
	}
	if (r < 0)
		hws_mount_answer(f->mount, id, r, (struct hws_bytes){ 0 });
}

static void on_cancel(uint32_t id, void *arg)
{
	struct hws_clip_folder *f = arg;
	struct place *p = find_place(f, true, id);

	if (!p)
		return;
	p->used = false;
	hws_clip_paster_cancel(f->conf.paster, p->read);
	p->read = NULL;
}

static void on_ready(const char *path, void *arg)
{
	struct hws_clip_folder *f = arg;

	f->conf.on_ready(path, f->conf.arg);
}

static void on_end(int err HWS_UNUSED, const char *why, void *arg)
{
	struct hws_clip_folder *f = arg;

	f->conf.on_end(why, f->conf.arg);
}

static int start(int fd, struct hws_error *err, void *arg)
{
	struct hws_clip_folder *f = arg;

	return f->conf.start(fd, err, f->conf.arg);
}

int hws_clip_folder_new(const struct hws_clip_folder_conf *conf, struct hws_clip_folder **ret,
		struct hws_error *err)
{
	struct hws_clip_folder *f = hws_alloc(sizeof(*f));
	int r;

	if (!f)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	f->conf = *conf;
	r = hws_mount_new(&(struct hws_mount_conf){ .loop = conf->loop,
					  .start = conf->start ? start : NULL,
					  .on_ready = on_ready,
					  .on_read = on_read,
					  .on_cancel = on_cancel,
					  .on_end = on_end,
					  .arg = f },
			hws_clip_paster_list(conf->paster), &f->mount, err);
	if (r < 0) {
		hws_free(f);
		return r;
	}
	*ret = f;
	return HWS_OK;
}

void hws_clip_folder_free(struct hws_clip_folder *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < HWS_MOUNT_READS_MAX; i++)
		if (f->place[i].used)
			hws_clip_paster_cancel(f->conf.paster, f->place[i].read);
	hws_mount_free(f->mount);
	hws_free(f);
}

char **hws_clip_folder_tops(const struct hws_clip_list *list, const char *path, size_t *ret_n)
{
	size_t n = 0, bytes = 0, base = strlen(path) + 2;
	char **tops, *text;

	for (uint32_t i = 0; i < hws_clip_list_count(list); i++) {
		const struct hws_clip_entry *e = hws_clip_list_at(list, i);

		if (e->parent == HWS_CLIP_NO_PARENT) {
			n++;
			bytes += base + strlen(e->path);
		}
	}
	tops = hws_alloc(n * sizeof(*tops) + bytes + 1);
	if (!tops)
		return NULL;
	text = (char *)(tops + n);
	*ret_n = 0;
	for (uint32_t i = 0; i < hws_clip_list_count(list); i++) {
		const struct hws_clip_entry *e = hws_clip_list_at(list, i);

		if (e->parent != HWS_CLIP_NO_PARENT)
			continue;
		tops[(*ret_n)++] = text;
		size_t n_path = strlen(path), n_name = strlen(e->path);

		/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the rest follows */
		memcpy(text, path, n_path);
		text[n_path] = '/';
		memcpy(text + n_path + 1, e->path, n_name + 1);
		text += n_path + 1 + n_name + 1;
	}
	return tops;
}
