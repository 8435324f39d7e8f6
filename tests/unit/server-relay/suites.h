/* unit tests of the relay: its parts without sockets. */
#pragma once
#include <check.h>

TCase *tables_case(void);
TCase *parsers_case(void);
