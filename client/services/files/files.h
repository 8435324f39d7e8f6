/* files/files: the transfers of one session, at either end: a table of jobs, each of which reads
 * files here for the other end or writes what that sends. The protocol is that of deployed peers;
 * with `extended` also what docs/files.md describes. Both ends are this code: who starts a job is
 * the viewer (the host only answers), who reads and who writes follows from the job.
 *
 * Disk work is done by workers; nothing here blocks. Loop thread only, but for what says
 * otherwise. A job that ends tells so by exactly one event DONE or FAILED, and is gone. */
#pragma once
#include "client/services/files/roots.h"
#include "proto/session.pb-c.h"
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"

/* At once in one session; requests beyond it are refused. */
#define HWS_FILES_JOBS_MAX 64u
/* Files of one job. */
#define HWS_FILES_LIST_MAX (1u << 20)

struct hws_files;

enum hws_files_event_type {
	/* The list is known: `files`, `bytes`. */
	HWS_FILES_STARTED,
	/* A file with this name is there already: hws_files_decide is due (viewer only). Others of
	 * the job go on meanwhile where the other end can do that. */
	HWS_FILES_ASK,
	HWS_FILES_FILE_DONE,    /* writing: whole, verified, under its name; reading: sent;
				 * a viewer between hawser ends: taken by the host */
	HWS_FILES_FILE_SKIPPED, /* by decision */
	HWS_FILES_FILE_FAILED,  /* `err`, `text`; the job goes on */
	HWS_FILES_UNREAD,       /* after STARTED: `name` ("": so many more, `files`) is there, but
				 * could not be read, and is in no list; `err`, `text` */
	HWS_FILES_DONE,         /* some files may have failed, or were unread: `failed` */
	HWS_FILES_FAILED,       /* the job as a whole: `err`, `text`; HWS_ERR_CANCELED: by cancel */
};

/* Texts borrow until return. */
struct hws_files_event {
	enum hws_files_event_type type;
	int32_t id;
	bool writes;       /* here is the end that writes */
	uint32_t file;     /* its number; of ASK and FILE_* */
	const char *name;  /* local bytes, relative to the job's path; "": the job is one file */
	const char *path;  /* the job's, local bytes, absolute (this end's) */
	uint64_t size;     /* of the file as it is offered */
	uint64_t modified; /* seconds */
	uint64_t there_size, there_modified; /* ASK: of the one that is there */
	uint64_t partial;                    /* ASK: so much of it has come before; 0: none */
	bool identical;                      /* ASK: size and time are the same */
	uint32_t files, failed, skipped;     /* STARTED, DONE */
	uint64_t bytes;                      /* STARTED: of all files */
	int err;
	const char *text;
};

enum hws_files_answer { HWS_FILES_OVERWRITE, HWS_FILES_SKIP, HWS_FILES_RESUME };

/* What to do without asking, when a file is there. */
enum hws_files_policy {
	HWS_FILES_ASKS,
	HWS_FILES_OVERWRITES,
	HWS_FILES_SKIPS,
	HWS_FILES_UPDATES, /* skips what is identical, overwrites the rest */
};

enum hws_files_family { HWS_FILES_ACTION, HWS_FILES_RESPONSE };

struct hws_files_conf {
	struct hws_loop *loop;
	struct hws_work *work;   /* at least two threads */
	struct hws_roots *roots; /* of this end; borrowed, outlives the workers */
	bool host;               /* the controlled end: answers, never starts */
	bool extended;           /* both ends are hawser: HWS_LEVEL_V2 */
	bool peer_windows;
	bool old_peer;    /* it is below 1.1.10 and knows no digests */
	size_t max_files; /* of what is read here; 0 = HWS_FILES_LIST_MAX */
	bool durable;     /* files are on the disk before they get their name: slower */
	/* One serialised ses.Message of FileAction or FileResponse. HWS_ERR_FULL: not now, and
	 * hws_files_drained is due; other errors: the link has gone. */
	int (*send)(enum hws_files_family family, struct hws_bytes head, struct hws_bytes rest,
			void *arg);
	/* The line takes no more at once; hws_files_drained is due. */
	bool (*congested)(void *arg);
	/* Have the other end stop (and go on): what comes is written too slowly. NULL where nothing
	 * can; then what is too much ends the job. */
	void (*hold)(bool hold, void *arg);
	/* Unpacks one zstd frame of at most `max` bytes elsewhere, and gives it back later, in any
	 * order, by hws_files_unpacked(token); false: it cannot. NULL: in the worker, at the host
	 * only. */
	bool (*unpack)(struct hws_bytes packed, size_t max, uint64_t token, void *arg);
	void (*event)(const struct hws_files_event *e, void *arg);
	void *arg;
};

