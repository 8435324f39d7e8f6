/* Knocking: empty datagrams on the schedule of deployed ends, until something comes back. */
#include "client/reach/answer_udp.h"
#include "client/reach/udp_line.h"
#include "client/reach/udp_socket.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/kcp_socket.h"
#include "shared/wire/limits.h"
#include <errno.h>
#include <unistd.h>

#define KNOCK_FIRST_US 20000
#define KNOCK_MOST_US 200000
#define LIMIT_US 18000000 /* as long as a host listens by TCP */
#define BRIEF_US 3000000
#define TELL_US 15000 /* deployed hosts tell the server three times, 10 to 29 ms apart */
#define TELLS 3u

struct knock {
	struct hws_list node;
	struct hws_answer_udp *answer;
	struct hws_answered how;
	struct hws_udp_line *line; /* until the server's address is known */
	struct sockaddr_storage server;
	uint8_t message[HWS_RDV_DATAGRAM_MAX];
	size_t message_len;
	unsigned tells;
	int fd;
	struct event ev;
	struct hws_timer tell, next, limit;
	uint64_t pause_us, limit_us;
	struct hws_deferred deferred;
};

struct hws_answer_udp {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_answer_udp_conf conf;
	struct hws_list knocks;
	unsigned count;
};

static void free_knock(void *arg)
{
	hws_free(arg);
}

static void end_knock(struct knock *k)
{
	if (!hws_list_linked(&k->node))
		return;
	hws_list_remove(&k->node);
	k->answer->count--;
	hws_timer_stop(&k->tell);
	hws_timer_stop(&k->next);
	hws_timer_stop(&k->limit);
	hws_udp_line_free(k->line);
	if (k->fd >= 0) {
		event_del(&k->ev);
		close(k->fd);
	}
	hws_loop_defer(k->answer->loop, &k->deferred, free_knock, k);
}

static void fail_knock(struct knock *k, const char *what, int why)
{
	struct hws_answer_udp *a = k->answer;

	a->conf.on_failure(what, why, &k->how.viewer, a->conf.arg);
	end_knock(k);
}

static void on_limit(void *arg)
{
	fail_knock(arg, "no viewer came by UDP", HWS_ERR_TIMEOUT);
}

/* The event may be an ICMP answer to what we sent: the hole of the other side is not open yet. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct knock *k = arg;
	struct hws_answer_udp *a = k->answer;
	struct hws_answered how = k->how;

	(void)what;
	if (recv((int)fd, NULL, 0, MSG_PEEK | MSG_DONTWAIT) < 0)
		return;
	event_del(&k->ev);
	k->fd = -1;
	end_knock(k);
	a->conf.on_socket((int)fd, &how, a->conf.arg);
}

static void send_knock(void *arg)
{
	struct knock *k = arg;

	if (send(k->fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		errno = 0; /* the next one may get out */
	k->pause_us = HWS_MIN(k->pause_us + k->pause_us / 2, (uint64_t)KNOCK_MOST_US);
	hws_timer_start(k->answer->loop, &k->next, k->pause_us, send_knock, k);
}

static void tell_server(void *arg)
{
	struct knock *k = arg;

	if (sendto(k->fd, k->message, k->message_len, MSG_DONTWAIT | MSG_NOSIGNAL,
			    (const struct sockaddr *)&k->server, hws_addr_len(&k->server)) < 0)
		errno = 0;
	if (++k->tells < TELLS)
		hws_timer_start(k->answer->loop, &k->tell, TELL_US, tell_server, k);
}

/* As by TCP: a server that proves nothing sends nobody to this machine, or to many at once; but one
 * on this machine has viewers here. */
static bool may_be_there(const struct knock *k)
{
	return k->how.proven || !hws_addr_is_special(&k->how.viewer) ||
			(hws_addr_is_loopback(&k->server) && hws_addr_is_loopback(&k->how.viewer));
}

/* Takes `fd`. */
static void begin(struct knock *k, int fd)
{
	struct hws_loop *loop = k->answer->loop;
	int r = hws_udp_point(fd, &k->how.viewer);

	k->fd = fd;
	event_assign(&k->ev, hws_loop_base(loop), fd, EV_READ | EV_PERSIST, on_readable, k);
	event_add(&k->ev, NULL);
	if (r < 0) {
		fail_knock(k, "the viewer's address cannot be reached by UDP", r);
		return;
	}
	if (k->message_len)
		tell_server(k);
	k->pause_us = KNOCK_FIRST_US * 2 / 3;
	send_knock(k);
}

