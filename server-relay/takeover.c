/* A restart that nobody notices. The processes talk over a socket of the runtime folder whose peers
 * are checked by uid; sockets travel as descriptors, and each step can fail without a connection
 * lost. */
#include "server-relay/takeover.h"
#include "server-relay/admission.h"
#include "server-relay/announcer.h"
#include "server-relay/metrics.h"
#include "server-relay/request.h"
#include "server-relay/server_parts.h"
#include "server-relay/shard.h"
#include "server-relay/takeover_message.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/sys/local_socket.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BURST 64 /* legs a turn */

struct rly_takeover {
	struct rly_server *server;
	char path[512], control_aside[540], path_aside[540];
	int listener, link;
	struct event listen_event, link_event;
	bool listening, linked; /* the events are added */
	bool taking, taken;     /* new process: not finished, finished */
	bool control_moved, path_moved;
	unsigned next_shard;
};

static int address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return hws_str_copy(ret->sun_path, sizeof(ret->sun_path), path);
}

static int make(struct rly_server *s, struct hws_error *err)
{
	struct rly_takeover *o;
	size_t dir = strlen(s->control_path);

	if (s->takeover)
		return HWS_OK;
	o = hws_alloc(sizeof(*o));
	if (!o)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	o->server = s;
	o->listener = o->link = -1;
	s->takeover = o;
	while (dir && s->control_path[dir - 1] != '/')
		dir--;
	if (hws_fmt(o->path, sizeof(o->path), "%.*shandover.sock", (int)dir, s->control_path) < 0 ||
			hws_fmt(o->control_aside, sizeof(o->control_aside), "%s.old",
					s->control_path) < 0 ||
			hws_fmt(o->path_aside, sizeof(o->path_aside), "%s.old", o->path) < 0)
		return hws_error_set(
				err, HWS_ERR_TOOBIG, "the path of the runtime folder is too long");
	return HWS_OK;
}

/* --- new process ------------------------------------------------------------------------------ */

static int take_sockets(struct rly_takeover *o, struct rly_sockets *ret)
{
	struct rly_takeover_head h;
	struct hws_local_fds fds;
	int r = rly_takeover_await(o->link, RLY_TAKEOVER_SOCKETS, &h, &fds);

	if (r == HWS_OK &&
			(h.tcp > RLY_SHARDS_MAX || h.ws > RLY_SHARDS_MAX || h.tcp + h.ws != fds.n))
		r = HWS_ERR_PROTO;
	if (r < 0) {
		hws_local_fds_close(&fds);
		return r;
	}
	ret->tcp_count = h.tcp;
	ret->ws_count = h.ws;
	memcpy(ret->tcp, fds.fd, h.tcp * sizeof(int));
	memcpy(ret->ws, fds.fd + h.tcp, h.ws * sizeof(int));
	return HWS_OK;
}

int rly_takeover_begin(struct rly_server *s, struct rly_sockets *ret, struct hws_error *err)
{
	struct sockaddr_un a;
	int r = make(s, err);

	if (r < 0)
		return r;
	struct rly_takeover *o = s->takeover;

	r = address(o->path, &a);
	if (r < 0)
		return hws_error_set(err, r, "the path %s is too long for a socket", o->path);
	errno = 0;
	o->link = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (o->link >= 0 && connect(o->link, (struct sockaddr *)&a, sizeof(a)) < 0 &&
			(errno == ENOENT || errno == ECONNREFUSED)) {
		hws_warn("takeover.nobody", HWS_STR("path", o->path));
		close(o->link);
		o->link = -1;
		return HWS_OK;
	}
	if (o->link < 0 || errno)
		return hws_error_set(err, hws_err_from_errno(errno),
				"--takeover: no relay answers at %s: %s", o->path, strerror(errno));
	r = rly_takeover_say(o->link, RLY_TAKEOVER_HELLO);
	if (r == HWS_OK)
		r = take_sockets(o, ret);
	if (r < 0)
		return hws_error_set(err, r,
				"--takeover: the running relay gave no sockets (%s); is it another version?",
				hws_err_text(r));
	if (ret->tcp_count > s->shared.shard_count || ret->ws_count > s->shared.shard_count)
		return hws_error_set(err, HWS_ERR_INVAL,
				"--takeover needs at least as many --threads as the running relay has: %u",
				HWS_MAX(ret->tcp_count, ret->ws_count));
	o->taking = true;
	return HWS_OK;
}

