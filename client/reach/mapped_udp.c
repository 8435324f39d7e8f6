/* Two sockets at one port: the kernel gives a datagram to the one that is connected to its sender,
 * else to the other. */
#include "client/reach/mapped_udp.h"
#include "client/reach/udp_socket.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/kcp_socket.h"
#include "shared/net/listener.h"
#include <unistd.h>

#define BUDGET 16 /* datagrams a turn */
#define STALE_MAX 256
#define ROOM 4096 /* a few: who is wanted sends again */

struct hws_mapped_udp {
	struct hws_loop *loop;
	hws_mapped_udp_cb on_knock;
	void *arg;
	int fd;
	uint16_t port;
	bool looks;
	struct event ev;
	struct hws_timer until;
};

/* Not SO_REUSEADDR: by that any user of the machine may bind there too, and then gets what comes.
 * By this one only who runs as we do, and no longer than `on`. */
static int share(int fd, int on)
{
	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

static int open_at(uint16_t port, bool beside)
{
	int fd;

	return hws_udp_bind("0.0.0.0", port, beside, &fd, NULL) < 0 ? -1 : fd;
}

static int open_beside(const struct hws_mapped_udp *u)
{
	int fd;

	if (share(u->fd, 1) < 0)
		return -1;
	fd = open_at(u->port, true);
	if (share(u->fd, 0) < 0 && fd >= 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* What this reads is nothing; the datagram goes. */
static bool next_sender(int fd, struct sockaddr_storage *ret)
{
	socklen_t len = sizeof(*ret);

	*ret = (struct sockaddr_storage){ 0 };
	return recvfrom(fd, NULL, 0, MSG_DONTWAIT, (struct sockaddr *)ret, &len) >= 0;
}

static void on_ready(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct hws_mapped_udp *u = arg;
	struct sockaddr_storage from;

	for (int i = 0; i < BUDGET && next_sender((int)fd, &from); i++)
		u->on_knock(&from, u->arg);
}

static void on_until(void *arg)
{
	struct hws_mapped_udp *u = arg;

	event_del(&u->ev);
	u->looks = false;
}

void hws_mapped_udp_look(struct hws_mapped_udp *u, uint64_t us)
{
	struct sockaddr_storage from;

	if (!u->looks) {
		for (int i = 0; i < STALE_MAX && next_sender(u->fd, &from); i++)
			;
		event_add(&u->ev, NULL);
		u->looks = true;
	}
	hws_timer_start(u->loop, &u->until, us, on_until, u);
}

int hws_mapped_udp_socket(
		struct hws_mapped_udp *u, const struct sockaddr_storage *from, int *ret_fd)
{
	int fd = open_beside(u), r;

	if (fd < 0)
		return HWS_ERR_SYS;
	r = hws_kcp_prepare_socket(fd);
	if (r == HWS_OK)
		r = hws_udp_point(fd, from);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return HWS_OK;
}

int hws_mapped_udp_new(struct hws_loop *loop, hws_mapped_udp_cb on_knock, void *arg,
		struct hws_mapped_udp **ret)
{
	struct hws_mapped_udp *u = hws_alloc(sizeof(*u));
	struct sockaddr_storage own = { 0 };
	socklen_t len = sizeof(own);
	int room = ROOM;

	if (!u)
		return HWS_ERR_NOMEM;
	*u = (struct hws_mapped_udp){
		.loop = loop, .on_knock = on_knock, .arg = arg, .fd = open_at(0, false)
	};
	if (u->fd < 0 || getsockname(u->fd, (struct sockaddr *)&own, &len) < 0 ||
			setsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) < 0) {
		if (u->fd >= 0)
			close(u->fd);
		hws_free(u);
		return HWS_ERR_SYS;
	}
	u->port = hws_addr_port(&own);
	event_assign(&u->ev, hws_loop_base(loop), u->fd, EV_READ | EV_PERSIST, on_ready, u);
	*ret = u;
	return HWS_OK;
}

uint16_t hws_mapped_udp_port(const struct hws_mapped_udp *u)
{
	return u->port;
}

void hws_mapped_udp_free(struct hws_mapped_udp *u)
{
	if (!u)
		return;
	hws_timer_stop(&u->until);
	if (u->looks)
		event_del(&u->ev);
	close(u->fd);
	hws_free(u);
}
