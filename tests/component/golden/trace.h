/* tests: golden traces: what was said on the wire, as text, compared with a file in
 * tests/vectors/golden. What differs from run to run (ports, random numbers, signatures over them)
 * is hidden behind a name; everything else counts to the last bit. After a wanted change run the
 * test once with HAWSER_UPDATE_GOLDEN=1 and look at the difference. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"

#define TRACE_HIDDEN 24

struct trace {
	struct hws_buf text;
	struct {
		uint8_t bytes[160];
		size_t len;
		const char *name;
	} hidden[TRACE_HIDDEN];
	unsigned count;
};

void trace_init(struct trace *t);
/* From now on these bytes appear as <name>; fewer than 2 bytes would hide too much and end the
 * test. */
void trace_hide(struct trace *t, struct hws_bytes bytes, const char *name);
void trace_show(struct trace *t); /* hides nothing any more */
void trace_title(struct trace *t, const char *title);
/* One line: who said it to whom by what, then the bytes. */
void trace_add(struct trace *t, const char *who, struct hws_bytes bytes);
/* Forgets what came after trace_mark(). */
size_t trace_mark(const struct trace *t);
void trace_rewind(struct trace *t, size_t mark);
/* Compares with the file and ends the test where they differ; frees. */
void trace_check(struct trace *t, const char *file);
