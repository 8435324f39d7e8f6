/* The same take-over as `hawser-admin db import-hbbs`, for a container that has this program alone:
 * one folder in, one folder out. */
#include "server-rendezvous/take_over_verb.h"
#include "server-rendezvous/config/store_place.h"
#include "server-rendezvous/import/take_over.h"
#include "server-rendezvous/store/sqlite/hbbs.h"
#include "server-rendezvous/store_open.h"
#include "shared/base/str.h"
#include "shared/daemon/daemon.h"
#include <stdio.h>

#define NAME "hawser-rendezvous"
#define SHOWN_MAX 20u

struct verb {
	char from[400], dir[400], key[420];
	struct hws_identity key_set;
	struct rdv_store_place place;
	struct hws_loop *loop;
	struct rdv_store *store;
	unsigned shown;
};

static void on_refused(const char *id, const char *why, void *arg)
{
	struct verb *v = arg;

	if (v->shown++ < SHOWN_MAX)
		fprintf(stderr, NAME ": device %s was not taken: %s\n", id, why);
}

static void on_part(const char *id, const char *what, void *arg)
{
	struct verb *v = arg;

	if (v->shown++ < SHOWN_MAX)
		fprintf(stderr, NAME ": device %s was taken, but %s\n", id, what);
}

static int find_places(
		struct verb *v, const struct rdv_config *c, const char *dir, struct hws_error *err)
{
	int r = *c->state_dir ? hws_daemon_named_dir(c->state_dir, v->dir, sizeof(v->dir), err)
			      : hws_daemon_state_dir(NAME, v->dir, sizeof(v->dir), err);

	if (r < 0)
		return r;
	r = hws_fmt(v->from, sizeof(v->from), "%s/" RDV_HBBS_DATABASE, dir);
	if (r == HWS_OK)
		r = hws_fmt(v->key, sizeof(v->key), "%s/id_ed25519", v->dir);
	if (r < 0)
		return hws_error_set(err, r, "the path of a folder is too long");
	r = rdv_store_place(c, v->dir, &v->place, err);
	if (r < 0)
		return r;
	if (v->place.kind == RDV_STORE_MEMORY)
		return hws_error_set(err, HWS_ERR_INVAL,
				"the server keeps its devices in memory only (store = memory): "
				"there is nothing to take them over into");
	return *c->secret_key ? hws_identity_from_text(c->secret_key, &v->key_set) : HWS_OK;
}

static int run(struct verb *v, struct rdv_take_over *t, const struct rdv_config *c,
		struct hws_error *err)
{
	int r = rdv_take_over_check(t, err);

	if (r == HWS_OK)
		r = hws_loop_new(&v->loop);
	if (r == HWS_OK)
		r = rdv_store_open(v->loop, c, v->dir, &v->store, err);
	if (r == HWS_OK)
		r = rdv_take_over_run(t, v->loop, v->store, err);
	rdv_store_free(v->store);
	hws_loop_free(v->loop);
	return r;
}

static void tell(const struct rdv_take_over *t, const struct verb *v)
{
	char text[HWS_KEY_TEXT];

	if (v->shown > SHOWN_MAX)
		fprintf(stderr, NAME ": and %u more\n", v->shown - SHOWN_MAX);
	printf("%llu devices of %llu were taken over, %llu were there already, %llu were not taken\n",
			(unsigned long long)t->written, (unsigned long long)t->read,
			(unsigned long long)t->there, (unsigned long long)t->not_taken);
	printf("the key %s %s\n", hws_key_text(t->key_secret.pk, text),
			t->save ? "was taken over" : "was here already");
}

int rdv_take_over_verb(const struct rdv_config *c, const char *dir)
{
	struct verb v = { 0 };
	struct hws_error err = { 0 };
	struct rdv_take_over t = { .database = v.from,
		.scratch = v.dir,
		.key_to = v.key,
		.refused = on_refused,
		.part = on_part,
		.arg = &v };
	int r = find_places(&v, c, dir, &err);

	if (*c->secret_key)
		t.key_set = &v.key_set;
	if (r == HWS_OK)
		r = run(&v, &t, c, &err);
	if (r < 0)
		fprintf(stderr, NAME ": %s\n", err.text[0] ? err.text : hws_err_text(r));
	else
		tell(&t, &v);
	if (!rdv_hand_over(v.place.file)) /* "" where it is no file */
		fprintf(stderr, NAME ": %s: make the account of the server its owner\n",
				v.place.file);
	rdv_take_over_done(&t);
	hws_identity_wipe(&v.key_set);
	return r < 0 || t.not_taken;
}
