/* The viewer against a decoder process that answers anything. Input: a byte that says which
 * requests are made, then what the process says, behind its greeting; a process that was cut off is
 * followed by one that goes on in the input. */
#include "client/decoder/confined.h"
#include "client/decoder/protocol.h"
#include "shared/sys/local_socket.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_MAX 4096u
#define PROCESSES_MAX 8
#define REQUESTS 6

static struct {
	const uint8_t *p;
	size_t left;
	int fd[PROCESSES_MAX];
	unsigned fds, asked, told;
} state;

static int start(int fd, void *arg HWS_UNUSED)
{
	struct hws_decode_answer hello = { .kind = HWS_DECODE_HELLO,
		.version = HWS_DECODE_VERSION };
	size_t n = HWS_MIN(state.left, (size_t)PIECE_MAX);

	if (state.fds == PROCESSES_MAX || write(fd, &hello, sizeof(hello)) != sizeof(hello) ||
			write(fd, state.p, n) != (ssize_t)n)
		abort();
	state.p += n;
	state.left -= n;
	state.fd[state.fds++] = fd;
	return HWS_OK;
}

static void on_broken(const char *text, void *arg HWS_UNUSED)
{
	if (!*text)
		abort();
}

static void on_done(int r, const struct hws_confined_result *res, void *arg HWS_UNUSED)
{
	const struct hws_picture *p = res->picture;
	struct hws_rect d = res->damage;

	if (r > 0 || ++state.told > state.asked || res->bytes.len > 1000)
		abort();
	if (!p)
		return;
	if (r != HWS_OK || !hws_picture_valid(p) || d.x < 0 || d.y < 0 || d.w < 0 || d.h < 0 ||
			d.x + d.w > p->width || d.y + d.h > p->height)
		abort();
	/* All of it can be read. */
	volatile uint8_t last = p->plane[0][p->size[0] - 1];
	(void)last;
}

static void ask(struct hws_confined *c, unsigned n, bool text)
{
	const struct hws_bytes packet = hws_bytes_str("not looked at");
	struct hws_confined_video v = {
		.display = n % 3, .codec = HWS_CODEC_VP9, .packets = &packet, .count = 1
	};

	state.asked++; /* it may be told at once */
	if ((text ? hws_confined_unpack(c, packet, 1000, on_done, NULL)
		  : hws_confined_video(c, &v, on_done, NULL)) < 0)
		state.asked--;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_confined_conf conf = { .on_broken = on_broken, .start = start };
	struct hws_confined *c;

	if (size < 1)
		return 0;
	memset(&state, 0, sizeof(state));
	state.p = data + 1;
	state.left = size - 1;
	if (hws_loop_new(&conf.loop) < 0 || hws_confined_new(&conf, &c) < 0)
		abort();
	for (unsigned i = 0; i < REQUESTS; i++) {
		ask(c, i, data[0] >> i & 1);
		for (int turns = 0; turns < 8; turns++)
			hws_loop_once(conf.loop, 0);
		if (data[0] >> 6 & 1 && i == 3)
			hws_confined_forget(c, 1);
	}
	hws_confined_free(c);
	if (state.told != state.asked)
		abort(); /* each is told once, at the latest now */
	hws_loop_free(conf.loop);
	while (state.fds)
		close(state.fd[--state.fds]);
	return 0;
}
