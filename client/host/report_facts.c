/* Each fact is what the system says in its own words, or empty: none is worth an error. */
#include "client/host/report_facts.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define LINE_MAX_LEN 1000

/* The value of the first line that begins with `key`, without quotes. */
static void read_value(const char *path, const char *key, char sign, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	char line[LINE_MAX_LEN];

	buf[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		char *value = strchr(line, sign);

		if (!hws_str_starts(line, key) || !value)
			continue;
		value += 1 + strspn(value + 1, " \t\"");
		value[strcspn(value, "\"\n")] = '\0';
		(void)snprintf(buf, size, "%s", value);
		break;
	}
	if (f)
		fclose(f);
}

void hws_report_facts(struct hws_report_facts *ret)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	char name[160], model[160];
	struct utsname u;

	memset(ret, 0, sizeof(*ret));
	if (gethostname(ret->hostname, sizeof(ret->hostname) - 1) < 0)
		ret->hostname[0] = '\0';
	read_value("/etc/os-release", "PRETTY_NAME=", '=', name, sizeof(name));
	if (uname(&u) == 0)
		(void)snprintf(ret->os, sizeof(ret->os), "linux / %s / %s",
				*name ? name : u.sysname, u.machine);
	read_value("/proc/cpuinfo", "model name", ':', model, sizeof(model));
	(void)snprintf(ret->cpu, sizeof(ret->cpu), "%s%s%ld cores", model, *model ? ", " : "",
			cores);
	if (pages > 0 && page > 0)
		(void)snprintf(ret->memory, sizeof(ret->memory), "%.1fGB",
				(double)pages * (double)page / (1 << 30));
}

unsigned hws_report_version(const char *text)
{
	unsigned part[3] = { 0, 0, 0 };

	for (int i = 0; i < 3; i++) {
		char *end;
		unsigned long n = strtoul(text, &end, 10);

		if (end == text || n > 999)
			return 0;
		part[i] = (unsigned)n;
		if (*end != '.')
			break;
		text = end + 1;
	}
	return part[0] * 1000000 + part[1] * 1000 + part[2] * 10;
}
