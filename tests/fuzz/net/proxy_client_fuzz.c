/* What a proxy answers. Held throughout: the end is told once, and only a proxy that agreed is
 * passed; what it says after that is left for the target's reader. */
#include "shared/base/macros.h"
#include "shared/net/proxy_client.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned told;
static struct hws_stream *passed;

static void on_done(int r, struct hws_stream *s, void *arg)
{
	(void)arg;
	told++;
	assert((r == HWS_OK) == (s != NULL));
	passed = s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const urls[] = { "socks5://p", "http://p" };
	static const char *const hosts[] = { "192.0.2.1", "id.example.org", "2001:db8::1" };
	struct hws_mem_conf conf = { 0 };
	struct hws_stream *near, *far;
	struct hws_proxy_ask *ask;
	struct hws_proxy proxy;
	const struct hws_proxy_target target = { &proxy, hosts[size ? (data[0] >> 2 & 3) % 3 : 0],
		21116 };
	struct hws_loop *loop;
	bool login;
	ssize_t n;

	if (size < 1)
		return 0;
	login = data[0] & 2;
	conf.read_max = data[0] >> 5;
	told = 0;
	passed = NULL;
	assert(hws_loop_new(&loop) == HWS_OK);
	assert(hws_stream_mem_pair(loop, &conf, &near, &far) == HWS_OK);
	assert(hws_proxy_set(urls[data[0] & 1], login ? "name" : "", login ? "word" : "", &proxy) ==
			HWS_OK);
	assert(hws_proxy_ask_start(loop, near, &target, on_done, NULL, &ask) == HWS_OK);
	n = size > 1 ? hws_stream_write(far, hws_bytes(data + 1, size - 1)) : 0;
	(void)n;
	for (int i = 0; i < 64 && !told; i++)
		hws_loop_once(loop, 0);
	assert(told <= 1);
	if (!told)
		hws_proxy_ask_cancel(ask);
	hws_stream_close(passed);
	hws_stream_close(far);
	hws_loop_once(loop, 0);
	hws_loop_free(loop);
	return 0;
}
