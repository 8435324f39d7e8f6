/* base/buf: a growable byte buffer with a maximum given at init and a sticky error.
 * Write many, check once with hws_buf_err. One owner; not thread-safe. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

struct hws_buf {
	uint8_t *data;
	size_t start; /* read cursor */
	size_t end;   /* write cursor; start <= end <= size */
	size_t size;  /* allocated */
	size_t max;   /* never holds more unread bytes than this */
	int err;      /* first failure: HWS_ERR_NOMEM or HWS_ERR_TOOBIG */
};

/* No allocation until the first write. */
void hws_buf_init(struct hws_buf *b, size_t max);
/* Frees; the struct may be initialised again. Takes a zeroed struct too. */
void hws_buf_done(struct hws_buf *b);
/* As hws_buf_done but wipes first. */
void hws_buf_done_wiped(struct hws_buf *b);
/* Forgets content and error, keeps memory (up to 64 KiB; larger blocks are given back). */
void hws_buf_reset(struct hws_buf *b);

static inline int hws_buf_err(const struct hws_buf *b)
{
	return b->err;
}

static inline size_t hws_buf_len(const struct hws_buf *b)
{
	return b->end - b->start;
}

/* Unread content; borrows until the next write, consume or done. */
static inline struct hws_bytes hws_buf_bytes(const struct hws_buf *b)
{
	return (struct hws_bytes){ b->data ? b->data + b->start : NULL, b->end - b->start };
}

void hws_buf_put(struct hws_buf *b, const void *p, size_t n);
void hws_buf_put_u8(struct hws_buf *b, uint8_t v);
void hws_buf_put_str(struct hws_buf *b, const char *s);
void hws_buf_fmt(struct hws_buf *b, const char *fmt, ...) HWS_PRINTF(2, 3);
/* Makes room for n more bytes and returns where to write them, NULL on failure (error is sticky);
 * follow with hws_buf_commit of what was written. */
uint8_t *hws_buf_reserve(struct hws_buf *b, size_t n);
void hws_buf_commit(struct hws_buf *b, size_t n);
/* Drops n bytes from the front; n must not exceed the length. */
void hws_buf_consume(struct hws_buf *b, size_t n);
