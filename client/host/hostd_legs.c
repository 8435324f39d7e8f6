/* What hostd has to do with legs (net/legs): it knows which session a name is of, and joins two
 * gates by a socket pair, unread: the gate of a connection that claims to be its viewer's, which
 * parses the stream, and the session's own, which has the key and asks for the proof. A leg is no
 * session: it has no login, no desktop and no notice, and ends with the session. */
#include "client/host/hostd.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/net/addr.h"
#include <stdio.h>
#include <unistd.h>

#define JOINING_MAX 2u /* of one session, at one time */

static struct hws_host_session *at(struct hws_list *n)
{
	return hws_container(n, struct hws_host_session, node);
}

static struct hws_host_session *find(struct hws_hostd *h, const ProtobufCBinaryData *name)
{
	struct hws_host_session *found = NULL;
	struct hws_list *n;

	if (name->len != HWS_LEG_NAME_LEN)
		return NULL;
	hws_list_for (n, &h->sessions) {
		struct hws_host_session *v = at(n);

		if (v->shown && !v->leaving && hws_session_leg_named(v, name->data))
			found = v;
	}
	return found;
}

/* A viewer makes one leg after the other: who comes with a new name has given up those that it
 * began before, whose way may be dead without a word. NULL: there is room beside them. */
static struct hws_host_session *given_up(
		struct hws_hostd *h, const struct hws_host_session *session)
{
	struct hws_host_session *oldest = NULL;
	struct hws_list *n;
	unsigned count = 0;

	hws_list_for (n, &h->sessions) {
		struct hws_host_session *v = at(n);

		if (v->leg.of != session->conn || v->leg.up || v->leaving)
			continue;
		if (!oldest || v->conn < oldest->conn)
			oldest = v;
		count++;
	}
	return count >= JOINING_MAX ? oldest : NULL;
}

static const char *why_not(struct hws_hostd *h, const struct hws_host_session *v,
		struct hws_host_session *session, const Agt__LegRequest *q)
{
	if (!v->has_signed || v->spoke || v->leg.of || v->leaving)
		return "it is something else already";
	if (v->refuse)
		return v->refuse;
	if (!session) /* who has seen a name go by comes too late with it */
		return "no session has a leg of that name to come";
	if (hws_session_leg_use(session, q->name.data) != q->number)
		return "its number is another leg's";
	if (!hws_bucket_take(&session->leg.rate, 1, hws_loop_now_us(h->loop)))
		return "too many in a short time";
	return NULL;
}

/* Both ends are taken. The session may be over after this, and the leg with it. */
static void join(struct hws_hostd *h, struct hws_host_session *v, struct hws_host_session *session,
		const Agt__LegRequest *q)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__LegJoin j = AGT__LEG_JOIN__INIT;
	Agt__LegVerdict verdict = AGT__LEG_VERDICT__INIT;
	uint64_t conn = v->conn;
	int fds[2];

	if (hws_ipc_pair(fds) < 0) {
		hws_host_session_close(v, HWS_ERR_NOMEM);
		return;
	}
	hws_session_is_leg(v, session->conn);
	j.conn = v->conn;
	j.number = q->number;
	j.nonce = q->nonce;
	m.union_case = AGT__MESSAGE__UNION_LEG_JOIN;
	m.leg_join = &j;
	hws_session_tell(session, &m, fds[0]);
	v = hws_hostd_session(h, conn);
	if (!v) {
		close(fds[1]);
		return;
	}
	m.union_case = AGT__MESSAGE__UNION_LEG_VERDICT;
	m.leg_verdict = &verdict;
	hws_session_tell(v, &m, fds[1]);
}

void hws_hostd_leg_asked(struct hws_host_session *v, const Agt__LegRequest *q, void *arg)
{
	struct hws_hostd *h = arg;
	struct hws_host_session *session = find(h, &q->name), *before;
	const char *why = why_not(h, v, session, q);

	if (!why) {
		before = given_up(h, session);
		if (before)
			hws_host_session_close(before, HWS_ERR_TIMEOUT);
		join(h, v, session, q);
		return;
	}
	hws_info_limited("leg.refused", HWS_U64("conn", v->conn), HWS_STR("peer", v->peer),
			HWS_STR("why", why));
	hws_host_session_close(v, HWS_ERR_DENIED);
}

/* What its gate says of its own session: which of the connections that hostd gave it for this one
 * it goes over. `leg` NULL: its first one. */
static void moved(
		struct hws_hostd *h, struct hws_host_session *v, const struct hws_host_session *leg)
{
	const struct sockaddr_storage *peer = leg ? &leg->from : &v->from;
	const char *via = leg ? leg->via : v->leg.first_via;
	char text[HWS_ADDR_TEXT], words[2 * HWS_ADDR_TEXT + 40];

	v->leg.on = leg ? leg->conn : 0;
	hws_addr_text(peer, text, sizeof(text));
	snprintf(words, sizeof(words), "from %s, %s, to %s, %s", v->via, v->peer, via, text);
	v->via = via;
	hws_str_escape(v->peer, sizeof(v->peer), hws_bytes_str(text));
	hws_info_limited("session.path", HWS_U64("conn", v->conn), HWS_STR("via", via),
			HWS_STR("peer", text));
	hws_hostd_session_audit(v, "session.path", words, h);
}

/* Those that it went over before get the time to end by themselves. */
static void end_others(struct hws_hostd *h, const struct hws_host_session *v, uint64_t but)
{
	struct hws_list *n;

	hws_list_for (n, &h->sessions)
		if (at(n)->leg.of == v->conn && at(n)->leg.up && at(n)->conn != but)
			hws_session_leg_ends(at(n));
}

void hws_hostd_leg_up(struct hws_host_session *v, const Agt__LegUp *up, void *arg)
{
	struct hws_hostd *h = arg;
	struct hws_host_session *leg = up->conn ? hws_hostd_session(h, up->conn) : NULL;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__LegVerdict verdict = AGT__LEG_VERDICT__INIT;
	bool again;

	if (!v->shown || v->leaving)
		return;
	if (!up->conn) {
		if (v->leg.on) /* a gate that errs may say so for ever */
			moved(h, v, NULL);
		return;
	}
	if (!leg || leg->leg.of != v->conn || leg->leaving || v->leg.on == leg->conn)
		return;
	again = leg->leg.up; /* the one that came after it has failed */
	hws_session_leg_is_up(leg);
	moved(h, v, leg);
	end_others(h, v, leg->conn);
	if (again) /* it knows the rest */
		return;
	verdict.tag_secret = up->tag_secret;
	m.union_case = AGT__MESSAGE__UNION_LEG_VERDICT;
	m.leg_verdict = &verdict;
	hws_session_tell(leg, &m, -1);
}

void hws_hostd_legs_end(struct hws_hostd *h, uint64_t conn)
{
	struct hws_list *n;

	hws_list_for (n, &h->sessions)
		if (at(n)->leg.of == conn)
			hws_session_leg_over(at(n));
}
