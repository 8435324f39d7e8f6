/* hawser/files: the files of a host: looking, copying both ways, making, renaming, removing. Hosts
 * of hawser and of RustDesk 1.x alike; what only the former can do (see `extended`) is used by
 * itself.
 *
 * hawser_files_open opens a session of its own kind; what hawser/session.h has besides pictures and
 * input is the same for it: state, password, host key, figures, closing. Every call below names a
 * request: it returns at once with a number, and what becomes of it comes by HAWSER_EVENT_FILES
 * with that number; the last one is HAWSER_FILES_DONE, once, unless the session is closed before.
 * Calls are allowed when the session is ready (else HAWSER_ERR_DENIED). When the connection is lost
 * and made again by itself, jobs go on where they were; other requests end with HAWSER_ERR_RESET.
 *
 * Paths of a host are written as the host has them ("/home/a", "C:\\Users\\a"); hawser_peer.platform
 * tells ("Windows" or else). "" is the home, and a path that is not absolute begins there. Names are
 * UTF-8 as far as the host's are; what is not comes as the host sent it: escape before you show. */
#pragma once
#include <hawser/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* With the NUL at the end. */
#define HAWSER_PATH_MAX 4096

enum hawser_file_kind {
	HAWSER_FILE_DIR = 0,
	HAWSER_FILE_DIR_LINK = 2,
	HAWSER_FILE_DRIVE = 3,
	HAWSER_FILE_REGULAR = 4,
	HAWSER_FILE_LINK = 5
};

/* In a list: step from one to the next by `size` (hawser_file_at does). */
struct hawser_file {
	size_t size;
	const char *name; /* in its folder; of hawser_files_walk: below the path that was walked */
	enum hawser_file_kind kind;
	bool hidden;
	uint64_t bytes;
	uint64_t modified;    /* Unix time in seconds; 0 = unknown */
	uint32_t modified_ns; /* of that second; 0 also where the host tells none */
	uint32_t mode;        /* permissions, 0 = unknown (hosts that are not extended) */
};

/* What becomes of a file whose name is taken at the side that is written. */
enum hawser_files_exists {
	HAWSER_FILES_ASK,       /* HAWSER_FILES_CONFLICT, answered by hawser_files_decide */
	HAWSER_FILES_OVERWRITE, /* what is there stays until the new one is complete */
	HAWSER_FILES_SKIP,
	HAWSER_FILES_DIFFERENT, /* overwrite when size or time (a second) differ, else skip */
	HAWSER_FILES_NEWER      /* overwrite when what is there is older, else skip */
};

enum hawser_files_decision {
	HAWSER_FILES_DO_OVERWRITE,
	HAWSER_FILES_DO_SKIP,
	HAWSER_FILES_DO_RESUME, /* HAWSER_FILES_CONFLICT with `resumable` only: else overwrites */
	HAWSER_FILES_DO_CANCEL  /* ends the job */
};

enum hawser_files_event_type {
	HAWSER_FILES_LISTING,  /* .listing */
	HAWSER_FILES_STARTED,  /* .job: what there is to do is known */
	HAWSER_FILES_PROGRESS, /* .job: some times a second while bytes move; coalesced by job */
	HAWSER_FILES_FILE, /* .file: one file of a job has ended; or something in its tree could not
				* be read, and is not copied: a folder, or (name "") so many more */
	HAWSER_FILES_CONFLICT, /* .conflict: answer by hawser_files_decide */
	HAWSER_FILES_DONE      /* .done: the last one of a request */
};

/* Of a job, so far. */
struct hawser_files_progress {
	size_t size;
	bool upload, paused;
	const char *name; /* of the file that ended last, below the job's path; "" = none yet, or
			   * the path itself */
	uint64_t bytes_total; /* of all files; 0 = not known yet */
	uint64_t bytes_done;  /* of them, what is at its place; what was skipped counts, too */
	uint64_t bytes_wire;  /* as they went over the line of this connection, packed */
	uint64_t files_total, files_done, files_skipped, files_failed;
};

struct hawser_files_event {
	size_t size;
	enum hawser_files_event_type type;
	uint32_t id; /* the request */
	union {
		struct {
			const char *path; /* as the host resolved it */
			const struct hawser_file *files;
			size_t count;
			bool cut; /* there are more than are told */
		} listing;
		const struct hawser_files_progress *job;
		struct {
			const char *name; /* below the job's path; "" = the path itself */
			uint64_t bytes;
			bool skipped;
			int error; /* HAWSER_OK: it is complete, under its name, and was verified */
			const char *text; /* a sentence where `error` is not HAWSER_OK */
		} file;
		struct {
			const char *name;
			uint32_t file;                        /* for hawser_files_decide */
			uint64_t bytes, modified;             /* of what would come */
			uint64_t there_bytes, there_modified; /* of what has the name */
			bool identical;                       /* size and time are the same */
			uint64_t resumable; /* so many bytes of it are there from before */
		} conflict;
		struct {
			int error;
			const char *text; /* a whole sentence where `error` is not HAWSER_OK */
			struct hawser_files_progress job; /* zero for what is no job */
		} done;
	} u;
};

