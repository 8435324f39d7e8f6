/* Nothing is written before the key is known to be the right one: devices that knew another key
 * would call this server an impostor. */
#include "server-rendezvous/import/take_over.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/sqlite/hbbs.h"
#include "shared/base/file_error.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_TEXT_MAX 256

/* --- devices ---------------------------------------------------------------------------------- */

struct importing {
	struct rdv_take_over *t;
	struct rdv_copy c;
	struct rdv_entry *entries; /* that are there already */
	size_t entry_count;
	bool key_saved;
	struct hws_error *err;
};

/* Before the first device: a server that is started on what a take-over that was stopped has left
 * must not make a key of its own, which would lock out everybody. */
static int save_key(struct importing *im)
{
	const struct rdv_take_over *t = im->t;
	int r;

	if (!t->save || im->key_saved)
		return HWS_OK;
	r = hws_identity_save(t->key_to, &t->key_secret, im->err);
	if (r == HWS_OK && !rdv_hand_over(t->key_to))
		r = hws_error_set(im->err, HWS_ERR_PERM,
				"%s: make the account of hawser-rendezvous its owner", t->key_to);
	im->key_saved = r == HWS_OK;
	return r;
}

static int by_entry(const void *a, const void *b)
{
	const struct rdv_entry *x = a, *y = b;
	int c = strcmp(x->kind, y->kind);

	return c ? c : strcmp(x->key, y->key);
}

/* The note of hbbs becomes the name of the device, unless it has one already. */
static int import_note(struct importing *im, const char *id, const struct rdv_hbbs_note *note)
{
	struct rdv_entry e = { .kind = RDV_ENTRY_NAME };
	int r = hws_str_copy(e.key, sizeof(e.key), id);

	if (r == HWS_OK)
		r = hws_str_copy(e.value, sizeof(e.value), note->text);
	if (r < 0 ||
			(im->entries &&
					bsearch(&e, im->entries, im->entry_count,
							sizeof(im->entries[0]), by_entry)))
		return r;
	r = rdv_copy_entry(&im->c, &e);
	im->t->names += r == HWS_OK;
	return r;
}

static int import_rows(const struct rdv_peer_row *rows, const struct rdv_hbbs_note *notes, size_t n,
		void *arg)
{
	struct importing *im = arg;
	bool *ours = hws_alloc_array(n, sizeof(*ours));
	int r = ours ? save_key(im) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = rdv_copy_rows(&im->c, rows, n, ours);

	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		if (ours[i] && *notes[i].text)
			r = import_note(im, rows[i].id, &notes[i]);
	}
	hws_free(ours);
	return r;
}

static void on_refused(const char *id, const char *why, void *arg)
{
	struct importing *im = arg;

	im->t->not_taken++;
	im->t->refused(id, why, im->t->arg);
}

static void import_odd(const char *id, const char *why, void *arg)
{
	struct importing *im = arg;

	im->c.read++;
	on_refused(id, why, im);
}

static void import_part(const char *id, const char *what, void *arg)
{
	struct importing *im = arg;

	im->t->parts++;
	im->t->part(id, what, im->t->arg);
}

static int say(int r, const char *what, struct hws_error *err)
{
	if (r < 0 && !err->text[0])
		hws_error_set(err, r, "%s: %s", what, hws_err_text(r));
	return r;
}

/* --- the key ---------------------------------------------------------------------------------- */

static int read_key_text(const char *path, char buf[KEY_TEXT_MAX], struct hws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT
				? HWS_ERR_NOTFOUND
				: hws_error_set(err, hws_err_from_errno(errno),
						  "cannot open %s: %s", path, strerror(errno));
	n = read(fd, buf, KEY_TEXT_MAX - 1);
	close(fd);
	if (n < 0)
		return hws_error_set(err, hws_err_from_errno(errno), "cannot read %s: %s", path,
				strerror(errno));
	buf[n] = 0;
	return HWS_OK;
}

/* The key pair of hbbs: the secret file, and the public one as a check if it is there. */
static int read_hbbs_key(const char *path, struct hws_identity *ret, struct hws_error *err)
{
	char text[KEY_TEXT_MAX], pub[600];
	uint8_t pk[HWS_PK_LEN];
	int r = read_key_text(path, text, err);

	if (r < 0)
		return r;
	r = hws_identity_from_text(text, ret);
	hws_wipe(text, sizeof(text));
	if (r < 0)
		return hws_error_set(err, r,
				"%s is damaged (it should hold 88 base64 characters): nothing was "
				"taken over. Restore it from a backup",
				path);
	if (hws_fmt(pub, sizeof(pub), "%s.pub", path) < 0 || read_key_text(pub, text, err) < 0) {
		err->text[0] = 0; /* the public file is but a check */
		return HWS_OK;
	}
	if (hws_key_parse(hws_str_trim(text), pk) < 0 || memcmp(pk, ret->pk, sizeof(pk)) != 0)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s does not belong to %s: nothing was taken over. Find out which "
				"of them your devices know",
				pub, path);
	return HWS_OK;
}

