/* What a host answers to requests that are no jobs. */
#include "client/core/readable_text.h"
#include "client/services/files/view_parts.h"
#include "shared/base/mem.h"
#include <string.h>
#include <strings.h>

/* --- answers ---------------------------------------------------------------------------------- */

static void finish_walk(struct fv_request *r)
{
	struct hws_files_view_event ev = { .type = HWS_FILES_VIEW_LISTING,
		.path = r->list_path ? r->list_path : r->path,
		.list = &r->list };

	r->due_us = 0;
	fv_event(r, &ev);
	fv_done(r, HWS_OK, "%s", "");
}

/* Of a stat: the one entry, which may differ in case on Windows. */
static const struct hws_listing_entry *find_entry(const struct fv_request *r)
{
	const char *name = r->path + fv_last_part(r->fv, r->path);
	const struct hws_listing_entry *found = NULL;

	for (size_t i = 0; i < r->list.count; i++) {
		if (strcmp(r->list.entry[i].name, name) == 0)
			return &r->list.entry[i];
		if (r->fv->windows && strcasecmp(r->list.entry[i].name, name) == 0)
			found = &r->list.entry[i];
	}
	return found;
}

/* Who may not see a folder may see one in it: a root that a host permits is in none. */
static bool try_itself(struct fv_request *r)
{
	if (r->q.kind != HWS_FILES_VIEW_STAT || r->itself || r->stage != FV_SENT || !r->wire_to)
		return false;
	r->itself = true;
	r->stage = FV_WAITS;
	r->due_us = 0;
	fv_pump_soon(r->fv);
	return true;
}

static void finish_stat(struct fv_request *r)
{
	struct hws_listing_entry root = { .name = r->path, .type = SES__FILE_TYPE__Dir };
	const struct hws_listing_entry *found =
			r->itself || fv_is_root(r->fv, r->wire) ? &root : find_entry(r);
	struct hws_listing one = { .count = 1 };
	struct hws_files_view_event ev = {
		.type = HWS_FILES_VIEW_LISTING, .path = r->list_path, .list = &one
	};
	char shown[300];

	if (!found) {
		fv_done(r, HWS_ERR_NOTFOUND, "the host has no \"%s\"",
				hws_readable_text(shown, sizeof(shown), hws_bytes_str(r->path)));
		return;
	}
	root = *found;
	one.entry = &root;
	fv_event(r, &ev);
	fv_done(r, HWS_OK, "%s", "");
}

static void keep_list_path(struct fv_request *r, const char *wire)
{
	char local[HWS_FILE_PATH_MAX + 1];

	hws_free(r->list_path);
	if (hws_name_from_wire(wire, false, local, sizeof(local)) < 0)
		local[0] = 0;
	r->list_path = hws_strdup(local);
}

static void finish_list(struct fv_request *r)
{
	struct hws_files_view_event ev = { .type = HWS_FILES_VIEW_LISTING,
		.path = r->list_path ? r->list_path : "",
		.list = &r->list };

	if (r->q.kind == HWS_FILES_VIEW_STAT) {
		finish_stat(r);
		return;
	}
	fv_event(r, &ev);
	fv_done(r, HWS_OK, "%s", "");
}

/* The one that a deployed host sends at the login, by nobody's wish. */
static void first_listing(struct hws_files_view *fv, const Ses__FileDirectory *d)
{
	struct fv_request r = { .fv = fv };
	struct hws_files_view_event ev = { .type = HWS_FILES_VIEW_LISTING, .list = &r.list };

	fv->first_seen = true;
	keep_list_path(&r, d->path);
	if (r.list_path && fv_take_entries(&r, d, false) == HWS_OK) {
		ev.path = r.list_path;
		fv->conf.on_event(&ev, fv->conf.arg);
	}
	hws_listing_done(&r.list);
	hws_free(r.list_path);
}

/* A list without a number: whose is it? */
static struct fv_request *unnumbered(struct hws_files_view *fv, const Ses__FileDirectory *d)
{
	struct hws_list *node;

