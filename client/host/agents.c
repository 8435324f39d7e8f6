/* The agents of a host. Whom one serves is remembered here, so that an agent is told nothing of the
 * sessions of another, and ends when there is nothing left to serve. What an agent says only marks
 * that something is to be looked at: it is looked at in a turn of its own, where agents may end. */
#include "client/host/agents.h"
#include "client/host/ipc_caps.h"
#include "client/host/patience.h"
#include "client/host/spawn_gate.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#define IDLE_US (60 * HWS_US_PER_S)
/* A gate says goodbye to its viewer, and the agent to what it had connected. */
#define TUNNEL_IDLE_US (3 * HWS_US_PER_S)
#define WORKERS_MAX 256u

struct worker { /* an agent of another role than the desktop's */
	struct hws_list node;
	struct hws_agents *a;
	struct hws_agent_proc *proc;
	enum hws_agent_role role;
	char account[HWS_ACCOUNT_MAX]; /* "" = ours */
	uint64_t conn;                 /* of a tunnel: its only session */
	struct hws_list seats;
	unsigned seat_count;
	bool over; /* joins nobody any more */
	struct hws_timer idle;
};

struct seat { /* a session that is joined, and what the person at the desktop reads of it */
	struct hws_list node;
	uint64_t conn;
	unsigned kind;
	char my_id[HWS_IPC_TEXT_MAX + 1], my_name[HWS_IPC_TEXT_MAX + 1], peer[HWS_ADDR_TEXT];
	const char *via; /* static */
};

struct hws_agents {
	struct hws_loop *loop;
	const struct hws_settings *settings;
	struct hws_agents_conf conf;
	struct hws_agent_proc *desktop;
	pid_t told; /* the process of that which knows of the others' sessions */
	struct hws_list workers;
	unsigned worker_count;
	char *roots; /* that the agents of files were started with */
	struct hws_timer look;
};

/* who has a desktop tells the person there by itself */
static bool is_told_of(const struct worker *w)
{
	return w->role != HWS_AGENT_CAMERA;
}

static void tell_of(struct hws_agents *a, const struct seat *seat)
{
	const struct hws_agent_session s = { .conn = seat->conn,
		.kind = seat->kind,
		.my_id = seat->my_id,
		.my_name = seat->my_name,
		.peer = seat->peer,
		.via = seat->via };

	hws_agent_proc_notice(a->desktop, &s);
}

/* One that was started anew knows of nobody. */
static void desktop_changed(struct hws_agent_proc *d, void *arg)
{
	struct hws_agents *a = arg;
	struct hws_agent_state state;
	struct hws_list *n, *k;

	hws_agent_proc_state(d, &state);
	if (!state.ready || !state.pid || state.pid == a->told)
		return;
	a->told = state.pid;
	hws_list_for (n, &a->workers) {
		struct worker *w = hws_container(n, struct worker, node);

		hws_list_for (k, &w->seats)
			if (is_told_of(w))
				tell_of(a, hws_container(k, struct seat, node));
	}
}

static void let_in(uint64_t conn, void *arg)
{
	struct hws_agents *a = arg;

	a->conf.let_in(conn, a->conf.arg);
}

static void worker_let_in(uint64_t conn, void *arg)
{
	struct worker *w = arg;
	struct hws_list *n;

	hws_list_for (n, &w->seats)
		if (hws_container(n, struct seat, node)->conn == conn)
			w->a->conf.let_in(conn, w->a->conf.arg);
}

static void desktop_audit(const Agt__AgentAudit *e, void *arg)
{
	struct hws_agents *a = arg;

	if (a->conf.audit)
		a->conf.audit(e, HWS_AGENT_DESKTOP, "", a->conf.arg);
}

static void worker_audit(const Agt__AgentAudit *e, void *arg)
{
	struct worker *w = arg;

	if (w->a->conf.audit)
		w->a->conf.audit(e, w->role, w->account, w->a->conf.arg);
}

static void desktop_asked(uint64_t conn, unsigned what, struct hws_bytes data, void *arg)
{
	struct hws_agents *a = arg;

	if (a->conf.asked)
		a->conf.asked(conn, what, data, a->conf.arg);
}

