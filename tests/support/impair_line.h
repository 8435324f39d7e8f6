/* tests/support/impair_line: one direction of a bad line: what is put in comes out later, less of
 * it, twice, in another order, as fast as the line is. Time in, no I/O. One thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMPAIR_LEN_MAX 2048

struct impair_conf {
	uint64_t seed;
	uint32_t delay_us;  /* one way */
	uint32_t jitter_us; /* up to so much more, each datagram on its own: changes their order */
	uint32_t rate;      /* bytes a second, 0 = any */
	uint32_t queue;     /* bytes that wait before a line that has a rate; more are lost */
	uint32_t loss, duplicate; /* of 1000 */
	uint32_t mtu;             /* longer ones are lost; 0 = any length */
};

struct impair_held {
	struct impair_held *next, *prev;
	uint64_t at_us;
	size_t len;
	uint8_t data[IMPAIR_LEN_MAX];
};

struct impair_line {
	const struct impair_conf *conf; /* may be changed under way */
	struct impair_held line;        /* head of the ring, by time */
	uint64_t free_us, random;
	size_t held;
};

/* `number` tells the lines of one conf apart. */
void impair_line_init(struct impair_line *l, const struct impair_conf *conf, unsigned number);
void impair_line_done(struct impair_line *l);
void impair_line_put(struct impair_line *l, const uint8_t *data, size_t len, uint64_t now_us);
/* When the next comes out; UINT64_MAX: none is on the line. */
uint64_t impair_line_due(const struct impair_line *l);
/* The first that is due, or NULL. Give it back. */
struct impair_held *impair_line_take(struct impair_line *l, uint64_t now_us);
void impair_line_give_back(struct impair_held *h);
