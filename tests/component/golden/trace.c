/* Writes what was said as text that people can read in a diff; what differs from run to run
 * (keys, ports) gets a name instead. */
#include "tests/component/golden/trace.h"
#include "shared/base/str.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void trace_init(struct trace *t)
{
	memset(t, 0, sizeof(*t));
	hws_buf_init(&t->text, 1u << 18);
}

void trace_hide(struct trace *t, struct hws_bytes bytes, const char *name)
{
	ck_assert_msg(bytes.len >= 2 && bytes.len <= sizeof(t->hidden[0].bytes),
			"%zu bytes cannot be hidden (%s)", bytes.len, name);
	ck_assert_uint_lt(t->count, TRACE_HIDDEN);
	memcpy(t->hidden[t->count].bytes, bytes.ptr, bytes.len);
	t->hidden[t->count].len = bytes.len;
	t->hidden[t->count++].name = name;
}

void trace_show(struct trace *t)
{
	t->count = 0;
}

void trace_title(struct trace *t, const char *title)
{
	hws_buf_fmt(&t->text, "%s# %s\n", hws_buf_len(&t->text) ? "\n" : "", title);
}

void trace_add(struct trace *t, const char *who, struct hws_bytes in)
{
	hws_buf_fmt(&t->text, "%-22s ", who);
	for (size_t i = 0; i < in.len;) {
		unsigned h = 0;

		while (h < t->count &&
				(in.len - i < t->hidden[h].len ||
						memcmp(in.ptr + i, t->hidden[h].bytes,
								t->hidden[h].len) != 0))
			h++;
		if (h < t->count) {
			hws_buf_fmt(&t->text, "<%s>", t->hidden[h].name);
			i += t->hidden[h].len;
		} else {
			hws_buf_fmt(&t->text, "%02x", in.ptr[i++]);
		}
	}
	hws_buf_put_str(&t->text, "\n");
}

size_t trace_mark(const struct trace *t)
{
	return hws_buf_len(&t->text);
}

void trace_rewind(struct trace *t, size_t mark)
{
	struct hws_buf kept;

	hws_buf_init(&kept, 1u << 18);
	hws_buf_put(&kept, hws_buf_bytes(&t->text).ptr, mark);
	hws_buf_done(&t->text);
	t->text = kept;
}

void trace_check(struct trace *t, const char *file)
{
	struct hws_bytes text = hws_buf_bytes(&t->text);
	char path[400], *want;
	size_t n;
	FILE *f;

	ck_assert_int_eq(hws_buf_err(&t->text), HWS_OK);
	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, file);
	if (getenv("HAWSER_UPDATE_GOLDEN")) {
		f = fopen(path, "we");
		ck_assert_msg(f != NULL, "cannot write %s", path);
		ck_assert_uint_eq(fwrite(text.ptr, 1, text.len, f), text.len);
		ck_assert_int_eq(fclose(f), 0);
	}
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s is missing: run the test once with HAWSER_UPDATE_GOLDEN=1",
			path);
	want = calloc(1, text.len + 2);
	ck_assert_ptr_nonnull(want);
	n = fread(want, 1, text.len + 1, f);
	fclose(f);
	ck_assert_msg(n == text.len && memcmp(want, text.ptr, n) == 0,
			"the bytes on the wire are not those of %s; if that is meant, run the "
			"test once with "
			"HAWSER_UPDATE_GOLDEN=1. Now:\n%.*s",
			file, (int)text.len, (const char *)text.ptr);
	free(want);
	hws_buf_done(&t->text);
}