static void free_worker(struct worker *w)
{
	struct hws_list *n, *next;
	pid_t pid;

	hws_timer_stop(&w->idle);
	hws_list_remove(&w->node);
	w->a->worker_count--;
	hws_agent_proc_free(w->proc, &pid);
	if (pid && w->a->conf.leavers)
		hws_leavers_add(w->a->conf.leavers, pid);
	hws_list_for_safe (n, next, &w->seats)
		hws_free(hws_container(n, struct seat, node));
	hws_free(w);
}

static void on_idle(void *arg)
{
	struct worker *w = arg;

	hws_info("agent.idle", HWS_STR("role", hws_agent_role_name(w->role)));
	free_worker(w);
}

/* It ends, or will when nothing happens. */
static void look_at(struct worker *w)
{
	struct hws_agent_state s;

	hws_agent_proc_state(w->proc, &s);
	if (s.ended || w->over)
		free_worker(w);
	else if (w->seat_count || s.kept || !s.ready) /* who starts is waited for */
		hws_timer_stop(&w->idle);
	else if (!hws_timer_active(&w->idle))
		hws_timer_start(w->a->loop, &w->idle,
				w->role == HWS_AGENT_TUNNEL ? TUNNEL_IDLE_US : IDLE_US, on_idle, w);
}

static void look_at_all(void *arg)
{
	struct hws_agents *a = arg;
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &a->workers)
		look_at(hws_container(n, struct worker, node));
}

static void look_soon(struct hws_agents *a)
{
	hws_timer_start(a->loop, &a->look, 0, look_at_all, a);
}

static void on_changed(struct hws_agent_proc *p HWS_UNUSED, void *arg)
{
	struct worker *w = arg;

	look_soon(w->a);
}

/* As whom: *ret is "" for ourselves. */
static int find_account(const struct hws_agents *a, enum hws_agent_role role,
		const struct hws_agent_session *s, const char **ret, struct hws_error *err)
{
	const struct hws_settings *set = a->settings;
	const struct passwd *own;

	*ret = "";
	if (role == HWS_AGENT_TUNNEL) {
		*ret = hws_gate_account(set);
		return HWS_OK;
	}
	if (role == HWS_AGENT_CAMERA) { /* whose sound and video server knows them */
		*ret = set->desktop_user ? set->desktop_user : "";
		return HWS_OK;
	}
	if (geteuid() == 0) {
		*ret = *s->account ? s->account : hws_settings_account(set);
		own = *s->account ? getpwnam(s->account) : NULL;
		if (own && own->pw_uid == 0) /* only its owner says so, by 'service-user' */
			return hws_error_set(err, HWS_ERR_DENIED, "The host lets nobody be root");
		if (**ret)
			return HWS_OK;
		return hws_error_set(err, HWS_ERR_DENIED,
				"The host runs as root and does not say as whom it serves files "
				"and terminals: its owner can set 'service-user'");
	}
	own = *s->account ? getpwuid(geteuid()) : NULL;
	if (!*s->account || (own && hws_str_equal(own->pw_name, s->account)))
		return HWS_OK;
	return hws_error_set(err, HWS_ERR_DENIED,
			"The host does not run as root, so it serves no account but its own");
}

static struct worker *find_worker(
		struct hws_agents *a, enum hws_agent_role role, const char *account, uint64_t conn)
{
	struct hws_list *n;

	hws_list_for (n, &a->workers) {
		struct worker *w = hws_container(n, struct worker, node);

		if (!w->over && w->role == role && hws_str_equal(w->account, account) &&
				(role != HWS_AGENT_TUNNEL || w->conn == conn))
			return w;
	}
	return NULL;
}

static int new_worker(struct hws_agents *a, enum hws_agent_role role, const char *account,
		uint64_t conn, struct worker **ret, struct hws_error *err)
{
	struct worker *w = a->worker_count < WORKERS_MAX ? hws_alloc(sizeof(*w)) : NULL;
	struct hws_agent_proc_conf pc = { .role = role,
		.no_groups = role == HWS_AGENT_TUNNEL,
		.logs = a->conf.logs,
		.launcher = role == HWS_AGENT_TERMINAL ? a->conf.launcher : NULL,
		.let_in = worker_let_in,
		.audit = worker_audit,
		.changed = on_changed };
	int r;

	if (!w)
		return hws_error_set(err, HWS_ERR_BUSY, "The host serves too much at once");
	w->a = a;
	w->role = role;
	w->conn = role == HWS_AGENT_TUNNEL ? conn : 0;
	hws_list_init(&w->seats);
	r = hws_str_copy(w->account, sizeof(w->account), account);
	pc.account = w->account;
	pc.arg = w;
	if (r == HWS_OK)
		r = hws_agent_proc_new(a->loop, a->settings, &pc, &w->proc);
	if (r < 0) {
		hws_free(w);
		return hws_error_set(err, r, "The host could not start what serves this");
	}
	hws_list_push(&a->workers, &w->node);
	a->worker_count++;
	hws_info("agent.started", HWS_STR("role", hws_agent_role_name(role)));
	*ret = w;
	return HWS_OK;
}

