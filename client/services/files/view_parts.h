/* files/view_parts: what the files of files_view share. Private to this folder. */
#pragma once
#include "client/core/viewer.h"
#include "client/services/files/files_view.h"
#include "client/services/files/names.h"

#define FV_BASE_LIST_US (6 * 1000000ull) /* a deployed host says nothing of what fails */
#define FV_FIRST_US (2 * 1000000ull)     /* for the listing that comes unasked */
#define FV_ANSWER_US (60 * 1000000ull)   /* of what answers in any case */
#define FV_TREE_US (600 * 1000000ull)    /* of what takes as long as a tree is large */
#define FV_WINDOW 16u                    /* removals and folders under way at once */
#define FV_INNER_ID (INT32_MAX / 2)      /* from here on: ids of folders that a job makes */
#define FV_DECIDED_MAX 4096u

enum fv_stage {
	FV_WAITS,   /* to be sent, or for its turn */
	FV_SENT,    /* an answer is due */
	FV_EMPTY,   /* WALK, jobs: the empty folders are asked for */
	FV_REMOVES, /* REMOVE_TREE: files */
	FV_LAST,    /* REMOVE_TREE: the folders; jobs: folders are made */
	FV_OVER     /* told; goes away at the end of the turn */
};

struct fv_decided {
	uint32_t file;
	enum hws_files_answer answer;
};

/* Of a job: what it has been told of its files is kept from link to link. */
struct fv_job {
	uint8_t *ended; /* a bit for each file */
	uint8_t *sent;  /* uploads: the same, of earlier links */
	uint32_t files, done, skipped, failed;
	uint32_t unread;                     /* of `failed`: in no list */
	uint32_t unread_events, unread_told; /* of this link; of all so far */
	uint64_t bytes;
	struct hws_files_view_progress told;
	char *name; /* of the file that was last looked at */
	struct fv_decided *decided;
	size_t decided_count;
	bool rerun, single, engaged, reset; /* `engaged`: files/files has it */
	int first_err;
	char first_text[300];
};

struct fv_request {
	struct hws_list node;
	struct hws_files_view *fv;
	struct hws_files_request q; /* its texts are the own copies below */
	char *path, *to, *wire, *wire_to;
	enum fv_stage stage;
	uint64_t due_us; /* 0 = none */
	struct hws_listing list;
	char *list_path;
	/* REMOVE_TREE and folders of jobs: of list.entry so many were sent, answered, failed */
	size_t sent, answered, failed;
	int32_t inner; /* id of the first folder */
	bool paused, canceled;
	bool itself; /* STAT: its folder may not be listed, so it is tried as a folder */
	struct fv_job job;
	struct fv_work *work; /* view_folders.c */
};

/* An answer of our own to what files/files asks, given when its event is over. */
struct fv_answer {
	uint32_t id, file;
	enum hws_files_answer answer;
};

struct hws_files_view {
	struct hws_service service;
	struct hws_files_view_conf conf;
	struct hws_files *files; /* NULL: no link */
	struct hws_list requests, works, unpacking;
	size_t count;
	bool extended, windows, open, first_seen, held_files, held_events;
	uint64_t first_due_us;
	char *stale; /* wire path of the last list that was given up */
	int32_t next_inner;
	struct fv_answer *answers;
	size_t answer_count, answer_room;
	struct hws_deferred pump, reap;
	struct hws_timer pace;
};

/* --- files_view.c */
uint64_t fv_now(const struct hws_files_view *fv);
struct fv_request *fv_find(struct hws_files_view *fv, uint32_t id);
/* Sends a FileAction whose member is set. HWS_ERR_FULL: at `drained` again. */
int fv_send(struct hws_files_view *fv, Ses__FileAction *a);
/* Tells DONE; the request goes away at the end of the turn. */
void fv_done(struct fv_request *r, int err, const char *fmt, ...) HWS_PRINTF(3, 4);
void fv_event(struct fv_request *r, struct hws_files_view_event *e);
/* Something may be sent, or a job begin, at the end of the turn. */
void fv_pump_soon(struct hws_files_view *fv);
/* A copy of a path in the form on the wire; NULL without memory. */
char *fv_wire(const char *local);

/* --- view_entries.c: paths in the form on the wire; what is made is owned by the caller. */
/* Where the last part begins; 0 with no folder before it. */
size_t fv_last_part(const struct hws_files_view *fv, const char *path);
/* "/", "C:\", "C:", "": there is no folder that lists it. */
bool fv_is_root(const struct hws_files_view *fv, const char *path);
/* The folder of a path that is no root. */
char *fv_parent(const struct hws_files_view *fv, const char *path);
/* root + separator + a name of ours ('/' between its parts), as the host has it. */
char *fv_below(const struct hws_files_view *fv, const char *root, const char *name);
bool fv_same_path(const struct hws_files_view *fv, const char *a, const char *b);
/* Takes the entries of a host: those that cannot be names are left out. `deep`: names of files
 * below a folder, at any depth. */
int fv_take_entries(struct fv_request *r, const Ses__FileDirectory *d, bool deep);
/* Absolute paths of the host that are the request's or below it, as names below it. */
int fv_take_empty(struct fv_request *r, const Ses__ReadEmptyDirsResponse *d);

/* --- view_requests.c */
/* Sends what waits, as far as that is possible. */
int fv_request_step(struct fv_request *r);
/* Asks for the folders without entries, when it is its turn. */
int fv_request_empty(struct fv_request *r);
bool fv_peer_knows_empty(const struct hws_files_view *fv);
/* LIST and STAT, whose answers have no number from deployed hosts. */
bool fv_lists(const struct fv_request *r);

/* --- view_answers.c */
void fv_on_dir(struct hws_files_view *fv, const Ses__FileDirectory *d);
void fv_on_empty_dirs(struct hws_files_view *fv, const Ses__ReadEmptyDirsResponse *d);
void fv_on_error(struct hws_files_view *fv, const Ses__FileTransferError *e);
void fv_on_done(struct hws_files_view *fv, const Ses__FileTransferDone *d);
/* Its time has passed. */
void fv_request_late(struct fv_request *r);

/* --- view_jobs.c */
int fv_job_step(struct fv_request *r);
/* Gives the answers that wait. */
void fv_job_answers(struct hws_files_view *fv);
/* The link has gone: it begins again with the next one. */
void fv_job_lost(struct fv_request *r);
void fv_files_event(const struct hws_files_event *e, void *arg);
void fv_job_tell_progress(struct fv_request *r, bool always);
void fv_job_figures(struct fv_request *r, struct hws_files_view_progress *p);
void fv_job_finish(struct fv_request *r);
void fv_job_failed(struct fv_request *r, int err, const char *text);
void fv_job_free(struct fv_job *j);

/* --- view_folders.c: the empty folders of a job, when its files are done. */
void fv_folders_begin(struct fv_request *r);
int fv_folders_step(struct fv_request *r);
/* The host's empty ones; NULL: it does not tell. */
void fv_folders_told(struct fv_request *r, const Ses__ReadEmptyDirsResponse *d);
/* It made one, or not. */
void fv_folders_answer(struct fv_request *r, int32_t id, int err, const char *text);
void fv_folders_forget(struct fv_request *r);
void fv_work_forget(struct fv_request *r);

/* --- view_unpack.c: by the decoder process. */
bool fv_unpack(struct hws_bytes packed, size_t max, uint64_t token, void *arg);
void fv_unpack_forget(struct hws_files_view *fv);
