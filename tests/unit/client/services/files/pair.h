/* Two engines of files, a viewer's and a host's, joined by queues of packed messages, each with a
 * folder of its own. What one sends is unpacked as from a line and handed to the other; a test
 * can look at it, change it, hold it back, or cut the link. */
#pragma once
#include "client/services/files/files.h"
#include "shared/base/buf.h"
#include <check.h>
#include <stdbool.h>

enum { VIEWER, HOST };

#define PAIR_EVENTS 4096u

struct pair_event {
	enum hws_files_event_type type;
	int32_t id;
	uint32_t file, failed, skipped, files;
	int err;
	uint64_t partial;
	bool identical;
	char name[256], text[256];
};

struct pair_end {
	struct hws_files *files;
	struct hws_roots *roots;
	char dir[512];
	struct hws_list in; /* messages that wait for it */
	size_t in_bytes;
	bool was_congested, held;
	struct pair_event event[PAIR_EVENTS];
	size_t events;
};

struct pair {
	struct hws_loop *loop;
	struct hws_work *work;
	bool extended, old_peer, durable;
	size_t line; /* bytes that may wait before it is congested */
	struct pair_end end[2];
	size_t messages, bytes; /* that were delivered */
	size_t cut_after;       /* bytes; 0: never */
	bool cut;
	/* before delivery to `to`; false: it is lost */
	bool (*filter)(int to, Ses__Message *m);
	/* an ASK of the viewer is answered by this, when >= 0 */
	int answer;
};

extern struct pair pair;

void pair_setup(void);
void pair_teardown(void);
/* Engines, with what is set in `pair`. */
void pair_open(bool extended);
/* The link has gone, and with it both engines. */
void pair_close(void);
/* Turns of the loop until the viewer's job has ended; its last event. */
const struct pair_event *pair_run(int32_t id);
/* Until nothing happens any more. */
void pair_settle(void);
const struct pair_event *pair_find(int end, enum hws_files_event_type type, int32_t id);
size_t pair_count(int end, enum hws_files_event_type type);
int pair_download(int32_t id, const char *from, const char *to, enum hws_files_policy policy,
		bool resume);
int pair_upload(int32_t id, const char *from, const char *to, enum hws_files_policy policy,
		bool resume);
void pair_forget_events(void);

/* --- files --- */
/* Below the folder of an end; `seed` decides the content; folders are made. */
void pair_write(int end, const char *name, size_t size, unsigned seed);
bool pair_exists(int end, const char *name);
uint64_t pair_size(int end, const char *name);
void pair_path(int end, const char *name, char buf[1024]);
/* Same content, time and names below both folders, and no parts left. */
void pair_same(const char *viewer, const char *host);
void pair_same_file(const char *viewer, const char *host);
void pair_remove(const char *path);
