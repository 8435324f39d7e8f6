/* tests: the view of files on a viewer's core whose owner writes everything down, with a double of
 * files/files beneath: it notes the jobs that it is given, and tells of them what a test wants. */
#pragma once
#include "client/services/files/files_view.h"
#include "shared/wire/envelope.h"
#include "tests/unit/client/core/recorder.h"
#include "tests/unit/client/core/v2_host.h"

#define STAGE_EVENTS 8192

/* What was told, with copies of its texts. */
struct staged_event {
	enum hws_files_view_event_type type;
	uint32_t id, file;
	int err;
	bool skipped, identical;
	char name[64], text[400], path[64];
	size_t count;      /* of a listing */
	char names[8][64]; /* the first of it */
	struct hws_files_view_progress job;
};

struct stage {
	struct recorder r;
	struct v2_host host;
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_roots *roots;
	struct hws_files_view *fv;
	struct staged_event event[STAGE_EVENTS];
	size_t events, seen; /* `seen`: by stage_next */
	size_t read;         /* of what was sent, by stage_sent */
	uint64_t now_us;
	/* the double */
	const struct hws_files_conf *conf;
	struct hws_files_job job; /* the last one begun; its texts are copies */
	char local[256], remote[256];
	bool upload;
	unsigned begun, canceled, links;
	struct {
		int32_t id;
		uint32_t file;
		enum hws_files_answer answer;
	} decided[16];
	size_t decisions;
};

extern struct stage *stage; /* the one that is set up */

/* Logged in at a deployed host; `extended`: at one of ours. */
void stage_up(struct stage *s, const char *platform, const char *version, bool extended);
void stage_down(struct stage *s);
/* Another link after the loss of one. */
void stage_lose(struct stage *s);
void stage_again(struct stage *s, const char *platform, const char *version);
/* Turns of the loop, until nothing is left to do; with `work`, until an event has come. */
void stage_turn(struct stage *s);
void stage_wait(struct stage *s, size_t events);
void stage_tick(struct stage *s, uint64_t later_us);
uint32_t stage_ask(
		struct stage *s, enum hws_files_view_kind kind, const char *path, const char *to);
/* The next action that was sent and not looked at; NULL: none. Freed by hws_ses_free. */
Ses__Message *stage_sent(struct stage *s);
/* None was. */
void stage_quiet(struct stage *s);
/* The next event; fails without one. */
const struct staged_event *stage_next(struct stage *s, enum hws_files_view_event_type type);
/* Feeds a response whose member is set. */
void stage_feed(struct stage *s, Ses__FileResponse *a);
void stage_dir(struct stage *s, int32_t id, int32_t request, const char *path,
		const char *const names[]);
void stage_done_answer(struct stage *s, int32_t id, int32_t file);
void stage_error(struct stage *s, int32_t id, int32_t file, const char *text);
/* Tells an event of the double. */
void stage_tell(struct stage *s, enum hws_files_event_type type, uint32_t file, const char *name);
