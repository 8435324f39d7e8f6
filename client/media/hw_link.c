/* Blocking, with a limit: the threads that code are there to wait. */
#include "client/media/hw_link.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLOSE_MS 1000

static int wait_for(int fd, short events, uint64_t due)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		uint64_t now = hws_clock_us();
		if (now >= due)
			return HWS_ERR_TIMEOUT;
		int n = poll(&p, 1, (int)((due - now) / HWS_US_PER_MS) + 1);
		if (n > 0)
			return HWS_OK;
		if (n < 0 && errno != EINTR)
			return hws_err_from_errno(errno);
	}
}

/* A request is small: it goes at once, or the process does not read. */
static int say(struct hws_hw_link *l, struct hws_hw_request *q, uint64_t due)
{
	struct iovec part = { q, sizeof(*q) };
	const struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	for (;;) {
		/* sendmsg: the one call for it that a process which decodes has */
		ssize_t n = sendmsg(l->fd, &m, MSG_NOSIGNAL);
		if (n == (ssize_t)sizeof(*q))
			return HWS_OK;
		if (n >= 0)
			return HWS_ERR_PROTO;
		if (errno == EPIPE || errno == ECONNRESET)
			return HWS_ERR_EOF;
		if (errno != EAGAIN && errno != EINTR)
			return hws_err_from_errno(errno);
		int r = wait_for(l->fd, POLLOUT, due);
		if (r < 0)
			return r;
	}
}

static int hear(struct hws_hw_link *l, struct hws_hw_answer *a, uint64_t due)
{
	uint8_t *p = (uint8_t *)a;
	size_t got = 0;

	while (got < sizeof(*a)) {
		int r = wait_for(l->fd, POLLIN, due);
		if (r < 0)
			return r;
		ssize_t n = read(l->fd, p + got, sizeof(*a) - got);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return HWS_ERR_EOF;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return hws_err_from_errno(errno);
		if (n > 0)
			got += (size_t)n;
	}
	return HWS_OK;
}

static int greet(struct hws_hw_link *l, uint64_t due)
{
	struct hws_hw_answer a;

	if (l->greeted)
		return HWS_OK;
	int r = hear(l, &a, due);
	if (r == HWS_OK && (a.version != HWS_HW_VERSION || a.id != 0))
		r = HWS_ERR_PROTO;
	l->greeted = r == HWS_OK;
	return r < 0 ? r : a.result;
}

static uint64_t due_of(const struct hws_hw_link *l, unsigned patience_ms)
{
	uint64_t due = hws_clock_us() + patience_ms * HWS_US_PER_MS;

	return l->due_us ? HWS_MIN(due, l->due_us) : due;
}

/* It writes the name where packets are going to lie, before it greets. */
int hws_hw_driver(struct hws_hw_link *l, unsigned patience_ms, char *buf, size_t size)
{
	char text[HWS_HW_DRIVER_MAX];
	int r = l->broken ? l->broken : greet(l, due_of(l, patience_ms));

	if (r < 0) {
		l->broken = r;
		return r;
	}
	memcpy(text, hws_hw_packet_place(l->memory), sizeof(text));
	hws_str_escape(buf, size, hws_bytes(text, strnlen(text, sizeof(text))));
	return HWS_OK;
}

int hws_hw_ask(struct hws_hw_link *l, struct hws_hw_request *q, unsigned patience_ms,
		struct hws_hw_answer *ret)
{
	uint64_t due = due_of(l, patience_ms);
	int r;

	if (l->broken)
		return l->broken;
	q->id = ++l->last_id ? l->last_id : ++l->last_id;
	r = greet(l, due);
	if (r == HWS_OK)
		r = say(l, q, due);
	if (r == HWS_OK)
		r = hear(l, ret, due);
	if (r == HWS_OK)
		r = hws_hw_answer_check(q, ret);
	l->broken = r;
	return r < 0 ? r : ret->result;
}

int hws_hw_take_instance(struct hws_hw_link *l, uint32_t *ret)
{
	for (uint32_t i = 0; i < HWS_HW_INSTANCES; i++) {
		if (l->instances & 1u << i)
			continue;
		l->instances |= 1u << i;
		*ret = i;
		return HWS_OK;
	}
	return HWS_ERR_FULL;
}

void hws_hw_leave_instance(struct hws_hw_link *l, uint32_t instance)
{
	struct hws_hw_request q = { .kind = HWS_HW_CLOSE, .instance = instance };
	struct hws_hw_answer a;

	l->instances &= ~(1u << instance);
	if (hws_hw_ask(l, &q, CLOSE_MS, &a) < 0 && !l->broken)
		l->broken = HWS_ERR_PROTO;
}

void hws_hw_link_free(struct hws_hw_link *l)
{
	if (l)
		l->free(l);
}

int hws_hw_picture_place(uint8_t *memory, int width, int height, struct hws_picture *ret)
{
	int chroma = hws_chroma(width), stride[] = { width, chroma, chroma };
	size_t luma = (size_t)width * (size_t)height;
	size_t part = (size_t)chroma * (size_t)hws_chroma(height);
	uint8_t *plane[] = { memory, memory + luma, memory + luma + part };
	size_t size[] = { luma, part, part };

	return hws_picture_wrap(HWS_PIXEL_I420, width, height, plane, stride, size, ret);
}
