/* Unpacking under caps. protobuf-c allocates for whatever a message claims, so lists and texts
 * are checked in the serialised form first, and all memory of a message comes from one arena that
 * its length limits. */
#include "shared/wire/envelope.h"

#include <stdalign.h>
#include <stdint.h>

#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/wire/field.h"
#include "shared/wire/limits.h"

#define DEPTH_MAX 16 /* our schemas nest 6 deep */

/* --- check before any allocation --- */

/* Lists that may be longer than a schema's default. */
struct list_limit {
	const ProtobufCMessageDescriptor *desc;
	uint32_t number;
	size_t max;
};

struct schema_limits {
	size_t list_max;
	const struct list_limit *longer;
	size_t count;
};

static const struct list_limit rdv_longer[] = {
	{ &rdv__online_request__descriptor, 2, HWS_RDV_ONLINE_IDS_MAX },
};

static const struct list_limit ses_longer[] = {
	{ &ses__file_directory__descriptor, 3, HWS_SES_FILES_MAX },
	{ &ses__file_transfer_receive_request__descriptor, 3, HWS_SES_FILES_MAX },
	{ &ses__read_empty_dirs_response__descriptor, 2, HWS_SES_FILES_MAX },
	{ &ses__cliprdr_files__descriptor, 1, HWS_SES_FILES_MAX },
};

static const struct schema_limits rdv_limits = { HWS_RDV_LIST_MAX, rdv_longer,
	HWS_COUNT(rdv_longer) };
static const struct schema_limits ses_limits = { HWS_SES_LIST_MAX, ses_longer,
	HWS_COUNT(ses_longer) };

static size_t list_max(const struct schema_limits *l, const ProtobufCMessageDescriptor *desc,
		uint32_t number)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->longer[i].desc == desc && l->longer[i].number == number)
			return l->longer[i].max;
	return l->list_max;
}

/* Elements one occurrence of a repeated field adds: a packed list says so by its content. */
static size_t elements_in(const ProtobufCFieldDescriptor *fd, const struct hws_wire_field *f)
{
	size_t n = 0;

	if (f->wire != HWS_WIRE_BYTES)
		return 1;
	switch (fd->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return 1;
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return f->bytes.len / 8;
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return f->bytes.len / 4;
	default:
		for (size_t i = 0; i < f->bytes.len; i++)
			n += !(f->bytes.ptr[i] & 0x80);
		return n;
	}
}

static bool text_ok(struct hws_bytes text)
{
	/* a NUL would cut the C string short of what a signature or another peer saw */
	return hws_utf8_valid(text) && (text.len == 0 || !memchr(text.ptr, 0, text.len));
}

/* Counts lists and checks texts in the serialised form, where lengths are still what the peer
 * sent. All lists of one message share a counter; no message has two long ones. */
static int check(const struct schema_limits *limits, const ProtobufCMessageDescriptor *desc,
		struct hws_bytes in, unsigned depth)
{
	struct hws_wire_field f;
	size_t elements = 0;
	int r;

	if (depth > DEPTH_MAX)
		return HWS_ERR_TOOBIG;
	while ((r = hws_field_next(&in, &f)) == HWS_OK) {
		const ProtobufCFieldDescriptor *fd =
				protobuf_c_message_descriptor_get_field(desc, f.number);

		if (!fd)
			continue;
		if (fd->label == PROTOBUF_C_LABEL_REPEATED) {
			elements += elements_in(fd, &f);
			if (elements > list_max(limits, desc, f.number))
				return HWS_ERR_TOOBIG;
		}
		if (f.wire != HWS_WIRE_BYTES)
			continue;
		if (fd->type == PROTOBUF_C_TYPE_STRING && !text_ok(f.bytes))
			return HWS_ERR_PROTO;
		if (fd->type == PROTOBUF_C_TYPE_MESSAGE) {
			r = check(limits, fd->descriptor, f.bytes, depth + 1);
			if (r < 0)
				return r;
		}
	}
	return r == HWS_ERR_EOF ? HWS_OK : r;
}

/* --- memory of one message: blocks that are freed together --- */

struct block {
	struct block *next;
	size_t used, size; /* of the bytes behind this header */
	alignas(max_align_t) uint8_t data[];
};

struct arena {
	struct block *first, *last;
	size_t total, cap;
	int err;
};

static struct block *add_block(struct arena *a, size_t size)
{
	size_t with_header;

	if (!hws_add_size(size, sizeof(struct block), &with_header))
		return NULL;

	struct block *b = hws_realloc_array(NULL, with_header, 1);

