#include "tests/bench/rendezvous/database.h"
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

void bench_remove(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

void bench_database(const char *dir, const char *program, uint32_t hosts)
{
	(void)dir;
	(void)program;
	(void)hosts;
}
