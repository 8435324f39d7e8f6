/* cli/escape_keys: what is typed, byte by byte, and the few words that are for this program and not
 * for the host: the escape character behind a line end, and one more. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct escape_keys {
	int escape; /* the character; -1: there is none */
	bool line_begins, pending;
};

enum escape_action {
	ESCAPE_NOTHING,
	ESCAPE_LEAVE,   /* ~. */
	ESCAPE_SUSPEND, /* ~^Z */
	ESCAPE_HELP     /* ~? */
};

/* "~", "^]" or another one, "none". False: it is neither. */
bool escape_keys_parse(const char *text, int *ret_escape);
void escape_keys_begin(struct escape_keys *k, int escape);
/* Puts what goes to the host into `out` (two bytes at the most) and its length into *ret_len. */
enum escape_action escape_keys_feed(
		struct escape_keys *k, uint8_t c, uint8_t out[2], size_t *ret_len);
