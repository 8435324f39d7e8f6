/* Looking for hosts of the local network, and waking them. */
#include "client/reach/lan_search.h"
#include "client/reach/lan_ifs.h"
#include "client/reach/lan_proof.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/net/addr.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BUDGET 64 /* datagrams a turn */
#define ASKS 3u
#define ASK_AGAIN_US 400000u
#define DISCARD_PORT 9
#define SOCKETS_MAX (HWS_LAN_IFS_MAX + 1)

struct asker {
	struct hws_lan_search *search;
	struct sockaddr_storage to;
	int fd;
	struct event ev;
};

/* What was told already. */
struct told {
	uint64_t id; /* a number of its text */
	uint8_t from[HWS_LAN_ADDRESS];
	bool proven; /* a proof is told of, also after a word without one */
};

struct hws_lan_search {
	struct hws_loop *loop;
	struct hws_lan_search_conf conf;
	struct asker askers[SOCKETS_MAX];
	unsigned count, asked;
	struct hws_timer again;
	uint8_t nonce[HWS_LAN_NONCE];
	struct told told[HWS_LAN_FOUND_MAX];
	unsigned told_count;
};

/* By this address of ours; IPv6 also by the interface that has it. */
static int open_socket(const struct sockaddr_storage *by, unsigned index)
{
	int fd = socket(by->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
	int r = fd < 0 ? -1
			: by->ss_family == AF_INET
			? setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one))
			: index
			? setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index))
			: 0;

	if (fd >= 0 && (r < 0 || bind(fd, (const struct sockaddr *)by, hws_addr_len(by)) < 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* FNV-1a; an answer that is taken for one that was told is only not shown. */
static uint64_t number_of(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

static bool is_new(struct hws_lan_search *s, const char *id, const struct sockaddr_storage *from,
		bool proven)
{
	struct told t = { .id = number_of(id), .proven = proven };

	hws_addr_ip_bytes(from, t.from);
	for (unsigned i = 0; i < s->told_count; i++)
		if (s->told[i].id == t.id && !memcmp(s->told[i].from, t.from, sizeof(t.from)) &&
				(s->told[i].proven || !proven))
			return false;
	if (s->told_count == HWS_LAN_FOUND_MAX)
		return false;
	s->told[s->told_count++] = t;
	return true;
}

static void on_readable(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct hws_lan_search *s = ((struct asker *)arg)->search;
	uint8_t buf[HWS_LAN_DATAGRAM_MAX + 1];

	for (int i = 0; i < BUDGET; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof(from);
		struct hws_lan_host host;
		enum hws_lan_word word;
		bool proven;
		ssize_t n = recvfrom((int)fd, buf, sizeof(buf), MSG_DONTWAIT,
				(struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		if (n == 0 || hws_lan_parse(hws_bytes(buf, (size_t)n), &word, &host) < 0 ||
				word != HWS_LAN_PONG)
			continue;
		proven = hws_lan_proves(&host, s->nonce, &from);
		host.has_proof = proven;
		if (is_new(s, host.id, &from, proven))
			s->conf.on_found(&host, &from, s->conf.arg);
	}
}

static void ask(void *arg)
{
	struct hws_lan_search *s = arg;
	struct hws_buf out;

	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	if (hws_lan_ping("", s->nonce, &out) == HWS_OK)
		for (unsigned i = 0; i < s->count; i++)
			if (sendto(s->askers[i].fd, hws_buf_bytes(&out).ptr,
					    hws_buf_bytes(&out).len, MSG_NOSIGNAL,
					    (struct sockaddr *)&s->askers[i].to,
					    hws_addr_len(&s->askers[i].to)) < 0)
				errno = 0; /* that network has no broadcast, or is away */
	hws_buf_done(&out);
	if (++s->asked < ASKS)
		hws_timer_start(s->loop, &s->again, ASK_AGAIN_US, ask, s);
}

static void add(struct hws_lan_search *s, const struct sockaddr_storage *by, unsigned index,
		const struct sockaddr_storage *to)
{
	struct asker *a = &s->askers[s->count];
	int fd = s->count < SOCKETS_MAX ? open_socket(by, index) : -1;

	if (fd < 0)
		return;
	*a = (struct asker){ .search = s, .to = *to, .fd = fd };
	event_assign(&a->ev, hws_loop_base(s->loop), fd, EV_READ | EV_PERSIST, on_readable, a);
	event_add(&a->ev, NULL);
	s->count++;
}

static int add_targets(struct hws_lan_search *s, struct hws_error *err)
{
	struct sockaddr_storage to;

	for (unsigned i = 0; i < s->conf.target_count; i++) {
		if (hws_addr_parse(s->conf.targets[i], HWS_LAN_PORT, &to) < 0)
			return hws_error_set(err, HWS_ERR_INVAL,
					"'%s' is no address to ask at (a host's, or a network's broadcast address)",
					s->conf.targets[i]);
		add(s, &(struct sockaddr_storage){ .ss_family = to.ss_family }, 0, &to);
	}
	return HWS_OK;
}

static struct sockaddr_storage everybody(const struct hws_lan_if *i)
{
	const struct sockaddr_in all = { .sin_family = AF_INET,
		.sin_port = htons(HWS_LAN_PORT),
		.sin_addr.s_addr = htonl(INADDR_BROADCAST) };
	const struct sockaddr_in6 group = { .sin6_family = AF_INET6,
		.sin6_port = htons(HWS_LAN_PORT),
		.sin6_addr = hws_lan_group(),
		.sin6_scope_id = i->index };
	struct sockaddr_storage to = { 0 };

	if (i->addr.ss_family == AF_INET)
		memcpy(&to, &all, sizeof(all));
	else
		memcpy(&to, &group, sizeof(group));
	return to;
}

static int add_interfaces(struct hws_lan_search *s)
{
	struct hws_lan_if ifs[HWS_LAN_IFS_MAX];
	int count = hws_lan_ifs(ifs);

	for (int i = 0; i < count; i++) {
		const struct sockaddr_storage to = everybody(&ifs[i]);

		if (ifs[i].addr.ss_family == AF_INET6 ? !hws_addr_is_loopback(&ifs[i].addr)
						      : ifs[i].broadcast.s_addr != 0)
			add(s, &ifs[i].addr, ifs[i].index, &to);
	}
	return count < 0 ? count : HWS_OK;
}

int hws_lan_search_new(struct hws_loop *loop, const struct hws_lan_search_conf *conf,
		struct hws_lan_search **ret, struct hws_error *err)
{
	struct hws_lan_search *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	s->loop = loop;
	s->conf = *conf;
	hws_rand_bytes(s->nonce, sizeof(s->nonce));
	r = conf->target_count ? add_targets(s, err) : add_interfaces(s);
	if (r == HWS_OK && !s->count)
		r = hws_error_set(err, HWS_ERR_UNREACHABLE,
				"there is no network to ask in: no interface to ask by is up");
	if (r < 0) {
		hws_lan_search_free(s);
		return r;
	}
	ask(s);
	*ret = s;
	return HWS_OK;
}

void hws_lan_search_free(struct hws_lan_search *s)
{
	if (!s)
		return;
	hws_timer_stop(&s->again);
	for (unsigned i = 0; i < s->count; i++) {
		event_del(&s->askers[i].ev);
		close(s->askers[i].fd);
	}
	hws_free(s);
}

int hws_lan_wake(const uint8_t mac[HWS_LAN_MAC], unsigned *ret_sent)
{
	uint8_t packet[HWS_LAN_MAC * 17];
	struct hws_lan_if ifs[HWS_LAN_IFS_MAX];
	int count = hws_lan_ifs(ifs);

	*ret_sent = 0;
	memset(packet, 0xff, HWS_LAN_MAC);
	for (size_t i = HWS_LAN_MAC; i < sizeof(packet); i += HWS_LAN_MAC)
		memcpy(packet + i, mac, HWS_LAN_MAC);
	for (int i = 0; i < count; i++) {
		const struct sockaddr_in to = { .sin_family = AF_INET,
			.sin_port = htons(DISCARD_PORT),
			.sin_addr = ifs[i].broadcast };
		int fd = to.sin_addr.s_addr ? open_socket(&ifs[i].addr, 0) : -1;

		if (fd < 0)
			continue;
		if (sendto(fd, packet, sizeof(packet), MSG_NOSIGNAL, (const struct sockaddr *)&to,
				    sizeof(to)) == (ssize_t)sizeof(packet))
			++*ret_sent;
		close(fd);
	}
	return *ret_sent ? HWS_OK : HWS_ERR_UNREACHABLE;
}