/* A session that waits for an agent keeps it from ending. */
static int join_worker(struct worker *w, const struct hws_agent_session *s, int *ret_fd,
		struct hws_error *err)
{
	struct hws_agent_state state;
	struct seat *seat;
	int r;

	hws_agent_proc_state(w->proc, &state);
	if (state.ended || state.lasting) {
		hws_error_set(err, HWS_ERR_DISPLAY, "The host cannot serve this: %s", state.why);
		w->over = true; /* the next one tries again */
		look_soon(w->a);
		return HWS_ERR_DISPLAY;
	}
	hws_error_set(err, HWS_ERR_AGAIN, "What serves this does not start at the host");
	if (!state.ready)
		return HWS_ERR_AGAIN;
	seat = hws_alloc(sizeof(*seat));
	if (!seat)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	r = hws_agent_proc_join(w->proc, s, ret_fd);
	if (r < 0) {
		hws_free(seat);
		return hws_error_set(err, r, "The host cannot serve this: %s", hws_err_text(r));
	}
	seat->conn = s->conn;
	seat->kind = s->kind;
	seat->via = s->via;
	snprintf(seat->my_id, sizeof(seat->my_id), "%s", s->my_id);
	snprintf(seat->my_name, sizeof(seat->my_name), "%s", s->my_name);
	snprintf(seat->peer, sizeof(seat->peer), "%s", s->peer);
	if (is_told_of(w))
		tell_of(w->a, seat);
	hws_list_push(&w->seats, &seat->node);
	w->seat_count++;
	hws_timer_stop(&w->idle);
	return HWS_OK;
}

static int join_desktop(struct hws_agents *a, const struct hws_agent_session *s, int *ret_fd,
		struct hws_error *err)
{
	struct hws_agent_state state;

	if (hws_agent_proc_join(a->desktop, s, ret_fd) == HWS_OK)
		return HWS_OK;
	hws_agent_proc_state(a->desktop, &state);
	return hws_error_set(err, state.lasting ? HWS_ERR_DISPLAY : HWS_ERR_AGAIN, "%s", state.why);
}

int hws_agents_join(struct hws_agents *a, const struct hws_agent_session *s, int *ret_fd,
		struct hws_error *err)
{
	enum hws_agent_role role = hws_agent_role_of((enum hws_session_kind)s->kind);
	const char *account;
	struct worker *w;
	int r = HWS_OK;

	if (role == HWS_AGENT_DESKTOP)
		return join_desktop(a, s, ret_fd, err);
	r = find_account(a, role, s, &account, err);
	if (r < 0)
		return r;
	w = find_worker(a, role, account, s->conn);
	if (!w)
		r = new_worker(a, role, account, s->conn, &w, err);
	return r == HWS_OK ? join_worker(w, s, ret_fd, err) : r;
}

static struct seat *seat_of(const struct worker *w, uint64_t conn)
{
	struct hws_list *n;

	hws_list_for (n, &w->seats)
		if (hws_container(n, struct seat, node)->conn == conn)
			return hws_container(n, struct seat, node);
	return NULL;
}

void hws_agents_permit(struct hws_agents *a, unsigned kind, uint64_t conn, uint32_t permissions)
{
	struct hws_list *n;

	if (hws_agent_role_of((enum hws_session_kind)kind) == HWS_AGENT_DESKTOP) {
		hws_agent_proc_permit(a->desktop, conn, permissions);
		return;
	}
	hws_list_for (n, &a->workers) {
		struct worker *w = hws_container(n, struct worker, node);

		if (seat_of(w, conn))
			hws_agent_proc_permit(w->proc, conn, permissions);
	}
}