int rly_takeover_ready(struct rly_server *s, struct hws_error *err)
{
	struct rly_takeover *o = s->takeover;
	struct rly_takeover_head h;
	struct hws_local_fds fds = { 0 };
	int r;

	if (!o || !o->taking)
		return HWS_OK;
	r = rly_takeover_say(o->link, RLY_TAKEOVER_READY);
	if (r == HWS_OK)
		r = rly_takeover_await(o->link, RLY_TAKEOVER_CLEAR, &h, &fds);
	hws_local_fds_close(&fds);
	if (r < 0)
		return hws_error_set(err, r, "--takeover: the running relay did not make room: %s",
				hws_err_text(r));
	o->control_moved = rename(s->control_path, o->control_aside) == 0;
	o->path_moved = rename(o->path, o->path_aside) == 0;
	return HWS_OK;
}

/* A leg that waited in the old process. */
struct arrival {
	struct hws_post post;
	struct rly_shard *shard;
	int fd;
	struct rly_takeover_head head;
	uint8_t bytes[];
};

static void on_arrival(void *arg)
{
	struct arrival *a = arg;
	struct rly_request first = { .uuid_len = a->head.uuid_len, .viewer = a->head.viewer != 0 };
	struct rly_leg like = { .port = a->head.port };
	struct sockaddr_storage peer;

	memcpy(first.uuid, a->head.uuid, a->head.uuid_len);
	first.uuid[a->head.uuid_len] = 0;
	memcpy(like.ip, a->head.ip, sizeof(like.ip));
	rly_leg_sockaddr(&like, &peer);
	if (a->shard->stopped)
		close(a->fd);
	else
		rly_leg_adopt(a->shard, a->fd, &peer, a->head.is_ws,
				hws_bytes(a->bytes, a->head.bytes), &first);
	hws_free(a);
}

static void take_leg(struct rly_takeover *o, const struct rly_takeover_head *h,
		const uint8_t *bytes, int fd)
{
	struct arrival *a = h->uuid_len ? hws_alloc(sizeof(*a) + h->bytes) : NULL;

	if (!a) {
		close(fd);
		return;
	}
	a->shard = o->server->shard[o->next_shard++ % o->server->shared.shard_count];
	a->fd = fd;
	a->head = *h;
	memcpy(a->bytes, bytes, h->bytes);
	a->post.fn = on_arrival;
	a->post.arg = a;
	hws_loop_post_node(a->shard->loop, &a->post);
}

static void link_close(struct rly_takeover *o)
{
	if (o->linked)
		event_del(&o->link_event);
	o->linked = false;
	if (o->link >= 0)
		close(o->link);
	o->link = -1;
}

static void on_legs(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t bytes[RLY_TAKEOVER_BYTES_MAX];
	struct rly_takeover *o = arg;

	(void)what;
	for (int i = 0; i < BURST; i++) {
		struct rly_takeover_head h;
		struct hws_local_fds fds;
		int r = rly_takeover_receive(fd, &h, bytes, sizeof(bytes), &fds);

		if (r == HWS_OK && h.kind == RLY_TAKEOVER_LEG && fds.n == 1) {
			take_leg(o, &h, bytes, fds.fd[0]);
			continue;
		}
		hws_local_fds_close(&fds);
		if (r == HWS_ERR_AGAIN)
			return;
		link_close(o);
		hws_info("takeover.old_ended");
		return;
	}
}

static void watch_link(struct rly_takeover *o, event_callback_fn fn)
{
	event_assign(&o->link_event, hws_loop_base(o->server->loop), o->link, EV_READ | EV_PERSIST,
			fn, o);
	o->linked = event_add(&o->link_event, NULL) == 0;
}

void rly_takeover_done(struct rly_server *s)
{
	struct rly_takeover *o = s->takeover;

	if (!o || !o->taking)
		return;
	o->taking = false;
	o->taken = true;
	if (rly_takeover_say(o->link, RLY_TAKEOVER_DONE) < 0)
		hws_warn("takeover.old_gone");
	if (o->control_moved)
		unlink(o->control_aside);
	if (o->path_moved)
		unlink(o->path_aside);
	watch_link(o, on_legs);
	hws_info("takeover.done");
}

/* --- running process -------------------------------------------------------------------------- */

static void shard_hand_over(struct rly_shard *sh, void *arg)
{
	(void)arg;
	rly_shard_stop_listening(sh);
	rly_shard_send_waiting(sh);
}

static void on_handed_over(void *arg)
{
	struct rly_server *s = arg;

	hws_info("handover.done",
			HWS_U64("legs", rly_server_sum(s, offsetof(struct rly_stats, handed_over))),
			HWS_U64("pairs", rly_server_sum(s, offsetof(struct rly_stats, pairs))));
}

