/* files/job: what the files of the engine share; not for others. jobs.c has the table and the
 * messages' ways, read_job.c and write_job.c the two kinds of jobs, say.c what is sent. */
#pragma once
#include "client/services/files/files.h"
#include "client/services/files/reader.h"
#include "client/services/files/writer.h"

/* Reading jobs that hold buffers at once. */
#define HWS_FILES_ACTIVE 4u

enum hws_mark { /* of one file of a job */
	HWS_MARK_NEW,
	HWS_MARK_ASKED, /* somebody must decide */
	HWS_MARK_AGREED,
	HWS_MARK_SENT, /* reading end: all of it; writing end: it has its name */
	HWS_MARK_SKIPPED,
	HWS_MARK_FAILED,
};

enum hws_job_state {
	HWS_JOB_LISTS, /* reading: the worker looks; writing: the list is on its way */
	HWS_JOB_OPENS, /* writing: the worker makes the folder */
	HWS_JOB_RUNS,
	HWS_JOB_ENDS, /* the other end has the last word */
};

struct hws_write_op;

/* A file whose last block is on its way: it is done when the writer has taken so much. */
struct hws_sent_file {
	uint32_t file;
	uint64_t cost;
};

struct hws_job {
	struct hws_files *f;
	struct hws_list node;
	int32_t id;
	enum hws_job_state state;
	bool writes, extended, paused, busy, dead, hidden, resume, cancelled, silent;
	bool asked_list;         /* the host was asked for its list */
	bool host, peer_windows; /* as of the engine, for the worker */
	struct hws_work *work;   /* where it is retired, when the engine has gone */
	struct hws_loop *loop;
	bool orphan;  /* its engine went while a worker was busy with it */
	bool looking; /* writing: at what has come back; nothing more is handed out meanwhile */
	struct hws_deferred going;
	enum hws_files_policy policy;
	char *local, *remote; /* local bytes; on the wire */
	uint32_t first, count, failed, skipped, left, asked, current;
	uint32_t unread; /* there, but not in the list: it failed, too */
	int32_t done_number;
	uint8_t *mark;       /* enum hws_mark, of `count` files */
	uint64_t *resume_at; /* writing, and decisions: where each begins; NULL: all at 0 */
	uint64_t total, done, wire, heard_us;
	bool told_done, heard_done;
	struct hws_error err; /* of the worker */

	/* reading */
	struct hws_reader *reader;
	struct hws_batch batch[2];
	bool ready[2], active;
	unsigned filling, sending;
	struct hws_reader_order *order; /* not yet the reader's */
	size_t orders, order_room;
	uint32_t *drop;
	size_t drops;
	struct hws_list lists; /* packed, of the worker */
	uint64_t sent_cost, acked_cost, window;
	struct hws_sent_file *sent; /* to their end, and not heard of; in their order */
	size_t sent_from, sent_count, sent_room;

	/* writing */
	struct hws_writer *writer;
	struct hws_listing list; /* until the writer has it */
	struct hws_list ops;     /* wait, in order */
	struct hws_list under_way;
	bool unsaid;   /* paused before `current` was confirmed */
	size_t queued; /* bytes of both */
	uint64_t taken_cost, told_cost;
	uint32_t scanned, bad_file; /* the worker's: this one failed */
};

struct hws_out { /* a packed message that waits */
	struct hws_list node;
	enum hws_files_family family;
	struct hws_buf buf;
};

struct hws_files {
	struct hws_files_conf conf;
	struct hws_list jobs;
	struct hws_list leaving; /* over, while a worker is busy with them still */
	size_t count, active;
	struct hws_list out; /* before all blocks */
	size_t out_bytes, queued;
	bool held, gone, packs;
	uint64_t next_token;
	struct hws_deferred pump;
	/* how fast is the line? */
	uint64_t sent_bytes, mark_bytes, mark_us;
	bool line_waits;
};

/* --- jobs.c --- */
struct hws_job *hws_job_find(const struct hws_files *f, int32_t id);
int hws_job_new(struct hws_files *f, int32_t id, bool writes, struct hws_job **ret) HWS_MUST_CHECK;
/* The one last event; err HWS_OK is DONE. The job is gone afterwards. */
void hws_job_end(struct hws_job *j, int err, const char *text);
/* Runs on a worker; `done` may find the job dead. Only one at a time for each job. */
int hws_job_work(struct hws_job *j, int (*run)(void *arg),
		void (*done)(void *arg, int r)) HWS_MUST_CHECK;