void hws_agents_part(struct hws_agents *a, unsigned kind, uint64_t conn)
{
	struct hws_list *n;

	if (hws_agent_role_of((enum hws_session_kind)kind) == HWS_AGENT_DESKTOP) {
		hws_agent_proc_part(a->desktop, conn);
		return;
	}
	hws_list_for (n, &a->workers) {
		struct worker *w = hws_container(n, struct worker, node);
		struct seat *seat = seat_of(w, conn);

		if (!seat)
			continue;
		hws_agent_proc_part(w->proc, conn);
		hws_list_remove(&seat->node);
		hws_free(seat);
		w->seat_count--;
	}
	/* also of one whose agent has ended before it, and has taken its seat along */
	hws_agent_proc_notice_gone(a->desktop, conn);
	look_soon(a);
}

void hws_agents_configure(struct hws_agents *a)
{
	bool moved = !hws_str_equal(a->roots, a->settings->files_roots);
	struct hws_list *n;

	hws_agent_proc_configure(a->desktop);
	hws_list_for (n, &a->workers) {
		struct worker *w = hws_container(n, struct worker, node);

		if (moved && w->role == HWS_AGENT_FILES)
			w->over = true;
		else
			hws_agent_proc_configure(w->proc);
	}
	if (moved) {
		hws_free(a->roots);
		a->roots = hws_strdup(a->settings->files_roots);
	}
	look_soon(a);
}

void hws_agents_command(struct hws_agents *a, const char *service, uint64_t conn, const char *text,
		void (*done)(unsigned told, const char *error, void *arg), void *arg)
{
	hws_agent_proc_command(a->desktop, service, conn, text, done, arg);
}

void hws_agents_desktop(const struct hws_agents *a, struct hws_agent_state *ret)
{
	hws_agent_proc_state(a->desktop, ret);
}

void hws_agents_each(const struct hws_agents *a,
		void (*fn)(enum hws_agent_role role, const char *account, const uint64_t *conns,
				unsigned sessions, const struct hws_agent_state *state, void *arg),
		void *arg)
{
	struct hws_list *n, *k;

	hws_list_for (n, &((struct hws_agents *)(uintptr_t)a)->workers) {
		const struct worker *w = hws_container(n, struct worker, node);
		struct hws_agent_state s;
		uint64_t conns[64];
		unsigned count = 0;

		hws_agent_proc_state(w->proc, &s);
		hws_list_for (k, &w->seats)
			if (count < HWS_COUNT(conns))
				conns[count++] = hws_container(k, struct seat, node)->conn;
		fn(w->role, w->account, conns, count, &s, arg);
	}
}

bool hws_agents_reaped(struct hws_agents *a, pid_t pid, int status)
{
	struct hws_list *n;

	if (hws_agent_proc_reaped(a->desktop, pid, status))
		return true;
	hws_list_for (n, &a->workers)
		if (hws_agent_proc_reaped(hws_container(n, struct worker, node)->proc, pid, status))
			return true;
	return false;
}

static void desktop_cost(const Agt__AgentCost *c, void *arg)
{
	struct hws_agents *a = arg;

	if (a->conf.cost)
		a->conf.cost(c, a->conf.arg);
}

int hws_agents_new(struct hws_loop *loop, const struct hws_settings *settings,
		const struct hws_agents_conf *conf, struct hws_agents **ret)
{
	struct hws_agents *a = hws_alloc(sizeof(*a));
	const struct hws_agent_proc_conf pc = { .role = HWS_AGENT_DESKTOP,
		.logs = conf->logs,
		.mounts = conf->launcher,
		.let_in = let_in,
		.audit = desktop_audit,
		.cost = desktop_cost,
		.asked = desktop_asked,
		.changed = desktop_changed,
		.arg = a };
	int r = a ? HWS_OK : HWS_ERR_NOMEM;

	if (r < 0)
		return r;
	a->loop = loop;
	a->settings = settings;
	a->conf = *conf;
	hws_list_init(&a->workers);
	a->roots = hws_strdup(settings->files_roots);
	if (!a->roots)
		r = HWS_ERR_NOMEM;
	if (r == HWS_OK)
		r = hws_agent_proc_new(loop, settings, &pc, &a->desktop);
	if (r < 0)
		hws_agents_free(a);
	else
		*ret = a;
	return r;
}

void hws_agents_free(struct hws_agents *a)
{
	struct hws_list *n, *next;

	if (!a)
		return;
	hws_list_for_safe (n, next, &a->workers)
		free_worker(hws_container(n, struct worker, node));
	hws_timer_stop(&a->look);
	hws_agent_proc_free(a->desktop, NULL);
	hws_free(a->roots);
	hws_free(a);
}