int hws_files_new(const struct hws_files_conf *conf, struct hws_files **ret) HWS_MUST_CHECK;
/* The link has gone: every job ends without a word; what was written so far stays as a part for a
 * later resume. Takes NULL. `work` must outlive the disk work that is under way. */
void hws_files_free(struct hws_files *f);
/* A message of either family, borrowed. False: it is about no job here (listings, folders, removal,
 * and answers to a request of somebody else). */
bool hws_files_message(struct hws_files *f, const Ses__Message *m);
void hws_files_unpacked(struct hws_files *f, uint64_t token, int err, struct hws_bytes content);
void hws_files_drained(struct hws_files *f);
/* A packed FileResponse of the owner, whose content is taken; it keeps its place among others. */
void hws_files_say(struct hws_files *f, struct hws_buf *message);
void hws_files_say_error(struct hws_files *f, int32_t id, int32_t file, int err, const char *text);
/* Ends jobs that read, or write, here: with this reason, at both ends. */
void hws_files_forbid(struct hws_files *f, bool reads, bool writes, const char *text);
/* About every second. */
void hws_files_tick(struct hws_files *f, uint64_t now_us);

/* --- the viewer's part ------------------------------------------------------------------------ */

struct hws_files_job {
	int32_t id;         /* not in use; above 0 */
	const char *local;  /* local bytes; absolute after hws_roots_absolute */
	const char *remote; /* as the host has it, in the form on the wire */
	enum hws_files_policy policy;
	bool hidden;    /* with hidden files */
	bool resume;    /* go on with parts that an earlier job left, without asking */
	bool paused;    /* starts when hws_files_pause(id, false) says so */
	uint32_t first; /* number of the file to begin with; those before are complete */
};

/* Both: HWS_ERR_FULL, HWS_ERR_EXISTS (the id), HWS_ERR_INVAL. What follows are events. */
/* `local` is the file's own path when `remote` is a file, else the folder that its content goes
 * to. */
int hws_files_download(struct hws_files *f, const struct hws_files_job *q) HWS_MUST_CHECK;
int hws_files_upload(struct hws_files *f, const struct hws_files_job *q) HWS_MUST_CHECK;
/* The answer to ASK; `all`: and to all that follow in this job. HWS_ERR_NOTFOUND: nobody asked. */
int hws_files_decide(struct hws_files *f, int32_t id, uint32_t file, enum hws_files_answer answer,
		bool all) HWS_MUST_CHECK;

/* --- either end ------------------------------------------------------------------------------- */

int hws_files_pause(struct hws_files *f, int32_t id, bool pause) HWS_MUST_CHECK;
/* With its parts; the other end is told. HWS_ERR_NOTFOUND. */
int hws_files_cancel(struct hws_files *f, int32_t id) HWS_MUST_CHECK;
/* The same, but the parts stay, at both ends, for a later job that goes on with them. */
int hws_files_stop(struct hws_files *f, int32_t id) HWS_MUST_CHECK;

struct hws_files_progress {
	bool writes, paused, waiting; /* `waiting`: for an answer or the other end */
	uint32_t file, files, failed, skipped;
	/* `done`: bytes of content; `wire`: as they went, packed; `total` 0: not known yet */
	uint64_t done, wire, total;
};
int hws_files_progress(const struct hws_files *f, int32_t id,
		struct hws_files_progress *ret) HWS_MUST_CHECK;
size_t hws_files_jobs(const struct hws_files *f);
