/* What an operator sees: metrics with labels that strangers cannot multiply, health, logs in two
 * forms with stable event names, and a line of a wrong key that the fail2ban filter takes, and only
 * in its own words. */
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define PAGE_MAX 65536
#define PATTERNS_MAX 8

static struct server srv;
static char page[PAGE_MAX];

static void start(const char *const extra[])
{
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
}

static void setup(void)
{
	start(NULL);
}

static void teardown(void)
{
	server_stop(&srv);
}

/* The status of GET path; the whole answer is in `page`. */
static int get(const char *path)
{
	int fd = tcp_open(1, srv.metrics);
	size_t n = 0;
	char req[200];

	snprintf(req, sizeof(req), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
	tcp_send_raw(fd, hws_bytes_str(req));
	for (;;) {
		ssize_t r = recv(fd, page + n, sizeof(page) - 1 - n, 0);

		ck_assert_int_ge(r, 0);
		if (r == 0)
			break;
		n += (size_t)r;
		ck_assert_uint_lt(n, sizeof(page) - 1);
	}
	close(fd);
	page[n] = 0;
	ck_assert(strncmp(page, "HTTP/1.1 ", 9) == 0);
	return (int)strtoul(page + 9, NULL, 10);
}

static double value(const char *sample)
{
	char line[200];
	const char *at;

	ck_assert_int_eq(get("/metrics"), 200);
	snprintf(line, sizeof(line), "\n%s ", sample);
	at = strstr(page, line);
	ck_assert_msg(at != NULL, "no %s in %s", sample, page);
	return strtod(at + strlen(line), NULL);
}

static unsigned samples(void)
{
	unsigned n = 0;

	ck_assert_int_eq(get("/metrics"), 200);
	for (const char *at = strstr(page, "\r\n\r\n"); at; at = strchr(at + 1, '\n'))
		n += at[1] && at[1] != '#' && at[1] != '\r';
	return n;
}

static void wrong_key(unsigned host, const char *id)
{
	struct server liar = srv;
	int fd = tcp_open(host, srv.port);

	snprintf(liar.key, sizeof(liar.key), "wrong");
	viewer_ask(fd, &liar, id, RDV__NAT_TYPE__ASYMMETRIC, false, 0);
	hws_rdv_free(viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS));
	close(fd);
}

START_TEST(metrics_tell_what_happens)
{
	struct device d;
	message *push;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	ck_assert(value("hawser_rdv_peers") == 1);
	ck_assert(value("hawser_rdv_registrations_new_total") == 1);
	ck_assert(value("hawser_rdv_keepalives_total") >= 1);
	fd = viewer_punch(&srv, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	device_answer_relay(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	hws_rdv_free(viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS));
	hws_rdv_free(push);
	close(fd);
	hws_rdv_free(viewer_answer(fd = viewer_punch(&srv, 9, "nobody-home"),
			M(PUNCH_HOLE_RESPONSE), WAIT_MS));
	close(fd);
	wrong_key(66, d.id);
	ck_assert(value("hawser_rdv_punch_requests_total") == 3);
	ck_assert(value("hawser_rdv_answers_relay_total{why=\"device\"}") == 1);
	ck_assert(value("hawser_rdv_punch_refused_total{reason=\"absent\"}") == 1);
	ck_assert(value("hawser_rdv_punch_refused_total{reason=\"key\"}") == 1);
	ck_assert(value("hawser_rdv_auth_failures_total") == 1);
	ck_assert(value("hawser_rdv_store_up") == 1);
	ck_assert(value("hawser_rdv_table_bytes") > 0);
	device_done(&d);
}
END_TEST

START_TEST(strangers_make_no_new_samples)
{
	unsigned before = samples();

	ck_assert_uint_gt(before, 30);
	for (int i = 0; i < 30; i++) {
		char id[40];
		struct device d;

		snprintf(id, sizeof(id), "label-%d", i);
		wrong_key(20 + (unsigned)i, id);
		device_init(&d, &srv, 20 + (unsigned)i, id);
		device_online(&d);
		device_done(&d);
	}
	ck_assert_uint_eq(samples(), before);
	ck_assert_ptr_null(strstr(page, "label-"));
	ck_assert_ptr_null(strstr(page, "127.0.0.2"));
}
END_TEST

START_TEST(health_and_readiness)
{
	static const char *const away[] = { "--store", "postgresql://127.0.0.1:1/none", NULL };

	ck_assert_int_eq(get("/healthz"), 200);
	ck_assert_int_eq(get("/readyz"), 200);
	ck_assert_int_eq(get("/elsewhere"), 404);
	server_stop(&srv);
	start(away); /* what was registered is not known: alive, not ready */
	ck_assert_int_eq(get("/healthz"), 200);
	ck_assert_int_eq(get("/readyz"), 503);
	ck_assert(value("hawser_rdv_store_up") == 0);
}
END_TEST

START_TEST(logs_are_json_when_wanted)
{
	static const char *const extra[] = { "--log-format", "json", NULL };
	char *line, *save = NULL, port[8];
	unsigned seen = 0;
	struct device d;

	server_stop(&srv);
	memset(&srv, 0, sizeof(srv));
	test_dir(srv.dir, sizeof(srv.dir));
	snprintf(port, sizeof(port), "%u", test_free_ports(4) + 1u);
	{
		const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"),
			"--state-dir", srv.dir, "--port", port, "--store", "memory", extra[0],
			extra[1], NULL };

		test_proc_start(&srv.proc, argv, NULL);
	}
	test_proc_must_expect(&srv.proc, "\"event\":\"listening\"", 10000);
	line = strstr(srv.proc.log, "\"port\":");
	ck_assert_ptr_nonnull(line);
	srv.port = (uint16_t)strtoul(line + 7, NULL, 10);
	device_init(&d, &srv, 1, "123456789");
	wrong_key(66, "a \"quoted\" \n id");
	test_proc_must_expect(&srv.proc, "auth.failed", WAIT_MS);
	test_proc_must_expect(&srv.proc, "\n", WAIT_MS);
	for (line = strtok_r(srv.proc.log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *o = json_loads(line, 0, NULL);

		ck_assert_msg(o != NULL, "no JSON: %s", line);
		ck_assert_ptr_nonnull(json_string_value(json_object_get(o, "time")));
		ck_assert_ptr_nonnull(json_string_value(json_object_get(o, "event")));
		ck_assert_str_eq(json_string_value(json_object_get(o, "program")),
				"hawser-rendezvous");
		if (strcmp(json_string_value(json_object_get(o, "event")), "auth.failed") == 0) {
			ck_assert_str_eq(json_string_value(json_object_get(o, "from")),
					"127.0.0.66");
			seen++;
		}
		json_decref(o);
	}
	ck_assert_uint_eq(seen, 1);
	device_done(&d);
}
END_TEST

/* The filter's expressions with <ADDR> as fail2ban puts it. */
static unsigned load_filter(regex_t re[PATTERNS_MAX])
{
	FILE *f = fopen(SOURCE_DIR "/packaging/fail2ban/filter.d/hawser-rendezvous.conf", "r");
	char line[600], text[700];
	bool inside = false;
	unsigned n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char *at = line, *addr;

		if (strncmp(line, "failregex = ", 12) == 0) {
			inside = true;
			at += 12;
		} else if (line[0] != ' ') {
			inside = false;
		}
		if (!inside)
			continue;
		at += strspn(at, " ");
		at[strcspn(at, "\n")] = 0;
		addr = strstr(at, "<ADDR>");
		ck_assert_ptr_nonnull(addr);
		snprintf(text, sizeof(text), "%.*s([0-9a-fA-F.:]+)%s", (int)(addr - at), at,
				addr + 6);
		ck_assert_uint_lt(n, PATTERNS_MAX);
		ck_assert_int_eq(regcomp(&re[n++], text, REG_EXTENDED), 0);
	}
	fclose(f);
	return n;
}

