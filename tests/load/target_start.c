/* load/target_start: apart from target.c, as the load generator for operators starts no server. */
#include "tests/load/target.h"
#include "tests/support/places.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static unsigned long number_after(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static int parse(struct load_target *t, const char *line)
{
	const char *key = strstr(line, " key=");
	size_t n;

	t->port = (uint16_t)number_after(line, " port=");
	t->nat = (uint16_t)number_after(line, " nat_port=");
	if (!key || !t->port)
		return -1;
	key += strlen(" key=");
	if (*key == '"')
		key++;
	n = strcspn(key, "\" \n");
	if (n >= sizeof(t->key))
		return -1;
	memcpy(t->key, key, n);
	t->key[n] = 0;
	return 0;
}

int load_target_start(struct load_target *t, const char *const argv[])
{
	static char buf[65536];
	size_t len = 0;
	int fd[2];

	memset(t, 0, sizeof(*t));
	if (pipe2(fd, O_CLOEXEC) < 0)
		return -1;
	t->pid = fork();
	if (t->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd[1], 2);
		test_places_for(argv[0]);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(fd[1]);
	t->log = fd[0];
	while (len + 1 < sizeof(buf)) {
		struct pollfd p = { .fd = t->log, .events = POLLIN };
		const char *line;
		ssize_t n;

		if (poll(&p, 1, 60000) <= 0)
			break;
		n = read(t->log, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		buf[len] = 0;
		line = strstr(buf, " listening ");
		if (line && strchr(line, '\n'))
			return parse(t, line);
	}
	buf[len] = 0;
	fprintf(stderr, "the server did not start:\n%s\n", buf);
	load_target_stop(t, SIGKILL);
	return -1;
}