	hws_list_for (node, &fv->requests) {
		struct fv_request *r = hws_container(node, struct fv_request, node);
		const char *path;

		if (r->stage != FV_SENT || !fv_lists(r))
			continue;
		path = r->wire_to && !r->itself ? r->wire_to : r->wire;
		/* the answer to one that was given up is too late */
		if (fv->stale && fv_same_path(fv, fv->stale, d->path) && *path &&
				!fv_same_path(fv, path, d->path))
			return NULL;
		return r;
	}
	return NULL;
}

static void on_list(struct hws_files_view *fv, const Ses__FileDirectory *d)
{
	struct fv_request *r = d->request ? fv_find(fv, (uint32_t)d->request) : unnumbered(fv, d);

	if (!d->request && !fv->first_seen) {
		first_listing(fv, d);
		return;
	}
	if (fv->extended && !d->request)
		return; /* the rest of that one */
	if (!r || r->stage != FV_SENT || !fv_lists(r))
		return;
	if (!r->list_path)
		keep_list_path(r, d->path);
	r->due_us = fv_now(fv) + FV_ANSWER_US;
	if (!r->list_path || fv_take_entries(r, d, false) < 0)
		fv_done(r, HWS_ERR_TOOBIG, "the list is too long");
	else if (!d->more)
		finish_list(r);
}

void fv_on_dir(struct hws_files_view *fv, const Ses__FileDirectory *d)
{
	struct fv_request *r;

	if (d->id == 0 || d->request) {
		on_list(fv, d);
		return;
	}
	r = fv_find(fv, (uint32_t)d->id);
	if (!r || r->stage != FV_SENT ||
			(r->q.kind != HWS_FILES_VIEW_WALK &&
					r->q.kind != HWS_FILES_VIEW_REMOVE_TREE))
		return;
	if (!r->list_path)
		keep_list_path(r, d->path);
	r->due_us = fv_now(fv) + FV_TREE_US;
	if (fv_take_entries(r, d, true) < 0) {
		fv_done(r, HWS_ERR_TOOBIG, "there are too many files");
	} else if (!d->more && r->q.kind == HWS_FILES_VIEW_REMOVE_TREE) {
		r->stage = FV_REMOVES;
	} else if (!d->more) {
		bool single = r->list.count == 1 && !*r->list.entry[0].name;
		if (single || !fv_peer_knows_empty(fv)) {
			finish_walk(r);
			return;
		}
		r->stage = FV_EMPTY;
		r->due_us = 0;
	}
}

void fv_on_empty_dirs(struct hws_files_view *fv, const Ses__ReadEmptyDirsResponse *d)
{
	struct hws_list *node;

	hws_list_for (node, &fv->requests) {
		struct fv_request *r = hws_container(node, struct fv_request, node);
		if (r->stage != FV_EMPTY || !r->due_us)
			continue;
		if (d->request ? d->request != (int32_t)r->q.id
			       : *r->wire && !fv_same_path(fv, d->path, r->wire))
			continue;
		if (r->q.kind != HWS_FILES_VIEW_WALK)
			fv_folders_told(r, d);
		else if (fv_take_empty(r, d) < 0)
			fv_done(r, HWS_ERR_TOOBIG, "there are too many folders");
		else
			finish_walk(r);
		return;
	}
}

/* In words that deployed hosts have, or those of ours. */
static int error_of(const Ses__FileTransferError *e)
{
	static const struct {
		const char *part;
		int err;
	} words[] = { { "ot exist", HWS_ERR_NOTFOUND }, { "os error 2)", HWS_ERR_NOTFOUND },
		{ "os error 13)", HWS_ERR_PERM }, { "os error 1)", HWS_ERR_PERM },
		{ "os error 5)", HWS_ERR_PERM }, { "os error 17)", HWS_ERR_EXISTS },
		{ "os error 28)", HWS_ERR_DISK }, { "os error 39)", HWS_ERR_BUSY },
		{ "one-way-file-transfer", HWS_ERR_DENIED } };

	if (e->code < 0 && e->code > -100)
		return e->code;
	for (size_t i = 0; i < HWS_COUNT(words); i++)
		if (strstr(e->error, words[i].part))
			return words[i].err;
	return HWS_ERR_SYS;
}

