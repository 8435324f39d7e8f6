/* unit tests of the HTTP edge: its parts without sockets. */
#pragma once
#include <check.h>

TCase *head_case(void);
TCase *body_case(void);
TCase *json_case(void);
TCase *route_case(void);
TCase *reply_case(void);
