/* In place of net/dialer, for tests: it answers in the next turn of the loop, and dials nothing. */
#include "tests/unit/client/reach/two_addresses.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "tests/support/proc.h"
#include <check.h>
#include <unistd.h>

struct sockaddr_storage addrs[2];
unsigned lookups, dials;
int sockets[2];

void open_sockets(void)
{
	for (int i = 0; i < 2; i++) {
		socklen_t len = sizeof(addrs[i]);

		ck_assert_int_eq(hws_addr_parse("127.0.0.1:0", 0, &addrs[i]), HWS_OK);
		sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(bind(sockets[i], (struct sockaddr *)&addrs[i],
						 hws_addr_len(&addrs[i])),
				0);
		ck_assert_int_eq(getsockname(sockets[i], (struct sockaddr *)&addrs[i], &len), 0);
	}
}

void close_sockets(void)
{
	close(sockets[0]);
	close(sockets[1]);
}

size_t hear(unsigned which, uint8_t *buf, size_t size, struct sockaddr_storage *ret_from,
		Rdv__RendezvousMessage **ret)
{
	socklen_t len = sizeof(*ret_from);
	ssize_t n = recvfrom(
			sockets[which], buf, size, MSG_DONTWAIT, (struct sockaddr *)ret_from, &len);

	if (n <= 0)
		return 0;
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(buf, (size_t)n), ret), HWS_OK);
	return (size_t)n;
}

void say(unsigned which, struct hws_bytes what, const struct sockaddr_storage *to)
{
	ck_assert_int_gt(sendto(sockets[which], what.ptr, what.len, 0, (const struct sockaddr *)to,
					 hws_addr_len(to)),
			0);
}

void until_count(const unsigned *n, unsigned want, void (*turn)(void))
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (*n < want) {
		ck_assert_uint_lt(test_now_ms(), end);
		turn();
	}
}

struct hws_resolve {
	hws_resolve_cb done;
	void *arg;
	struct hws_deferred deferred;
};

static void finish_resolve(void *arg)
{
	struct hws_resolve q = *(struct hws_resolve *)arg;

	hws_free(arg);
	q.done(HWS_OK, addrs, 2, q.arg);
}

int hws_resolve(struct hws_loop *l, struct hws_work *work, const char *host, uint16_t port,
		hws_resolve_cb done, void *arg, struct hws_resolve **ret)
{
	struct hws_resolve *q = hws_alloc(sizeof(*q));

	(void)work;
	ck_assert_str_eq(host, "id.example.org");
	ck_assert_uint_eq(port, 21116);
	q->done = done;
	q->arg = arg;
	lookups++;
	hws_loop_defer(l, &q->deferred, finish_resolve, q);
	*ret = q;
	return HWS_OK;
}

void hws_resolve_cancel(struct hws_resolve *q)
{
	if (!q)
		return;
	hws_loop_defer_cancel(&q->deferred);
	hws_free(q);
}

int hws_dial(struct hws_loop *l, struct hws_work *work, const struct hws_dial_conf *conf,
		hws_dial_cb done, void *arg, struct hws_dial **ret)
{
	(void)l;
	(void)work;
	(void)conf;
	(void)done;
	(void)arg;
	(void)ret;
	dials++;
	return HWS_ERR_NOMEM;
}

void hws_dial_cancel(struct hws_dial *d)
{
	(void)d;
}