struct hawser_files_config {
	size_t size;
	/* The folder that the host lists first, unasked: with 0 as its request. NULL or "" = home. */
	const char *dir;
	bool no_hidden; /* leave hidden files out of that */
	/* Speak the protocol of RustDesk 1.x also with hosts that know more: for tests. */
	bool base_only;
};
#define HAWSER_FILES_CONFIG_INIT                                                                   \
	{                                                                                          \
		.size = sizeof(struct hawser_files_config)                                         \
	}

/* As hawser_session_open. `files` may be NULL. */
int hawser_files_open(hawser_context *ctx, const struct hawser_link_config *link,
		const struct hawser_files_config *files, hawser_session **ret);
/* The host is hawser's and this session uses what RustDesk's protocol lacks: reasons for what
 * fails, files that fail alone, hashes, times to the nanosecond, modes. */
bool hawser_files_extended(const hawser_session *s);

/* --- Looking ---------------------------------------------------------------------------------- */

/* The entries of a folder, by HAWSER_FILES_LISTING. Hosts of RustDesk do not answer about what they
 * cannot list: HAWSER_ERR_TIMEOUT after some seconds then. "/" on Windows lists the drives. */
int hawser_files_list(hawser_session *s, const char *path, bool hidden, uint32_t *ret_id);
/* One entry: a listing with it alone, its name being the last part of the path.
 * HAWSER_ERR_NOTFOUND. */
int hawser_files_stat(hawser_session *s, const char *path, uint32_t *ret_id);
/* All files below a folder, names being paths below it (with '/', whatever the host has), and the
 * folders that are empty. Links are left out. A file: that one, with the name "". */
int hawser_files_walk(hawser_session *s, const char *path, bool hidden, uint32_t *ret_id);

/* --- Changing --------------------------------------------------------------------------------- */

/* With all that is missing above it; one that is there is no error. */
int hawser_files_make_dir(hawser_session *s, const char *path, uint32_t *ret_id);
/* `to`: a name, or a path below the folder of `path`. */
int hawser_files_rename(hawser_session *s, const char *path, const char *to, uint32_t *ret_id);
/* A file, a link (never what it points to) or an empty folder. */
int hawser_files_remove(hawser_session *s, const char *path, bool is_dir, uint32_t *ret_id);
/* A folder with all that is in it: a job, with its events. Hidden files, too. Links are removed,
 * not followed. */
int hawser_files_remove_tree(hawser_session *s, const char *path, uint32_t *ret_id);

/* --- Copying ---------------------------------------------------------------------------------- */

struct hawser_files_job {
	size_t size;
	const char *remote; /* a file or a folder of the host */
	const char *local;  /* what it is, or is to be, here: a path, not the folder around it */
	enum hawser_files_exists exists;
	bool no_hidden;
	/* Go on with what an earlier job of the same files has left. */
	bool resume;
	/* Keep the job until it is done or canceled, so that it can be resumed in another session
	 * (hawser_files_kept). */
	bool keep;
	/* Tell of each file that has ended well, too: else HAWSER_FILES_FILE comes for those that
	 * failed or were skipped. */
	bool each_file;
};
#define HAWSER_FILES_JOB_INIT                                                                      \
	{                                                                                          \
		.size = sizeof(struct hawser_files_job)                                            \
	}

/* From the host, to the host. A folder is copied as a whole, with empty folders; what exists at the
 * other side besides stays. Jobs run one after the other in the order in which they were made. */
int hawser_files_get(hawser_session *s, const struct hawser_files_job *job, uint32_t *ret_id);
int hawser_files_put(hawser_session *s, const struct hawser_files_job *job, uint32_t *ret_id);
/* Answers HAWSER_FILES_CONFLICT. `all`: the same for what follows in this job. */
int hawser_files_decide(hawser_session *s, uint32_t id, uint32_t file,
		enum hawser_files_decision decision, bool all);
/* A paused job keeps its place; others go on. */
int hawser_files_pause(hawser_session *s, uint32_t id, bool paused);
/* Ends a job (or any other request) with HAWSER_ERR_CANCELED. `forget`: removes what has come of
 * the file under way, too, so that nothing can be resumed. */
int hawser_files_cancel(hawser_session *s, uint32_t id, bool forget);

/* --- Jobs of earlier sessions ----------------------------------------------------------------- */

/* In a list: step from one to the next by `size` (hawser_files_kept_at does). */
struct hawser_files_kept {
	size_t size;
	uint32_t number; /* for hawser_files_forget */
	bool upload;
	const char *remote, *local;
	uint64_t began; /* Unix time */
};
/* What was kept (hawser_files_job.keep) and is not done, of this target (as it was opened): the
 * same job with `resume` goes on with it, and takes its place in this list. One block, freed by
 * hawser_files_kept_free. */
int hawser_files_kept(hawser_context *ctx, const char *target, struct hawser_files_kept **ret,
		size_t *ret_count);
void hawser_files_kept_free(struct hawser_files_kept *list);
static inline const struct hawser_files_kept *hawser_files_kept_at(
		const struct hawser_files_kept *list, size_t index)
{
	return (const struct hawser_files_kept *)((const char *)list + index * list->size);
}
/* Nobody wants it any more. What has come of it stays where it is. */
int hawser_files_forget(hawser_context *ctx, const char *target, uint32_t number);

static inline const struct hawser_file *hawser_file_at(const struct hawser_file *list, size_t index)
{
	return (const struct hawser_file *)((const char *)list + index * list->size);
}

#ifdef __cplusplus
}
#endif
