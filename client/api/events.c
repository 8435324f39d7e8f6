/* A queue that never grows without end: what only shows the present (pictures, positions,
 * statistics) replaces the older one of its kind, what must be heard keeps its place. */
#include "client/api/events.h"
#include "client/api/handle.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <hawser/clipfiles.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int api_events_init(struct api_events *q)
{
	*q = (struct api_events){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (q->fd < 0)
		return hws_err_from_errno(errno);
	hws_list_init(&q->list);
	pthread_mutex_init(&q->lock, NULL);
	return HWS_OK;
}

void api_events_done(struct api_events *q)
{
	struct api_event *e;

	if (q->fd < 0 || !q->list.next)
		return;
	while ((e = api_events_pop(q)))
		api_event_free(e);
	pthread_mutex_destroy(&q->lock);
	close(q->fd);
	q->fd = -1;
}

/* What an event points to is a chain of blocks. */
struct block {
	struct block *next;
	uint8_t content[];
};

struct api_event *api_event_new(hawser_session *s, enum hawser_event_type type)
{
	struct api_event *e = hws_alloc(sizeof(*e));

	if (!e)
		return NULL;
	e->session = api_session_ref(s);
	e->ev.size = sizeof(e->ev);
	e->ev.type = type;
	return e;
}

void *api_event_bytes(struct api_event *e, const void *bytes, size_t n)
{
	struct block *b = hws_alloc(sizeof(*b) + n + 1);

	if (!b)
		return NULL;
	if (n > 0)
		memcpy(b->content, bytes, n);
	b->next = e->data;
	e->data = b;
	return b->content;
}

void api_event_after(struct api_event *e,
		void (*fn)(struct api_session_loop *e, const struct api_command *c), int64_t a,
		int64_t b)
{
	e->after = fn;
	e->after_a = a;
	e->after_b = b;
}

const char *api_event_text(struct api_event *e, const char *text)
{
	const char *copy = text ? api_event_bytes(e, text, strlen(text)) : NULL;

	return copy ? copy : "";
}

void api_event_free(struct api_event *e)
{
	if (!e)
		return;
	for (struct block *b = e->data, *next; b; b = next) {
		next = b->next;
		hws_free(b);
	}
	api_session_unref(e->session);
	hws_free(e);
}

/* Of which only the newest counts. */
static bool is_coalesced(const struct hawser_event *a, const struct hawser_event *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case HAWSER_EVENT_CLIPFILES: /* how far it is */
		return a->u.clipfiles->type == HAWSER_CLIPFILES_PROGRESS &&
				b->u.clipfiles->type == HAWSER_CLIPFILES_PROGRESS;
	case HAWSER_EVENT_FRAME:
		return a->u.frame.display == b->u.frame.display;
	case HAWSER_EVENT_CURSOR:
	case HAWSER_EVENT_CURSOR_POSITION:
	case HAWSER_EVENT_STATS:
	case HAWSER_EVENT_DISPLAYS:
	case HAWSER_EVENT_CLIPBOARD:
	case HAWSER_EVENT_HOST_RECORDING:
		return true;
	default:
		return false;
	}
}

/* Few, whatever a host does: each costs it a link. */
static bool is_end(enum hawser_event_type type)
{
	return type == HAWSER_EVENT_STATE || type == HAWSER_EVENT_CLOSED;
}

/* What an embedder that does not dispatch may miss when the queue is full. */
static bool can_be_missed(enum hawser_event_type type)
{
	switch (type) {
	case HAWSER_EVENT_STATE:
	case HAWSER_EVENT_PASSWORD:
	case HAWSER_EVENT_INSECURE:
	case HAWSER_EVENT_READY:
	case HAWSER_EVENT_RECORDING:
	case HAWSER_EVENT_CLOSED:
	case HAWSER_EVENT_HOST_KEY:
	case HAWSER_EVENT_FILES:
	case HAWSER_EVENT_CLIPFILES:
	case HAWSER_EVENT_TERMINAL:
	case HAWSER_EVENT_TUNNEL:
	case HAWSER_EVENT_PRINT:
	case HAWSER_EVENT_PRIVACY:
	case HAWSER_EVENT_CALL:
	case HAWSER_EVENT_HOST_RECORDING:
	case HAWSER_EVENT_SCREENSHOT:
		return false;
	default:
		return true;
	}
}

static struct api_event *find_like(struct api_events *q, const struct api_event *e)
{
	struct hws_list *node;

	hws_list_for (node, &q->list) {
		struct api_event *old = hws_container(node, struct api_event, node);
		if (old->session == e->session && is_coalesced(&old->ev, &e->ev))
			return old;
	}
	return NULL;
}

void api_events_wake(struct api_events *q)
{
	uint64_t one = 1;

	/* A full counter is readable, too. */
	if (write(q->fd, &one, sizeof(one)) < 0)
		return;
}

void api_events_push(struct api_events *q, struct api_event *e)
{
	struct api_event *old, *dead = NULL;

	pthread_mutex_lock(&q->lock);
	old = find_like(q, e);
	if (old) {
		/* In the old one's place, so that order among different events is kept. */
		struct hawser_event ev = old->ev;
		void *data = old->data;
		old->ev = e->ev;
		old->data = e->data;
		e->ev = ev;
		e->data = data;
		dead = e;
	} else if (!e->after && !is_end(e->ev.type) &&
			(q->count >= 4 * API_EVENTS_MAX ||
					(q->count >= API_EVENTS_MAX &&
							can_be_missed(e->ev.type)))) {
		dead = e;
	} else {
		hws_list_push(&q->list, &e->node);
		if (q->count++ == 0)
			api_events_wake(q);
	}
	pthread_mutex_unlock(&q->lock);
	api_event_free(dead);
}

struct api_event *api_events_pop(struct api_events *q)
{
	struct hws_list *node;

	pthread_mutex_lock(&q->lock);
	node = hws_list_first(&q->list);
	if (node) {
		hws_list_remove(node);
		q->count--;
	}
	pthread_mutex_unlock(&q->lock);
	return node ? hws_container(node, struct api_event, node) : NULL;
}

unsigned api_events_count(struct api_events *q)
{
	pthread_mutex_lock(&q->lock);
	unsigned n = q->count;
	pthread_mutex_unlock(&q->lock);
	return n;
}

void api_events_clear_fd(struct api_events *q)
{
	uint64_t n;

	if (read(q->fd, &n, sizeof(n)) < 0)
		return;
}

void api_events_purge(struct api_events *q, const hawser_session *s)
{
	struct hws_list *node, *tmp, dead;

	hws_list_init(&dead);
	pthread_mutex_lock(&q->lock);
	hws_list_for_safe (node, tmp, &q->list) {
		if (hws_container(node, struct api_event, node)->session != s)
			continue;
		hws_list_remove(node);
		hws_list_push(&dead, node);
		q->count--;
	}
	pthread_mutex_unlock(&q->lock);
	while ((node = hws_list_first(&dead))) {
		hws_list_remove(node);
		api_event_free(hws_container(node, struct api_event, node));
	}
}
