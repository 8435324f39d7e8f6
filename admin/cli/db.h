/* admin/db: the database of the rendezvous server: status, backup, restore, take-over from hbbs. */
#pragma once
#include <stdbool.h>

/* argv[0] is "db". Returns the exit status. */
int adm_db_run(bool json, int argc, char **argv);
