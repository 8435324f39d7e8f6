/* The control socket: requests are answered in order, a link is bounded in both directions, and
 * whoever calls is known by the kernel, not by what he says. */
#include "shared/daemon/control.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/control_request.h"
#include "shared/net/listener.h"
#include "shared/sys/local_socket.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LINKS_MAX 32u
#define BACKLOG 16
#define ANSWER_S 30 /* a handler has so long */
#define IDLE_S 300  /* a link may be silent so long */

struct hws_control {
	struct hws_loop *loop;
	const struct hws_control_cmd *table;
	size_t count;
	void *arg;
	const char *program; /* NULL = not said */
	struct hws_listener *listener;
	struct hws_list links;
	unsigned open;
	bool shared; /* with a group: the file says who may connect */
	dev_t dev;   /* of the socket file: only ours is removed at the end */
	ino_t ino;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct link {
	struct hws_list node;
	struct hws_control *control; /* outlives its links */
	struct bufferevent *bev;
	struct hws_control_reply *waiting; /* one request at a time */
	struct hws_timer deadline;
	bool ending; /* close once everything is written */
};

/* Belongs to the handler until it answers; the link may have gone by then. */
struct hws_control_reply {
	struct link *link;
};

static void link_free(struct link *l)
{
	hws_list_remove(&l->node);
	l->control->open--;
	hws_timer_stop(&l->deadline);
	if (l->waiting)
		l->waiting->link = NULL;
	if (l->bev)
		bufferevent_free(l->bev);
	hws_free(l);
}

static bool send_json(struct link *l, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT | JSON_ENSURE_ASCII);
	struct evbuffer *out = bufferevent_get_output(l->bev);
	bool sent;

	json_decref(answer);
	if (!text)
		return false;
	sent = evbuffer_add(out, text, strlen(text)) == 0 && evbuffer_add(out, "\n", 1) == 0;
	free(text);
	return sent;
}

static bool send_failure(struct link *l, int code, const char *text)
{
	json_t *answer = json_pack(
			"{s:b,s:s,s:s}", "ok", 0, "error", hws_err_name(code), "text", text);

	return answer && send_json(l, answer);
}

/* After it `l` may be gone only by the caller's hand: closing waits for the write to end. */
static void end_link(struct link *l)
{
	l->ending = true;
	bufferevent_disable(l->bev, EV_READ);
}

static void on_deadline(void *arg)
{
	struct link *l = arg;

	if (l->waiting) {
		l->waiting->link = NULL; /* a late answer goes nowhere */
		l->waiting = NULL;
		if (send_failure(l, HWS_ERR_TIMEOUT, "the program did not answer in time")) {
			end_link(l);
			hws_timer_start(l->control->loop, &l->deadline, ANSWER_S * HWS_US_PER_S,
					on_deadline, l);
			return;
		}
	}
	link_free(l);
}

static void list_commands(struct link *l, struct hws_control_reply *reply)
{
	json_t *list = json_object();

	for (size_t i = 0; list && i < l->control->count; i++) {
		const struct hws_control_cmd *cmd = &l->control->table[i];

		json_object_set_new(list, cmd->name, json_string(cmd->help ? cmd->help : ""));
	}
	hws_control_ok(reply, json_pack("{s:o}", "commands", list));
}

static void dispatch(struct link *l, const json_t *req, const char *name)
{
	const char *program = l->control->program;
	const char *meant = json_string_value(json_object_get(req, "for"));
	const struct hws_control_cmd *cmd = NULL;
	struct hws_control_reply *reply = hws_alloc(sizeof(*reply));
	char safe[100];

	if (!reply) {
		end_link(l);
		return;
	}
	reply->link = l;
	l->waiting = reply;
	for (size_t i = 0; i < l->control->count && !cmd; i++) {
		if (hws_str_equal(l->control->table[i].name, name))
			cmd = &l->control->table[i];
	}
	hws_timer_start(l->control->loop, &l->deadline, ANSWER_S * HWS_US_PER_S, on_deadline, l);
	if (program && meant && !hws_str_equal(program, meant)) {
		hws_str_escape(safe, sizeof(safe), hws_bytes_str(meant));
		hws_control_fail(reply, HWS_ERR_INVAL,
				"this is %s, not %s: nothing was done; that one has another "
				"control socket",
				program, safe);
	} else if (cmd) {
		cmd->fn(reply, req, l->control->arg);
	} else if (hws_str_equal(name, "help")) {
		list_commands(l, reply);
	} else {
		hws_str_escape(safe, sizeof(safe), hws_bytes_str(name));
		hws_control_fail(reply, HWS_ERR_NOTFOUND,
				"unknown command '%s'; this program may be older than the tool",
				safe);
	}
}

