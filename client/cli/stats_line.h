/* cli/stats_line: the figures of a session in one line. */
#pragma once
#include <hawser/hawser.h>
#include <stdbool.h>

/* "KIND frames=... " on standard output; false: nobody reads it any more. `path`: how the host was
 * reached, NULL = not yet. */
bool cli_print_stats(const char *kind, const struct hawser_stats *s, const char *path);