	if (!b) {
		a->err = HWS_ERR_NOMEM;
		return NULL;
	}
	b->next = NULL;
	b->used = 0;
	b->size = size;
	if (a->last)
		a->last->next = b;
	else
		a->first = b;
	a->last = b;
	return b;
}

static void *arena_alloc(void *arena, size_t size)
{
	struct arena *a = arena;
	struct block *b = a->last;

	if (size > a->cap - a->total) {
		a->err = HWS_ERR_TOOBIG;
		return NULL;
	}
	size = (size + 15u) & ~(size_t)15u;
	if (b->size - b->used < size) {
		b = add_block(a, HWS_MAX(size, b->size));
		if (!b)
			return NULL;
	}
	a->total = HWS_MIN(a->total + size, a->cap);
	b->used += size;
	return b->data + b->used - size;
}

static void arena_free(void *arena, void *ptr)
{
	(void)arena;
	(void)ptr; /* all at once, later */
}

static void free_blocks(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		hws_free(b);
		b = next;
	}
}

/* --- the three entry points --- */

static size_t unpack_cap(size_t len)
{
	/* len is below 2^30 by the frame header, but callers may be anyone */
	size_t by_ratio = len > SIZE_MAX / HWS_UNPACK_RATIO / 2 ? SIZE_MAX / 2
								: len * HWS_UNPACK_RATIO;

	return HWS_UNPACK_FIXED + HWS_MIN(by_ratio, len + HWS_UNPACK_EXTRA);
}

static int unpack(const ProtobufCMessageDescriptor *desc, const struct schema_limits *limits,
		struct hws_bytes in, ProtobufCMessage **ret)
{
	struct arena a = { .cap = unpack_cap(in.len) };
	ProtobufCAllocator allocator = { arena_alloc, arena_free, &a };
	ProtobufCMessage *m;
	int r = check(limits, desc, in, 0);

	if (r < 0)
		return r;
	/* most messages fit in this one block: their own size, texts and bytes, some list slots */
	if (!add_block(&a, desc->sizeof_message + in.len + in.len / 4 + 512))
		return HWS_ERR_NOMEM;
	m = protobuf_c_message_unpack(desc, &allocator, in.len, in.ptr);
	/* The message is what protobuf-c allocates first; hws_msg_free finds the blocks by that. */
	if (!m || (void *)m != (void *)a.first->data) {
		free_blocks(a.first);
		return a.err < 0 ? a.err : HWS_ERR_PROTO;
	}
	*ret = m;
	return HWS_OK;
}

int hws_msg_unpack(const ProtobufCMessageDescriptor *desc, struct hws_bytes in, size_t list_max_arg,
		ProtobufCMessage **ret)
{
	const struct schema_limits limits = { list_max_arg, NULL, 0 };

	return unpack(desc, &limits, in, ret);
}

void hws_msg_free(ProtobufCMessage *m)
{
	if (m)
		free_blocks((struct block *)((uint8_t *)m - offsetof(struct block, data)));
}

int hws_msg_pack(const ProtobufCMessage *m, struct hws_buf *out)
{
	size_t size = protobuf_c_message_get_packed_size(m);

	if (size == 0)
		return hws_buf_err(out);

	uint8_t *to = hws_buf_reserve(out, size);

	if (!to)
		return hws_buf_err(out);
	hws_buf_commit(out, protobuf_c_message_pack(m, to));
	return HWS_OK;
}

int hws_rdv_unpack(struct hws_bytes in, Rdv__RendezvousMessage **ret)
{
	ProtobufCMessage *m;
	int r = unpack(&rdv__rendezvous_message__descriptor, &rdv_limits, in, &m);

	if (r == HWS_OK)
		*ret = (Rdv__RendezvousMessage *)m;
	return r;
}

void hws_rdv_free(Rdv__RendezvousMessage *m)
{
	if (m)
		hws_msg_free(&m->base);
}

int hws_rdv_pack(const Rdv__RendezvousMessage *m, struct hws_buf *out)
{
	return hws_msg_pack(&m->base, out);
}

int hws_ses_unpack(struct hws_bytes in, Ses__Message **ret)
{
	ProtobufCMessage *m;
	int r = unpack(&ses__message__descriptor, &ses_limits, in, &m);

	if (r == HWS_OK)
		*ret = (Ses__Message *)m;
	return r;
}

void hws_ses_free(Ses__Message *m)
{
	if (m)
		hws_msg_free(&m->base);
}

int hws_ses_pack(const Ses__Message *m, struct hws_buf *out)
{
	return hws_msg_pack(&m->base, out);
}
