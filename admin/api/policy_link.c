/* api/policy_link: questions go to the threads as they come; what is told goes there one after the
 * other, since a session must not end before it has begun. */
#include "admin/api/policy_link.h"
#include "admin/api/policy_word.h"
#include "shared/base/clock.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/daemon/line_link.h"
#include "shared/daemon/metrics.h"
#include "shared/net/listener.h"
#include "shared/sys/local_socket.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 16u
#define QUESTIONS_MAX 1024u /* of a link, on the threads */
#define TELLS_MAX 4096u     /* of a link, waiting */
#define OUT_MAX (4u << 20)
#define BEAT_US (60 * HWS_US_PER_S)
#define BACKLOG 16

struct adi_policy {
	struct hws_loop *loop;
	struct adi_app *app;
	struct hws_work *work;
	struct hws_listener *listener;
	struct hws_list links;
	struct adi_policy_stats stats;
	char path[512];
};

/* Lives until the last job on a thread is back, perhaps longer than the policy. */
struct link {
	struct hws_list node;
	struct adi_policy *policy; /* NULL: the link has ended */
	struct hws_loop *loop;
	struct adi_app *app;
	struct hws_work *work;
	struct hws_line_link *lines;
	struct hws_timer beat;
	struct hws_list tells; /* struct tell */
	unsigned jobs, questions, told;
	bool telling;             /* the first of `tells` is on a thread */
	char name[DAT_GUID_TEXT]; /* of this link among all there ever were */
};

struct question {
	struct link *link;
	struct hws_policy_say_line say;
	struct hws_policy_answer answer;
};

struct tell {
	struct hws_list node;
	struct link *link;
	struct hws_policy_say_line say; /* HWS_POLICY_SAYS: a beat */
};

static void next_tell(struct link *l);

static void tell_free(struct tell *t)
{
	hws_list_remove(&t->node);
	t->link->told--;
	hws_free_wiped(t, sizeof(*t));
}

static void link_release(struct link *l)
{
	struct hws_list *n;

	if (l->policy || l->jobs)
		return;
	while ((n = hws_list_first(&l->tells)))
		tell_free(hws_container(n, struct tell, node));
	hws_free(l);
}

/* --- questions -------------------------------------------------------------------------------- */

static int run_question(void *arg)
{
	struct question *q = arg;

	adi_policy_answer(q->link->app, &q->say, &q->answer);
	return HWS_OK;
}

static void send_answer(struct link *l, const struct hws_policy_answer *a)
{
	struct adi_policy_stats *st = &l->policy->stats;

	hws_count(a->word == HWS_POLICY_ALLOW                          ? &st->allowed
					: a->word == HWS_POLICY_REFUSE ? &st->refused
								       : &st->undecided);
	if (hws_line_link_room(l->lines) < HWS_POLICY_LINE_MAX ||
			hws_policy_answer_put(a, hws_line_link_out(l->lines)) < 0)
		return; /* who does not read is not answered */
	hws_line_link_flush(l->lines);
}

static void on_answered(void *arg, int r)
{
	struct question *q = arg;
	struct link *l = q->link;

	l->questions--;
	if (r < 0) /* it was not run */
		q->answer = (struct hws_policy_answer){ .number = q->say.number,
			.word = HWS_POLICY_UNDECIDED };
	if (l->policy)
		send_answer(l, &q->answer); /* which may end the link */
	hws_free_wiped(q, sizeof(*q));
	l->jobs--;
	link_release(l);
}

static void take_question(struct link *l, const struct hws_policy_say_line *say)
{
	struct hws_policy_answer no = { .number = say->number, .word = HWS_POLICY_UNDECIDED };
	struct question *q = l->questions < QUESTIONS_MAX ? hws_alloc(sizeof(*q)) : NULL;

	if (q) {
		q->link = l;
		q->say = *say;
	}
	if (q && hws_work_submit(l->work, l->loop, run_question, on_answered, q) == HWS_OK) {
		l->jobs++;
		l->questions++;
		return;
	}
	hws_free(q);
	send_answer(l, &no);
}

/* --- what is told ----------------------------------------------------------------------------- */

static int run_tell(void *arg)
{
	const struct tell *t = arg;

	if (t->say.say == HWS_POLICY_SAYS)
		adi_policy_beat(t->link->app, t->link->name);
	else
		adi_policy_told(t->link->app, &t->say, t->link->name);
	return HWS_OK;
}

static void on_taken(void *arg, int r HWS_UNUSED)
{
	struct tell *t = arg;
	struct link *l = t->link;

	l->jobs--;
	l->telling = false;
	tell_free(t);
	if (l->policy)
		next_tell(l);
	link_release(l);
}

static void next_tell(struct link *l)
{
	struct hws_list *n = l->telling ? NULL : hws_list_first(&l->tells);

	if (!n)
		return;
	/* without room among the jobs it waits for the next one, or for the beat */
	if (hws_work_submit(l->work, l->loop, run_tell, on_taken,
			    hws_container(n, struct tell, node)) < 0)
		return;
	l->telling = true;
	l->jobs++;
}

static void take_tell(struct link *l, const struct hws_policy_say_line *say)
{
	struct tell *t = l->told < TELLS_MAX ? hws_alloc(sizeof(*t)) : NULL;

	if (!t) {
		hws_count(&l->policy->stats.dropped);
		return;
	}
	t->link = l;
	t->say = *say;
	hws_list_push(&l->tells, &t->node);
	l->told++;
	if (say->say == HWS_POLICY_DEVICE)
		hws_count(&l->policy->stats.devices);
	next_tell(l);
}

