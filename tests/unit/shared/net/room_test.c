/* What the kernel says of its room, from files as Linux 6 writes them, and of sockets. */
#include "shared/net/room.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char proc[300];

static void put(const char *name, const char *text)
{
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	for (char *at = strchr(path + strlen(proc) + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

START_TEST(a_full_table_is_seen)
{
	struct hws_room_tracking t;

	test_dir(proc, sizeof(proc));
	put("sys/net/netfilter/nf_conntrack_count", "261900\n");
	put("sys/net/netfilter/nf_conntrack_max", "262144\n");
	put("net/stat/nf_conntrack",
			"entries  clashres found new invalid ignore delete chainlength insert "
			"insert_failed drop early_drop icmp_error\n"
			"0003fe7c  00000001 00000002 00000000 00000021 00000000 00000000 "
			"00000000 00000000 00000003 00036480 0003b290 00000000\n"
			"0003fe7c  00000000 00000000 00000000 00000000 00000000 00000000 "
			"00000000 00000000 00000000 00000010 00000000 00000000\n");
	ck_assert(hws_room_tracking(proc, &t));
	ck_assert_uint_eq(t.count, 261900);
	ck_assert_uint_eq(t.max, 262144);
	ck_assert_uint_eq(t.dropped, 0x36480 + 0x10 + 3);
}
END_TEST

START_TEST(without_a_firewall_there_is_no_table)
{
	struct hws_room_tracking t;

	test_dir(proc, sizeof(proc));
	ck_assert(!hws_room_tracking(proc, &t));
	put("sys/net/netfilter/nf_conntrack_count", "0\n");
	put("sys/net/netfilter/nf_conntrack_max", "262144\n");
	ck_assert(!hws_room_tracking(proc, &t)); /* the module is there, no rule uses it */
	put("sys/net/netfilter/nf_conntrack_count", "many\n");
	ck_assert(!hws_room_tracking(proc, &t));
	put("sys/net/netfilter/nf_conntrack_count", "7\n");
	ck_assert(hws_room_tracking(proc, &t)); /* losses are not told everywhere */
	ck_assert_uint_eq(t.dropped, 0);
}
END_TEST

static int bound(int type, struct sockaddr_in *ret)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*ret = in;
	return fd;
}

START_TEST(lost_datagrams_are_counted)
{
	struct sockaddr_in to, own;
	int fd = bound(SOCK_DGRAM, &to), from = bound(SOCK_DGRAM, &own);

	ck_assert_uint_ge(hws_room_receive(fd, 4096), 4096);
	ck_assert_uint_eq(hws_room_dropped(fd), 0);
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(sendto(from, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	ck_assert_uint_gt(hws_room_dropped(fd), 100);
	close(fd);
	close(from);
}
END_TEST

START_TEST(lost_links_are_counted)
{
	struct sockaddr_in to, own;
	int fd = bound(SOCK_STREAM, &to), link[20];

	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_uint_eq(hws_room_dropped(fd), 0);
	for (int i = 0; i < 20; i++) {
		link[i] = bound(SOCK_STREAM, &own);
		ck_assert(connect(link[i], (struct sockaddr *)&to, sizeof(to)) <= 0);
	}
	ck_assert_uint_gt(hws_room_dropped(fd), 5);
	for (int i = 0; i < 20; i++)
		close(link[i]);
	close(fd);
}
END_TEST

int main(void)
{
	return test_main("net/room", 60, NULL, NULL,
			TESTS(a_full_table_is_seen, without_a_firewall_there_is_no_table,
					lost_datagrams_are_counted, lost_links_are_counted));
}
