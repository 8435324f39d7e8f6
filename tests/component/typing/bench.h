/* What the typing tests share: a desktop (../platform), a program on it that reads keys, the host's
 * injection. */
#pragma once
#include "../platform/desktop.h"

struct bench {
	struct desktop d;
	struct test_proc sink;
	bool field;  /* the sink tells the content of a text field, not single keys */
	size_t from; /* of the sink's output: what comes behind is expected next */
	unsigned untyped;
};

void bench_setup(struct bench *b);
void bench_teardown(struct bench *b);
/* setxkbmap with these arguments, NULL-terminated; waits until the host's side knows. */
void bench_layout(struct bench *b, const char *const args[]);
/* "us", "de(nodeadkeys)", "us,ru,gr,il" */
void bench_layout_named(struct bench *b, const char *name);
/* Active group and lock modifiers (X mask), set by another client. */
void bench_state(struct bench *b, unsigned group, unsigned locks);
/* sink_xlib; it waits `pause_ms` after each key. */
void bench_sink(struct bench *b, unsigned pause_ms);
/* "gtk3", "gtk4", "qt": which must be installed, or the test fails. */
void bench_field(struct bench *b, const char *toolkit);
/* Hands UTF-8 to the host's injection. */
void bench_type(struct bench *b, const char *text);
/* Waits until the sink has told exactly this text, and nothing else comes. */
void bench_expect(struct bench *b, const char *text);
/* Waits for a line of the sink, running the loop. */
void bench_expect_line(struct bench *b, const char *line);
/* All of the server's keyboard map, names, controls and modifiers; malloc'ed. */
struct bench_map {
	uint8_t *bytes;
	size_t len;
};
struct bench_map bench_map(struct bench *b);
bool bench_map_equal(const struct bench_map *x, const struct bench_map *y);
/* Waits until the map is this one again; frees it. */
void bench_expect_map(struct bench *b, struct bench_map *want);