static void on_beat(void *arg)
{
	const struct hws_policy_say_line beat = { .say = HWS_POLICY_SAYS };

	take_tell(arg, &beat);
}

/* --- links ------------------------------------------------------------------------------------ */

static void on_line(struct hws_bytes line, void *arg)
{
	struct link *l = arg;
	struct hws_policy_say_line say;

	if (hws_policy_say_parse(line, &say) < 0) {
		hws_warn_limited("policy.bad_line", HWS_U64("bytes", line.len));
		return;
	}
	switch (say.say) {
	case HWS_POLICY_HELLO:
		hws_info("policy.link", HWS_STR("node", say.node));
		break;
	case HWS_POLICY_ACCESS:
		take_question(l, &say);
		break;
	case HWS_POLICY_DEVICE:
	case HWS_POLICY_BEGIN:
	case HWS_POLICY_END:
		take_tell(l, &say);
		break;
	case HWS_POLICY_SAYS:
		break;
	}
	hws_wipe(&say, sizeof(say));
}

struct gone {
	struct adi_app *app;
	char name[DAT_GUID_TEXT];
};

static int run_gone(void *arg)
{
	const struct gone *g = arg;

	adi_policy_gone(g->app, g->name);
	return HWS_OK;
}

static void on_gone(void *arg, int r HWS_UNUSED)
{
	hws_free(arg);
}

/* Its sessions do not count any more. Those that are told at this moment stop counting by
 * themselves. */
static void forget_sessions(const struct link *l)
{
	struct gone *g = hws_alloc(sizeof(*g));

	if (!g)
		return;
	g->app = l->app;
	memcpy(g->name, l->name, sizeof(g->name));
	if (hws_work_submit(l->work, l->loop, run_gone, on_gone, g) < 0)
		hws_free(g);
}

static void link_end(struct link *l)
{
	l->policy->stats.links--;
	atomic_fetch_sub(&l->app->asked_by, 1);
	l->policy = NULL;
	hws_list_remove(&l->node);
	hws_timer_stop(&l->beat);
	hws_line_link_free(l->lines);
	link_release(l);
}

static void on_end(void *arg)
{
	struct link *l = arg;

	hws_warn("policy.link_ended");
	forget_sessions(l);
	link_end(l);
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	const struct hws_line_conf conf = { .line_max = HWS_POLICY_LINE_MAX,
		.out_max = OUT_MAX,
		.on_line = on_line,
		.on_end = on_end };
	struct hws_line_conf c = conf;
	struct adi_policy *p = arg;
	struct link *l = p->stats.links < LINKS_MAX ? hws_alloc(sizeof(*l)) : NULL;

	(void)peer;
	if (!l) {
		close(fd);
		return;
	}
	c.arg = l;
	if (hws_line_link_new(p->loop, fd, &c, &l->lines) < 0) {
		hws_free(l);
		return;
	}
	l->policy = p;
	l->loop = p->loop;
	l->app = p->app;
	l->work = p->work;
	hws_list_init(&l->tells);
	hws_rand_uuid(l->name, sizeof(l->name));
	hws_list_push(&p->links, &l->node);
	p->stats.links++;
	atomic_fetch_add(&p->app->asked_by, 1);
	hws_timer_every(p->loop, &l->beat, BEAT_US, on_beat, l);
}

/* --- life ------------------------------------------------------------------------------------- */

static int listen_there(struct adi_policy *p, const char *group, struct hws_error *err)
{
	struct hws_listen_conf conf = { .on_accept = on_accept, .arg = p };
	struct stat st;
	int fd, r;

	/* what a process that was killed left; the control socket, bound before, is ours alone */
	if (lstat(p->path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(p->path);
	r = hws_local_listen(p->path, SOCK_STREAM, BACKLOG, &fd, err);
	if (r == HWS_OK && *group) {
		r = hws_local_share(p->path, group, err);
		if (r < 0) {
			close(fd);
			(void)unlink(p->path);
		}
	}
	if (r < 0)
		return r;
	conf.fd = fd;
	r = hws_listener_new(p->loop, &conf, &p->listener, err); /* closes it on failure */
	if (r < 0)
		(void)unlink(p->path);
	return r;
}

int adi_policy_new(struct hws_loop *loop, struct adi_app *app, struct hws_work *work,
		const char *path, const char *group, struct adi_policy **ret, struct hws_error *err)
{
	struct adi_policy *p = hws_alloc(sizeof(*p));
	int r;

	if (!p)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	p->loop = loop;
	p->app = app;
	p->work = work;
	hws_list_init(&p->links);
	r = hws_str_copy(p->path, sizeof(p->path), path);
	if (r < 0)
		hws_error_set(err, r, "the path of the policy socket is too long");
	else
		r = listen_there(p, group, err);
	if (r < 0) {
		hws_free(p);
		return r;
	}
	*ret = p;
	return HWS_OK;
}

void adi_policy_free(struct adi_policy *p)
{
	struct hws_list *n;

	if (!p)
		return;
	hws_listener_free(p->listener);
	(void)unlink(p->path);
	while ((n = hws_list_first(&p->links)))
		link_end(hws_container(n, struct link, node));
	hws_free(p);
}

const struct adi_policy_stats *adi_policy_stats(const struct adi_policy *p)
{
	return &p->stats;
}
