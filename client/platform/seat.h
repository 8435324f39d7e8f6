/* platform/seat: who sits at this machine: the sessions of its seat, which of them is in front,
 * whether it is locked, and when it is the greeter that asks for a name.
 *
 * The host shows the session in front. When the person there switches to another one, logs out to
 * the greeter or locks the screen, what the far end should see changes: the events tell it.
 *
 * All calls and events on the loop's thread; events never come from inside a call of this
 * interface. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_SEAT_SESSIONS_MAX 64u

enum hws_seat_kind {
	HWS_SEAT_TEXT, /* a console without a display */
	HWS_SEAT_X11,
	HWS_SEAT_WAYLAND
};

struct hws_seat_session {
	char id[64];   /* of the back-end ("c2"); never used again for another one */
	char user[64]; /* of a greeter: of the greeter's own user */
	uint32_t uid;
	enum hws_seat_kind kind;
	char display[64]; /* of X11 (":0"); of others ""; */
	bool greeter;     /* asks who is there; nobody has logged in to it */
	bool locked;      /* its screen; always false for a greeter */
};

/* What changed; several may come together. */
enum {
	HWS_SEAT_LIST = 1,  /* a session came or went */
	HWS_SEAT_FRONT = 2, /* another session is in front, or none */
	HWS_SEAT_LOCK = 4   /* a screen was locked or unlocked */
};

struct hws_seat;

struct hws_seat_events {
	/* `changed`: HWS_SEAT_* bits. The list has its new state already. */
	void (*on_change)(unsigned changed, void *arg);
	/* The service that tells of sessions has gone; the list stays as it was last. May be
	 * NULL. */
	void (*on_lost)(const char *why, void *arg);
	void *arg;
};

struct hws_seat_impl {
	const struct hws_seat_session *(*sessions)(struct hws_seat *s, unsigned *ret_count);
	const struct hws_seat_session *(*front)(struct hws_seat *s);
	int (*bring_front)(struct hws_seat *s, const struct hws_seat_session *session);
	int (*set_lock)(struct hws_seat *s, const struct hws_seat_session *session, bool locked);
};

struct hws_seat {
	const struct hws_seat_impl *impl;
	struct hws_seat_events ev; /* set by the user */
};

/* Borrows until the next turn of the loop. */
static inline const struct hws_seat_session *hws_seat_sessions(
		struct hws_seat *s, unsigned *ret_count)
{
	return s->impl->sessions(s, ret_count);
}

/* One of the list; NULL while the seat shows none (during a switch, or a seat without a display).
 * Borrows until the next turn of the loop. */
static inline const struct hws_seat_session *hws_seat_front(struct hws_seat *s)
{
	return s->impl->front(s);
}

/* NULL: no such session. Borrows until the next turn of the loop. */
const struct hws_seat_session *hws_seat_find(struct hws_seat *s, const char *id);

/* Asks for another session in front; on_change tells when it is there. HWS_ERR_NOTFOUND.
 * HWS_ERR_PERM: this user may not. Nothing happens when it is in front already. */
int hws_seat_bring_front(struct hws_seat *s, const char *id) HWS_MUST_CHECK;

/* Asks for its screen to be locked or unlocked; on_change tells when it is. HWS_ERR_NOTFOUND.
 * HWS_ERR_PERM: this user may not. HWS_ERR_UNSUPPORTED: a greeter has nothing to lock. */
int hws_seat_set_lock(struct hws_seat *s, const char *id, bool locked) HWS_MUST_CHECK;
