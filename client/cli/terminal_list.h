/* cli/terminal_list: the terminals that a host keeps, for people and for scripts. */
#pragma once
#include <hawser/terminal.h>

/* A table on standard output. */
void terminal_list_print(const struct hawser_terminal_item *items, size_t count);
/* One object a line. */
void terminal_list_json(const struct hawser_terminal_item *items, size_t count);
