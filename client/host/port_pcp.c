/* A connected socket: only what comes from the router's own address and port is read at all, and
 * that nobody listens there is told at once. */
#include "client/host/port_pcp.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AGAIN_US 250000 /* doubled each time, as NAT-PMP has it */
#define TIMES 4u
#define DATAGRAMS_MAX 16 /* of one turn */

struct hws_port_pcp {
	struct hws_loop *loop;
	struct hws_port_pcp_conf conf;
	int fd;
	struct event ev;
	struct hws_timer again;
	unsigned asked;
	/* NAT-PMP: what came of the two answers */
	bool has_address, has_port;
	struct hws_pcp_answer found;
	struct hws_deferred deferred;
};

static void free_it(void *arg)
{
	hws_free(arg);
}

void hws_port_pcp_cancel(struct hws_port_pcp *p)
{
	if (!p || p->fd < 0)
		return;
	event_del(&p->ev);
	hws_timer_stop(&p->again);
	close(p->fd);
	p->fd = -1;
	hws_loop_defer(p->loop, &p->deferred, free_it, p);
}

static void end(struct hws_port_pcp *p, int r, const struct hws_pcp_answer *a)
{
	const struct hws_port_pcp_conf c = p->conf;

	hws_port_pcp_cancel(p);
	c.done(r, a, c.older, c.arg);
}

/* False: it is over. */
static bool send_one(struct hws_port_pcp *p, const uint8_t *buf, size_t len)
{
	if (send(p->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno != ECONNREFUSED)
		return true; /* what did not get out is sent again */
	end(p, HWS_ERR_REFUSED, NULL);
	return false;
}

static void ask(void *arg);

static void ask_in_turn(struct hws_port_pcp *p)
{
	uint8_t map[HWS_PCP_MAP_LEN], address[HWS_NATPMP_ADDRESS_LEN];

	if (!p->conf.older) {
		hws_pcp_pack(&p->conf.map, map);
		if (!send_one(p, map, HWS_PCP_MAP_LEN))
			return;
	} else {
		hws_natpmp_pack_address(address);
		hws_natpmp_pack_map(&p->conf.map, map);
		if ((!p->has_address && !send_one(p, address, sizeof(address))) ||
				(!p->has_port && !send_one(p, map, HWS_NATPMP_MAP_LEN)))
			return;
	}
	hws_timer_start(p->loop, &p->again, (uint64_t)AGAIN_US << p->asked++, ask, p);
}

static void go_older(struct hws_port_pcp *p)
{
	p->conf.older = true;
	p->asked = 0;
	ask_in_turn(p);
}

static void ask(void *arg)
{
	struct hws_port_pcp *p = arg;

	if (p->asked < TIMES)
		ask_in_turn(p);
	else if (!p->conf.older)
		go_older(p);
	else
		end(p, HWS_ERR_TIMEOUT, NULL);
}

static void take_older(struct hws_port_pcp *p, const struct hws_pcp_answer *a)
{
	if (a->said == HWS_PCP_REFUSED) {
		end(p, HWS_OK, a);
		return;
	}
	if (a->said == HWS_PCP_ADDRESS) {
		p->has_address = true;
		p->found.address = a->address;
	} else {
		p->has_port = true;
		p->found.port = a->port;
		p->found.lifetime_s = a->lifetime_s;
	}
	p->found.said = HWS_PCP_MAPPED;
	/* where a port is given back the address is of no interest */
	if (p->has_port && (p->has_address || !p->conf.map.lifetime_s)) {
		struct hws_pcp_answer both = p->found;

		end(p, HWS_OK, &both);
	}
}

/* What is no answer is passed over: the right one may come yet. */
static void take(struct hws_port_pcp *p, struct hws_bytes in)
{
	struct hws_pcp_answer a;

	if (p->conf.older) {
		if (hws_natpmp_read(in, &p->conf.map, &a) == HWS_OK)
			take_older(p, &a);
	} else if (hws_pcp_read(in, &p->conf.map, &a) == HWS_OK) {
		if (a.said == HWS_PCP_OLDER)
			go_older(p);
		else
			end(p, HWS_OK, &a);
	}
}

static void on_readable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct hws_port_pcp *p = arg;
	uint8_t buf[HWS_PCP_MAX + 1]; /* one more: what is too long shows */

	for (int i = 0; i < DATAGRAMS_MAX && p->fd >= 0; i++) {
		ssize_t n = recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n >= 0) {
			take(p, hws_bytes(buf, (size_t)n));
			continue;
		}
		if (errno == ECONNREFUSED)
			end(p, HWS_ERR_REFUSED, NULL);
		break;
	}
}

static int open_socket(const struct hws_port_pcp_conf *c)
{
	const struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr = c->route.own };
	const struct sockaddr_in router = { .sin_family = AF_INET,
		.sin_addr = c->route.router,
		.sin_port = htons(c->router_port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 &&
			(bind(fd, (const struct sockaddr *)&own, sizeof(own)) < 0 ||
					connect(fd, (const struct sockaddr *)&router,
							sizeof(router)) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void begin(void *arg)
{
	ask(arg);
}

int hws_port_pcp_ask(struct hws_loop *loop, const struct hws_port_pcp_conf *conf,
		struct hws_port_pcp **ret)
{
	struct hws_port_pcp *p = hws_alloc(sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	p->loop = loop;
	p->conf = *conf;
	p->fd = open_socket(conf);
	if (p->fd < 0) {
		hws_free(p);
		return HWS_ERR_SYS;
	}
	event_assign(&p->ev, hws_loop_base(loop), p->fd, EV_READ | EV_PERSIST, on_readable, p);
	event_add(&p->ev, NULL);
	hws_timer_start(loop, &p->again, 0, begin, p); /* never called from within */
	*ret = p;
	return HWS_OK;
}
