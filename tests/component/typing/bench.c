/* A desktop with a program that reads keys, and the host's input on it: what arrives in the
 * program is compared with what was typed. */
#include "bench.h"
#include "shared/base/mem.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xkb.h>

#define LIMIT_MS 60000

static void on_untyped(unsigned tag, unsigned count, void *arg)
{
	struct bench *b = arg;

	(void)tag;
	b->untyped += count;
}

void bench_setup(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	desktop_setup(&b->d);
	free(xcb_xkb_use_extension_reply(b->d.c, xcb_xkb_use_extension(b->d.c, 1, 0), NULL));
	b->d.p->inject->on_untyped = on_untyped;
	b->d.p->inject->arg = b;
}

void bench_teardown(struct bench *b)
{
	test_proc_signal(&b->sink, SIGCONT);
	test_proc_stop(&b->sink);
	desktop_teardown(&b->d);
}

void bench_layout(struct bench *b, const char *const args[])
{
	const char *argv[16] = { "/usr/bin/setxkbmap", "-display", b->d.x.display };
	char *out = NULL;

	for (size_t k = 0; args[k]; k++)
		argv[k + 3] = args[k];
	/* The server has the map compiled by a program, for which a busy machine has no time now
	 * and then: "Error loading new keyboard description". */
	for (int again = 3; test_run(argv, NULL, &out) != 0; again--) {
		ck_assert_msg(again > 0, "setxkbmap: %s", out);
		free(out);
		out = NULL;
	}
	free(out);
	desktop_sync(&b->d);
	desktop_run(&b->d, 20);
}

void bench_layout_named(struct bench *b, const char *name)
{
	char layouts[100] = "", variants[100] = "", copy[100];
	char *rest = copy, *one;

	snprintf(copy, sizeof(copy), "%s", name);
	while ((one = strsep(&rest, ",")) != NULL) {
		char *paren = strchr(one, '(');
		if (paren)
			*paren++ = 0;
		if (paren)
			paren[strcspn(paren, ")")] = 0;
		size_t n = strlen(layouts), v = strlen(variants);
		snprintf(layouts + n, sizeof(layouts) - n, "%s%s", n ? "," : "", one);
		snprintf(variants + v, sizeof(variants) - v, "%s%s", n ? "," : "",
				paren ? paren : "");
	}
	bench_layout(b,
			(const char *const[]){ "-layout", layouts, "-variant", variants, "-option",
					"", NULL });
}

void bench_state(struct bench *b, unsigned group, unsigned locks)
{
	xcb_xkb_latch_lock_state(b->d.c, XCB_XKB_ID_USE_CORE_KBD, 0xff, (uint8_t)locks, 1,
			(uint8_t)group, 0, 0, 0);
	desktop_sync(&b->d);
	desktop_run(&b->d, 10);
}

static void pull(struct bench *b)
{
	hws_loop_once(b->d.loop, 2000);
	(void)test_proc_expect(&b->sink, "\x01", 1);
}

static void must_say(struct bench *b, const char *what)
{
	uint64_t end = test_now_ms() + LIMIT_MS;

	while (!strstr(b->sink.log ? b->sink.log : "", what)) {
		ck_assert_msg(test_now_ms() < end && !b->sink.ended, "no \"%s\": %s", what,
				b->sink.log);
		pull(b);
	}
}

void bench_sink(struct bench *b, unsigned pause_ms)
{
	char display[40], pause[16];
	const char *const argv[] = { SINK_XLIB, pause, NULL };

	snprintf(display, sizeof(display), "DISPLAY=%s", b->d.x.display);
	snprintf(pause, sizeof(pause), "%u", pause_ms);
	test_proc_start(&b->sink, argv, (const char *const[]){ display, NULL });
	must_say(b, "ready\n");
	b->from = b->sink.len;
}

void bench_field(struct bench *b, const char *toolkit)
{
	char display[40], dir[300], home[320], *out = NULL;
	bool gtk = strncmp(toolkit, "gtk", 3) == 0;
	const char *const argv[] = { "/usr/bin/python3",
		gtk ? SINKS "/sink_gtk.py" : SINKS "/sink_qt.py", gtk ? toolkit + 3 : NULL, NULL };
	const char *const probe[] = { "/usr/bin/python3", "-c",
		gtk ? toolkit[3] == '3' ? "import gi; gi.require_version('Gtk','3.0')"
					: "import gi; gi.require_version('Gtk','4.0')"
		    : "import PyQt5.QtWidgets",
		NULL };

	int r = test_run(probe, NULL, &out);
	ck_assert_msg(r == 0, "%s is not installed (see packaging/packages.txt): %s", toolkit,
			out ? out : "");
	free(out);
	snprintf(display, sizeof(display), "DISPLAY=%s", b->d.x.display);
	snprintf(home, sizeof(home), "HOME=%s", test_dir(dir, sizeof(dir)));
	test_proc_start(&b->sink, argv,
			(const char *const[]){ display, home, "GTK_IM_MODULE=gtk-im-context-simple",
					"QT_IM_MODULE=compose", "GDK_BACKEND=x11",
					"GSK_RENDERER=cairo", "QT_QPA_PLATFORM=xcb",
					"LC_ALL=C.UTF-8", "XMODIFIERS=", "NO_AT_BRIDGE=1", NULL });
	must_say(b, "WINDOW ");
	b->field = true;
	xcb_window_t w = (xcb_window_t)test_line_number(strstr(b->sink.log, "WINDOW "), "WINDOW ");
	xcb_set_input_focus(b->d.c, XCB_INPUT_FOCUS_POINTER_ROOT, w, XCB_CURRENT_TIME);
	desktop_sync(&b->d);
	desktop_run(&b->d, 300);
}

