/* tests: what it takes to run each proxy in a folder of the test, beside the settings that are
 * tested. */
#include "tests/component/proxies/proxy.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE SOURCE_DIR "/docs/operate-proxies.md"
#define HEAD_MAX 8192

/* --- settings --------------------------------------------------------------------------------- */

static char *swapped(char *text, const struct swap *s)
{
	char *at = strstr(text, s->from), *out;
	size_t size = strlen(text) + strlen(s->to) + 1;

	ck_assert_msg(at != NULL, "%s: no \"%s\" in the settings", PAGE, s->from);
	out = malloc(size);
	snprintf(out, size, "%.*s%s%s", (int)(at - text), text, s->to, at + strlen(s->from));
	free(text);
	return out;
}

char *settings_of(const char *first_line, const struct swap *swaps, size_t n)
{
	static char page[60000];
	FILE *f = fopen(PAGE, "re");
	char *at, *end, *text;

	ck_assert_ptr_nonnull(f);
	page[fread(page, 1, sizeof(page) - 1, f)] = 0;
	fclose(f);
	at = strstr(page, first_line);
	ck_assert_msg(at != NULL, "%s: nothing begins with \"%s\"", PAGE, first_line);
	end = strstr(at, "\n```");
	ck_assert_ptr_nonnull(end);
	text = strndup(at, (size_t)(end - at) + 1);
	for (size_t i = 0; i < n; i++)
		text = swapped(text, &swaps[i]);
	return text;
}

/* --- programs --------------------------------------------------------------------------------- */

static bool accepts(void *arg)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(*(const uint16_t *)arg),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good = connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0;

	close(fd);
	return good;
}

static void run(struct test_proc *p, const char *const argv[], const char *const env[],
		uint16_t port)
{
	ck_assert_msg(access(argv[0], X_OK) == 0, "%s is not installed: ./dev setup", argv[0]);
	memset(p, 0, sizeof(*p));
	test_proc_start(p, argv, env);
	if (test_until(accepts, &port, TEST_PATIENCE_MS))
		return;
	test_proc_expect(p, "\1", 0);
	ck_abort_msg("%s does not serve: %s", argv[0], p->log);
}

void nginx_start(struct test_proc *p, const char *settings, uint16_t port)
{
	char dir[300], conf[340];
	const char *argv[] = { "/usr/sbin/nginx", "-p", dir, "-c", conf, "-e", "stderr", NULL };

	test_dir(dir, sizeof(dir));
	snprintf(conf, sizeof(conf), "%s/nginx.conf", dir);
	test_write_file(settings, "%s/hawser.conf", dir);
	test_write_file("daemon off; master_process off; pid nginx.pid; error_log stderr;\n"
			"events { }\n"
			"http { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
			"fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;\n"
			"include hawser.conf; }\n",
			"%s", conf);
	run(p, argv, NULL, port);
}

void haproxy_start(struct test_proc *p, const char *settings, uint16_t port)
{
	char dir[300], conf[340];
	const char *argv[] = { "/usr/sbin/haproxy", "-db", "-f", conf, NULL };

	test_dir(dir, sizeof(dir));
	snprintf(conf, sizeof(conf), "%s/haproxy.cfg", dir);
	test_write_file(settings, "%s", conf);
	run(p, argv, NULL, port);
}

void caddy_start(struct test_proc *p, const char *settings, uint16_t port)
{
	char dir[300], conf[340], home[340], data[340], config[340], *all = NULL;
	const char *argv[] = { "/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", conf,
		NULL };
	const char *env[] = { home, data, config, NULL };

	test_dir(dir, sizeof(dir));
	snprintf(conf, sizeof(conf), "%s/Caddyfile", dir);
	snprintf(home, sizeof(home), "HOME=%s", dir);
	snprintf(data, sizeof(data), "XDG_DATA_HOME=%s", dir);
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", dir);
	ck_assert_int_gt(asprintf(&all, "{\n\tadmin off\n\tauto_https off\n}\n%s", settings), 0);
	test_write_file(all, "%s", conf);
	free(all);
	run(p, argv, env, port);
}

/* --- Traefik's double ------------------------------------------------------------------------- */

static bool is_own_header(const char *line)
{
	return strncasecmp(line, "X-Forwarded-", 12) == 0 ||
			strncasecmp(line, "X-Real-Ip:", 10) == 0;
}

static void rewrite(const char *head, const char *client, char *out, size_t size)
{
	size_t n = 0;

	for (const char *at = head; strncmp(at, "\r\n", 2) != 0;) {
		const char *end = strstr(at, "\r\n") + 2;

		if (!is_own_header(at))
			n += (size_t)snprintf(out + n, size - n, "%.*s", (int)(end - at), at);
		at = end;
	}
	snprintf(out + n, size - n,
			"X-Forwarded-For: %s\r\nX-Forwarded-Host: id.example.com\r\n"
			"X-Forwarded-Port: 443\r\nX-Forwarded-Proto: wss\r\n"
			"X-Forwarded-Server: traefik\r\nX-Real-Ip: %s\r\n\r\n",
			client, client);
}

static void pump(int a, int b)
{
	struct pollfd p[2] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };
	char buf[4096];

	while (poll(p, 2, -1) > 0) {
		for (int i = 0; i < 2; i++) {
			ssize_t n = p[i].revents ? read(p[i].fd, buf, sizeof(buf)) : -2;

			if (n == 0 || n == -1 || (n > 0 && write(p[!i].fd, buf, (size_t)n) != n))
				return;
		}
	}
}

static void serve(int fd, const char *client, uint16_t id_port, uint16_t relay_port)
{
	static char head[HEAD_MAX], sent[HEAD_MAX + 500];
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int up = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = 0;

	while (n < sizeof(head) - 1 && !strstr(head, "\r\n\r\n")) {
		if (read(fd, head + n, 1) != 1)
			return;
		n++;
	}
	to.sin_port = htons(strstr(head, "GET /ws/relay") == head ? relay_port : id_port);
	if (connect(up, (struct sockaddr *)&to, sizeof(to)) < 0)
		return;
	rewrite(head, client, sent, sizeof(sent));
	if (write(up, sent, strlen(sent)) == (ssize_t)strlen(sent))
		pump(fd, up);
}

static void accept_all(int listener, uint16_t id_port, uint16_t relay_port)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		char client[INET_ADDRSTRLEN];
		int fd = accept(listener, (struct sockaddr *)&from, &len);

		if (fd < 0)
			continue;
		inet_ntop(AF_INET, &from.sin_addr, client, sizeof(client));
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fd, client, id_port, relay_port);
			_exit(0);
		}
		close(fd);
	}
}

pid_t traefik_double_start(uint16_t *ret_port, uint16_t id_port, uint16_t relay_port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(listener, 20), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&in, &len), 0);
	*ret_port = ntohs(in.sin_port);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		accept_all(listener, id_port, relay_port);
	}
	close(listener);
	return pid;
}