static void on_line_open(void *arg)
{
	struct knock *k = arg;
	int fd;

	k->server = *hws_udp_line_server(k->line);
	fd = hws_udp_line_release(k->line);
	hws_udp_line_free(k->line);
	k->line = NULL;
	if (!may_be_there(k)) {
		close(fd);
		fail_knock(k, "no viewer can be at that address", HWS_ERR_DENIED);
		return;
	}
	if (hws_kcp_prepare_socket(fd) < 0) {
		close(fd);
		fail_knock(k, "no socket for UDP", HWS_ERR_SYS);
		return;
	}
	begin(k, fd);
}

static void on_line_message(const Rdv__RendezvousMessage *m, struct hws_bytes raw, void *arg)
{
	(void)m;
	(void)raw;
	(void)arg; /* never open for so long */
}

static void on_line_failure(int why, void *arg)
{
	const struct knock *k = arg;

	/* it is dialed by the viewer's family, and may well be reached by the other one */
	fail_knock(arg,
			k->how.viewer.ss_family == AF_INET6
					? "cannot reach the server by UDP and IPv6, as this viewer needs it"
					: "cannot reach the server by UDP and IPv4, as this viewer needs it",
			why);
}

static int new_knock(struct hws_answer_udp *a, const struct hws_answered *how, bool brief,
		struct knock **ret)
{
	struct knock *k;

	if (a->count >= HWS_ANSWER_UDP_MAX)
		return HWS_ERR_FULL;
	k = hws_alloc(sizeof(*k));
	if (!k)
		return HWS_ERR_NOMEM;
	k->answer = a;
	k->how = *how;
	k->fd = -1;
	k->limit_us = brief ? BRIEF_US : LIMIT_US;
	*ret = k;
	return HWS_OK;
}

static void add_knock(struct knock *k)
{
	hws_list_push(&k->answer->knocks, &k->node);
	k->answer->count++;
	hws_timer_start(k->answer->loop, &k->limit, k->limit_us, on_limit, k);
}

int hws_answer_udp_knock(struct hws_answer_udp *a, const struct hws_server_addr *server,
		struct hws_bytes message, const struct hws_answered *how, bool brief)
{
	struct hws_udp_line_conf conf = { .host = server->host,
		.port = server->port,
		.family = how->viewer.ss_family,
		.on_open = on_line_open,
		.on_message = on_line_message,
		.on_failure = on_line_failure };
	struct knock *k = NULL;
	int r = message.len > HWS_RDV_DATAGRAM_MAX ? HWS_ERR_TOOBIG : new_knock(a, how, brief, &k);

	if (r < 0)
		return r;
	memcpy(k->message, message.ptr, message.len);
	k->message_len = message.len;
	conf.arg = k;
	r = hws_udp_line_new(a->loop, a->work, &conf, &k->line);
	if (r < 0) {
		hws_free(k);
		return r;
	}
	add_knock(k);
	return HWS_OK;
}

int hws_answer_udp_knock_ipv6(struct hws_answer_udp *a, const struct hws_answered *how, bool brief,
		struct sockaddr_storage *ret_local)
{
	struct knock *k = NULL;
	int fd, r = new_knock(a, how, brief, &k);

	if (r < 0)
		return r;
	r = hws_udp_open_ipv6(ret_local, &fd);
	if (r < 0) {
		hws_free(k);
		return r;
	}
	add_knock(k);
	begin(k, fd);
	return HWS_OK;
}

int hws_answer_udp_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_answer_udp_conf *conf, struct hws_answer_udp **ret)
{
	struct hws_answer_udp *a = hws_alloc(sizeof(*a));

	if (!a)
		return HWS_ERR_NOMEM;
	a->loop = loop;
	a->work = work;
	a->conf = *conf;
	hws_list_init(&a->knocks);
	*ret = a;
	return HWS_OK;
}

void hws_answer_udp_free(struct hws_answer_udp *a)
{
	struct hws_list *node, *next;

	if (!a)
		return;
	hws_list_for_safe (node, next, &a->knocks)
		end_knock(hws_container(node, struct knock, node));
	hws_free(a);
}
