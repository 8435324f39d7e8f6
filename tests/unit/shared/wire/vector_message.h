/* Compares an unpacked message with the "decoded" object of a test vector, by reflection. */
#pragma once
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* True when every member of `want` is in the message with that value and the message holds nothing
 * else (fields at their default may be left out or spelled out). Otherwise `why` says what
 * differs. */
bool vector_message_equal(
		const ProtobufCMessage *m, const json_t *want, char *why, size_t why_size);
/* True when both messages serialise to the same bytes. */
bool vector_message_same(const ProtobufCMessage *a, const ProtobufCMessage *b);
