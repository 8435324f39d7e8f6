/* clipfiles/fetch: what a peer has copied, written into a folder of this machine. Each file is
 * written under another name and gets its own when it is whole; nothing that is there is replaced,
 * nothing is written outside of the folder. Reading is the paster's, writing a worker's. Loop
 * thread only. */
#pragma once
#include "client/services/clipfiles/paster.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"

struct hws_clip_fetch;

struct hws_clip_fetch_progress {
	uint32_t entries, entries_all; /* files and folders */
	uint64_t bytes, bytes_all;
};

struct hws_clip_fetch_conf {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_clip_paster *paster; /* has a list */
	const char *folder;             /* is there; copied */
	void (*on_progress)(const struct hws_clip_fetch_progress *p, void *arg);
	/* It is over: HWS_OK, or a whole sentence why not; the last call: to be freed. Not called
	 * from inside the functions below. */
	void (*on_done)(int r, const char *why, void *arg);
	void *arg;
};

int hws_clip_fetch_new(
		const struct hws_clip_fetch_conf *conf, struct hws_clip_fetch **ret) HWS_MUST_CHECK;
/* Ends it; a file that is not whole is removed. Takes NULL. */
void hws_clip_fetch_free(struct hws_clip_fetch *f);