/* Takes the next request unless one is being answered. A client that sends without reading its
 * answers is not read any further. */
static void step(struct link *l)
{
	struct evbuffer *in = bufferevent_get_input(l->bev);
	struct evbuffer *out = bufferevent_get_output(l->bev);

	while (!l->waiting && !l->ending && evbuffer_get_length(out) == 0) {
		struct evbuffer_ptr end = evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF);
		struct hws_error err = { 0 };
		const char *cmd;
		json_t *req;
		size_t len;
		int r;

		if (end.pos < 0 && evbuffer_get_length(in) <= HWS_CONTROL_LINE_MAX)
			return;
		len = end.pos < 0 ? evbuffer_get_length(in) : (size_t)end.pos;
		r = hws_control_request_parse(hws_bytes(evbuffer_pullup(in, (ev_ssize_t)len), len),
				&req, &cmd, &err);
		evbuffer_drain(in, len + 1);
		if (r < 0) {
			send_failure(l, r, err.text);
			end_link(l);
			return;
		}
		dispatch(l, req, cmd);
		json_decref(req);
	}
}

static void on_readable(struct bufferevent *bev, void *arg)
{
	(void)bev;
	step(arg);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct link *l = arg;

	if (evbuffer_get_length(bufferevent_get_output(bev)))
		return;
	if (l->ending)
		link_free(l);
	else
		step(l);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct link *l = arg;

	(void)bev;
	/* A client may shut its side down after the last request and still wait for the answer. */
	if (what & BEV_EVENT_EOF && !(what & BEV_EVENT_ERROR) &&
			(l->waiting || evbuffer_get_length(bufferevent_get_output(l->bev)))) {
		l->ending = true;
		return;
	}
	link_free(l);
}

static void finish(struct hws_control_reply *reply, json_t *answer)
{
	struct link *l = reply->link;

	hws_free(reply);
	if (!l) {
		json_decref(answer);
		return;
	}
	l->waiting = NULL;
	hws_timer_start(l->control->loop, &l->deadline, IDLE_S * HWS_US_PER_S, on_deadline, l);
	if (!answer || !send_json(l, answer)) {
		/* nothing is in the output that could end the link: the deadline does, soon */
		end_link(l);
		hws_timer_start(l->control->loop, &l->deadline, 0, on_deadline, l);
	}
}

void hws_control_set_program(struct hws_control *c, const char *name)
{
	c->program = name;
}

int hws_control_share(struct hws_control *c, const char *group, struct hws_error *err)
{
	int r = hws_local_share(c->path, group, err);

	c->shared = r == HWS_OK;
	return r;
}

void hws_control_ok(struct hws_control_reply *reply, json_t *result)
{
	json_t *answer = json_object();

	/* "ok" first: people read these lines too */
	if (answer &&
			(json_object_set_new(answer, "ok", json_true()) < 0 ||
					(result && json_object_update(answer, result) < 0))) {
		json_decref(answer);
		answer = NULL;
	}
	json_decref(result);
	finish(reply, answer);
}

