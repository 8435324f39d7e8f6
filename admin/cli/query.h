/* admin/query: commands that are one question to a control socket. */
#pragma once
#include "admin/cli/place.h"
#include <stdbool.h>
#include <stdio.h>

struct adm_query {
	const char *socket; /* NULL = the server's usual place */
	bool json;
};

void adm_query_help(FILE *out, enum adm_server server);
/* argv[0] is the command ("relay" introduces those of the relay). Returns the exit status. */
int adm_query_run(const struct adm_query *ask, int argc, char **argv);
