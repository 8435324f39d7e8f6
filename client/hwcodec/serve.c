/* See serve.h. What is asked is checked as if it came from a stranger: in a viewer it does, when
 * its decoder was taken over. A request that hangs in a driver ends the process by an alarm,
 * whether somebody waits for it or not. */
#include "client/hwcodec/serve.h"
#include "client/media/hw_link.h"
#include "shared/base/log.h"
#include "shared/sys/local_socket.h"
#include "shared/sys/sandbox.h"
#include "shared/sys/shared_memory.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANGS_S 6 /* longer than anybody waits */
#define MEMORY_MS 5000

struct server {
	int fd;
	struct hwc_device *device;
	uint8_t *memory;
	struct instance {
		struct hwc_encoder *encoder;
		struct hwc_decoder *decoder;
		int width, height;
	} instance[HWS_HW_INSTANCES];
};

static void leave(struct instance *i)
{
	hwc_encoder_free(i->encoder);
	hwc_decoder_free(i->decoder);
	*i = (struct instance){ 0 };
}

static int on_open_encoder(struct server *s, struct instance *i, const struct hws_hw_request *q)
{
	leave(i);
	i->width = (int)q->width;
	i->height = (int)q->height;
	return hwc_encoder_new(s->device,
			&(struct hwc_encoder_conf){ .codec = (enum hws_codec)q->codec,
					.width = i->width,
					.height = i->height,
					.fps = q->fps,
					.coarse = q->coarse },
			&i->encoder);
}

static int on_encode(struct server *s, struct instance *i, const struct hws_hw_request *q,
		struct hws_hw_answer *a)
{
	struct hws_picture p;
	struct hwc_packet packet;
	int r = i->encoder ? hws_hw_picture_place(s->memory, i->width, i->height, &p)
			   : HWS_ERR_INVAL;

	if (r == HWS_OK)
		r = hwc_encoder_encode(i->encoder, &p, q->coarse, q->key, &packet);
	if (r == HWS_OK && packet.data.len > HWS_HW_PACKET_BYTES)
		r = HWS_ERR_TOOBIG;
	if (r < 0)
		return r;
	memcpy(hws_hw_packet_place(s->memory), packet.data.ptr, packet.data.len);
	a->bytes = (uint32_t)packet.data.len;
	a->key = packet.key;
	a->coarse = packet.coarse;
	return HWS_OK;
}

static int on_decode(struct server *s, struct instance *i, const struct hws_hw_request *q,
		struct hws_hw_answer *a)
{
	int w = 0, h = 0;
	int r = i->decoder ? hwc_decoder_decode(i->decoder,
					     hws_bytes(hws_hw_packet_place(s->memory), q->bytes),
					     s->memory, &w, &h)
			   : HWS_ERR_INVAL;

	a->width = (uint32_t)w;
	a->height = (uint32_t)h;
	return r;
}

static int do_request(struct server *s, const struct hws_hw_request *q, struct hws_hw_answer *a)
{
	struct instance *i = &s->instance[q->instance];

	switch (q->kind) {
	case HWS_HW_OPEN_ENCODER:
		return on_open_encoder(s, i, q);
	case HWS_HW_ENCODE:
		return on_encode(s, i, q, a);
	case HWS_HW_OPEN_DECODER:
		leave(i);
		return hwc_decoder_new(s->device, (enum hws_codec)q->codec, &i->decoder);
	case HWS_HW_DECODE:
		return on_decode(s, i, q, a);
	default:
		leave(i);
		return HWS_OK;
	}
}

static int wait_for(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	while ((n = poll(&p, 1, ms)) < 0 && errno == EINTR)
		;
	return n > 0 ? HWS_OK : n == 0 ? HWS_ERR_TIMEOUT : HWS_ERR_SYS;
}

static int read_all(int fd, void *to, size_t n)
{
	for (uint8_t *p = to; n;) {
		ssize_t got = read(fd, p, n);
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR) ||
				wait_for(fd, POLLIN, -1) < 0) {
			return HWS_ERR_EOF;
		}
	}
	return HWS_OK;
}

static int answer(int fd, struct hws_hw_answer *a)
{
	struct iovec part = { a, sizeof(*a) };
	const struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	a->version = HWS_HW_VERSION;
	/* Who asks has read the answer before: there is room. */
	return sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)sizeof(*a) ? HWS_OK : HWS_ERR_EOF;
}

void hwc_serve_requests(int fd, struct hwc_device *d, uint8_t *memory)
{
	struct server s = { .fd = fd, .device = d, .memory = memory };
	struct hws_hw_answer a = { 0 };
	struct hws_hw_request q;
	int r;

	memcpy(hws_hw_packet_place(memory), d->vendor, HWS_HW_DRIVER_MAX - 1);
	r = answer(fd, &a);
	while (r == HWS_OK && read_all(fd, &q, sizeof(q)) == HWS_OK &&
			hws_hw_request_check(&q) == HWS_OK) {
		a = (struct hws_hw_answer){ .id = q.id };
		alarm(HANGS_S);
		a.result = do_request(&s, &q, &a);
		alarm(0);
		r = answer(fd, &a);
	}
	for (unsigned i = 0; i < HWS_HW_INSTANCES; i++)
		leave(&s.instance[i]);
}

static int take_memory(int fd, struct hws_shared_memory **ret)
{
	struct hws_local_fds fds = { 0 };
	char first;
	int r = wait_for(fd, POLLIN, MEMORY_MS);

	if (r == HWS_OK && hws_local_recv(fd, &first, 1, NULL, 0, &fds) != 1)
		r = HWS_ERR_EOF;
	if (r == HWS_OK)
		r = fds.n == 1 ? hws_shared_memory_map(fds.fd[0], HWS_HW_MEMORY, true, ret)
			       : HWS_ERR_PROTO;
	hws_local_fds_close(&fds);
	return r;
}

static void confine(const struct hwc_backend *b)
{
	static const char *const devices[] = { "/dev" };
	struct hws_error err = { 0 };
	int r = b->opens_late ? hws_sandbox_enter_beneath(HWS_SANDBOX_DEVICE_LATE, devices, 1, &err)
			      : hws_sandbox_enter(HWS_SANDBOX_DEVICE, &err);

	if (r < 0)
		hws_debug("hwcodec.no_sandbox", HWS_STR("why", err.text));
}

int hwc_serve(int fd, const struct hwc_backend *b, const char *path)
{
	struct hws_hw_answer no = { .result = HWS_ERR_UNSUPPORTED };
	struct hws_shared_memory *memory = NULL;
	struct hws_error err = { 0 };
	struct hwc_device d;
	int r = take_memory(fd, &memory);

	if (r == HWS_OK) {
		alarm(HANGS_S);
		r = hwc_device_open(b, path, &d, &err);
		alarm(0);
		if (r < 0 && answer(fd, &no) < 0)
			r = HWS_ERR_EOF;
	}
	if (r < 0) {
		hws_shared_memory_free(memory);
		return 1;
	}
	confine(b);
	hwc_serve_requests(fd, &d, hws_shared_memory_bytes(memory));
	hwc_device_close(&d);
	hws_shared_memory_free(memory);
	return 0;
}
