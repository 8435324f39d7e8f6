/* Tests of clipboard files: a folder with things to copy, and two ends whose messages pass through
 * a queue here, packed and unpacked as on a line. */
#pragma once
#include "client/services/clipfiles/end.h"
#include "client/services/clipfiles/fetch.h"
#include "client/services/clipfiles/folder.h"
#include <check.h>

struct stage {
	char dir[64]; /* fresh, removed at the end */
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_clip_end *host, *viewer;
	struct hws_list line; /* messages on their way */
	bool cut;             /* they vanish */
	bool congested;       /* of the host's line */
	unsigned sent_host, sent_viewer, refused, gone, lists, read, files_told;
	struct hws_clip_list *list; /* that the viewer has; borrows */
	char why[400];
	/* the last message of each way (to the viewer, to the host), if it is short */
	uint8_t said[2][128];
	size_t said_len[2];
	/* what the viewer asks, as it passes; may change it */
	void (*on_request)(Ses__CliprdrFileContentsRequest *q);
	uint64_t clock_us; /* added to the loop's */
};

extern struct stage stage;

/* `extended`: both ends are ours; else as deployed programs speak. */
void stage_begin(bool extended);
void stage_end(void);
/* Below stage.dir; one of some static buffers. */
const char *stage_path(const char *name);
void stage_write(const char *name, const char *text);
void stage_folder(const char *name);
/* The same content, by walking both. */
void stage_equal(const char *a, const char *b);
/* Of the host: walked, offered, and the list arrived at the viewer. */
struct hws_clip_tree *stage_copy(const char *name);
/* One turn of the loop, and what is on the line delivered. */
void stage_turn(void);
void stage_until(bool (*done)(void));
/* Fetches all into a folder of this name, which is made; the result. */
int stage_fetch(const char *name);
