/* The two programs that hawser-server is: their main(), which has these names in it
 * (server/CMakeLists.txt). */
#pragma once

int hawser_rendezvous_main(int argc, char **argv);
int hawser_relay_main(int argc, char **argv);