/* Where the key is taken from: named, or beside the database. */
static int key_source(const struct rdv_take_over *t, char *buf, size_t size)
{
	const char *slash = strrchr(t->database, '/');

	if (t->key_from)
		return hws_str_copy(buf, size, t->key_from);
	return hws_fmt(buf, size, "%.*sid_ed25519", slash ? (int)(slash - t->database) + 1 : 0,
			t->database);
}

/* Is the key of hbbs the one that this server has, if it has one? */
static int compare_keys(struct rdv_take_over *t, struct hws_error *err)
{
	struct hws_identity there = { 0 };
	int r = HWS_OK;

	if (t->key_set) {
		if (memcmp(t->key_set->pk, t->key_secret.pk, HWS_PK_LEN) != 0)
			r = hws_error_set(err, HWS_ERR_EXISTS,
					"the settings give another secret key than hbbs has: take "
					"it out of them to take over that of hbbs");
		return r;
	}
	r = hws_identity_load(t->key_to, &there, err);
	if (r == HWS_ERR_NOTFOUND) {
		t->save = true;
		err->text[0] = 0;
		return HWS_OK;
	}
	if (r == HWS_OK && memcmp(there.pk, t->key_secret.pk, HWS_PK_LEN) != 0)
		r = hws_error_set(err, HWS_ERR_EXISTS,
				"%s holds another key than hbbs: move it away to take over that of "
				"hbbs. To keep it: hawser-admin db import-hbbs --no-key",
				t->key_to);
	hws_identity_wipe(&there);
	return r;
}

int rdv_take_over_check(struct rdv_take_over *t, struct hws_error *err)
{
	char from[500];
	int r;

	if (access(t->database, R_OK) < 0)
		return errno == ENOENT ? hws_error_set(err, HWS_ERR_NOTFOUND, "there is no file %s",
							 t->database)
				       : hws_file_error(t->database, errno, err);
	if (!t->key_to && !t->key_set)
		return HWS_OK;
	r = key_source(t, from, sizeof(from));
	if (r == HWS_OK)
		r = read_hbbs_key(from, &t->key_secret, err);
	if (r == HWS_ERR_NOTFOUND)
		return hws_error_set(err, r,
				"there is no key file %s: without the key of hbbs no device and no "
				"client would trust this server. `hawser-admin db import-hbbs` takes "
				"one from elsewhere (--key-file) or none (--no-key)",
				from);
	return r < 0 ? say(r, from, err) : compare_keys(t, err);
}

/* --- all of it -------------------------------------------------------------------------------- */

int rdv_take_over_run(struct rdv_take_over *t, struct hws_loop *loop, struct rdv_store *store,
		struct hws_error *err)
{
	struct importing im = { .t = t,
		.err = err,
		.c = { .loop = loop,
				.to = store,
				.mode = RDV_COPY_KEEP,
				.refused = on_refused,
				.arg = &im } };
	struct rdv_hbbs_reader reader = { .rows = import_rows,
		.odd = import_odd,
		.part = import_part,
		.arg = &im,
		.scratch = t->scratch };
	int r = say(rdv_copy_entries(loop, store, &im.entries, &im.entry_count),
			"cannot read the database", err);

	if (r == HWS_OK) {
		if (im.entry_count)
			qsort(im.entries, im.entry_count, sizeof(im.entries[0]), by_entry);
		r = say(rdv_hbbs_read(t->database, &reader, err), t->database, err);
	}
	hws_free(im.entries);
	t->read = im.c.read;
	t->written = im.c.written;
	t->there = im.c.there;
	return r == HWS_OK ? save_key(&im) : r; /* of one without devices */
}

void rdv_take_over_done(struct rdv_take_over *t)
{
	hws_identity_wipe(&t->key_secret);
}

bool rdv_hand_over(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".pub" };
	const char *slash = strrchr(path, '/');
	char name[600];
	struct stat dir;
	bool done = true;

	if (geteuid() != 0 || !slash ||
			hws_fmt(name, sizeof(name), "%.*s", (int)(slash - path), path) < 0 ||
			stat(*name ? name : "/", &dir) < 0 || dir.st_uid == 0)
		return true;
	for (size_t i = 0; i < HWS_COUNT(ends); i++) {
		if (hws_fmt(name, sizeof(name), "%s%s", path, ends[i]) == HWS_OK)
			done = hws_private_file_give(name, dir.st_uid, dir.st_gid) == HWS_OK &&
					done;
	}
	return done;
}
