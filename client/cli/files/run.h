/* cli/files/run: a session with a host's files as the commands of `hawser files` see it: one
 * request after the other, each waited for, with progress on a terminal and lines of JSON for
 * scripts. */
#pragma once
#include "client/cli/files/options.h"
#include "client/cli/files/path.h"
#include "client/cli/files/show.h"

/* Interrupted by the user: as shells have it for SIGINT. */
#define FILES_INTERRUPTED 130

struct files_entry {
	char *name;
	enum hawser_file_kind kind;
	bool hidden;
	uint64_t bytes, modified;
	uint32_t modified_ns, mode;
};

struct files_list {
	struct files_entry *entry;
	size_t count, room;
	char *path; /* as the host resolved it; may be NULL */
	bool cut;   /* some of it could not be read, or has no name here */
};
void files_list_done(struct files_list *l);
/* By name. */
void files_list_sort(struct files_list *l);
/* Owns copies. False: no memory. */
bool files_list_add(struct files_list *l, const char *name, const struct hawser_file *from);

struct files_run {
	struct session_front front;
	const struct files_options *options;
	struct files_flags flags; /* of the command under way */
	char cwd[FILES_PATH_MAX];
	bool located; /* cwd is known */
	bool windows, bar, can_ask, prompt;
	bool silent; /* of what goes well: standard output is for something else */
	/* the request under way */
	uint32_t id;
	bool done;
	int err;
	char text[700];
	struct files_list *list;
	const char *verb; /* of a job, for JSON */
	const char *remote, *local;
	struct hawser_files_progress job; /* without its name */
	char name[FILES_NAME_SHOWN];
	uint64_t left_alone; /* files that are there, differ, and nobody could be asked about */
	/* the bar */
	struct files_rate rate;
	uint64_t shown_us, told_us;
	bool on_screen;
};

/* Connects; returns when the session is ready and the folder it begins in is known. */
int files_run_open(struct files_run *f);
/* Waits for the request's end. HAWSER_OK or an error, with f->text. `list` (may be NULL) takes what
 * is listed. HAWSER_ERR_CANCELED: the user interrupted it; HAWSER_ERR_CLOSED: the session is over,
 * and its status is known. */
int files_run_wait(struct files_run *f, uint32_t id, struct files_list *list);
/* A call was refused: what hawser_last_error says becomes f->text. */
void files_run_refused(struct files_run *f);
/* The message and exit status for an error of the above; `what` names what was tried. */
int files_run_fail(struct files_run *f, int err, const char *what, const char *path);
/* The exit status for an error about files. */
int files_exit_of(int err);
/* A path of the command line or prompt, as a path of the host. Returns 0, or an exit status after a
 * message. */
int files_run_path(struct files_run *f, const char *arg, char *buf, size_t size);
/* Takes the bar off the terminal. */
void files_run_clear(struct files_run *f);
bool files_json(const struct files_run *f);

/* Lines of JSON on standard output: begin, members, end. */
void files_json_begin(const char *event);
void files_json_text(const char *name, const char *value);
void files_json_number(const char *name, uint64_t value);
void files_json_bool(const char *name, bool value);
void files_json_end(void);
