/* bench/services/floor: what a transfer cannot do without: read a file, seal blocks of 128 KiB
 * (crypto_secretbox), TCP over loopback, open them, write a file. Two processes, nothing else. */
#pragma once

/* Copies `from` to `to`, which is made anew. Returns the seconds from the first byte to the end of
 * the writing process; *ret_cpu (may be NULL) the CPU seconds of both. Ends the test on failure. */
double floor_copy(const char *from, const char *to, double *ret_cpu);
