/* An OpenID Connect provider of the test's own: a real Glewlwyd in a temporary folder, on a free
 * port of 127.0.0.1, with TLS; and a person's browser in front of it (curl). Whatever does not work
 * ends the test. */
#pragma once
#include "tests/support/proc.h"

#define PROVIDER_CLIENT "rd"
#define PROVIDER_SECRET "client-secret"
/* Another client, whose secret has signs that are not the same everywhere. */
#define PROVIDER_CLIENT_2 "rd 2"
#define PROVIDER_SECRET_2 "client secret & more"

struct provider {
	char dir[200];
	uint16_t port;
	char cert[320]; /* its own authority */
	char issuer[100];
	struct test_proc proc;
};

/* Knows the clients above, which may send browsers back to `redirect`, and signs with RS256. */
void provider_start(struct provider *p, const char *redirect);
void provider_stop(struct provider *p);
/* A person whose password is "NAME password", who has agreed to the client's asking; `group` may be
 * NULL. */
void provider_person(struct provider *p, const char *name, const char *email, bool verified,
		const char *group);
/* Logs the person in there and opens the address; where it sends the browser then (malloc'ed). */
char *provider_visit(struct provider *p, const char *name, const char *url);
