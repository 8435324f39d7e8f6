/* tests/support/firewall: what the kernel says of its table of tracked connections, as a program
 * under test sees it. */
#pragma once

/* `argv` (NULL-terminated) with what comes before it, for test_run and test_proc_start; valid until
 * the next call: the program then runs in a mount namespace where `count` of `max` connections are
 * tracked, whether or not this machine has such a table. NULL after a call of test_skip where no
 * namespace is to be had. */
const char *const *test_firewall_argv(unsigned count, unsigned max, const char *const argv[]);
