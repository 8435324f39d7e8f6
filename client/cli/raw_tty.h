/* cli/raw_tty: this side's terminal, while its keys are for the host: raw, and given back as it was
 * whatever becomes of this program, but for SIGKILL. One at a time. */
#pragma once
#include <stdbool.h>

/* False: `fd` is no terminal, or does not let itself be changed. Twice is once. */
bool raw_tty_enter(int fd);
/* As it was. Harmless when it is not raw. */
void raw_tty_leave(void);
bool raw_tty_is_raw(void);
/* Stops this program as Ctrl+Z would, with the terminal as it was, and comes back when it goes
 * on. */
void raw_tty_suspend(void);
/* Rows and columns of the first of these descriptors that is a terminal; false: none is. */
bool raw_tty_size(unsigned *ret_rows, unsigned *ret_cols);
