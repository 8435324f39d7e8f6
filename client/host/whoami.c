/* The identity of this host, made once and kept for ever: its ID is what people have written
 * down. */
#include "client/host/whoami.h"
#include "client/host/state_file.h"
#include "shared/base/bytes.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/wire/text.h"
#include <limits.h>

void hws_whoami_draw_id(char *buf, size_t size)
{
	if (hws_fmt(buf, size, "%u", 1000000000u + hws_rand_below(1000000000u)) < 0)
		buf[0] = 0;
}

/* First ids are short, they are read out on the telephone. */
static void draw_first_id(char *buf, size_t size)
{
	if (hws_fmt(buf, size, "%u", 100000000u + hws_rand_below(900000000u)) < 0)
		buf[0] = 0;
}

static int path_of(const char *dir, const char *name, char *buf, size_t size, struct hws_error *err)
{
	int r = hws_fmt(buf, size, "%s/%s", dir, name);

	return r < 0 ? hws_error_set(err, r, "the state folder's name is too long") : HWS_OK;
}

int hws_whoami_read_id(const char *dir, char *buf, size_t size, struct hws_error *err)
{
	char path[PATH_MAX], text[HWS_ID_MAX + 3];
	int r = path_of(dir, HWS_ID_FILE, path, sizeof(path), err);

	if (r == HWS_OK)
		r = hws_state_read(path, text, sizeof(text), err);
	if (r < 0)
		return r;
	if (!hws_id_valid(hws_bytes_str(text)))
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s does not hold an ID: restore it, or remove it to get a new ID",
				path);
	return hws_str_copy(buf, size, text);
}

static int load_or_draw(const char *dir, const char *name, char *buf, size_t size,
		void (*draw)(char *buf, size_t size), struct hws_error *err)
{
	char path[PATH_MAX];
	int r = path_of(dir, name, path, sizeof(path), err);

	if (r == HWS_OK)
		r = hws_state_read(path, buf, size, err);
	if (r != HWS_ERR_NOTFOUND)
		return r;
	draw(buf, size);
	return hws_state_write(path, buf, err);
}

int hws_whoami_load(const char *dir, struct hws_whoami *ret, struct hws_error *err)
{
	struct hws_whoami w = { 0 };
	char path[PATH_MAX];
	int r = hws_str_copy(w.dir, sizeof(w.dir), dir);

	if (r < 0)
		return hws_error_set(err, r, "the state folder's name is too long");
	r = hws_whoami_read_id(dir, w.id, sizeof(w.id), err);
	if (r == HWS_ERR_NOTFOUND) {
		w.created = true;
		r = load_or_draw(dir, HWS_ID_FILE, w.id, sizeof(w.id), draw_first_id, err);
	}
	if (r == HWS_OK)
		r = load_or_draw(dir, HWS_UUID_FILE, w.uuid, sizeof(w.uuid), hws_rand_uuid, err);
	if (r == HWS_OK && !hws_uuid_valid(hws_bytes_str(w.uuid)))
		r = hws_error_set(err, HWS_ERR_CORRUPT,
				"%s/%s does not hold a UUID: restore it, or remove it to get a new one "
				"(a server may then ask to register the ID anew)",
				dir, HWS_UUID_FILE);
	if (r == HWS_OK)
		r = path_of(dir, HWS_KEY_FILE, path, sizeof(path), err);
	if (r == HWS_OK)
		r = hws_identity_load_or_create(path, false, &w.identity, NULL, err);
	if (r == HWS_OK)
		*ret = w;
	hws_identity_wipe(&w.identity);
	return r;
}

int hws_whoami_set_id(struct hws_whoami *w, const char *id, struct hws_error *err)
{
	char path[PATH_MAX];
	int r = path_of(w->dir, HWS_ID_FILE, path, sizeof(path), err);

	if (r == HWS_OK && !hws_id_valid(hws_bytes_str(id)))
		r = hws_error_set(err, HWS_ERR_INVAL, "this is not a usable ID");
	if (r == HWS_OK)
		r = hws_state_write(path, id, err);
	if (r == HWS_OK)
		r = hws_str_copy(w->id, sizeof(w->id), id);
	return r;
}

void hws_whoami_done(struct hws_whoami *w)
{
	hws_identity_wipe(&w->identity);
}
