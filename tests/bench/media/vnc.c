/* The settings are those that the viewer has by default: Tight, JPEG of quality 8. It draws into a
 * screen in memory, where a pixel is looked at as ours is in the library. */
#include "tests/bench/media/vnc.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 1920
#define HEIGHT 1080
#define START_MS 20000

static void start_server(struct vnc *v, const char *const env[], char display[16])
{
	char port[8];
	const char *argv[] = { "/usr/bin/Xtigervnc", "-displayfd", "1", "-geometry", "1920x1080",
		"-depth", "24", "-SecurityTypes", "None", "-rfbport", port, "-localhost", "-fp",
		"built-ins", "-nolisten", "tcp", NULL };
	const char *line;

	v->port = test_free_ports(1);
	snprintf(port, sizeof(port), "%u", v->port);
	test_proc_start(&v->server, argv, env);
	/* Its log and the number come in any order. */
	test_proc_must_expect(&v->server, "created VNC server", START_MS);
	for (;;) {
		line = strstr(v->server.log, "\n");
		while (line && strspn(line + 1, "0123456789") == 0)
			line = strstr(line + 1, "\n");
		if (line || (v->server.log[0] >= '0' && v->server.log[0] <= '9'))
			break;
		test_proc_expect(&v->server, "\n", 1000);
	}
	line = line ? line + 1 : v->server.log;
	snprintf(display, 16, ":%.*s", (int)strspn(line, "0123456789"), line);
}

bool vnc_start(struct vnc *v, const char *const env[])
{
	char display[16], address[32];
	const char *argv[] = { "/usr/bin/xtigervncviewer", "-display", NULL, "-FullScreen",
		"-RemoteResize=0", "-AutoSelect=0", "-PreferredEncoding=Tight", "-QualityLevel=8",
		"-CompressLevel=2", address, NULL };

	memset(v, 0, sizeof(*v));
	if (access("/usr/bin/Xtigervnc", X_OK) < 0 || access(argv[0], X_OK) < 0)
		return false;
	start_server(v, env, display);
	desktop_open(&v->desktop, display);
	test_xvfb_start(&v->screen, WIDTH, HEIGHT);
	argv[2] = v->screen.display;
	snprintf(address, sizeof(address), "127.0.0.1::%u", v->port);
	test_proc_start(&v->viewer, argv, env);
	v->eye = xcb_connect(v->screen.display, NULL);
	ck_assert(!xcb_connection_has_error(v->eye));
	uint64_t end = test_now_ms() + START_MS;
	desktop_block(&v->desktop, 220);
	while (abs(vnc_grey(v, BLOCK_X + 5, BLOCK_Y + 5) - 220) > 25) {
		ck_assert_msg(test_now_ms() < end, "TigerVNC shows nothing:\n%s", v->viewer.log);
		usleep(20000);
	}
	return true;
}

void vnc_stop(struct vnc *v)
{
	if (v->eye)
		xcb_disconnect(v->eye);
	test_proc_stop(&v->viewer);
	desktop_close(&v->desktop);
	test_proc_stop(&v->server);
	test_xvfb_stop(&v->screen);
}

int vnc_grey(struct vnc *v, int x, int y)
{
	xcb_window_t root = xcb_setup_roots_iterator(xcb_get_setup(v->eye)).data->root;
	xcb_get_image_reply_t *img = xcb_get_image_reply(v->eye,
			xcb_get_image(v->eye, XCB_IMAGE_FORMAT_Z_PIXMAP, root, (int16_t)x,
					(int16_t)y, 1, 1, ~0u),
			NULL);
	int grey = img && xcb_get_image_data_length(img) >= 4 ? xcb_get_image_data(img)[1] : -1;

	free(img);
	return grey;
}

/* The kernel's count, as ss shows it. */
double vnc_bytes(struct vnc *v)
{
	char filter[40], *out = NULL;
	const char *argv[] = { "/usr/bin/ss", "-tinH", "state", "established", filter, NULL };
	double sum = 0;

	snprintf(filter, sizeof(filter), "sport = :%u", v->port);
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "ss: %s", out);
	for (const char *p = out; (p = strstr(p, "bytes_sent:")); p++)
		sum += strtod(p + strlen("bytes_sent:"), NULL);
	free(out);
	return sum;
}
