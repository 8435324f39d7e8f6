/* unit tests of admin/identity: its parts without sockets. */
#pragma once
#include <check.h>

void add_token_tests(Suite *s);
void add_rules_tests(Suite *s);
