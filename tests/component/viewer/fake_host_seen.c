/* tests: what a test asks of the scripted host while its thread talks to the viewer. */
#include "shared/wire/envelope.h"
#include "tests/component/viewer/fake_host_parts.h"
#include "tests/support/proc.h"
#include <poll.h>
#include <sys/socket.h>

unsigned fake_host_connections(struct fake_host *h)
{
	pthread_mutex_lock(&h->lock);
	unsigned n = h->connections;
	pthread_mutex_unlock(&h->lock);
	return n;
}

bool fake_cuts(struct fake_host *h, const Ses__Misc *heard)
{
	return h->conf.trick == FAKE_CLOSE_AT_RECORD &&
			heard->union_case == SES__MISC__UNION_CLIENT_RECORD_STATUS &&
			heard->client_record_status && fake_host_connections(h) == 1;
}

struct search {
	struct fake_host *h;
	bool (*match)(const void *m, void *arg);
	void *arg;
};

static bool search(void *arg)
{
	struct search *s = arg;
	bool found = false;

	pthread_mutex_lock(&s->h->lock);
	for (size_t i = 0; i < s->h->heard_count && !found; i++) {
		Ses__Message *m = NULL;
		if (hws_ses_unpack(hws_buf_bytes(&s->h->heard[i]), &m) == HWS_OK)
			found = s->match(m, s->arg);
		hws_ses_free(m);
	}
	pthread_mutex_unlock(&s->h->lock);
	return found;
}

bool fake_host_heard(struct fake_host *h, bool (*match)(const void *m, void *arg), void *arg)
{
	struct search s = { h, match, arg };

	return test_until(search, &s, TEST_PATIENCE_MS);
}

static bool is_flooded(void *arg)
{
	struct fake_host *h = arg;

	pthread_mutex_lock(&h->lock);
	bool is = h->flooded;
	pthread_mutex_unlock(&h->lock);
	return is;
}

bool fake_host_flooded(struct fake_host *h)
{
	return test_until(is_flooded, h, TEST_PATIENCE_MS);
}

bool fake_host_parked_ends(struct fake_host *h)
{
	static uint8_t rest[65536];
	struct pollfd p = { .fd = h->parked, .events = POLLIN };

	while (poll(&p, 1, TEST_PATIENCE_MS) > 0)
		if (recv(h->parked, rest, sizeof(rest), 0) <= 0)
			return true;
	return false;
}
