/* http/route: who answers what. A route is a row; subjects have a table of rows each, and the edge
 * searches all tables it was given. */
#pragma once
#include "admin/http/reply.h"
#include "admin/http/target.h"

struct htp_request;

/* Who may call. What a bearer or a session may, the program decides by `roles` and `scope` (see
 * struct htp_conf). */
enum htp_access {
	HTP_OPEN,    /* anybody */
	HTP_BEARER,  /* a token in Authorization; a console's session, too */
	HTP_CONSOLE, /* a session of the console (cookie), with its CSRF token where it changes */
	HTP_LOCAL    /* who comes by the local socket */
};

enum htp_body_kind {
	/* Up to 64 KiB are read and dropped: clients send bodies where none belongs. */
	HTP_BODY_NONE,
	HTP_BODY_JSON, /* whatever Content-Type says; none at all is request->json == NULL */
	HTP_BODY_RAW
};

/* Each has a bucket of its own for each address. */
enum htp_rate {
	HTP_RATE_FREE,   /* none: costs less than counting */
	HTP_RATE_DEVICE, /* what devices send by themselves */
	HTP_RATE_USER,
	HTP_RATE_LOGIN, /* guesses */
	HTP_RATES
};

/* Which pool of threads runs it. */
enum htp_pool {
	HTP_POOL_COMMON,
	HTP_POOL_HASH, /* passwords: long, and never in the way of others */
	HTP_POOL_SOON, /* answered within a second or two in any case: not behind others who wait */
	HTP_POOL_LOOP, /* none: may not wait for anything; nor is there JSON of a body */
	HTP_POOLS
};

struct htp_route {
	enum htp_method method; /* GET answers HEAD, too */
	const char *pattern;    /* "/api/ab/peer/{guid}" */
	enum htp_access access;
	enum htp_body_kind body;
	enum htp_rate rate;
	enum htp_pool pool;
	uint32_t body_max; /* 0 = 1 MiB */
	uint32_t roles;    /* bits of the program's; 0 = any */
	const char *scope; /* what an API token must have, NULL = none will do */
	/* On a thread of the pool; fills `reply`. `arg` is the table's. */
	void (*fn)(struct htp_request *request, struct htp_reply *reply, void *arg);
};

struct htp_routes {
	const struct htp_route *row;
	size_t count;
	void *arg;
};

struct htp_match {
	const struct htp_route *route; /* NULL: none */
	void *arg;
	unsigned allowed; /* bits 1 << method of the routes that have this path */
};

/* A literal segment goes before a parameter, the first segment where they differ deciding. */
void htp_route_find(const struct htp_routes *table, size_t tables, enum htp_method method,
		const struct htp_target *target, struct htp_match *ret);
/* The segment at the place of {name}; NULL if the pattern has none of that name. */
const char *htp_route_param(
		const struct htp_route *route, const struct htp_target *target, const char *name);
/* "GET, HEAD, OPTIONS" of such bits; buf of 64. Returns buf. */
char *htp_route_allowed(unsigned allowed, char *buf, size_t size);
