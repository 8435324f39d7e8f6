/* tests: proxies as an operator runs them, with the settings that the documentation shows. */
#pragma once
#include "tests/support/proc.h"
#include <stddef.h>

/* What stands in the settings, and what takes its place; must be there. */
struct swap {
	const char *from, *to;
};

/* The block of docs/operate-proxies.md that begins with this line, with these changes; free(). */
char *settings_of(const char *first_line, const struct swap *swaps, size_t n);

/* Runs it with settings in a file of its own; returns when it accepts at the port. */
void nginx_start(struct test_proc *p, const char *settings, uint16_t port);
void haproxy_start(struct test_proc *p, const char *settings, uint16_t port);
void caddy_start(struct test_proc *p, const char *settings, uint16_t port);

/* Stands in for Traefik, which Debian does not have: does with the headers what that is known to do
 * with an entry point's defaults (removes the client's X-Forwarded-* and X-Real-Ip, sets its own,
 * leaves all others). A process of its own; returns its id. */
pid_t traefik_double_start(uint16_t *ret_port, uint16_t id_port, uint16_t relay_port);
