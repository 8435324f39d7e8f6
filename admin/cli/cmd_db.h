/* admin/cmd_db: work on the rendezvous server's database while the server is down, or beside it. */
#pragma once
#include <stdio.h>

void adm_db_help(FILE *out);
/* argv[0] = "db". Returns the exit status. */
int adm_db_run(int argc, char **argv);
