/* The agent holds a stranger's messages, so nothing of it is believed but that its viewer asked:
 * which session it is and what that may do is hostd's own knowledge. */
#include "client/host/asks.h"
#include "client/services/host_ask.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_kind.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ID_LEN_MAX 100u

struct ask { /* under way at the launcher */
	struct hws_hostd *h;
	uint64_t conn;
	char event[24];
};

static void no_result(unsigned told HWS_UNUSED, const char *error HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static struct hws_host_session *session_of(struct hws_hostd *h, uint64_t conn)
{
	struct hws_list *n;

	hws_list_for (n, &h->sessions) {
		struct hws_host_session *v = hws_container(n, struct hws_host_session, node);

		if (v->conn == conn && v->open)
			return v;
	}
	return NULL;
}

/* Audits what came of it; a restart that did not happen is told to who asked for it. */
static void on_launch_end(const char *why, void *arg)
{
	struct ask *a = arg;
	const struct hws_host_session *v = session_of(a->h, a->conn);
	char text[300];

	if (why) {
		hws_warn_limited("ask.failed", HWS_STR("what", a->event), HWS_STR("why", why));
		if (v && a->h->env.audit)
			a->h->env.audit(v, "ask.failed", why, a->h->env.arg);
	}
	if (why && v && !strcmp(a->event, "machine.restart") &&
			hws_fmt(text, sizeof(text), "The host was not restarted: %.200s", why) ==
					HWS_OK)
		hws_agents_command(a->h->agents, "machine", a->conn, text, no_result, NULL);
	hws_free(a);
}

static void forget(void *arg)
{
	hws_free(arg);
}

/* `number` (may be NULL) waits for the program at its socket. */
static int launch(struct hws_hostd *h, const struct hws_host_session *v, struct hws_launch *what,
		const char *event, const uint8_t *number)
{
	struct ask *a = hws_alloc(sizeof(*a));
	uint64_t id;
	int fds[2], r = a ? hws_ipc_pair(fds) : HWS_ERR_NOMEM;

	if (r < 0) {
		hws_free(a);
		return r;
	}
	a->h = h;
	a->conn = v->conn;
	snprintf(a->event, sizeof(a->event), "%s", event);
	what->ipc_fd = fds[1];
	what->account = h->settings->desktop_user;
	what->log_level = h->settings->log_level;
	what->log_fd = hws_child_log_open(&h->logs, "ask.log", 0);
	what->ended = on_launch_end;
	what->forgotten = forget;
	what->arg = a;
	if (number && write(fds[0], number, HWS_SWITCH_NUMBER) != (ssize_t)HWS_SWITCH_NUMBER)
		r = HWS_ERR_SYS;
	if (r == HWS_OK)
		r = h->launcher ? hws_launcher_start(h->launcher, what, &id) : HWS_ERR_UNSUPPORTED;
	close(fds[0]);
	close(fds[1]);
	if (what->log_fd > 0)
		close(what->log_fd);
	if (r < 0)
		hws_free(a);
	return r;
}

static void audit(struct hws_hostd *h, const struct hws_host_session *v, const char *event, int r)
{
	hws_info("ask", HWS_U64("conn", v->conn), HWS_STR("what", event), HWS_ERR("result", r));
	if (h->env.audit)
		h->env.audit(v, event, r < 0 ? hws_err_text(r) : NULL, h->env.arg);
}

static void restart(struct hws_hostd *h, const struct hws_host_session *v)
{
	struct hws_launch what = { .what = HWS_LAUNCH_RESTART };
	int r = HWS_ERR_DENIED;

	if (v->permissions & HWS_NEED(HWS_PERM_RESTART))
		r = launch(h, v, &what, "machine.restart", NULL);
	audit(h, v, "machine.restart", r);
	if (r < 0)
		hws_agents_command(h->agents, "machine", v->conn,
				"The host cannot be restarted from here.", no_result, NULL);
}

/* It becomes an argument of a program: an ID and nothing else. */
static bool is_id(const char *id)
{
	size_t n = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");

	return n > 0 && n <= ID_LEN_MAX && !id[n] && *id != '-';
}

/* Who asked is looking at a session that goes on, and would wait. */
static void tell_sides(struct hws_hostd *h, uint64_t conn, const char *why)
{
	char text[300];

	if (hws_fmt(text, sizeof(text), "The sides were not changed: %.200s", why) == HWS_OK)
		hws_agents_command(h->agents, "sides", conn, text, no_result, NULL);
}

static const char *why_not(int r)
{
	return r == HWS_ERR_DENIED ? "the host does not permit it"
			: r == HWS_ERR_INVAL
			? "the host does not know how to reach this viewer: it has no server, or the "
			  "viewer no ID"
			: hws_err_text(r);
}

static void change_sides(struct hws_hostd *h, struct hws_host_session *v, struct hws_bytes number)
{
	struct hws_launch what = { .what = HWS_LAUNCH_VIEWER,
		.target = v->login.my_id,
		.server = h->settings->server,
		.key = h->settings->key,
		.own_id = h->whoami.id,
		.display = h->settings->display };
	int r = HWS_ERR_INVAL;

	/* it starts a program on the desktop: who only looks on does not */
	if (!(v->permissions & HWS_NEED(HWS_PERM_KEYBOARD)))
		r = HWS_ERR_DENIED;
	else if (number.len == HWS_SWITCH_NUMBER && is_id(v->login.my_id) && *h->settings->server)
		r = launch(h, v, &what, "sides.changed", number.ptr);
	audit(h, v, "sides.changed", r);
	if (r == HWS_OK)
		hws_host_session_kick(v, "Closed manually by the peer");
	else
		tell_sides(h, v->conn, why_not(r));
}

void hws_hostd_asked(struct hws_hostd *h, uint64_t conn, unsigned what, struct hws_bytes data)
{
	struct hws_host_session *v = session_of(h, conn);

	if (!v || v->login.kind != HWS_KIND_REMOTE || v->final_end)
		return;
	if (what == HWS_ASK_RESTART)
		restart(h, v);
	else if (what == HWS_ASK_SWITCH)
		change_sides(h, v, data);
}
