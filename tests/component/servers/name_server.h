/* A name server of the test's own at 127.0.0.1, which the test and all that it starts ask: for
 * tests in a network of their own. */
#pragma once
#include <stdbool.h>

/* Serves what `name_server_zone` says from then on. False: it cannot be had here, and why was
 * told by test_skip. */
bool name_server_start(void);
void name_server_stop(void);
/* The whole zone, a record a line: "NAME A 127.0.0.1", "NAME AAAA ::1",
 * "NAME SRV PRIORITY WEIGHT PORT TARGET". In force with the next question. */
void name_server_zone(const char *records);
