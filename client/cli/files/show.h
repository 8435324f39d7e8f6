/* cli/files/show: what a host's files look like on a terminal: names that cannot do anything to it,
 * sizes, times, rates, the bar of progress. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Four columns for each byte that is escaped. */
#define FILES_NAME_SHOWN (4 * 4096u + 1)

/* A name or path for people: control characters (C1 ones too), what turns the direction of text
 * and what is no UTF-8 become \xNN; cut at the buffer's end. Always terminates. Returns buf. */
char *files_show_name(char *buf, size_t size, const char *name);
/* "999 B", "1.4 MiB". */
char *files_show_size(char *buf, size_t size, uint64_t bytes);
/* "1.4 MiB/s". */
char *files_show_rate(char *buf, size_t size, double bytes_per_s);
/* "0:42", "1:02:03", "2 d 03 h". */
char *files_show_time(char *buf, size_t size, uint64_t seconds);
/* "2024-05-06 07:08" in local time; "" for 0. */
char *files_show_mtime(char *buf, size_t size, uint64_t seconds);
/* Of a name that was made safe: columns on a terminal, as far as can be known without a locale. */
size_t files_show_columns(const char *text);

struct files_bar {
	const char *name; /* of the file under way; may be NULL */
	uint64_t done, total;
	uint64_t files_done, files;
	double rate; /* bytes a second; 0 = not known yet */
	bool paused;
};

/* One line of at most `columns` columns: name, percent, bytes, rate, what is left. */
char *files_show_bar(char *buf, size_t size, const struct files_bar *b, size_t columns);

/* The rate that a bar shows: a mean that forgets what is older than some seconds. */
struct files_rate {
	uint64_t at_us, bytes;
	double rate;
};
/* `bytes` so far, at `now_us`. Returns the rate. */
double files_rate_step(struct files_rate *r, uint64_t now_us, uint64_t bytes);
