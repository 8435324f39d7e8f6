/* admin/query: commands that are one question to a control socket. */
#pragma once
#include "admin/cli/place.h"
#include "shared/base/err.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct adm_query {
	const char *socket; /* NULL = the server's usual place */
	bool json;
};

/* The commands of a server as --help has them. */
void adm_query_help(FILE *out, enum adm_server server);
bool adm_query_knows(enum adm_server server, const char *verb);
/* The i-th command of a server, NULL behind the last. */
const char *adm_query_word(enum adm_server server, size_t i);
/* argv[0] is the command ("relay" and "api" introduce those of the others). Returns the exit
 * status. */
int adm_query_run(const struct adm_query *ask, int argc, char **argv);
/* The question alone; `req` gets the member that says whom it is for. */
int adm_query_ask(const struct adm_query *ask, enum adm_server server, json_t *req, json_t **ret,
		struct hws_error *err) HWS_MUST_CHECK;
