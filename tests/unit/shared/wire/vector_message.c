/* Compares by the schema, so that a field which a vector names and we forget is a difference. */
#include "vector_message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/buf.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"

struct report {
	char *text;
	size_t size;
};

static bool differs(const struct report *rep, const char *field, const char *what)
{
	if (rep->text[0] == '\0')
		snprintf(rep->text, rep->size, "%s: %s", field, what);
	return false;
}

static bool bytes_equal(struct hws_bytes got, const char *want)
{
	char hex[8192];

	if (strncmp(want, "hex:", 4) == 0)
		want += 4;
	if (hws_hex_encode(got, hex, sizeof(hex)) == HWS_OK && strcmp(hex, want) == 0)
		return true;
	return got.len == strlen(want) && memcmp(got.ptr, want, got.len) == 0;
}

/* "NAME", or "29 (Shift)", or a number. */
static bool enum_equal(const ProtobufCEnumDescriptor *desc, int got, const json_t *want)
{
	if (json_is_integer(want))
		return json_integer_value(want) == got;

	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(desc, got);
	const char *text = json_string_value(want);
	char numbered[128];

	if (!v || !text)
		return false;
	snprintf(numbered, sizeof(numbered), "%d (%s)", got, v->name);
	return strcmp(text, v->name) == 0 || strcmp(text, numbered) == 0;
}

static bool message_equal(const ProtobufCMessage *m, const json_t *want, const struct report *rep);

/* One element at `p`. */
static bool value_equal(const ProtobufCFieldDescriptor *fd, const void *p, const json_t *want,
		const struct report *rep)
{
	switch (fd->type) {
	case PROTOBUF_C_TYPE_STRING:
		return json_is_string(want) &&
				strcmp(*(char *const *)p, json_string_value(want)) == 0;
	case PROTOBUF_C_TYPE_BYTES: {
		const ProtobufCBinaryData *b = p;

		return json_is_string(want) &&
				bytes_equal(hws_bytes(b->data, b->len), json_string_value(want));
	}
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_equal(*(const ProtobufCMessage *const *)p, want, rep);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_equal(fd->descriptor, *(const int *)p, want);
	case PROTOBUF_C_TYPE_BOOL:
		return json_is_boolean(want) &&
				(*(const protobuf_c_boolean *)p != 0) == json_is_true(want);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
		return json_is_integer(want) && json_integer_value(want) == *(const int32_t *)p;
	case PROTOBUF_C_TYPE_UINT32:
		return json_is_integer(want) && json_integer_value(want) == *(const uint32_t *)p;
	case PROTOBUF_C_TYPE_INT64:
		return json_is_integer(want) && json_integer_value(want) == *(const int64_t *)p;
	case PROTOBUF_C_TYPE_UINT64:
		return json_is_integer(want) &&
				(uint64_t)json_integer_value(want) == *(const uint64_t *)p;
	case PROTOBUF_C_TYPE_DOUBLE:
		return json_is_number(want) && json_number_value(want) == *(const double *)p;
	default:
		return false;
	}
}

static size_t element_size(const ProtobufCFieldDescriptor *fd)
{
	switch (fd->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return sizeof(int32_t); /* the only repeated numbers of our schemas */
	}
}

static const void *member(const ProtobufCMessage *m, size_t offset)
{
	return (const char *)m + offset;
}

static bool list_equal(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *fd,
		const json_t *want, const struct report *rep)
{
	size_t n = *(const size_t *)member(m, fd->quantifier_offset);
	const char *items = *(char *const *)member(m, fd->offset);

	if (!json_is_array(want) || json_array_size(want) != n)
		return differs(rep, fd->name, "list of another length");
	for (size_t i = 0; i < n; i++)
		if (!value_equal(fd, items + i * element_size(fd), json_array_get(want, i), rep))
			return differs(rep, fd->name, "list element differs");
	return true;
}

static bool is_oneof(const ProtobufCFieldDescriptor *fd)
{
	return fd->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

static bool is_chosen(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *fd)
{
	return *(const uint32_t *)member(m, fd->quantifier_offset) == fd->id;
}

/* Whether the field would be written: the message must then say so in the vector. */
static bool is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *fd)
{
	const void *p = member(m, fd->offset);
	static const uint64_t zero;

	if (fd->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)member(m, fd->quantifier_offset) > 0;
	if (is_oneof(fd))
		return is_chosen(m, fd);
	switch (fd->type) {
	case PROTOBUF_C_TYPE_STRING:
		return **(char *const *)p != '\0';
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)p)->len > 0;
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(void *const *)p != NULL;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return memcmp(p, &zero, 8) != 0;
	default:
		return memcmp(p, &zero, 4) != 0;
	}
}

static bool field_equal(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *fd,
		const json_t *want, const struct report *rep)
{
	if (fd->label == PROTOBUF_C_LABEL_REPEATED)
		return list_equal(m, fd, want, rep);
	if (is_oneof(fd) && !is_chosen(m, fd))
		return differs(rep, fd->name, "oneof member is not set");
	if (fd->type == PROTOBUF_C_TYPE_MESSAGE && !*(void *const *)member(m, fd->offset))
		return differs(rep, fd->name, "message is absent");
	if (!value_equal(fd, member(m, fd->offset), want, rep))
		return differs(rep, fd->name, "value differs");
	return true;
}

/* [["name", "value"], ...]: the fields of a message in their order. */
static bool tuple_equal(const ProtobufCMessage *m, const json_t *want, const struct report *rep)
{
	if (json_array_size(want) != m->descriptor->n_fields)
		return false;
	for (unsigned i = 0; i < m->descriptor->n_fields; i++)
		if (!field_equal(m, &m->descriptor->fields[i], json_array_get(want, i), rep))
			return false;
	return true;
}

static bool message_equal(const ProtobufCMessage *m, const json_t *want, const struct report *rep)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	const char *key;
	json_t *value;

	if (json_is_array(want))
		return tuple_equal(m, want, rep);
	if (!json_is_object(want))
		return differs(rep, d->name, "the vector has no object here");
	if (m->n_unknown_fields > 0)
		return differs(rep, d->name, "a field is not in the schema");
	json_object_foreach ((json_t *)want, key, value) {
		const ProtobufCFieldDescriptor *fd =
				protobuf_c_message_descriptor_get_field_by_name(d, key);

		if (!fd && (strstr(key, "_decoded") || strcmp(key, "online_indexes") == 0))
			continue; /* explains another member; callers check it */
		if (!fd)
			return differs(rep, key, "the schema has no such field");
		if (!field_equal(m, fd, value, rep))
			return false;
	}
	for (unsigned i = 0; i < d->n_fields; i++)
		if (is_set(m, &d->fields[i]) && !json_object_get(want, d->fields[i].name))
			return differs(rep, d->fields[i].name, "set, but not in the vector");
	return true;
}

bool vector_message_equal(const ProtobufCMessage *m, const json_t *want, char *why, size_t why_size)
{
	struct report rep = { why, why_size };

	why[0] = '\0';
	return message_equal(m, want, &rep);
}

bool vector_message_same(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	struct hws_buf x, y;
	bool same;

	hws_buf_init(&x, 1 << 20);
	hws_buf_init(&y, 1 << 20);
	same = hws_msg_pack(a, &x) == HWS_OK && hws_msg_pack(b, &y) == HWS_OK &&
			hws_bytes_equal(hws_buf_bytes(&x), hws_buf_bytes(&y));
	hws_buf_done(&x);
	hws_buf_done(&y);
	return same;
}
