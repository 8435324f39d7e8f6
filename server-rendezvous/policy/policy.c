/* rendezvous/policy: questions wait in the order in which they were asked; one that is two seconds
 * old is not waited for any longer. A link that is lost is made again, and what is not answered yet
 * is asked there once more. */
#include "server-rendezvous/policy/policy.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/daemon/line_link.h"
#include "shared/net/addr.h"
#include "shared/sys/local_socket.h"

#define QUESTIONS_MAX 1024u
#define SESSIONS_MAX 4096u
#define TELLS_MAX 1024u
#define VERDICTS_MAX 16384u
#define ANSWER_US (2 * HWS_US_PER_S)
#define HOLD_US (5 * HWS_US_PER_S)
#define AGAIN_FIRST_US (100 * HWS_US_PER_MS)
#define AGAIN_MAX_US (5 * HWS_US_PER_S)
#define OUT_MAX (4u << 20)
/* What is told leaves room for what is asked. */
#define TELL_ROOM (1u << 20)
#define AWAY                                                                                       \
	"This server cannot find out at the moment whether you may connect. Try again in a while."

struct question {
	struct hws_list node;
	uint64_t asked_us;
	uint8_t key[RDV_VERDICT_KEY];
	struct hws_policy_say_line say;
	rdv_policy_fn fn;
	void *arg;
};

/* A session that a viewer keeps alive, to be told again on another link. */
struct session {
	struct hws_list node;
	struct hws_policy_say_line say;
};

struct rdv_policy {
	struct rdv_core *core;
	struct hws_loop *loop;
	struct hws_line_link *link; /* NULL: none now */
	struct rdv_verdicts *verdicts;
	struct hws_list questions, sessions;
	uint32_t asked, lasting;
	uint64_t number, links, lost_us, again_us;
	struct hws_timer again, patience;
	uint64_t tells; /* atomic: posted, not yet run */
	bool said_lost;
};

static void set_patience(struct rdv_policy *p);

/* --- verdicts --------------------------------------------------------------------------------- */

/* What the API server said, now or before. */
static void count_verdict(struct rdv_policy *p, const struct rdv_verdict *v)
{
	if (!v->allowed)
		hws_count(&p->core->count.policy_refused);
}

static void away(struct rdv_policy *p, const uint8_t key[RDV_VERDICT_KEY], struct rdv_verdict *ret)
{
	const struct rdv_verdict *last = NULL;

	hws_count(&p->core->count.policy_away);
	if (rdv_conf(p->core)->policy_away == RDV_AWAY_LAST)
		last = rdv_verdicts_find(p->verdicts, key, hws_loop_now_us(p->loop), true);
	if (last) {
		count_verdict(p, last);
		*ret = *last;
		return;
	}
	*ret = (struct rdv_verdict){ .text = AWAY };
}

/* Takes it out of the list. */
static void answer(struct rdv_policy *p, struct question *q, const struct rdv_verdict *v)
{
	rdv_policy_fn fn = q->fn;
	void *arg = q->arg;

	hws_list_remove(&q->node);
	p->asked--;
	hws_free_wiped(q, sizeof(*q));
	fn(v, arg);
}

static void give_up(struct rdv_policy *p, struct question *q)
{
	struct rdv_verdict v;

	away(p, q->key, &v);
	answer(p, q, &v);
}

static void on_patience(void *arg)
{
	struct rdv_policy *p = arg;
	uint64_t now = hws_loop_now_us(p->loop);
	struct hws_list *n;

	while ((n = hws_list_first(&p->questions))) {
		struct question *q = hws_container(n, struct question, node);

		if (now - q->asked_us < ANSWER_US)
			break;
		hws_warn_limited("policy.slow", HWS_STR("id", q->say.id));
		give_up(p, q);
	}
	set_patience(p);
}

