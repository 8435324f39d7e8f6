/* Reads its zone anew for each question, so that a test changes it by writing a file. */
#include "tests/component/servers/name_server.h"
#include "shared/base/num.h"
#include "tests/support/network.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define T_A 1
#define T_AAAA 28
#define T_SRV 33
#define HEADER 12
#define NAME_MAX_BYTES 256
#define MESSAGE 2048

static pid_t server;
static char dir[256], zone[300];

struct message {
	uint8_t bytes[MESSAGE];
	size_t len;
};

static void put_u16(struct message *m, unsigned n)
{
	m->bytes[m->len++] = (uint8_t)(n >> 8);
	m->bytes[m->len++] = (uint8_t)n;
}

static void put_name(struct message *m, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		m->bytes[m->len++] = (uint8_t)len;
		memcpy(m->bytes + m->len, name, len);
		m->len += len;
		name += len + (name[len] == '.');
	}
	m->bytes[m->len++] = 0;
}

/* The name of the question as text and where it ends; 0: it is none. */
static size_t question_name(const struct message *q, char name[NAME_MAX_BYTES])
{
	size_t at = HEADER, n = 0;

	while (at < q->len && q->bytes[at]) {
		size_t len = q->bytes[at++];

		if (len > 63 || at + len >= q->len || n + len + 1 >= NAME_MAX_BYTES)
			return 0;
		if (n)
			name[n++] = '.';
		memcpy(name + n, q->bytes + at, len);
		n += len;
		at += len;
	}
	name[n] = '\0';
	return at + 5 <= q->len ? at + 1 : 0;
}

/* The next word of *text, which moves on; "" at its end. */
static const char *word_of(const char **text, char buf[200])
{
	size_t len;

	*text += strspn(*text, " \n");
	len = strcspn(*text, " \n");
	snprintf(buf, 200, "%.*s", (int)len, *text);
	*text += len;
	return buf;
}

static unsigned number_of(const char **text)
{
	char buf[200];
	uint32_t n = 0;

	return hws_parse_u32(word_of(text, buf), &n) == 0 ? n : 0;
}

static void put_record(struct message *m, unsigned type, const char *value)
{
	char word[200];
	size_t len_at;

	put_u16(m, 0xc000 | HEADER); /* the name of the question */
	put_u16(m, type);
	put_u16(m, 1);
	put_u16(m, 0);
	put_u16(m, 0); /* good for this question only */
	len_at = m->len;
	put_u16(m, 0);
	if (type == T_SRV) {
		for (int i = 0; i < 3; i++) /* priority, weight, port */
			put_u16(m, number_of(&value));
		put_name(m, word_of(&value, word));
	} else if (inet_pton(type == T_A ? AF_INET : AF_INET6, word_of(&value, word),
				   m->bytes + m->len) == 1) {
		m->len += type == T_A ? 4 : 16;
	}
	m->bytes[len_at] = (uint8_t)((m->len - len_at - 2) >> 8);
	m->bytes[len_at + 1] = (uint8_t)(m->len - len_at - 2);
}

static void answer(const struct message *q, struct message *ret)
{
	char name[NAME_MAX_BYTES], line[400], owner[200], word[200];
	size_t end = question_name(q, name);
	unsigned type = end ? (unsigned)(q->bytes[end] << 8 | q->bytes[end + 1]) : 0, count = 0;
	bool exists = false;
	FILE *f;

	*ret = *q;
	ret->len = end ? end + 4 : HEADER;
	ret->bytes[2] = 0x84 | (q->bytes[2] & 1); /* an answer, and ours to give */
	memset(ret->bytes + 3, 0, HEADER - 3);
	ret->bytes[5] = end != 0;
	f = fopen(zone, "re");
	while (f && fgets(line, sizeof(line), f)) {
		const char *value = line;

		if (strcasecmp(word_of(&value, owner), name) != 0)
			continue;
		word_of(&value, word);
		exists = true;
		if ((type == T_A && !strcmp(word, "A")) ||
				(type == T_AAAA && !strcmp(word, "AAAA")) ||
				(type == T_SRV && !strcmp(word, "SRV"))) {
			put_record(ret, type, value);
			count++;
		}
	}
	if (f)
		fclose(f);
	ret->bytes[3] = exists ? 0 : 3;
	ret->bytes[7] = (uint8_t)count;
}

static void serve(int fd)
{
	for (;;) {
		struct message q, a;
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(
				fd, q.bytes, sizeof(q.bytes), 0, (struct sockaddr *)&from, &len);

		if (n < HEADER)
			continue;
		q.len = (size_t)n;
		answer(&q, &a);
		(void)!sendto(fd, a.bytes, a.len, 0, (struct sockaddr *)&from, len);
	}
}

void name_server_zone(const char *records)
{
	char next[310];

	snprintf(next, sizeof(next), "%s.next", zone);
	test_write_file(records, "%s", next);
	ck_assert_int_eq(rename(next, zone), 0);
}

bool name_server_start(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(53),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char conf[300];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	test_dir(dir, sizeof(dir));
	snprintf(zone, sizeof(zone), "%s/zone", dir);
	snprintf(conf, sizeof(conf), "%s/resolv.conf", dir);
	test_write_file("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n", "%s", conf);
	name_server_zone("");
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		test_skip("no name server can be run here: %s", strerror(errno));
		close(fd);
		return false;
	}
	/* seen by this test and what it starts, and by nobody else */
	if (unshare(CLONE_NEWNS) < 0 || !test_mount_unseen() ||
			mount(conf, "/etc/resolv.conf", NULL, MS_BIND, NULL) < 0) {
		test_skip("no name server can be named here: %s", strerror(errno));
		close(fd);
		return false;
	}
	server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd);
	}
	close(fd);
	ck_assert_int_gt(server, 0);
	return true;
}

void name_server_stop(void)
{
	if (server <= 0)
		return;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	server = 0;
	umount2("/etc/resolv.conf", MNT_DETACH);
}
