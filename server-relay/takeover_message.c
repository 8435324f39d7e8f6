/* Messages of a takeover. Apart from the takeover itself, because the threads of shards send legs
 * by them and need to know nothing of the server. */
#include "server-relay/takeover_message.h"
#include <poll.h>
#include <string.h>

#define ANSWER_MS 5000

int rly_takeover_send(int fd, const struct rly_takeover_head *h, struct hws_bytes more,
		const int *fds, unsigned n)
{
	ssize_t done = hws_local_send(fd, hws_bytes(h, sizeof(*h)), more, fds, n);

	return done < 0 ? (int)done : HWS_OK;
}

int rly_takeover_say(int fd, enum rly_takeover_kind kind)
{
	struct rly_takeover_head h = { .magic = RLY_TAKEOVER_MAGIC, .kind = kind };

	return rly_takeover_send(fd, &h, hws_bytes(NULL, 0), NULL, 0);
}

int rly_takeover_receive(int fd, struct rly_takeover_head *h, uint8_t *more, size_t size,
		struct hws_local_fds *fds)
{
	ssize_t n = hws_local_recv(fd, h, sizeof(*h), more, size, fds);

	if (n < 0)
		return n == HWS_ERR_AGAIN ? HWS_ERR_AGAIN : HWS_ERR_RESET;
	if (n == 0)
		return HWS_ERR_EOF;
	if ((size_t)n < sizeof(*h) || h->magic != RLY_TAKEOVER_MAGIC || fds->cut)
		return HWS_ERR_PROTO;
	if (h->uuid_len > HWS_UUID_MAX || h->bytes != (size_t)n - sizeof(*h))
		return HWS_ERR_PROTO;
	return HWS_OK;
}

int rly_takeover_await(int fd, enum rly_takeover_kind kind, struct rly_takeover_head *h,
		struct hws_local_fds *fds)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r;

	fds->n = 0;
	if (poll(&p, 1, ANSWER_MS) <= 0)
		return HWS_ERR_TIMEOUT;
	r = rly_takeover_receive(fd, h, NULL, 0, fds);
	return r < 0 ? r : h->kind == kind ? HWS_OK : HWS_ERR_PROTO;
}

bool rly_takeover_leg(int link, const struct rly_leg *l, struct hws_bytes uuid)
{
	struct hws_bytes more = hws_bytes(NULL, 0);
	struct rly_takeover_head h = { .magic = RLY_TAKEOVER_MAGIC, .kind = RLY_TAKEOVER_LEG };

	if (l->stash)
		more = hws_bytes(l->stash->data + l->stash->at, rly_stash_len(l->stash));
	if (l->tls || more.len > RLY_TAKEOVER_BYTES_MAX || !uuid.len || uuid.len > HWS_UUID_MAX)
		return false;
	h.bytes = (uint32_t)more.len;
	h.port = l->port;
	h.is_ws = l->is_ws;
	h.viewer = l->viewer;
	h.uuid_len = (uint8_t)uuid.len;
	memcpy(h.ip, l->ip, sizeof(h.ip));
	memcpy(h.uuid, uuid.ptr, uuid.len);
	return rly_takeover_send(link, &h, more, &l->fd, 1) == HWS_OK;
}