static void set_patience(struct rdv_policy *p)
{
	struct hws_list *n = hws_list_first(&p->questions);
	uint64_t age;

	if (!n) {
		hws_timer_stop(&p->patience);
		return;
	}
	age = hws_loop_now_us(p->loop) - hws_container(n, struct question, node)->asked_us;
	hws_timer_start(p->loop, &p->patience, age < ANSWER_US ? ANSWER_US - age : 0, on_patience,
			p);
}

static struct rdv_verdict verdict_of(const struct hws_policy_answer *a)
{
	struct rdv_verdict v = { .allowed = a->word == HWS_POLICY_ALLOW };

	if (v.allowed) {
		v.granted.feedback = a->feedback;
		v.granted.permissions = a->permissions;
		memcpy(v.granted.ref, a->ref, sizeof(v.granted.ref));
	}
	memcpy(v.text, a->text, sizeof(v.text));
	return v;
}

static void on_answer(struct rdv_policy *p, struct question *q, const struct hws_policy_answer *a)
{
	struct rdv_verdict v;

	if (a->word == HWS_POLICY_UNDECIDED) {
		give_up(p, q);
		return;
	}
	v = verdict_of(a);
	rdv_verdicts_put(p->verdicts, q->key, &v, hws_loop_now_us(p->loop),
			a->hold_s ? a->hold_s * HWS_US_PER_S : HOLD_US);
	count_verdict(p, &v);
	answer(p, q, &v);
}

/* --- the link --------------------------------------------------------------------------------- */

static bool send_line(struct rdv_policy *p, const struct hws_policy_say_line *say, size_t keep)
{
	if (!p->link || hws_line_link_room(p->link) < keep + HWS_POLICY_LINE_MAX)
		return false;
	return hws_policy_say_put(say, hws_line_link_out(p->link)) == HWS_OK;
}

static void on_line(struct hws_bytes line, void *arg)
{
	struct rdv_policy *p = arg;
	struct hws_policy_answer a;
	struct hws_list *n, *next;

	if (hws_policy_answer_parse(line, &a) < 0) {
		hws_warn_limited("policy.bad_line", HWS_U64("bytes", line.len));
		return; /* who waits for it stops waiting */
	}
	hws_list_for_safe (n, next, &p->questions) {
		struct question *q = hws_container(n, struct question, node);

		if (q->say.number == a.number) {
			on_answer(p, q, &a);
			break;
		}
	}
	set_patience(p);
}

static void try_later(struct rdv_policy *p);

static void on_end(void *arg)
{
	struct rdv_policy *p = arg;

	p->link = NULL;
	__atomic_store_n(&p->core->policy_link, 0, __ATOMIC_RELAXED);
	p->lost_us = hws_loop_now_us(p->loop);
	try_later(p);
}

static void say_again(struct rdv_policy *p)
{
	struct hws_policy_say_line hello = { .say = HWS_POLICY_HELLO };
	struct hws_list *n;

	if (hws_str_copy(hello.node, sizeof(hello.node), rdv_conf(p->core)->node) < 0)
		hello.node[0] = '\0';
	(void)send_line(p, &hello, 0);
	hws_list_for (n, &p->questions) {
		(void)send_line(p, &hws_container(n, struct question, node)->say, 0);
	}
	hws_list_for (n, &p->sessions) {
		if (!send_line(p, &hws_container(n, struct session, node)->say, TELL_ROOM))
			break;
	}
	hws_line_link_flush(p->link);
}

static int connect_there(struct rdv_policy *p)
{
	const struct hws_line_conf conf = { .line_max = HWS_POLICY_LINE_MAX,
		.out_max = OUT_MAX,
		.on_line = on_line,
		.on_end = on_end,
		.arg = p };
	int fd, r = hws_local_connect(rdv_conf(p->core)->policy_socket, &fd);

	return r == HWS_OK ? hws_line_link_new(p->loop, fd, &conf, &p->link) : r;
}

