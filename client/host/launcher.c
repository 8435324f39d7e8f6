/* hostd's end of the launcher: what was asked for, by number, and who wants to hear of its end. */
#include "client/host/launcher.h"
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/sys/spawn.h"
#include <fcntl.h>
#include <unistd.h>

struct launched {
	struct hws_list node;
	uint64_t id;
	pid_t pid;
	void (*ended)(const char *why, void *arg); /* NULL: nobody wants to know */
	void (*forgotten)(void *arg);
	void *arg;
};

struct hws_launcher {
	struct hws_ipc *ipc; /* NULL: it has ended */
	struct hws_list list;
	uint64_t last;
	bool closing; /* its end is no news */
};

static struct launched *find(const struct hws_launcher *l, uint64_t id)
{
	struct hws_list *n;

	hws_list_for (n, &((struct hws_launcher *)(uintptr_t)l)->list)
		if (hws_container(n, struct launched, node)->id == id)
			return hws_container(n, struct launched, node);
	return NULL;
}

static void end(struct launched *e, const char *why)
{
	hws_list_remove(&e->node);
	if (e->ended)
		e->ended(why, e->arg);
	hws_free(e);
}

static void on_message(struct hws_ipc *ipc HWS_UNUSED, const Agt__Message *m, int fd, void *arg)
{
	struct hws_launcher *l = arg;
	struct launched *e;

	if (fd >= 0)
		close(fd);
	if (m->union_case != AGT__MESSAGE__UNION_LAUNCH_REPORT)
		return;
	e = find(l, m->launch_report->id);
	if (!e)
		return;
	e->pid = (pid_t)m->launch_report->pid;
	if (m->launch_report->ended)
		end(e, *m->launch_report->error ? m->launch_report->error : NULL);
}

static void on_close(struct hws_ipc *ipc HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct hws_launcher *l = arg;
	struct hws_list *n;

	l->ipc = NULL;
	if (l->closing)
		return;
	hws_error_log("launcher.ended",
			HWS_STR("text", "no terminal can be opened until the host is started again"));
	while ((n = hws_list_first(&l->list)))
		end(hws_container(n, struct launched, node), "the host's launcher has ended");
}

int hws_launcher_spawn(int argc, char **argv, int *ret_fd, struct hws_error *err)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
	const char **args = hws_alloc_array((size_t)argc + 2, sizeof(*args));
	struct hws_spawn sp = { .argv = args };
	int fds[2], r = args ? hws_ipc_pair(fds) : HWS_ERR_NOMEM;
	pid_t pid;

	if (r < 0) {
		hws_free(args);
		return hws_error_set(err, r, "the launcher cannot start: %s", hws_err_text(r));
	}
	args[0] = "hawser-host";
	args[1] = "launcher";
	for (int i = 1; i < argc; i++)
		args[i + 1] = argv[i];
	sp.ipc_fd = fds[1];
	r = hws_spawn(&sp, &pid, err);
	hws_free(args);
	close(fds[1]);
	if (r < 0)
		close(fds[0]);
	else
		*ret_fd = fds[0];
	return r;
}

int hws_launcher_new(struct hws_loop *loop, int fd, struct hws_launcher **ret)
{
	struct hws_launcher *l = hws_alloc(sizeof(*l));
	struct hws_ipc_conf conf = { .frame_max = HWS_IPC_HOSTD_FRAME_MAX,
		.send_max = HWS_IPC_HOSTD_QUEUE_MAX,
		.on_message = on_message,
		.on_close = on_close,
		.arg = l };
	int r;

	if (!l) {
		close(fd);
		return HWS_ERR_NOMEM;
	}
	hws_list_init(&l->list);
	r = hws_ipc_new(loop, fd, &conf, &l->ipc);
	if (r < 0)
		hws_free(l);
	else
		*ret = l;
	return r;
}

bool hws_launcher_lives(const struct hws_launcher *l)
{
	return l && l->ipc;
}

void hws_launcher_free(struct hws_launcher *l)
{
	struct hws_list *n, *next;

	if (!l)
		return;
	hws_list_for_safe (n, next, &l->list) {
		struct launched *e = hws_container(n, struct launched, node);

		if (e->ended && e->forgotten)
			e->forgotten(e->arg);
		e->ended = NULL;
		end(e, NULL);
	}
	l->closing = true;
	hws_ipc_close(l->ipc, HWS_OK);
	hws_free(l);
}

static int send_log(struct hws_launcher *l, int log_fd)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__LaunchLog log = AGT__LAUNCH_LOG__INIT;
	int copy = fcntl(log_fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return HWS_ERR_FULL;
	m.union_case = AGT__MESSAGE__UNION_LAUNCH_LOG;
	m.launch_log = &log;
	return hws_ipc_send(l->ipc, &m, copy);
}

static int send_request(struct hws_launcher *l, uint64_t id, const struct hws_launch *what)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__LaunchRequest q = AGT__LAUNCH_REQUEST__INIT;
	int copy = fcntl(what->ipc_fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return HWS_ERR_FULL;
	q.id = id;
	q.what = what->what;
	q.account = (char *)(uintptr_t)what->account;
	q.log_level = (uint32_t)what->log_level;
	q.sandbox = what->sandbox;
	if (what->what == HWS_LAUNCH_VIEWER) {
		q.target = (char *)(uintptr_t)what->target;
		q.server = (char *)(uintptr_t)what->server;
		q.key = (char *)(uintptr_t)what->key;
		q.own_id = (char *)(uintptr_t)what->own_id;
		q.display = (char *)(uintptr_t)what->display;
	}
	m.union_case = AGT__MESSAGE__UNION_LAUNCH_REQUEST;
	m.launch_request = &q;
	return hws_ipc_send(l->ipc, &m, copy);
}

int hws_launcher_start(struct hws_launcher *l, const struct hws_launch *what, uint64_t *ret_id)
{
	struct launched *e;
	int r = HWS_OK;

	if (!l->ipc)
		return HWS_ERR_CLOSED;
	e = hws_alloc(sizeof(*e));
	if (!e)
		return HWS_ERR_NOMEM;
	e->id = ++l->last;
	e->ended = what->ended;
	e->forgotten = what->forgotten;
	e->arg = what->arg;
	if (what->log_fd > 0)
		r = send_log(l, what->log_fd);
	if (r >= 0)
		r = send_request(l, e->id, what);
	if (r < 0) {
		hws_free(e);
		return r;
	}
	hws_list_push(&l->list, &e->node);
	*ret_id = e->id;
	return HWS_OK;
}

void hws_launcher_end(struct hws_launcher *l, uint64_t id)
{
	struct launched *e = find(l, id);
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__LaunchRequest q = AGT__LAUNCH_REQUEST__INIT;

	if (!e)
		return;
	e->ended = NULL;
	q.id = id;
	q.end = true;
	m.union_case = AGT__MESSAGE__UNION_LAUNCH_REQUEST;
	m.launch_request = &q;
	if (l->ipc && hws_ipc_send(l->ipc, &m, -1) < 0)
		hws_warn("launcher.not_told");
}

pid_t hws_launcher_pid(const struct hws_launcher *l, uint64_t id)
{
	const struct launched *e = find(l, id);

	return e ? e->pid : 0;
}
