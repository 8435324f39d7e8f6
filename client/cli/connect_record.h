/* cli/connect_record: --record of `hawser connect --headless`, and what is said of recordings. */
#pragma once
#include <hawser/hawser.h>
#include <stdbool.h>
#include <stddef.h>

struct connect_record {
	bool awaited; /* its file is complete only when its end has been told */
};

/* Begins it: 0, or an exit status after a message. */
int connect_record_begin(
		struct connect_record *c, hawser_session *s, size_t display, const char *path);
/* HAWSER_EVENT_RECORDING; `path` of --record, "" = what is recorded is so by the settings, and its
 * end is no reason to end. 0, or an exit status after a message. */
int connect_record_event(struct connect_record *c, const struct hawser_event *ev, const char *path);
/* Ends it and waits a few seconds for the rest of the file. */
void connect_record_end(struct connect_record *c, hawser_context *ctx, hawser_session *s);