/* The address that the filter would ban for this line (behind its time stamp), or "". */
static void banned(const char *line, char *buf, size_t size)
{
	regex_t re[PATTERNS_MAX];
	regmatch_t m[10];
	unsigned n = load_filter(re);
	char part[100];

	ck_assert_uint_ge(n, 3);
	buf[0] = 0;
	for (unsigned i = 0; i < n; i++) {
		bool hit = !buf[0] && regexec(&re[i], line, 10, m, 0) == 0;

		/* the group that is an address and nothing else */
		for (size_t g = 1; hit && g <= re[i].re_nsub; g++) {
			if (m[g].rm_so < 0)
				continue;
			snprintf(part, sizeof(part), "%.*s", (int)(m[g].rm_eo - m[g].rm_so),
					line + m[g].rm_so);
			if (part[0] && !part[strspn(part, "0123456789.")])
				snprintf(buf, size, "%.*s", (int)(size - 1), part);
		}
		regfree(&re[i]);
	}
}

static char *line_of(const char *event)
{
	char *at = strstr(srv.proc.log, event), *end;

	ck_assert_ptr_nonnull(at);
	end = strchr(at, '\n');
	if (end)
		*end = 0;
	while (at > srv.proc.log && at[-1] != '\n')
		at--;
	return at;
}

START_TEST(the_fail2ban_filter_takes_a_real_line)
{
	/* an id made to look like another line */
	static const char forged[] = "warn hawser-rendezvous auth.failed from=10.9.9.9 id=";
	char addr[60], journal[600];
	const char *line;

	wrong_key(66, forged);
	test_proc_must_expect(&srv.proc, "auth.failed", WAIT_MS);
	test_proc_must_expect(&srv.proc, "\n", WAIT_MS);
	line = line_of(" auth.failed ");
	ck_assert_msg(strstr(line, "10.9.9.9") != NULL, "%s", line);
	banned(line + strcspn(line, " "), addr, sizeof(addr)); /* fail2ban takes the time off */
	ck_assert_msg(strcmp(addr, "127.0.0.66") == 0, "'%s' of: %s", addr, line);
	snprintf(journal, sizeof(journal), "srv hawser-rendezvous[77]: %s", line);
	banned(journal, addr, sizeof(addr));
	ck_assert_str_eq(addr, "127.0.0.66");
	banned(" info hawser-rendezvous register.id_in_use id=\"x warn hawser-rendezvous "
	       "auth.failed from=10.9.9.9 id=\" from=10.1.1.1",
			addr, sizeof(addr));
	ck_assert_str_eq(addr, "");
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/metrics", 60, setup, teardown,
			TESTS(metrics_tell_what_happens, strangers_make_no_new_samples,
					health_and_readiness, logs_are_json_when_wanted,
					the_fail2ban_filter_takes_a_real_line));
}
