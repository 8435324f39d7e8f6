/* tests: a host that does with files what deployed hosts do (1.4.2), written from the protocol
 * alone and without any of our engine: one list unasked, silence about what cannot be listed,
 * digests and confirms, blocks of 128 KiB packed one by one, an end at the first file that cannot
 * be read, finished files that get their names late. A thread; lets everybody in, by address. */
#pragma once
#include "shared/base/buf.h"
#include <dirent.h>
#include <proto/session.pb-c.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define DEPLOYED_JOBS 16
#define DEPLOYED_FILES 4096

struct deployed_file {
	char *name;
	uint64_t size, modified;
};

struct deployed_job {
	int32_t id;
	bool used, writes, resume;
	char root[1024];
	struct deployed_file *file;
	size_t count;
	int32_t at; /* file_num */
	enum { DEPLOYED_OPEN, DEPLOYED_WAIT, DEPLOYED_STREAM } state;
	int fd;
	int32_t open_at; /* writes: whose .download is open; -1 = none */
	bool skipped;
	uint64_t size, modified, offset; /* of the digest that came last; of the confirm */
};

struct deployed_host {
	char home[512];
	uint16_t port;
	/* After so many blocks that were sent or written the connection is cut, once; 0 = never. */
	atomic_int cut_after;
	/* and not before this file has so many bytes, for what is on its way then is lost; "" = none */
	char cut_waits[400];
	long cut_size;
	atomic_int connections, blocks, bytes_taken;
	bool plain_version; /* says that it is 1.1.9: no digests */
	const char *says;   /* instead of its errors */
	/* --- the thread's */
	int listener, stop_fd[2], fd;
	pthread_t thread;
	struct hws_buf in;
	struct deployed_job job[DEPLOYED_JOBS];
	bool let_in, cut;
};

void deployed_start(struct deployed_host *h, const char *home);
void deployed_stop(struct deployed_host *h);

/* --- deployed_jobs.c */
bool deployed_put(struct deployed_host *h, const Ses__Message *m);
bool deployed_respond(struct deployed_host *h, Ses__FileResponse *r);
bool deployed_error(struct deployed_host *h, int32_t id, int32_t file, const char *text);
bool deployed_done(struct deployed_host *h, int32_t id, int32_t file);
bool deployed_action(struct deployed_host *h, const Ses__FileAction *a);
bool deployed_response(struct deployed_host *h, const Ses__FileResponse *r);
/* A block of the first job that reads. ret_busy: there is more to do. */
bool deployed_tick(struct deployed_host *h, bool *ret_busy);
/* All of them, as when the connection ends: what was written so far stays as it is. */
void deployed_forget(struct deployed_host *h);

/* --- deployed_lists.c */
bool deployed_list(struct deployed_host *h, const char *path, bool hidden);
bool deployed_all(struct deployed_host *h, int32_t id, const char *path, bool hidden,
		int32_t error_at);
bool deployed_empty(struct deployed_host *h, const char *path, bool hidden);
/* The files of a job; false: there is no such file or folder. */
bool deployed_walk(const char *root, bool hidden, struct deployed_file **ret, size_t *ret_count);
void deployed_free_files(struct deployed_file *file, size_t count);
bool deployed_remove_empty(const char *path);