void hws_control_fail(struct hws_control_reply *reply, int code, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = 0;
	va_end(ap);
	if (!hws_utf8_valid(hws_bytes_str(text))) /* truncated inside of a character, or foreign */
		for (char *p = text; *p; p++)
			if (*p & 0x80)
				*p = '?';
	finish(reply,
			json_pack("{s:b,s:s,s:s}", "ok", 0, "error", hws_err_name(code), "text",
					text));
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct hws_control *c = arg;
	uid_t uid = (uid_t)-1;
	struct link *l;

	(void)peer;
	if (c->open >= LINKS_MAX || !(l = hws_alloc(sizeof(*l)))) {
		evutil_closesocket(fd);
		return;
	}
	l->control = c;
	hws_list_push(&c->links, &l->node);
	c->open++;
	l->bev = bufferevent_socket_new(hws_loop_base(c->loop), fd, BEV_OPT_CLOSE_ON_FREE);
	if (!l->bev) {
		evutil_closesocket(fd);
		link_free(l);
		return;
	}
	hws_timer_start(c->loop, &l->deadline, IDLE_S * HWS_US_PER_S, on_deadline, l);
	bufferevent_setwatermark(l->bev, EV_READ, 0, HWS_CONTROL_LINE_MAX + 2);
	bufferevent_setcb(l->bev, on_readable, on_written, on_event, l);
	if (bufferevent_enable(l->bev, EV_WRITE) < 0) {
		link_free(l);
		return;
	}
	if (!c->shared && !hws_local_peer_is_ours(fd, &uid)) {
		hws_warn_limited("control.denied", HWS_U64("uid", uid));
		if (send_failure(l, HWS_ERR_DENIED,
				    "only root and the account this program runs as may use the "
				    "control socket"))
			end_link(l);
		else
			link_free(l);
		return;
	}
	if (bufferevent_enable(l->bev, EV_READ) < 0)
		link_free(l);
}

/* A socket file that nobody listens on is left over from a crash; anything else is not ours to
 * remove. */
static int clear_path(const struct sockaddr_un *addr, struct hws_error *err)
{
	struct stat st;
	int fd, cause;

	if (lstat(addr->sun_path, &st) < 0)
		return HWS_OK; /* bind tells, if there is more than "not found" to it */
	if (!S_ISSOCK(st.st_mode))
		return hws_error_set(err, HWS_ERR_EXISTS,
				"%s is in the way: it is no socket; move it away", addr->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return hws_error_set(err, hws_err_from_errno(errno), "control socket: %s",
				strerror(errno));
	cause = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? errno : 0;
	close(fd);
	if (cause != ECONNREFUSED && cause != ENOENT)
		return hws_error_set(err, HWS_ERR_BUSY,
				"%s is in use: the program runs already; stop it or give this "
				"one another control socket",
				addr->sun_path);
	if (unlink(addr->sun_path) < 0 && errno != ENOENT)
		return hws_error_set(err, hws_err_from_errno(errno), "cannot remove the old %s: %s",
				addr->sun_path, strerror(errno));
	return HWS_OK;
}

static int listen_at(const char *path, int *ret_fd, struct hws_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int r;

	if (hws_str_copy(addr.sun_path, sizeof(addr.sun_path), path) < 0)
		return hws_error_set(err, HWS_ERR_TOOBIG,
				"the path of the control socket is longer than %zu bytes: %s",
				sizeof(addr.sun_path) - 1, path);
	r = clear_path(&addr, err);
	if (r < 0)
		return r;
	return hws_local_listen(path, SOCK_STREAM, BACKLOG, ret_fd, err);
}

int hws_control_new(struct hws_loop *loop, const char *path, const struct hws_control_cmd *table,
		size_t count, void *arg, struct hws_control **ret, struct hws_error *err)
{
	struct hws_control *c = hws_alloc(sizeof(*c));
	struct hws_listen_conf lc = { .backlog = BACKLOG, .on_accept = on_accept, .arg = c };
	struct stat st;
	int fd = -1, r;

	if (!c)
		return hws_error_set(err, HWS_ERR_NOMEM, "control socket: out of memory");
	*c = (struct hws_control){ .loop = loop, .table = table, .count = count, .arg = arg };
	hws_list_init(&c->links);
	r = listen_at(path, &fd, err);
	if (r < 0) {
		hws_free(c);
		return r;
	}
	if (lstat(path, &st) == 0) {
		c->dev = st.st_dev;
		c->ino = st.st_ino;
	}
	memcpy(c->path, path, strlen(path) + 1); /* its length was checked */
	lc.fd = fd;
	r = hws_listener_new(loop, &lc, &c->listener, err); /* closes it on failure */
	if (r < 0) {
		unlink(path);
		hws_free(c);
		return r;
	}
	*ret = c;
	return HWS_OK;
}

void hws_control_free(struct hws_control *c)
{
	struct hws_list *node, *next;
	struct stat st;

	if (!c)
		return;
	hws_list_for_safe (node, next, &c->links)
		link_free(hws_container(node, struct link, node));
	hws_listener_free(c->listener);
	/* a successor may have put its own there meanwhile */
	if (lstat(c->path, &st) == 0 && st.st_dev == c->dev && st.st_ino == c->ino)
		unlink(c->path);
	hws_free(c);
}
