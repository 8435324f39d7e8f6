/* hawser-host with its real hostd and its real agent, and gates in foreign hands: each says what
 * the test tells it by the viewer's connection, and nothing by itself.
 *
 * Both ways: u32 little-endian length of the rest, u8 who, bytes. To the gate: 'h' and 'a' go to
 * hostd and agent as they are, 'f' to hostd with a descriptor, 'x' closes the link to hostd. From
 * it: 'h' and 'a' came from there (no bytes: that link has ended), 'p' is its process number. */
#include "client/host/agent/agent.h"
#include "client/host/cmd.h"
#include "client/host/settings.h"
#include "shared/sys/spawn.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 60000u

static int viewer = -1, hostd = HWS_SPAWN_IPC_FD, agent = -1;

static void put(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (fd >= 0 && len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* who does not hear it any more has ended */
		at += n;
		len -= (size_t)n;
	}
}

static void tell(uint8_t who, const void *data, size_t len)
{
	uint8_t head[5] = { (uint8_t)(len + 1), (uint8_t)((len + 1) >> 8),
		(uint8_t)((len + 1) >> 16), 0, who };

	put(viewer, head, sizeof(head));
	put(viewer, data, len);
}

static bool get(void *to, size_t len)
{
	uint8_t *at = to;

	while (len) {
		ssize_t n = recv(viewer, at, len, 0);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void with_descriptor(const void *data, size_t len)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec v = { (void *)(uintptr_t)data, len };
	struct msghdr m = { .msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &viewer, sizeof(int));
	if (sendmsg(hostd, &m, MSG_NOSIGNAL) < 0)
		perror("sendmsg");
}

/* Once the test has gone there is nothing to try any more. */
static void obey(void)
{
	static uint8_t data[CHUNK];
	uint8_t head[5];
	size_t len;

	if (!get(head, sizeof(head)))
		exit(0);
	len = (size_t)head[0] + ((size_t)head[1] << 8) - 1;
	if (len > sizeof(data) || !get(data, len))
		exit(0);
	if (head[4] == 'h')
		put(hostd, data, len);
	else if (head[4] == 'a')
		put(agent, data, len);
	else if (head[4] == 'f')
		with_descriptor(data, len);
	else if (head[4] == 'x' && hostd >= 0) {
		close(hostd);
		hostd = -1;
	}
}

/* What has come from `*from`, and the descriptor that came with it. */
static void pass_on(int *from, uint8_t who, int *ret_fd)
{
	static uint8_t data[CHUNK];
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec v = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(*from, &m, 0);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	if (c && c->cmsg_type == SCM_RIGHTS && *ret_fd < 0) {
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
		fcntl(*ret_fd, F_SETFL, fcntl(*ret_fd, F_GETFL) & ~O_NONBLOCK);
	}
	tell(who, data, n > 0 ? (size_t)n : 0);
	if (n <= 0) {
		close(*from);
		*from = -1;
	}
}

static int gate_main(void)
{
	uint32_t pid = (uint32_t)getpid();
	struct pollfd at = { hostd, POLLIN, 0 };

	/* an honest gate ends by these; this one does not */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	fcntl(hostd, F_SETFL, fcntl(hostd, F_GETFL) & ~O_NONBLOCK);
	while (viewer < 0) { /* its start brings it */
		if (poll(&at, 1, -1) < 0 || hostd < 0)
			return 1;
		pass_on(&hostd, 'h', &viewer);
	}
	tell('p', &pid, sizeof(pid));
	for (;;) {
		struct pollfd all[3] = { { viewer, POLLIN, 0 }, { hostd, POLLIN, 0 },
			{ agent, POLLIN, 0 } };

		if (poll(all, 3, -1) < 0)
			return 1;
		if (all[1].revents)
			pass_on(&hostd, 'h', &agent);
		if (all[2].revents && agent >= 0)
			pass_on(&agent, 'a', &agent);
		if (all[0].revents)
			obey();
	}
}

static int agent_main(int argc, char **argv)
{
	struct hws_settings s;
	struct hws_agent_conf conf = { 0 };
	int status;

	if (hws_host_role_settings(&s, argc, argv, "hawser-host[agent]") < 0)
		return 2;
	conf.backend = s.backend;
	status = hws_agent_main(HWS_SPAWN_IPC_FD, &conf);
	hws_settings_done(&s);
	return status;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "gate"))
		return gate_main();
	if (argc > 1 && !strcmp(argv[1], "agent"))
		return agent_main(argc - 1, argv + 1);
	return hws_host_cmd(argc, argv);
}
