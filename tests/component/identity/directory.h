/* A directory of the test's own: a real slapd in a temporary folder, on free ports of 127.0.0.1,
 * with and without TLS. Whatever does not work ends the test. */
#pragma once
#include "tests/support/proc.h"

struct directory {
	char dir[200];
	uint16_t port, tls_port;
	char cert[320]; /* its own authority */
	char url[64], tls_url[64];
	struct test_proc proc;
};

/* Starts with what `ldif` says below dc=example,dc=org, whose entry is there. */
void directory_start(struct directory *d, const char *ldif);
void directory_stop(struct directory *d);
/* Changes it while it runs: what ldapmodify takes. */
void directory_modify(struct directory *d, const char *ldif);
/* Stops it and lets it go on: it is there and says nothing. */
void directory_freeze(struct directory *d, bool on);