static uint32_t next_char(const char **s)
{
	const uint8_t *p = (const uint8_t *)*s;
	unsigned more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
	uint32_t cp = more ? *p & (0x3fu >> more) : *p;

	for (p++; more; more--)
		cp = cp << 6 | (*p++ & 0x3fu);
	*s = (const char *)p;
	return cp;
}

void bench_type(struct bench *b, const char *text)
{
	while (*text)
		ck_assert_int_eq(hws_inject_type_char(b->d.p->inject, next_char(&text), false, 0),
				HWS_OK);
}

/* What the sink is to print. */
static char *expected_keys(const char *text)
{
	size_t size = strlen(text) * 12 + 1;
	char *s = calloc(1, size);
	size_t n = 0;

	while (*text) {
		uint32_t cp = next_char(&text);
		if (cp == '\n')
			n += (size_t)snprintf(s + n, size - n, "s ff0d\n");
		else if (cp == '\t')
			n += (size_t)snprintf(s + n, size - n, "s ff09\n");
		else
			n += (size_t)snprintf(s + n, size - n, "c %x\n", cp);
	}
	return s;
}

static char *expected_field(const char *text)
{
	size_t size = strlen(text) * 12 + 20;
	char *s = calloc(1, size);
	size_t n = (size_t)snprintf(s, size, "TEXT \"");

	while (*text) {
		uint32_t cp = next_char(&text);
		if (cp >= 0x10000)
			n += (size_t)snprintf(s + n, size - n, "\\u%04x\\u%04x",
					0xd800 + ((cp - 0x10000) >> 10),
					0xdc00 + ((cp - 0x10000) & 0x3ff));
		else if (cp >= 0x7f)
			n += (size_t)snprintf(s + n, size - n, "\\u%04x", cp);
		else
			n += (size_t)snprintf(s + n, size - n, "%s%c",
					cp == '"' || cp == '\\' ? "\\" : "", (char)cp);
	}
	snprintf(s + n, size - n, "\"\n");
	return s;
}

/* What the sink has told since it was asked last: all keys, or the last content. */
static const char *told(struct bench *b)
{
	const char *s = b->sink.log ? b->sink.log + b->from : "", *last = s, *p = s;

	if (!b->field)
		return s;
	while ((p = strstr(p, "TEXT ")) != NULL)
		last = p++;
	return last;
}

void bench_expect(struct bench *b, const char *text)
{
	char *want = b->field ? expected_field(text) : expected_keys(text);
	uint64_t end = test_now_ms() + LIMIT_MS;

	while (strcmp(told(b), want) != 0) {
		size_t n = 0;
		const char *got = told(b);
		while (got[n] && got[n] == want[n])
			n++;
		ck_assert_msg(test_now_ms() < end && (b->field || !got[n]),
				"\"%.60s\": right for %zu bytes, then \"%.40s\" and not \"%.40s\"",
				text, n, got + n, want + n);
		pull(b);
	}
	desktop_run(&b->d, 30); /* nothing may follow */
	(void)test_proc_expect(&b->sink, "\x01", 1);
	ck_assert_str_eq(told(b), want);
	if (!b->field)
		b->from = b->sink.len;
	free(want);
}

void bench_expect_line(struct bench *b, const char *line)
{
	must_say(b, line);
}

static void add(struct bench_map *m, const void *reply, size_t len)
{
	ck_assert_ptr_nonnull(reply);
	m->bytes = realloc(m->bytes, m->len + len);
	memcpy(m->bytes + m->len, reply, len);
	memset(m->bytes + m->len + 2, 0, 2); /* the sequence number */
	m->len += len;
	free((void *)(uintptr_t)reply);
}

#define ADD(m, r)                                                                                  \
	do {                                                                                       \
		const xcb_generic_reply_t *reply_ = (const xcb_generic_reply_t *)(r);              \
		add(m, reply_, reply_ ? 32 + reply_->length * 4u : 0);                             \
	} while (0)

struct bench_map bench_map(struct bench *b)
{
	struct bench_map m = { 0 };
	xcb_connection_t *c = b->d.c;
	const uint16_t core = XCB_XKB_ID_USE_CORE_KBD;

	ADD(&m,
			xcb_xkb_get_map_reply(c,
					xcb_xkb_get_map(c, core, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
							0, 0, 0, 0, 0, 0),
					NULL));
	ADD(&m, xcb_xkb_get_names_reply(c, xcb_xkb_get_names(c, core, 0x3fff), NULL));
	ADD(&m, xcb_xkb_get_controls_reply(c, xcb_xkb_get_controls(c, core), NULL));
	ADD(&m, xcb_get_modifier_mapping_reply(c, xcb_get_modifier_mapping(c), NULL));
	ADD(&m, xcb_get_keyboard_mapping_reply(c, xcb_get_keyboard_mapping(c, 8, 248), NULL));
	ADD(&m,
			xcb_xkb_get_compat_map_reply(
					c, xcb_xkb_get_compat_map(c, core, 0xff, 1, 0, 0), NULL));
	return m;
}

bool bench_map_equal(const struct bench_map *x, const struct bench_map *y)
{
	return x->len == y->len && memcmp(x->bytes, y->bytes, x->len) == 0;
}

void bench_expect_map(struct bench *b, struct bench_map *want)
{
	uint64_t end = test_now_ms() + LIMIT_MS;

	for (;;) {
		struct bench_map now = bench_map(b);
		bool equal = bench_map_equal(&now, want);
		free(now.bytes);
		if (equal)
			break;
		ck_assert_msg(test_now_ms() < end, "the map is not what it was");
		desktop_run(&b->d, 50);
	}
	free(want->bytes);
}
