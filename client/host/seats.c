/* Whoever is asked here has shown a password or a key that opens this host. Deployed viewers know
 * of no question, so it is put as a refusal, and to come again is the answer. All texts have "not
 * allowed" in them: viewers of any kind do not connect again by themselves after that. */
#include "client/host/seats.h"
#include "client/host/hostd.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_kind.h"
#include <stdio.h>

#define ASKED_US (60 * HWS_US_PER_S)
/* What one who only looks on has no use for, where only one may control. */
#define CONTROLS                                                                                   \
	(HWS_NEED(HWS_PERM_KEYBOARD) | HWS_NEED(HWS_PERM_CLIPBOARD) | HWS_NEED(HWS_PERM_FILE) |    \
			HWS_NEED(HWS_PERM_RESTART) | HWS_NEED(HWS_PERM_BLOCK_INPUT) |              \
			HWS_NEED(HWS_PERM_PRIVACY_MODE))

static struct hws_host_session *at(const struct hws_list *n)
{
	return hws_container((struct hws_list *)(uintptr_t)n, struct hws_host_session, node);
}

static bool same_key(const struct hws_host_session *a, const struct hws_host_session *b)
{
	return a->has_viewer == b->has_viewer &&
			(!a->has_viewer || !memcmp(a->viewer_pk, b->viewer_pk, HWS_PK_LEN));
}

/* A key that was proven says who it is; without one there is what viewers call themselves. */
static bool same_person(const struct hws_host_session *a, const struct hws_host_session *b)
{
	if (!same_key(a, b) || a->has_viewer)
		return same_key(a, b);
	return hws_str_equal(a->login.my_id, b->login.my_id) &&
			hws_str_equal(a->login.my_name, b->login.my_name);
}

/* The same window: nobody else knows its number. */
static bool same_session(const struct hws_host_session *a, const struct hws_host_session *b)
{
	return a->login.session_id && a->login.session_id == b->login.session_id &&
			same_person(a, b);
}

static bool is_here(const struct hws_host_session *v, const struct hws_host_session *o)
{
	return o != v && o->open && o->login.kind == HWS_KIND_REMOTE && !o->leaving &&
			!o->final_end;
}

static bool controls(const struct hws_host_session *v)
{
	return !v->login.looks_on && (v->permissions & HWS_NEED(HWS_PERM_KEYBOARD));
}

static const char *name_of(const struct hws_host_session *v, char *buf, size_t size)
{
	if (hws_fmt(buf, size, "%s (%s)", *v->my_name ? v->my_name : "?", v->my_id) < 0)
		return v->my_id;
	return buf;
}

/* --- who was told --- */

static bool is_of(const struct hws_seat_asked *a, const struct hws_host_session *v)
{
	if (a->has_viewer != v->has_viewer)
		return false;
	if (a->has_viewer)
		return !memcmp(a->viewer_pk, v->viewer_pk, HWS_PK_LEN);
	return hws_str_equal(a->my_id, v->login.my_id) &&
			hws_str_equal(a->my_name, v->login.my_name);
}

/* It counts once. */
static bool was_asked(struct hws_seats *s, const struct hws_host_session *v, uint64_t now)
{
	for (unsigned i = 0; i < HWS_SEATS_ASKED; i++) {
		struct hws_seat_asked *a = &s->asked[i];

		if (a->until_us <= now || !is_of(a, v))
			continue;
		a->until_us = 0;
		return true;
	}
	return false;
}

static void note_asked(struct hws_seats *s, const struct hws_host_session *v, uint64_t now)
{
	struct hws_seat_asked *a = &s->asked[0];

	for (unsigned i = 1; i < HWS_SEATS_ASKED; i++)
		if (s->asked[i].until_us < a->until_us)
			a = &s->asked[i];
	snprintf(a->my_id, sizeof(a->my_id), "%s", v->login.my_id);
	snprintf(a->my_name, sizeof(a->my_name), "%s", v->login.my_name);
	a->has_viewer = v->has_viewer;
	memcpy(a->viewer_pk, v->viewer_pk, sizeof(a->viewer_pk));
	a->until_us = now + ASKED_US;
}

/* --- */

