/* The server under load as a process that is watched from outside (processor time, memory),
 * started with what the run asks for. */
#include "tests/load/target.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