/* The successor serves: what remains here are the pairs. */
static void succeed(struct rly_takeover *o)
{
	struct rly_server *s = o->server;

	if (o->listening) {
		event_del(&o->listen_event);
		close(o->listener);
		o->listener = -1;
		o->listening = false;
	}
	rly_announcer_free(s);
	s->stopped_listening = true;
	__atomic_store_n(&s->shared.takeover_fd, o->link, __ATOMIC_RELEASE);
	if (rly_server_each(s, shard_hand_over, on_handed_over, s) < 0)
		hws_error_log("handover.failed", HWS_ERR("error", HWS_ERR_NOMEM));
	rly_server_drain(s);
}

static int send_sockets(struct rly_takeover *o)
{
	struct rly_server *s = o->server;
	struct rly_takeover_head h = { .magic = RLY_TAKEOVER_MAGIC, .kind = RLY_TAKEOVER_SOCKETS };
	int fds[RLY_TAKEOVER_FDS_MAX];
	unsigned n = 0;

	for (unsigned ws = 0; ws < 2; ws++)
		for (unsigned i = 0; i < s->shared.shard_count; i++) {
			int fd = s->listen_fd[ws][i];

			if (fd < 0)
				continue;
			fds[n++] = fd;
			if (ws)
				h.ws++;
			else
				h.tcp++;
		}
	return rly_takeover_send(o->link, &h, hws_bytes(NULL, 0), fds, n);
}

/* The successor went away before it served. */
static void resume(struct rly_takeover *o, int why)
{
	struct rly_server *s = o->server;
	struct hws_error err = { 0 };
	bool ours = __atomic_load_n(&s->shared.takeover_fd, __ATOMIC_ACQUIRE) < 0;

	if (!ours) {
		/* it served and has ended since: legs that join here now are refused */
		__atomic_store_n(&s->shared.takeover_fd, -1, __ATOMIC_RELEASE);
		event_del(&o->link_event);
		o->linked = false;
		return; /* shards may still have the number: it is closed at the end */
	}
	link_close(o);
	hws_warn("handover.given_up", HWS_ERR("why", why));
	if (rly_metrics_serve(s, &err) < 0)
		hws_error_log("metrics.failed", HWS_STR("text", err.text));
}

static void on_successor(evutil_socket_t fd, short what, void *arg)
{
	struct rly_takeover *o = arg;
	struct rly_takeover_head h;
	struct hws_local_fds fds;
	int r = rly_takeover_receive(fd, &h, NULL, 0, &fds);

	(void)what;
	hws_local_fds_close(&fds);
	if (r == HWS_ERR_AGAIN)
		return;
	if (r == HWS_OK && h.kind == RLY_TAKEOVER_HELLO) {
		r = send_sockets(o);
	} else if (r == HWS_OK && h.kind == RLY_TAKEOVER_READY) {
		rly_metrics_leave(o->server);
		r = rly_takeover_say(fd, RLY_TAKEOVER_CLEAR);
	} else if (r == HWS_OK && h.kind == RLY_TAKEOVER_DONE) {
		succeed(o);
	} else if (r == HWS_OK) {
		r = HWS_ERR_PROTO;
	}
	if (r < 0)
		resume(o, r);
}

static void on_connect(evutil_socket_t fd, short what, void *arg)
{
	struct rly_takeover *o = arg;
	int link = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (link < 0)
		return;
	if (o->link >= 0 || o->server->draining || !hws_local_peer_is_ours(link, NULL)) {
		close(link);
		return;
	}
	o->link = link;
	watch_link(o, on_successor);
}

int rly_takeover_new(struct rly_server *s, struct hws_error *err)
{
	int r = make(s, err);

	if (r < 0)
		return r;
	struct rly_takeover *o = s->takeover;

	/* The control socket beside it is ours, so nobody else serves here. */
	if (unlink(o->path) < 0 && errno != ENOENT)
		return hws_error_set(err, hws_err_from_errno(errno), "cannot remove %s: %s",
				o->path, strerror(errno));
	r = hws_local_listen(o->path, SOCK_SEQPACKET, 4, &o->listener, err);
	if (r < 0)
		return r;
	event_assign(&o->listen_event, hws_loop_base(s->loop), o->listener, EV_READ | EV_PERSIST,
			on_connect, o);
	o->listening = event_add(&o->listen_event, NULL) == 0;
	return HWS_OK;
}

void rly_takeover_free(struct rly_server *s)
{
	struct rly_takeover *o = s->takeover;

	if (!o)
		return;
	s->takeover = NULL;
	if (o->listening) {
		event_del(&o->listen_event);
		unlink(o->path);
	}
	if (o->listener >= 0)
		close(o->listener);
	/* The old relay serves on: its sockets get their names back. */
	if (o->taking && o->control_moved)
		(void)!rename(o->control_aside, s->control_path);
	if (o->taking && o->path_moved)
		(void)!rename(o->path_aside, o->path);
	link_close(o);
	hws_free(o);
}
