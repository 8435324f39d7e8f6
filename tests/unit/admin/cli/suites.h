/* The suites of hawser-admin's parts, run by one program. */
#pragma once
#include <check.h>

void admin_cli_texts(Suite *s);
void admin_cli_rows(Suite *s);
void admin_cli_table(Suite *s);
