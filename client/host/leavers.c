/* The end of gates. A gate closes by itself when its link to hostd does; one in foreign hands would
 * keep its viewer's connection and its place for as long as it likes. */
#include "client/host/leavers.h"
#include "client/host/patience.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define LEAVERS_MAX 64u
#define DONE_STEPS 100 /* of 10 ms each */

struct leaver {
	struct hws_list node;
	struct hws_leavers *all;
	pid_t pid;
	struct hws_timer grace;
};

void hws_leavers_init(struct hws_leavers *l, struct hws_loop *loop)
{
	*l = (struct hws_leavers){ .loop = loop };
	hws_list_init(&l->list);
}

static void forget(struct leaver *v)
{
	hws_timer_stop(&v->grace);
	hws_list_remove(&v->node);
	v->all->count--;
	hws_free(v);
}

/* It stays in the list until somebody has waited for it: until then the number is its own. */
static void kill_now(struct leaver *v)
{
	hws_timer_stop(&v->grace);
	hws_warn_limited("gate.overdue", HWS_I64("pid", v->pid));
	if (kill(v->pid, SIGKILL) < 0)
		hws_error_log("gate.not_killed", HWS_I64("pid", v->pid));
}

static void on_grace(void *arg)
{
	kill_now(arg);
}

void hws_leavers_add(struct hws_leavers *l, pid_t pid)
{
	struct leaver *v;

	if (pid <= 0)
		return;
	v = hws_alloc(sizeof(*v));
	if (!v) { /* nobody could count its time */
		kill(pid, SIGKILL);
		return;
	}
	v->all = l;
	v->pid = pid;
	hws_list_push(&l->list, &v->node);
	hws_timer_start(l->loop, &v->grace, HWS_GATE_GRACE_US, on_grace, v);
	if (++l->count > LEAVERS_MAX)
		kill_now(hws_container(l->list.next, struct leaver, node));
}

void hws_leavers_reaped(struct hws_leavers *l, pid_t pid)
{
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &l->list) {
		struct leaver *v = hws_container(n, struct leaver, node);

		if (v->pid == pid)
			forget(v);
	}
}

void hws_leavers_done(struct hws_leavers *l)
{
	const struct timespec step = { 0, 10000000 };
	struct hws_list *n, *next;

	for (int i = 0; i <= DONE_STEPS && l->count; i++) {
		if (i)
			nanosleep(&step, NULL);
		hws_list_for_safe (n, next, &l->list) {
			struct leaver *v = hws_container(n, struct leaver, node);

			if (i == DONE_STEPS)
				kill_now(v);
			if (i == DONE_STEPS || waitpid(v->pid, NULL, WNOHANG) != 0)
				forget(v);
		}
	}
}
