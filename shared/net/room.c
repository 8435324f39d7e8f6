/* Reads of /proc and of sockets what the kernel lost before a program saw it: a server that
 * looks idle may only have been kept from its packets. */
#include "shared/net/room.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

uint64_t hws_room_receive(int fd, uint64_t want)
{
	int size = want > INT32_MAX / 2 ? INT32_MAX / 2 : (int)want, got = 0;
	socklen_t len = sizeof(got);

	if (size && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len) < 0 || got < 0)
		return 0;
	return (uint64_t)got;
}

uint64_t hws_room_dropped(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0 ||
			len <= SK_MEMINFO_DROPS * sizeof(info[0]))
		return 0;
	return info[SK_MEMINFO_DROPS];
}

/* A file of /proc as text; false when it is not there. */
static bool read_text(const char *proc, const char *name, char *buf, size_t size)
{
	char path[300];
	size_t n = 0;
	int fd;

	if (hws_fmt(path, sizeof(path), "%s/%s", proc, name) < 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (n + 1 < size) {
		ssize_t r = read(fd, buf + n, size - 1 - n);

		if (r <= 0)
			break;
		n += (size_t)r;
	}
	close(fd);
	buf[n] = '\0';
	return n > 0;
}

static bool read_number(const char *proc, const char *name, uint64_t *ret)
{
	char text[40];

	if (!read_text(proc, name, text, sizeof(text)))
		return false;
	text[strcspn(text, "\n")] = '\0';
	return hws_parse_u64(text, ret) == 0;
}

/* One line for each CPU below a line of names, in hexadecimal: the sum of the columns "drop" and
 * "insert_failed". */
static uint64_t sum_dropped(char *table)
{
	unsigned wanted = 0; /* bit mask of columns */
	uint64_t sum = 0;
	char *line_at = NULL, *line = strtok_r(table, "\n", &line_at), *at = NULL;
	unsigned i = 0;

	for (char *w = line ? strtok_r(line, " ", &at) : NULL; w && i < 32;
			w = strtok_r(NULL, " ", &at), i++) {
		if (strcmp(w, "drop") == 0 || strcmp(w, "insert_failed") == 0)
			wanted |= 1u << i;
	}
	while ((line = strtok_r(NULL, "\n", &line_at))) {
		i = 0;
		for (char *w = strtok_r(line, " ", &at); w && i < 32;
				w = strtok_r(NULL, " ", &at), i++) {
			if (wanted & 1u << i)
				sum += strtoull(w, NULL, 16);
		}
	}
	return sum;
}

bool hws_room_tracking(const char *proc, struct hws_room_tracking *ret)
{
	static const char counts[] = "sys/net/netfilter/nf_conntrack_count";
	static const char limit[] = "sys/net/netfilter/nf_conntrack_max";
	char table[8192]; /* some 40 CPUs; of the rest only the losses go unseen */
	struct hws_room_tracking t = { 0 };

	if (!read_number(proc, counts, &t.count) || !read_number(proc, limit, &t.max) ||
			t.count == 0 || t.max == 0)
		return false;
	if (read_text(proc, "net/stat/nf_conntrack", table, sizeof(table)))
		t.dropped = sum_dropped(table);
	*ret = t;
	return true;
}
