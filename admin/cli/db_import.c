/* admin/db_import: `db import-hbbs`, and what is told of it. */
#include "admin/cli/db_import.h"
#include "server-rendezvous/import/take_over.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <stdio.h>

static void on_part(const char *id, const char *what, void *arg)
{
	struct adm_db *d = arg;

	if (d->parts++ < ADM_SHOWN_MAX)
		fprintf(stderr, "hawser-admin: device %s was taken, but %s\n", id, what);
}

static void put(struct adm_db *d, const struct rdv_take_over *t)
{
	const struct rdv_copy c = { .read = t->read, .written = t->written, .there = t->there };
	char text[HWS_KEY_TEXT];

	adm_db_put_store(d);
	adm_db_put_copy(d, &c, "imported");
	adm_db_put_int(d, "taken_in_part", t->parts);
	adm_db_put_int(d, "names", t->names);
	if (t->parts > ADM_SHOWN_MAX)
		fprintf(stderr, "hawser-admin: and %llu more that were taken in part\n",
				(unsigned long long)(t->parts - ADM_SHOWN_MAX));
	json_object_set_new(d->answer, "key",
			json_string(d->no_key                     ? "left"
							: t->save ? "taken over"
								  : "the same already"));
	if (!d->no_key)
		json_object_set_new(d->answer, "public_key",
				json_string(hws_key_text(t->key_secret.pk, text)));
}

int adm_db_import(struct adm_db *d, const char *file)
{
	struct rdv_take_over t = { .database = file,
		.scratch = d->dir,
		.key_from = d->key,
		.refused = adm_db_refused,
		.part = on_part,
		.arg = d };
	char to[500];
	int r = hws_fmt(to, sizeof(to), "%s/id_ed25519", d->dir);

	if (r < 0)
		return r;
	t.key_to = d->no_key ? NULL : to;
	r = rdv_take_over_check(&t, &d->err);
	if (r == HWS_OK) {
		adm_db_make_folder(d);
		r = adm_db_open(d, false);
	}
	if (r == HWS_OK)
		r = rdv_take_over_run(&t, d->loop, d->store, &d->err);
	if (r == HWS_OK)
		put(d, &t);
	rdv_take_over_done(&t);
	return r;
}
