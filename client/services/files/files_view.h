/* files/files_view: the files of a host at the viewer's end: requests (lists, folders, removal) and
 * jobs (files/files does those), each with a number; what becomes of them is told by events. Jobs
 * survive the loss of a link: they go on when the next one stands. Loop thread only. */
#pragma once
#include "client/core/service.h"
#include "client/services/files/files.h"
#include "client/services/files/listing.h"

struct hws_confined;
struct hws_files_view;

/* Requests and jobs at once. */
#define HWS_FILES_VIEW_MAX 4096u

enum hws_files_view_kind {
	HWS_FILES_VIEW_LIST,
	HWS_FILES_VIEW_STAT,
	HWS_FILES_VIEW_WALK,
	HWS_FILES_VIEW_MAKE,
	HWS_FILES_VIEW_RENAME,
	HWS_FILES_VIEW_REMOVE_FILE,
	HWS_FILES_VIEW_REMOVE_DIR, /* an empty one */
	HWS_FILES_VIEW_REMOVE_TREE,
	HWS_FILES_VIEW_GET,
	HWS_FILES_VIEW_PUT
};

/* What to do when a file is there: that of files/files, and one more. */
enum hws_files_view_policy {
	HWS_FILES_VIEW_ASKS = HWS_FILES_ASKS,
	HWS_FILES_VIEW_OVERWRITES = HWS_FILES_OVERWRITES,
	HWS_FILES_VIEW_SKIPS = HWS_FILES_SKIPS,
	HWS_FILES_VIEW_UPDATES = HWS_FILES_UPDATES,
	HWS_FILES_VIEW_NEWER /* overwrites what is older than what comes */
};

struct hws_files_request {
	enum hws_files_view_kind kind;
	uint32_t id;      /* 1 .. INT32_MAX / 2; not in use */
	const char *path; /* of the host, in local bytes: a name of it as an event told it */
	const char *to;   /* RENAME: the new name; GET, PUT: the absolute path here */
	bool hidden;
	bool resume;
	bool each_file; /* tell of files that ended well, too */
	enum hws_files_view_policy policy;
};

enum hws_files_view_event_type {
	HWS_FILES_VIEW_LISTING,
	HWS_FILES_VIEW_STARTED,
	HWS_FILES_VIEW_PROGRESS,
	HWS_FILES_VIEW_FILE,
	HWS_FILES_VIEW_CONFLICT,
	HWS_FILES_VIEW_DONE
};

struct hws_files_view_progress {
	bool upload, paused;
	const char *name;
	uint64_t bytes_total, bytes_done, bytes_wire;
	uint64_t files, done, skipped, failed;
};

/* Texts and lists borrow until return. */
struct hws_files_view_event {
	enum hws_files_view_event_type type;
	uint32_t id;                     /* 0: the listing that a host sends at the login */
	const char *path;                /* LISTING: as the host has it */
	const struct hws_listing *list;  /* LISTING */
	const char *name;                /* FILE, CONFLICT */
	uint32_t file;                   /* FILE, CONFLICT */
	uint64_t size, modified;         /* FILE, CONFLICT */
	uint64_t there_size, there_time; /* CONFLICT */
	uint64_t partial;                /* CONFLICT */
	bool identical, skipped;
	struct hws_files_view_progress job; /* of jobs */
	int err;                            /* FILE, DONE */
	const char *text;                   /* a sentence where `err` is not HWS_OK */
};

struct hws_files_view_conf {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_roots *roots;      /* of this end; outlives the workers */
	struct hws_confined *decoder; /* unpacks what a host has packed */
	bool base_only;               /* as with a deployed host, whatever it is */
	void (*on_event)(const struct hws_files_view_event *e, void *arg);
	void *arg;
};

int hws_files_view_new(
		const struct hws_files_view_conf *conf, struct hws_files_view **ret) HWS_MUST_CHECK;
struct hws_service *hws_files_view_service(struct hws_files_view *fv);
struct hws_files_view *hws_files_view_of(struct hws_service *service);

/* HWS_ERR_FULL, HWS_ERR_NOMEM, HWS_ERR_INVAL (a path that cannot be one), HWS_ERR_EXISTS (the id):
 * no event follows. Jobs wait for a link; everything else needs one: HWS_ERR_DENIED. */
int hws_files_view_ask(struct hws_files_view *fv, const struct hws_files_request *q) HWS_MUST_CHECK;
/* HWS_ERR_NOTFOUND: nobody asks. */
int hws_files_view_decide(struct hws_files_view *fv, uint32_t id, uint32_t file,
		enum hws_files_answer answer, bool all) HWS_MUST_CHECK;
int hws_files_view_pause(struct hws_files_view *fv, uint32_t id, bool paused) HWS_MUST_CHECK;
/* Its DONE comes with HWS_ERR_CANCELED. `forget`: with the part of a file that has come. */
int hws_files_view_cancel(struct hws_files_view *fv, uint32_t id, bool forget) HWS_MUST_CHECK;
/* Whoever gets the events is too slow, or is no more. */
void hws_files_view_hold(struct hws_files_view *fv, bool hold);
/* READY, both ends are hawser and may use what the protocol of deployed peers lacks. */
bool hws_files_view_extended(const struct hws_files_view *fv);
