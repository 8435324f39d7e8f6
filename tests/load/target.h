/* load/target: the server under load as a process of its own: started, watched (CPU, memory),
 * ended. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct load_target {
	pid_t pid;
	int log; /* its standard error */
	uint16_t port, nat;
	char key[64];
};
/* argv is NULL-terminated; waits for its "listening" line. 0, or -1 after printing why. */
int load_target_start(struct load_target *t, const char *const argv[]);
/* signal 0 = none; waits for the end. */
void load_target_stop(struct load_target *t, int signal);
/* User and system time so far. */
double load_target_cpu_s(const struct load_target *t);
uint64_t load_target_rss(const struct load_target *t);
/* Only on these CPUs (bit mask). */
void load_pin(pid_t pid, unsigned mask);
