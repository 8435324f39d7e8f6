/* What needs no job: lists, folders, names, removal, as they are sent. Deployed hosts answer a list
 * with its path alone, and nothing when it fails: towards them one list is under way at a time,
 * under a limit. Hosts of ours repeat the number of the request, also when it fails. */
#include "client/services/files/view_parts.h"
#include "shared/base/mem.h"
#include "shared/wire/version.h"
#include <string.h>

/* --- sending ---------------------------------------------------------------------------------- */

bool fv_lists(const struct fv_request *r)
{
	return r->q.kind == HWS_FILES_VIEW_LIST || r->q.kind == HWS_FILES_VIEW_STAT;
}

/* Towards a deployed host: is an answer due that has no number? */
static bool is_busy(const struct fv_request *me, enum fv_stage stage)
{
	struct hws_list *node;

	hws_list_for (node, &me->fv->requests) {
		const struct fv_request *r = hws_container(node, struct fv_request, node);
		if (r == me || r->stage != stage)
			continue;
		if (stage == FV_EMPTY ? r->due_us != 0 : fv_lists(r))
			return true;
	}
	return false;
}

static int send_list(struct fv_request *r)
{
	struct hws_files_view *fv = r->fv;
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__ReadDir d = SES__READ_DIR__INIT;
	bool stat = r->q.kind == HWS_FILES_VIEW_STAT && !r->itself && !fv_is_root(fv, r->wire);
	int e;

	if (!fv->extended &&
			(is_busy(r, FV_SENT) || (!fv->first_seen && fv_now(fv) < fv->first_due_us)))
		return HWS_OK; /* its turn comes */
	if (stat && !r->wire_to)
		r->wire_to = fv_parent(fv, r->wire);
	if (stat && !r->wire_to)
		return HWS_ERR_NOMEM;
	d.path = stat ? r->wire_to : r->wire;
	d.include_hidden = stat || r->q.hidden;
	d.request = fv->extended ? (int32_t)r->q.id : 0;
	a.union_case = SES__FILE_ACTION__UNION_READ_DIR;
	a.read_dir = &d;
	e = fv_send(fv, &a);
	if (e == HWS_OK) {
		fv->first_seen |= !fv->extended; /* what comes now is the answer */
		r->stage = FV_SENT;
		r->due_us = fv_now(fv) + (fv->extended ? FV_ANSWER_US : FV_BASE_LIST_US);
	}
	return e;
}

static int send_remove_dir(struct fv_request *r, bool recursive, bool contents)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileRemoveDir d = SES__FILE_REMOVE_DIR__INIT;

	d.id = (int32_t)r->q.id;
	d.path = r->wire;
	d.recursive = recursive;
	d.contents = contents;
	a.union_case = SES__FILE_ACTION__UNION_REMOVE_DIR;
	a.remove_dir = &d;
	return fv_send(r->fv, &a);
}

static int send_remove_file(struct fv_request *r, char *path, int32_t number)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileRemoveFile f = SES__FILE_REMOVE_FILE__INIT;

	f.id = (int32_t)r->q.id;
	f.path = path;
	f.file_num = number;
	a.union_case = SES__FILE_ACTION__UNION_REMOVE_FILE;
	a.remove_file = &f;
	return fv_send(r->fv, &a);
}

static int send_walk(struct fv_request *r)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__ReadAllFiles d = SES__READ_ALL_FILES__INIT;

	d.id = (int32_t)r->q.id;
	d.path = r->wire;
	d.include_hidden = r->q.hidden || r->q.kind == HWS_FILES_VIEW_REMOVE_TREE;
	a.union_case = SES__FILE_ACTION__UNION_ALL_FILES;
	a.all_files = &d;
	return fv_send(r->fv, &a);
}

static int send_make(struct fv_request *r)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileDirCreate d = SES__FILE_DIR_CREATE__INIT;

	d.id = (int32_t)r->q.id;
	d.path = r->wire;
	a.union_case = SES__FILE_ACTION__UNION_CREATE;
	a.create = &d;
	return fv_send(r->fv, &a);
}