static void on_again(void *arg)
{
	struct rdv_policy *p = arg;
	int r = connect_there(p);

	if (r < 0) {
		if (!p->said_lost)
			hws_warn("policy.away", HWS_STR("socket", rdv_conf(p->core)->policy_socket),
					HWS_ERR("why", r));
		p->said_lost = true;
		try_later(p);
		return;
	}
	hws_info("policy.connected", HWS_STR("socket", rdv_conf(p->core)->policy_socket));
	p->said_lost = false;
	p->again_us = AGAIN_FIRST_US;
	__atomic_store_n(&p->core->policy_link, ++p->links, __ATOMIC_RELAXED);
	say_again(p);
}

static void try_later(struct rdv_policy *p)
{
	hws_timer_start(p->loop, &p->again, p->again_us, on_again, p);
	p->again_us = HWS_MIN(p->again_us * 2, AGAIN_MAX_US);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* A token that is longer than any of ours is nobody's. */
static void put_text(char *buf, size_t size, const char *text)
{
	if (hws_str_copy(buf, size, text) < 0)
		buf[0] = '\0';
}

static int make_question(struct rdv_policy *p, const struct rdv_policy_question *q,
		struct hws_policy_say_line *ret)
{
	*ret = (struct hws_policy_say_line){
		.say = HWS_POLICY_ACCESS, .number = ++p->number, .kind = q->kind
	};
	put_text(ret->token, sizeof(ret->token), q->token);
	put_text(ret->switch_code, sizeof(ret->switch_code), q->switch_code);
	hws_addr_ip_text(q->from, ret->address, sizeof(ret->address));
	return *q->id ? hws_str_copy(ret->id, sizeof(ret->id), q->id) : HWS_ERR_INVAL;
}

static bool is_away(const struct rdv_policy *p)
{
	return !p->link && hws_loop_now_us(p->loop) - p->lost_us >= ANSWER_US;
}

static struct question *enqueue(struct rdv_policy *p, const struct hws_policy_say_line *say,
		const uint8_t key[RDV_VERDICT_KEY], rdv_policy_fn fn, void *arg)
{
	struct question *w = p->asked < QUESTIONS_MAX && !is_away(p) ? hws_alloc(sizeof(*w)) : NULL;

	if (!w)
		return NULL;
	w->asked_us = hws_loop_now_us(p->loop);
	memcpy(w->key, key, RDV_VERDICT_KEY);
	w->say = *say;
	w->fn = fn;
	w->arg = arg;
	hws_list_push(&p->questions, &w->node);
	p->asked++;
	return w;
}

bool rdv_policy_ask(struct rdv_policy *p, const struct rdv_policy_question *q,
		struct rdv_verdict *ret, rdv_policy_fn fn, void *arg)
{
	const struct rdv_verdict *kept;
	struct hws_policy_say_line say;
	uint8_t key[RDV_VERDICT_KEY];
	struct question *w;

	if (make_question(p, q, &say) < 0) {
		*ret = (struct rdv_verdict){ .text = "There is no device with such an ID." };
		return true;
	}
	rdv_verdicts_key(p->verdicts, &say, key);
	kept = rdv_verdicts_find(p->verdicts, key, hws_loop_now_us(p->loop), false);
	if (kept) {
		hws_count(&p->core->count.policy_kept);
		count_verdict(p, kept);
		*ret = *kept;
		return true;
	}
	w = enqueue(p, &say, key, fn, arg);
	if (!w) {
		away(p, key, ret);
		return true;
	}
	hws_count(&p->core->count.policy_asked);
	if (p->asked == 1)
		set_patience(p);
	if (send_line(p, &w->say, 0))
		hws_line_link_flush(p->link);
	return false;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void tell(struct rdv_policy *p, const struct hws_policy_say_line *say)
{
	if (send_line(p, say, TELL_ROOM))
		hws_line_link_flush(p->link);
	else if (p->link)
		hws_count(&p->core->count.policy_untold);
}

void rdv_policy_begin(struct rdv_policy *p, uint64_t link, const char *token,
		const struct sockaddr_storage *from)
{
	struct session *s = p->lasting < SESSIONS_MAX ? hws_alloc(sizeof(*s)) : NULL;

	if (!s) {
		hws_count(&p->core->count.policy_untold);
		return;
	}
	s->say.say = HWS_POLICY_BEGIN;
	s->say.number = link;
	put_text(s->say.token, sizeof(s->say.token), token);
	hws_addr_ip_text(from, s->say.address, sizeof(s->say.address));
	hws_list_push(&p->sessions, &s->node);
	p->lasting++;
	tell(p, &s->say);
}

void rdv_policy_end(struct rdv_policy *p, uint64_t link)
{
	const struct hws_policy_say_line say = { .say = HWS_POLICY_END, .number = link };
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &p->sessions) {
		struct session *s = hws_container(n, struct session, node);

		if (s->say.number != link)
			continue;
		hws_list_remove(n);
		p->lasting--;
		hws_free_wiped(s, sizeof(*s));
		tell(p, &say);
		break;
	}
}

struct told {
	struct rdv_core *core;
	struct hws_policy_say_line say;
};

static void on_told(void *arg)
{
	struct told *t = arg;
	struct rdv_policy *p = t->core->policy;

	if (p) { /* NULL: the server is about to end */
		__atomic_fetch_sub(&p->tells, 1, __ATOMIC_RELAXED);
		tell(p, &t->say);
	}
	hws_free(t);
}

void rdv_policy_device(struct rdv_policy *p, const struct rdv_policy_device *d)
{
	struct told *t = NULL;

	if (__atomic_add_fetch(&p->tells, 1, __ATOMIC_RELAXED) <= TELLS_MAX)
		t = hws_alloc(sizeof(*t));
	if (!t)
		goto dropped;
	t->core = p->core;
	t->say.say = HWS_POLICY_DEVICE;
	t->say.refused = d->refused;
	t->say.seen_s = d->seen_s;
	put_text(t->say.address, sizeof(t->say.address), d->address);
	put_text(t->say.old_id, sizeof(t->say.old_id), d->old_id);
	if (hws_str_copy(t->say.id, sizeof(t->say.id), d->id) < 0 ||
			hws_base64_encode(d->uuid, t->say.uuid, sizeof(t->say.uuid)) < 0 ||
			hws_base64_encode(d->pk, t->say.key, sizeof(t->say.key)) < 0 ||
			hws_loop_post(p->loop, on_told, t) < 0)
		goto dropped;
	return;
dropped:
	hws_free(t);
	__atomic_fetch_sub(&p->tells, 1, __ATOMIC_RELAXED);
	hws_count(&p->core->count.policy_untold);
}

/* --- life ------------------------------------------------------------------------------------- */

int rdv_policy_new(struct rdv_core *core, struct hws_loop *loop, struct rdv_policy **ret)
{
	struct rdv_policy *p = hws_alloc(sizeof(*p));
	int r;

	if (!p)
		return HWS_ERR_NOMEM;
	r = rdv_verdicts_new(VERDICTS_MAX, &p->verdicts);
	if (r < 0) {
		hws_free(p);
		return r;
	}
	p->core = core;
	p->loop = loop;
	p->again_us = AGAIN_FIRST_US;
	p->lost_us = hws_loop_now_us(loop);
	hws_list_init(&p->questions);
	hws_list_init(&p->sessions);
	hws_timer_start(loop, &p->again, 0, on_again, p);
	*ret = p;
	return HWS_OK;
}

void rdv_policy_free(struct rdv_policy *p)
{
	struct hws_list *n;

	if (!p)
		return;
	hws_line_link_free(p->link);
	p->link = NULL;
	hws_timer_stop(&p->again);
	while ((n = hws_list_first(&p->questions)))
		give_up(p, hws_container(n, struct question, node));
	hws_timer_stop(&p->patience);
	while ((n = hws_list_first(&p->sessions))) {
		hws_list_remove(n);
		hws_free_wiped(hws_container(n, struct session, node), sizeof(struct session));
	}
	rdv_verdicts_free(p->verdicts);
	hws_free(p);
}