/* A name proves nothing, and the one who is refused has just read it. */
static bool is_itself(const struct hws_host_session *v, const struct hws_host_session *o)
{
	return v->env->settings->second_viewer == HWS_SECOND_REFUSE && !v->has_viewer
			? same_session(v, o)
			: same_person(v, o);
}

static const struct hws_host_session *who_controls(
		const struct hws_list *sessions, const struct hws_host_session *v)
{
	const struct hws_list *n;

	hws_list_for (n, (struct hws_list *)(uintptr_t)sessions)
		if (is_here(v, at(n)) && controls(at(n)) && !is_itself(v, at(n)))
			return at(n);
	return NULL;
}

const char *hws_seats_ask(struct hws_seats *s, const struct hws_list *sessions,
		struct hws_host_session *v, char *buf, size_t size)
{
	const uint64_t now = hws_loop_now_us(v->env->loop);
	const int how = v->env->settings->second_viewer;
	const struct hws_host_session *o;
	char name[300];
	int r;

	if (v->login.kind != HWS_KIND_REMOTE || how == HWS_SECOND_SHARE)
		return NULL;
	if (v->login.looks_on) { /* and stays so: else everybody would come in that way */
		v->local_off |= CONTROLS;
		return NULL;
	}
	o = who_controls(sessions, v);
	if (!o || how == HWS_SECOND_TAKE_OVER || (how == HWS_SECOND_ASK && was_asked(s, v, now)))
		return NULL;
	name_of(o, name, sizeof(name));
	if (how == HWS_SECOND_ASK)
		note_asked(s, v, now);
	r = hws_fmt(buf, size,
			how == HWS_SECOND_ASK
					? "%s controls this desktop, and a second viewer is not allowed. "
					  "Connect again within a minute to take over"
					: "%s controls this desktop, and a second viewer is not allowed",
			name);
	return r < 0 ? "A second viewer is not allowed" : buf;
}

/* A viewer that was let in by one way comes by no other of the same request. By TCP it closes them;
 * by UDP its word may be lost, or have come before ours. */
static void end_losers(const struct hws_list *sessions, const struct hws_host_session *v)
{
	struct hws_list *n, *tmp;

	hws_list_for_safe (n, tmp, (struct hws_list *)(uintptr_t)sessions) {
		struct hws_host_session *o = at(n);

		if (o != v && v->request && o->request == v->request && o->udp && !o->spoke &&
				!o->open)
			hws_host_session_close(o, HWS_ERR_CANCELED);
	}
}

const char *hws_hostd_seat(struct hws_host_session *v, char *buf, size_t size, void *arg)
{
	struct hws_hostd *h = arg;

	const char *why = hws_seats_ask(&h->seats, &h->sessions, v, buf, size);

	if (!why)
		end_losers(&h->sessions, v);
	return why;
}

static void take_place(struct hws_host_session *v, struct hws_host_session *o)
{
	const bool alone = v->env->settings->second_viewer != HWS_SECOND_SHARE;
	char name[300], text[HWS_SEAT_TEXT];

	if (same_session(v, o)) {
		hws_info("session.continued", HWS_U64("conn", v->conn), HWS_U64("of", o->conn));
		hws_host_session_kick(o, "Continued on a new connection; both are not allowed");
	} else if (alone && controls(v) && controls(o)) {
		hws_info("session.taken_over", HWS_U64("conn", v->conn), HWS_U64("of", o->conn));
		name_of(v, name, sizeof(name));
		if (hws_fmt(text, sizeof(text), "%s has taken over; a second viewer is not allowed",
				    name) < 0)
			hws_host_session_kick(o, "Taken over; a second viewer is not allowed");
		else
			hws_host_session_kick(o, text);
	} else if (same_person(v, o)) { /* another window, or all that is left of one */
		hws_host_session_doubt(o);
	}
}

void hws_seats_taken(const struct hws_list *sessions, struct hws_host_session *v)
{
	struct hws_list *n, *tmp;

	if (!is_here(NULL, v)) /* two that come at once do not end each other */
		return;
	hws_list_for_safe (n, tmp, (struct hws_list *)(uintptr_t)sessions)
		if (is_here(v, at(n)))
			take_place(v, at(n));
}
