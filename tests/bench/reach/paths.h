/* bench/reach/paths: real programs in the NAT laboratory (tests/component/nat), whose lines have a
 * length. */
#pragma once
#include <check.h>
#include <stdbool.h>

/* First in main(): may start this program anew, with its arguments. */
void paths_enter(int argc, char *argv[]);
/* From click to first picture by each way, over 0, 30 and 100 ms. False: it failed. */
bool paths_round_trips(bool quick);
/* How soon the relay is used where all else leads nowhere. */
bool paths_fallback(void);
/* As a test, which is what the laboratory is made for. False: it failed. Ends the program (77)
 * where there can be no laboratory. */
bool paths_run(const TTest *part);
