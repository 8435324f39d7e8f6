/* In place of net/dialer, for tests: it answers in the next turn of the loop, and dials nothing. */
#include "tests/unit/client/reach/two_addresses.h"
#include "shared/base/mem.h"
#include "shared/net/dialer.h"
#include <check.h>

struct sockaddr_storage addrs[2];
unsigned lookups, dials;

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
