#include "tests/load/target.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

void load_target_stop(struct load_target *t, int signal)
{
	if (t->pid <= 0)
		return;
	if (signal)
		kill(t->pid, signal);
	close(t->log);
	waitpid(t->pid, NULL, 0);
	t->pid = 0;
}

static int read_proc(const struct load_target *t, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)t->pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0)
		return -1;
	buf[n] = 0;
	return 0;
}

double load_target_cpu_s(const struct load_target *t)
{
	char buf[1024], *at;
	unsigned long user, sys;

	if (read_proc(t, "stat", buf, sizeof(buf)) < 0)
		return 0;
	at = strrchr(buf, ')');
	for (int i = 0; at && i < 12; i++)
		at = strchr(at + 1, ' ');
	if (!at)
		return 0;
	user = strtoul(at, &at, 10);
	sys = strtoul(at, NULL, 10);
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

uint64_t load_target_rss(const struct load_target *t)
{
	char buf[256], *at;

	if (read_proc(t, "statm", buf, sizeof(buf)) < 0)
		return 0;
	at = strchr(buf, ' ');
	return at ? strtoull(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void load_pin(pid_t pid, unsigned mask)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < 32; i++) {
		if (mask & 1u << i)
			CPU_SET(i, &set);
	}
	sched_setaffinity(pid, sizeof(set), &set);
}
