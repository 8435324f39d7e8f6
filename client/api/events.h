/* api/events: the queue of events between a context's thread and the embedder's. Bounded; pictures
 * and positions are coalesced. Any thread may push; the embedder's thread takes. */
#pragma once
#include "shared/base/list.h"
#include <hawser/session.h>
#include <pthread.h>

#define API_EVENTS_MAX 1024u

struct api_command;
struct api_session_loop;

struct api_event {
	struct hws_list node;
	hawser_session *session; /* one reference */
	struct hawser_event ev;
	void *data; /* what ev points to; freed with it */
	/* api_event_after */
	void (*after)(struct api_session_loop *e, const struct api_command *c);
	int64_t after_a, after_b;
};

struct api_events {
	pthread_mutex_t lock;
	struct hws_list list;
	unsigned count;
	int fd; /* eventfd, readable while the list is not empty */
};

int api_events_init(struct api_events *q);
void api_events_done(struct api_events *q);
/* Takes `e` (with its session reference and data). May drop it: when a like event waits already (it
 * is brought up to date) or when the queue is full and the event can be missed. */
void api_events_push(struct api_events *q, struct api_event *e);
/* The oldest, or NULL. */
struct api_event *api_events_pop(struct api_events *q);
unsigned api_events_count(struct api_events *q);
/* Clears readability; call before popping. */
void api_events_clear_fd(struct api_events *q);
/* Makes the descriptor readable. */
void api_events_wake(struct api_events *q);
/* Drops what waits for this session. */
void api_events_purge(struct api_events *q, const hawser_session *s);
/* `ev` zeroed but for its type and size; NULL without memory. */
struct api_event *api_event_new(hawser_session *s, enum hawser_event_type type);
/* Copies bytes (a NUL is put behind them) into the event; NULL without memory. */
void *api_event_bytes(struct api_event *e, const void *bytes, size_t n);
/* The same for a text; "" for NULL and without memory. */
const char *api_event_text(struct api_event *e, const char *text);
/* Runs fn(session loop, command with a and b) on the loop's thread when the embedder has seen the
 * event: for services that let only so much be on its way to the embedder. Such an event is never
 * dropped, so its service has to bound how many there are. Not when the session is closed first. */
void api_event_after(struct api_event *e,
		void (*fn)(struct api_session_loop *e, const struct api_command *c), int64_t a,
		int64_t b);
void api_event_free(struct api_event *e);
