/* The figures that need a real database: a pause of it, and a start with a million devices. */
#pragma once
#include <stdint.h>

void bench_database(const char *dir, const char *program, uint32_t hosts);
/* Removes the files of a server's state folder and the folder. */
void bench_remove(const char *dir);
