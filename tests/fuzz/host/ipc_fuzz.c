/* host/ipc fed by a process that went wrong: arbitrary frames in arbitrary pieces, with descriptors
 * that nobody announced, while the other side sends and is asked to hold back. */
#include "client/host/ipc.h"
#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAME_MAX 4096u

static struct hws_ipc *ipc;
static size_t sum;

static void on_message(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg HWS_UNUSED)
{
	sum += m->union_case;
	if (fd >= 0)
		close(fd);
	if (hws_ipc_send(l, m, -1) < 0)
		sum++;
}

static void on_wire(struct hws_ipc *l, struct hws_bytes m, void *arg HWS_UNUSED)
{
	assert(m.len < FRAME_MAX);
	for (size_t i = 0; i < m.len; i++)
		sum += m.ptr[i]; /* every byte must be readable */
	if (m.len && hws_ipc_send_wire(l, m.ptr[0] % HWS_CHANNEL_COUNT, m) < 0)
		sum++;
	if (m.len == 7)
		hws_ipc_close(l, HWS_OK);
}

static void on_drain(struct hws_ipc *l, enum hws_send_class cls, void *arg HWS_UNUSED)
{
	assert(!hws_ipc_congested(l, cls));
}

static void on_close(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	assert(ipc);
	ipc = NULL;
}

static void give(int fd, const uint8_t *data, size_t len, bool with_fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (with_fd) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		sum++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hws_ipc_conf conf = { .frame_max = FRAME_MAX,
		.takes_fds = true,
		.send_max = 20000,
		.send_high = 3000,
		.on_message = on_message,
		.on_wire = on_wire,
		.on_close = on_close,
		.on_drain = on_drain };
	uint8_t sink[8192];
	struct hws_loop *loop;
	int fd[2];

	assert(hws_loop_new(&loop) == HWS_OK && hws_ipc_pair(fd) == HWS_OK);
	assert(hws_ipc_new(loop, fd[0], &conf, &ipc) == HWS_OK);
	while (size > 1 && ipc) {
		size_t len = HWS_MIN((size_t)(data[0] & 63) + 1, size - 1);

		give(fd[1], data + 1, len, data[0] >> 6 == 3);
		if (data[0] >> 6 == 2) /* else it reads nothing */
			(void)!read(fd[1], sink, sizeof(sink));
		data += 1 + len;
		size -= 1 + len;
		hws_loop_once(loop, 0);
	}
	hws_ipc_close(ipc, HWS_OK);
	close(fd[1]);
	hws_loop_once(loop, 0);
	hws_loop_free(loop);
	return 0;
}
