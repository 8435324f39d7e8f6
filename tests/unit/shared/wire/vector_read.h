/* tests: reading the vectors of the rendezvous and session specification. */
#pragma once
#include "shared/base/bytes.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_MAX 4096

struct vector {
	const char *name;
	const json_t *json;    /* the whole entry */
	const json_t *decoded; /* its "decoded" */
	uint8_t raw[RAW_MAX];
	size_t len;
};

/* Bytes written in hexadecimal, at most `max`; their number. */
size_t unhex(const char *hex, uint8_t *out, size_t max);
/* Fields of "decoded". */
const char *text_of(const struct vector *v, const char *key);
size_t hex_of(const struct vector *v, const char *key, uint8_t *out, size_t max);
json_int_t int_of(const struct vector *v, const char *key);
bool flag(const struct vector *v, const char *key);
/* An entry, and the one called `name` of a document. */
void load(const json_t *entry, struct vector *v);
void find(const json_t *doc, const char *name, struct vector *ret);
struct hws_bytes raw_of(const struct vector *v);
