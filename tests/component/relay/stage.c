/* The relay of a test as a global, so that a failed test leaves nothing behind: the fixture ends
 * what still runs. */
#include "tests/component/relay/stage.h"
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct relay relay, next;

void start(const char *const extra[])
{
	memset(&relay, 0, sizeof(relay));
	relay_start(&relay, extra);
}

json_t *admin(int *ret_status, const char *a1, const char *a2, const char *a3)
{
	const char *argv[] = { test_bin("admin/hawser-admin"), "--socket", relay.control, "--json",
		"relay", a1, a2, a3, NULL };
	char *out = NULL;
	json_t *j;

	*ret_status = test_run(argv, NULL, &out);
	j = json_loads(out, JSON_DISABLE_EOF_CHECK, NULL);
	if (!j && *ret_status == 0)
		ck_abort_msg("no JSON: %s", out);
	free(out);
	return j;
}

void admin_ok(const char *a1, const char *a2, const char *a3)
{
	int status;

	json_decref(admin(&status, a1, a2, a3));
	ck_assert_msg(status == 0, "%s %s", a1, a2 ? a2 : "");
}

void only_pair(char id[32])
{
	json_t *ans = relay_ask(&relay, "pairs", NULL, NULL, NULL, NULL);
	json_t *list = json_object_get(ans, "pairs");

	ck_assert_uint_eq(json_array_size(list), 1);
	snprintf(id, 32, "%s", json_string_value(json_object_get(json_array_get(list, 0), "id")));
	json_decref(ans);
}

static void *flow_send(void *arg)
{
	struct flow *f = arg;
	static char block[65536];

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED))
		if (send(f->l[0].fd, block, sizeof(block), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
			break;
	return NULL;
}

void flow_start(struct flow *f, unsigned host)
{
	const char *uuid = new_uuid();
	struct timeval t = { 0, 200000 };

	memset(f, 0, sizeof(*f));
	for (int i = 0; i < 2; i++) {
		leg_open(&f->l[i], &relay, false, host);
		leg_request(&f->l[i], uuid, NULL);
	}
	pair_check(f->l);
	setsockopt(f->l[0].fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	ck_assert_int_eq(pthread_create(&f->thread, NULL, flow_send, f), 0);
}

void flow_stop(struct flow *f)
{
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	shutdown(f->l[0].fd, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	pair_close(f->l);
}

double rate_of(struct flow *f, unsigned n, unsigned ms)
{
	uint64_t began = test_now_ms(), sum = 0;
	struct pollfd p[8];

	for (unsigned i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = f[i].l[1].fd, .events = POLLIN };
	while (test_now_ms() - began < ms) {
		if (poll(p, n, 50) <= 0)
			continue;
		for (unsigned i = 0; i < n; i++) {
			ssize_t got = p[i].revents ? recv(p[i].fd, NULL, MIB, MSG_TRUNC) : 0;

			if (got > 0) {
				sum += (uint64_t)got;
				f[i].got += (uint64_t)got;
			}
		}
	}
	return (double)sum * 1000 / (double)(test_now_ms() - began);
}

void scrape(char *buf, size_t size)
{
	struct relay at = relay;
	struct leg l;

	at.port = relay.metrics;
	leg_open(&l, &at, false, 1);
	leg_raw(&l, "GET /metrics HTTP/1.0\r\n\r\n", 25);
	size_t n = 0;

	for (;;) {
		ssize_t got = recv(l.fd, buf + n, size - 1 - n, 0);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	buf[n] = 0;
	leg_close(&l);
}

double metric(const char *page, const char *name)
{
	const char *at = page;
	size_t len = strlen(name);

	while ((at = strstr(at, name))) {
		if (at[len] == ' ' && at > page && at[-1] == '\n')
			return strtod(at + len, NULL);
		at += len;
	}
	ck_abort_msg("no metric %s in\n%s", name, page);
	return 0;
}

void cleanup(void)
{
	struct relay *all[] = { &relay, &next };

	for (size_t i = 0; i < 2; i++)
		if (all[i]->proc.pid && !all[i]->proc.ended)
			kill(all[i]->proc.pid, SIGKILL);
}
