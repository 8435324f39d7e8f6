/* recording/mp4_box: the boxes that MP4 files are made of (ISO/IEC 14496-12), and the index at the
 * end of a fragmented one, for the writer and for the repair. */
#pragma once
#include "shared/base/buf.h"

void hws_mp4_u16(struct hws_buf *b, unsigned v);
void hws_mp4_u32(struct hws_buf *b, uint32_t v);
void hws_mp4_u64(struct hws_buf *b, uint64_t v);
void hws_mp4_zero(struct hws_buf *b, unsigned n);
/* Begins a box whose length hws_mp4_end fills in; returns what that wants. */
size_t hws_mp4_box(struct hws_buf *b, const char *type);
size_t hws_mp4_full(struct hws_buf *b, const char *type, unsigned version, uint32_t flags);
void hws_mp4_end(struct hws_buf *b, size_t box);

/* Where key pictures are. */
struct hws_mp4_index {
	struct hws_mp4_key {
		uint64_t time_ms, at; /* and its fragment in the file */
	} * key;
	size_t count;
};
/* Beyond a number, or without memory, they are left out: a file can be played without them. */
void hws_mp4_index_add(struct hws_mp4_index *x, uint64_t time_ms, uint64_t at);
/* The box mfra, to be the last of the file. */
void hws_mp4_index_put(const struct hws_mp4_index *x, struct hws_buf *out);
void hws_mp4_index_done(struct hws_mp4_index *x);
