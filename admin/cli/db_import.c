/* admin/db_import: taking over from hbbs. Nothing is written before the key is known to be the
 * right one: devices that knew another key would call this server an impostor. */
#include "admin/cli/db_import.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/sqlite/hbbs.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_TEXT_MAX 256

struct importing {
	struct adm_db *d;
	struct adm_copy c;
	struct rdv_entry *entries; /* that are there already */
	size_t entry_count;
	uint64_t names, parts;
};

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
	r = adm_copy_entry(&im->c, &e);
	im->names += r == HWS_OK;
	return r;
}

static int import_rows(const struct rdv_peer_row *rows, const struct rdv_hbbs_note *notes, size_t n,
		void *arg)
{
	struct importing *im = arg;
	bool *ours = hws_alloc_array(n, sizeof(*ours));
	int r = ours ? adm_copy_rows(&im->c, rows, n, ours) : HWS_ERR_NOMEM;

	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		if (ours[i] && *notes[i].text)
			r = import_note(im, rows[i].id, &notes[i]);
	}
	hws_free(ours);
	return adm_db_say(im->d, r, "the database failed");
}

static void import_odd(const char *id, const char *why, void *arg)
{
	struct importing *im = arg;

	im->c.read++;
	adm_db_refused(id, why, im->d);
}

static void import_part(const char *id, const char *what, void *arg)
{
	struct importing *im = arg;

	if (im->parts++ < ADM_SHOWN_MAX)
		fprintf(stderr, "hawser-admin: device %s was taken, but %s\n", id, what);
}

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
static int read_hbbs_key(struct adm_db *d, const char *path, struct hws_identity *ret)
{
	char text[KEY_TEXT_MAX], pub[600];
	uint8_t pk[HWS_PK_LEN];
	int r = read_key_text(path, text, &d->err);

	if (r < 0)
		return r;
	r = hws_identity_from_text(text, ret);
	hws_wipe(text, sizeof(text));
	if (r < 0)
		return hws_error_set(&d->err, r,
				"%s is damaged (it should hold 88 base64 characters): nothing was "
				"taken over. "
				"Restore it from a backup",
				path);
	if (hws_fmt(pub, sizeof(pub), "%s.pub", path) < 0 || read_key_text(pub, text, &d->err) < 0)
		return HWS_OK;
	if (hws_key_parse(hws_str_trim(text), pk) < 0 || memcmp(pk, ret->pk, sizeof(pk)) != 0)
		return hws_error_set(&d->err, HWS_ERR_CORRUPT,
				"%s does not belong to %s: nothing was taken over. Find out which "
				"of them your "
				"devices know",
				pub, path);
	return HWS_OK;
}

/* Where the key is taken from: named, or beside the database. */
static int key_source(struct adm_db *d, const char *file, char *buf, size_t size)
{
	const char *slash = strrchr(file, '/');

	if (d->key)
		return hws_str_copy(buf, size, d->key);
	return hws_fmt(buf, size, "%.*sid_ed25519", slash ? (int)(slash - file) + 1 : 0, file);
}

/* Checks before anything is written, so that a take-over is done whole or not at all. *ret_save:
 * the key is new. */
static int check_key(struct adm_db *d, const char *file, const char *to, struct hws_identity *ret,
		bool *ret_save)
{
	struct hws_identity there;
	char from[500];
	int r = key_source(d, file, from, sizeof(from));

	if (r == HWS_OK)
		r = read_hbbs_key(d, from, ret);
	if (r == HWS_ERR_NOTFOUND)
		return hws_error_set(&d->err, r,
				"there is no key file %s: without the key of hbbs no device and no "
				"client would "
				"trust this server. Name it with --key-file, or give --no-key to "
				"leave it",
				from);
	if (r < 0)
		return r;
	r = hws_identity_load(to, &there, &d->err);
	if (r == HWS_ERR_NOTFOUND) {
		*ret_save = true;
		d->err.text[0] = 0;
		return HWS_OK;
	}
	if (r == HWS_OK && memcmp(there.pk, ret->pk, HWS_PK_LEN) != 0)
		r = hws_error_set(&d->err, HWS_ERR_EXISTS,
				"%s holds another key than hbbs: move it away to take over that of "
				"hbbs, or give "
				"--no-key to keep it",
				to);
	hws_identity_wipe(&there);
	return r;
}

int adm_db_import(struct adm_db *d, const char *file)
{
	struct importing im = { .d = d };
	struct rdv_hbbs_reader reader = {
		.rows = import_rows, .odd = import_odd, .part = import_part, .arg = &im
	};
	struct hws_identity key = { 0 };
	bool save = false;
	char to[500], text[HWS_KEY_TEXT];
	int r = hws_fmt(to, sizeof(to), "%s/id_ed25519", d->dir);

	if (r == HWS_OK && access(file, R_OK) < 0)
		r = errno == ENOENT ? hws_error_set(&d->err, HWS_ERR_NOTFOUND,
						      "there is no file %s", file)
				    : hws_error_set(&d->err, hws_err_from_errno(errno),
						      "cannot read %s: %s", file, strerror(errno));
	if (r < 0)
		return r;
	adm_db_make_folder(d);
	if (!d->no_key)
		r = check_key(d, file, to, &key, &save);
	if (r == HWS_OK)
		r = adm_db_open(d, false);
	if (r == HWS_OK) {
		im.c = adm_db_copy_into(d, d->store, ADM_COPY_KEEP);
		r = adm_db_say(d,
				adm_store_entries(d->loop, d->store, &im.entries, &im.entry_count),
				"cannot read the database");
	}
	if (r == HWS_OK) {
		if (im.entry_count)
			qsort(im.entries, im.entry_count, sizeof(im.entries[0]), by_entry);
		r = adm_db_say(d, rdv_hbbs_read(file, &reader, &d->err), file);
	}
	hws_free(im.entries);
	if (r == HWS_OK && save) {
		r = hws_identity_save(to, &key, &d->err);
		adm_db_hand_over(to);
	}
	if (r == HWS_OK) {
		adm_db_put_store(d);
		adm_db_put_copy(d, &im.c, "imported");
		adm_db_put_int(d, "taken_in_part", im.parts);
		adm_db_put_int(d, "names", im.names);
		if (im.parts > ADM_SHOWN_MAX)
			fprintf(stderr, "hawser-admin: and %llu more that were taken in part\n",
					(unsigned long long)(im.parts - ADM_SHOWN_MAX));
		json_object_set_new(d->answer, "key",
				json_string(d->no_key                  ? "left"
								: save ? "taken over"
								       : "the same already"));
		if (!d->no_key)
			json_object_set_new(d->answer, "public_key",
					json_string(hws_key_text(key.pk, text)));
	}
	hws_identity_wipe(&key);
	return r;
}