/* First in each `done`: true when the job is over, and freed now. */
bool hws_job_back(struct hws_job *j);
void hws_files_wake(struct hws_files *f);
void hws_job_event(struct hws_job *j, enum hws_files_event_type type, uint32_t file, int err,
		const char *text);
/* Marks files; counts what is left, skipped and failed. */
void hws_job_mark(struct hws_job *j, uint32_t file, enum hws_mark mark);
int hws_job_set_count(struct hws_job *j, size_t count) HWS_MUST_CHECK;
/* What stands for a file that is there already, by the policy; -1: ask. */
int hws_job_policy(const struct hws_job *j, const struct hws_writer_find *f);
void hws_job_ask(struct hws_job *j, uint32_t file, const struct hws_writer_find *f);
const struct hws_listing *hws_job_list(const struct hws_job *j);

/* --- unread.c: what is below the folder of a job, but in no list --- */
/* STARTED, and what is not in the list. */
void hws_job_started(struct hws_job *j);
/* With a part of the other end's list, before its entries. */
void hws_unread_take(struct hws_job *j, uint32_t cut, Ses__FileUnread **unread, size_t n);
/* For the last part of a list; returns how many. _free takes NULL. */
int hws_unread_pack(const struct hws_listing *l, Ses__FileUnread ***ret) HWS_MUST_CHECK;
void hws_unread_free(Ses__FileUnread **list, size_t n);

/* --- say.c: errors end nothing, the link will say so --- */
/* What waits; false: the line takes nothing yet. */
bool hws_files_flush(struct hws_files *f);
void hws_files_drop_out(struct hws_files *f);
void hws_files_put(struct hws_files *f, enum hws_files_family family, struct hws_buf *message);
void hws_say_error(struct hws_job *j, uint32_t file, int err, const char *text, bool goes_on);
void hws_say_error_id(struct hws_files *f, int32_t id, int32_t file, int err, const char *text);
void hws_say_done(struct hws_job *j, uint32_t file);
void hws_say_ack(struct hws_job *j);
void hws_say_confirm(struct hws_job *j, uint32_t file, uint32_t count, uint64_t offset);
void hws_say_skip(struct hws_job *j, uint32_t file);
void hws_say_cancel(struct hws_job *j);
void hws_say_digest(
		struct hws_job *j, uint32_t file, const struct hws_writer_find *there, bool offers);
void hws_say_send(struct hws_job *j);
/* One part of the list of a reading job, packed: FileResponse.dir or FileAction.receive. */
int hws_say_list(const struct hws_job *j, const struct hws_listing *l, size_t from, bool receive,
		struct hws_buf *out, size_t *ret_next) HWS_MUST_CHECK;

/* --- read_job.c --- */
int hws_read_start(struct hws_job *j) HWS_MUST_CHECK;
void hws_read_confirm(struct hws_job *j, const Ses__FileTransferSendConfirmRequest *c);
/* The writer has this file already, in whole or in part. */
void hws_read_digest(struct hws_job *j, const Ses__FileTransferDigest *d);
void hws_read_decided(struct hws_job *j, uint32_t file, enum hws_files_answer answer);
void hws_read_error(struct hws_job *j, const Ses__FileTransferError *e);
void hws_read_done(struct hws_job *j, const Ses__FileTransferDone *d);
void hws_read_ack(struct hws_job *j, const Ses__FileTransferAck *a);
/* Sends what is ready, one message; false: nothing is, or may be. */
bool hws_read_pump(struct hws_job *j);
void hws_read_refill(struct hws_job *j);

/* --- write_job.c --- */
void hws_write_entries(struct hws_job *j, Ses__FileEntry **entries, size_t n, bool more);
void hws_write_confirm(struct hws_job *j, const Ses__FileTransferSendConfirmRequest *c);
void hws_write_digest(struct hws_job *j, const Ses__FileTransferDigest *d);
void hws_write_decided(struct hws_job *j, uint32_t file, enum hws_files_answer answer);
void hws_write_block(struct hws_job *j, const Ses__FileTransferBlock *b);
void hws_write_error(struct hws_job *j, const Ses__FileTransferError *e);
void hws_write_done(struct hws_job *j, const Ses__FileTransferDone *d);
bool hws_write_unpacked(struct hws_job *j, uint64_t token, int err, struct hws_bytes content);
void hws_write_unpause(struct hws_job *j);
void hws_write_drop_ops(struct hws_job *j);
void hws_write_run(struct hws_job *j);
/* Holds the other end back while much waits for the disk. */
void hws_files_balance(struct hws_files *f);