static int send_rename(struct fv_request *r)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileRename d = SES__FILE_RENAME__INIT;

	d.id = (int32_t)r->q.id;
	d.path = r->wire;
	d.new_name = r->wire_to;
	a.union_case = SES__FILE_ACTION__UNION_RENAME;
	a.rename = &d;
	return fv_send(r->fv, &a);
}

static int send_first(struct fv_request *r)
{
	uint64_t limit = FV_ANSWER_US;
	int e = HWS_ERR_INVAL;

	switch (r->q.kind) {
	case HWS_FILES_VIEW_LIST:
	case HWS_FILES_VIEW_STAT:
		return send_list(r);
	case HWS_FILES_VIEW_WALK:
		limit = FV_TREE_US;
		e = send_walk(r);
		break;
	case HWS_FILES_VIEW_MAKE:
		e = send_make(r);
		break;
	case HWS_FILES_VIEW_RENAME:
		e = send_rename(r);
		break;
	case HWS_FILES_VIEW_REMOVE_FILE:
		e = send_remove_file(r, r->wire, 0);
		break;
	case HWS_FILES_VIEW_REMOVE_DIR:
		e = send_remove_dir(r, false, false);
		break;
	case HWS_FILES_VIEW_REMOVE_TREE:
		limit = FV_TREE_US;
		e = r->fv->extended ? send_remove_dir(r, true, true) : send_walk(r);
		break;
	default:
		break;
	}
	if (e == HWS_OK) {
		r->stage = r->q.kind == HWS_FILES_VIEW_REMOVE_TREE && r->fv->extended ? FV_LAST
										      : FV_SENT;
		r->due_us = fv_now(r->fv) + limit;
	}
	return e;
}

/* The next files of a tree, and when all are answered, its folders. */
static int step_removal(struct fv_request *r)
{
	struct hws_files_view *fv = r->fv;
	bool single = r->list.count == 1 && !*r->list.entry[0].name;
	int e = HWS_OK;

	while (e == HWS_OK && r->sent < r->list.count && r->sent - r->answered < FV_WINDOW) {
		char *path = fv_below(fv, r->wire, r->list.entry[r->sent].name);
		e = path ? send_remove_file(r, path, (int32_t)r->sent) : HWS_ERR_NOMEM;
		hws_free(path);
		r->sent += e == HWS_OK;
		r->due_us = fv_now(fv) + FV_ANSWER_US;
	}
	if (e < 0 || r->answered < r->list.count)
		return e;
	if (single) {
		fv_done(r, r->job.first_err, "%s", r->job.first_text);
		return HWS_OK;
	}
	e = send_remove_dir(r, true, false);
	if (e == HWS_OK) {
		r->stage = FV_LAST;
		r->due_us = fv_now(fv) + FV_TREE_US;
	}
	return e;
}

int fv_request_empty(struct fv_request *r)
{
	struct hws_files_view *fv = r->fv;
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__ReadEmptyDirs d = SES__READ_EMPTY_DIRS__INIT;
	int e;

	if (r->due_us || (!fv->extended && is_busy(r, FV_EMPTY)))
		return HWS_OK;
	d.path = r->wire;
	d.include_hidden = r->q.hidden;
	d.request = fv->extended ? (int32_t)r->q.id : 0;
	a.union_case = SES__FILE_ACTION__UNION_READ_EMPTY_DIRS;
	a.read_empty_dirs = &d;
	e = fv_send(fv, &a);
	if (e == HWS_OK)
		r->due_us = fv_now(fv) + (fv->extended ? FV_TREE_US : FV_BASE_LIST_US);
	return e;
}

int fv_request_step(struct fv_request *r)
{
	switch (r->stage) {
	case FV_WAITS:
		return send_first(r);
	case FV_EMPTY:
		return fv_request_empty(r);
	case FV_REMOVES:
		return step_removal(r);
	default:
		return HWS_OK;
	}
}

bool fv_peer_knows_empty(const struct hws_files_view *fv)
{
	uint32_t v = hws_viewer_peer(fv->service.viewer)->version_number;

	return fv->extended || v >= HWS_V_EMPTY_DIRS;
}
