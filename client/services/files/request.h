/* files/request: one request of a viewer that is no transfer: a listing, or a change of a
 * folder. It is copied from the message, run by a worker, and holds packed answers afterwards. */
#pragma once
#include "client/services/files/change.h"
#include "client/services/files/roots.h"
#include "proto/session.pb-c.h"
#include "shared/base/buf.h"
#include "shared/base/list.h"

struct hws_request {
	struct hws_list node; /* of the owner */
	const struct hws_roots *roots;
	Ses__FileAction__UnionCase kind;
	int32_t id, file, request;
	bool hidden, recursive, contents;
	bool extended; /* the other end is hawser */
	size_t max_files;
	char *path, *name; /* as they came, on the wire; `name` of a rename */
	char *local;       /* what the path means, once it has run; may be NULL */
	hws_stop stop; /* at any time, by the owner: what is not done yet is denied, with this */
	int result;
	struct hws_error err;
	struct hws_buf *answer; /* packed ses.Message, in this order */
	size_t answers;
};

/* NULL with HWS_ERR_UNSUPPORTED: the action is of transfers. `ret_error` is the reason for the
 * other end when the request itself is wrong (static), with HWS_ERR_INVAL. */
int hws_request_new(const Ses__FileAction *a, struct hws_request **ret,
		const char **ret_error) HWS_MUST_CHECK;
/* The listing that a viewer gets without asking, of a folder that it named; home, where that is no
 * folder, and the first that is permitted where that is none. */
int hws_request_first(const char *path, bool hidden, struct hws_request **ret) HWS_MUST_CHECK;
void hws_request_free(struct hws_request *q); /* takes NULL */
/* On a worker: int (*)(void *) of loop/work. Always HWS_OK: what failed is an answer. */
int hws_request_run(void *arg);
/* Does it change something? */
bool hws_request_changes(const struct hws_request *q);