static void removed(struct fv_request *r, int32_t number, int err, const char *text)
{
	struct hws_files_view_event ev = { .type = HWS_FILES_VIEW_FILE, .err = err, .text = text };

	if (number < 0 || (size_t)number >= r->sent || r->answered >= r->sent)
		return;
	r->answered++;
	ev.name = r->list.entry[number].name;
	ev.size = r->list.entry[number].size;
	ev.file = (uint32_t)number;
	if (err < 0) {
		if (r->failed++ == 0) {
			r->job.first_err = err;
			hws_readable_text(r->job.first_text, sizeof(r->job.first_text),
					hws_bytes_str(text));
		}
		fv_event(r, &ev);
	}
}

static void answered(struct fv_request *r, int32_t number, int err, const char *text)
{
	if (r->stage == FV_REMOVES) {
		removed(r, number, err, text);
	} else if (r->stage == FV_EMPTY && r->q.kind == HWS_FILES_VIEW_WALK) {
		finish_walk(r); /* without them */
	} else if (r->stage == FV_LAST && err == HWS_OK && r->failed) {
		fv_done(r, r->job.first_err, "%zu of %zu files could not be removed; the first: %s",
				r->failed, r->list.count, r->job.first_text);
	} else if (r->stage != FV_WAITS && !(err < 0 && try_itself(r))) {
		fv_done(r, err, "%s", text);
	}
}

static struct fv_request *of_folder(struct hws_files_view *fv, int32_t id)
{
	struct hws_list *node;

	hws_list_for (node, &fv->requests) {
		struct fv_request *r = hws_container(node, struct fv_request, node);
		if (r->inner && id >= r->inner && (size_t)(id - r->inner) < r->sent)
			return r;
	}
	return NULL;
}

void fv_on_error(struct hws_files_view *fv, const Ses__FileTransferError *e)
{
	char text[500];
	struct fv_request *r;
	int err = error_of(e);

	hws_readable_text(text, sizeof(text), hws_bytes_str(e->error));
	if (e->id >= FV_INNER_ID) {
		r = of_folder(fv, e->id);
		if (r)
			fv_folders_answer(r, e->id, err, text);
		return;
	}
	r = fv_find(fv, (uint32_t)(e->request ? e->request : e->id));
	if (r && (r->q.kind == HWS_FILES_VIEW_GET || r->q.kind == HWS_FILES_VIEW_PUT)) {
		if (e->request && r->stage == FV_EMPTY)
			fv_folders_told(r, NULL);
		return;
	}
	if (r)
		answered(r, e->file_num, err, text);
}

void fv_on_done(struct hws_files_view *fv, const Ses__FileTransferDone *d)
{
	struct fv_request *r;

	if (d->id >= FV_INNER_ID) {
		r = of_folder(fv, d->id);
		if (r)
			fv_folders_answer(r, d->id, HWS_OK, "");
		return;
	}
	r = fv_find(fv, (uint32_t)d->id);
	if (r && r->q.kind != HWS_FILES_VIEW_GET && r->q.kind != HWS_FILES_VIEW_PUT &&
			!fv_lists(r) && r->q.kind != HWS_FILES_VIEW_WALK)
		answered(r, d->file_num, HWS_OK, "");
}

void fv_request_late(struct fv_request *r)
{
	char shown[300];

	if (r->stage == FV_EMPTY) {
		finish_walk(r); /* deployed hosts may not answer at all */
		return;
	}
	hws_readable_text(shown, sizeof(shown), hws_bytes_str(r->path));
	if (!fv_lists(r)) {
		fv_done(r, HWS_ERR_TIMEOUT, "the host did not answer about \"%s\"", shown);
		return;
	}
	hws_free(r->fv->stale);
	r->fv->stale = hws_strdup(r->wire_to && !r->itself ? r->wire_to : r->wire);
	if (try_itself(r))
		return;
	fv_done(r, HWS_ERR_TIMEOUT,
			"the host did not answer: \"%s\" may be missing, be no folder, or may not be "
			"read there",
			shown);
}
