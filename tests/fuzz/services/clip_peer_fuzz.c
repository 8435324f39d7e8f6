/* Both ends of clipboard files against a peer that says anything in any order: whatever comes, the
 * memory stays bounded, each read ends once, and nothing is asked for that is not in the list. The
 * input is a chain of messages: a byte that says what, and what it needs. */
#include "client/services/clipfiles/formats.h"
#include "client/services/clipfiles/owner.h"
#include "client/services/clipfiles/paster.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define READS 8

static struct {
	struct hws_bytes in;
	struct hws_clip_paster *paster;
	struct hws_clip_owner *owner;
	struct hws_clip_list *list;
	uint64_t now;
	int32_t stream; /* last asked for */
	uint32_t want;
	struct {
		bool used;
		struct hws_clip_read *read;
	} read[READS];
	unsigned sent;
} f;

static uint32_t take(unsigned bytes)
{
	uint32_t v = 0;

	while (bytes--) {
		v = v << 8 | (f.in.len ? f.in.ptr[0] : 0);
		if (f.in.len)
			f.in = hws_bytes(f.in.ptr + 1, f.in.len - 1);
	}
	return v;
}

static int send_message(const Ses__Message *m, void *arg HWS_UNUSED)
{
	const Ses__CliprdrFileContentsRequest *q = m->cliprdr->file_contents_request;

	assert(m->union_case == SES__MESSAGE__UNION_CLIPRDR);
	f.sent++;
	if (m->cliprdr->union_case == SES__CLIPRDR__UNION_FILE_CONTENTS_REQUEST) {
		uint64_t offset = (uint64_t)(uint32_t)q->n_position_high << 32 |
				(uint32_t)q->n_position_low;

		assert(f.list && (uint32_t)q->list_index < hws_clip_list_count(f.list));
		assert(offset + (uint32_t)q->cb_requested <=
				hws_clip_list_at(f.list, (uint32_t)q->list_index)->size);
		f.stream = q->stream_id;
		f.want = (uint32_t)q->cb_requested;
	}
	return f.sent % 7 ? HWS_OK : HWS_ERR_FULL;
}

static uint64_t now_us(void *arg HWS_UNUSED)
{
	return f.now;
}

static void on_list(struct hws_clip_list *list, void *arg HWS_UNUSED)
{
	f.list = list;
}

static void on_refused(const char *why, void *arg HWS_UNUSED)
{
	assert(*why);
}

static void on_gone(void *arg HWS_UNUSED)
{
	for (unsigned i = 0; i < READS; i++)
		assert(!f.read[i].used);
	f.list = NULL;
}

static void on_data(int r, struct hws_bytes data, void *arg)
{
	unsigned i = (unsigned)(uintptr_t)arg;

	assert(f.read[i].used && (r < 0 || data.len <= HWS_CLIP_READ_MAX));
	f.read[i].used = false;
	f.read[i].read = NULL;
}

static void begin_read(unsigned i)
{
	struct hws_clip_read *read = NULL;

	if (f.read[i].used)
		return;
	f.read[i].used = true;
	int r = hws_clip_paster_read(f.paster, take(1), (uint64_t)take(3) << 8, take(2) << 5,
			on_data, (void *)(uintptr_t)i, &read);
	if (r < 0)
		f.read[i].used = false;
	else
		f.read[i].read = read;
}

static void hear(Ses__Cliprdr *c)
{
	if (!hws_clip_paster_message(f.paster, c))
		hws_clip_owner_message(f.owner, c);
}

static void say_formats(void)
{
	Ses__CliprdrFormat x = SES__CLIPRDR_FORMAT__INIT, y = SES__CLIPRDR_FORMAT__INIT;
	Ses__CliprdrFormat *both[] = { &x, &y };
	Ses__CliprdrServerFormatList l = SES__CLIPRDR_SERVER_FORMAT_LIST__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;

	x.format = (char *)HWS_CLIP_FORMAT_LIST_NAME;
	y.format = (char *)HWS_CLIP_FORMAT_CONTENTS_NAME;
	l.n_formats = take(1) % 3;
	l.formats = both;
	l.list = take(1) & 1;
	c.union_case = SES__CLIPRDR__UNION_FORMAT_LIST;
	c.format_list = &l;
	hear(&c);
}

/* A list of its own making, or bytes as they come. */
static void say_list(bool extended)
{
	Ses__CliprdrServerFormatDataResponse a = SES__CLIPRDR_SERVER_FORMAT_DATA_RESPONSE__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;
	struct hws_clip_list *l;
	struct hws_buf out;
	unsigned n = take(1) % 40;

	hws_buf_init(&out, 1u << 20);
	if (hws_clip_list_new(&l) < 0)
		abort();
	for (unsigned i = 0; i < n; i++) {
		char name[3] = { (char)('a' + i % 26), (char)('a' + i / 26), 0 };
		struct hws_clip_entry e = { .path = name, .size = (uint64_t)take(3) << 8 };

		e.is_folder = i % 5 == 4;
		if (hws_clip_list_add(l, &e, 2, NULL) < 0)
			abort();
	}
	if (extended)
		hws_clip_list_put(l, &out);
	else
		hws_clip_pdu_put(l, HWS_CLIP_EPOCH_TRUE, NULL, &out);
	hws_clip_list_unref(l);
	a.msg_flags = take(1) % 8 ? HWS_CLIP_OK : HWS_CLIP_FAILED;
	a.list = take(1) & 1;
	ProtobufCBinaryData *place = extended ? &a.entries : &a.format_data;
	place->data = out.data + out.start;
	place->len = hws_buf_len(&out) - HWS_MIN(hws_buf_len(&out), (size_t)(take(1) % 4 == 3));
	c.union_case = SES__CLIPRDR__UNION_FORMAT_DATA_RESPONSE;
	c.format_data_response = &a;
	hear(&c);
	hws_buf_done(&out);
}

static void say_contents(void)
{
	static uint8_t zeros[HWS_CLIP_READ_MAX];
	Ses__CliprdrFileContentsResponse a = SES__CLIPRDR_FILE_CONTENTS_RESPONSE__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;
	unsigned how = take(1);

	a.msg_flags = how & 1 ? HWS_CLIP_OK : (int)(how >> 1);
	a.stream_id = how & 2 ? f.stream : f.stream - (int32_t)(how >> 2);
	a.requested_data.data = zeros;
	a.requested_data.len = how & 0x80 ? take(2) : f.want;
	c.union_case = SES__CLIPRDR__UNION_FILE_CONTENTS_RESPONSE;
	c.file_contents_response = &a;
	hear(&c);
}

static void ask_owner(void)
{
	Ses__CliprdrServerFormatDataRequest q = SES__CLIPRDR_SERVER_FORMAT_DATA_REQUEST__INIT;
	Ses__CliprdrFileContentsRequest r = SES__CLIPRDR_FILE_CONTENTS_REQUEST__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;

	c.union_case = SES__CLIPRDR__UNION_FORMAT_DATA_REQUEST;
	c.format_data_request = &q;
	q.requested_format_id = take(1) & 1 ? HWS_CLIP_FORMAT_LIST : (int32_t)take(4);
	q.list = take(1) & 3;
	hear(&c);
	c.union_case = SES__CLIPRDR__UNION_FILE_CONTENTS_REQUEST;
	c.file_contents_request = &r;
	r.list_index = (int32_t)take(4);
	r.dw_flags = (int32_t)take(1) % 4;
	r.cb_requested = (int32_t)take(4);
	r.n_position_high = (int32_t)take(4);
	r.list = take(1) & 3;
	hear(&c);
}

static void step(bool extended)
{
	Ses__CliprdrTryEmpty empty = SES__CLIPRDR_TRY_EMPTY__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;
	unsigned what = take(1), i = what >> 4 & 7;

	switch (what & 15) {
	case 0:
		say_formats();
		break;
	case 1:
		say_list(extended);
		break;
	case 2:
	case 3:
	case 4:
		say_contents();
		break;
	case 5:
		c.union_case = SES__CLIPRDR__UNION_TRY_EMPTY;
		c.try_empty = &empty;
		hear(&c);
		break;
	case 6:
		ask_owner();
		break;
	case 7:
		f.now += take(1) * HWS_US_PER_S / 8;
		hws_clip_paster_tick(f.paster);
		break;
	case 8:
		if (f.read[i].read)
			hws_clip_paster_cancel(f.paster, f.read[i].read);
		if (f.read[i].read)
			f.read[i].used = false;
		f.read[i].read = NULL;
		break;
	default:
		begin_read(i);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&f, 0, sizeof(f));
	f.in = hws_bytes(data, size);
	f.now = 1;
	bool extended = take(1) & 1;

	/* The owner has nothing: no thread and no file takes part. */
	int r = hws_clip_owner_new(
			&(struct hws_clip_owner_conf){ .extended = extended, .send = send_message },
			&f.owner);
	if (r == HWS_OK)
		r = hws_clip_paster_new(&(struct hws_clip_paster_conf){ .extended = extended,
							.send = send_message,
							.now_us = now_us,
							.on_list = on_list,
							.on_refused = on_refused,
							.on_gone = on_gone },
				&f.paster);
	if (r < 0)
		abort();
	while (f.in.len)
		step(extended);
	hws_clip_paster_free(f.paster);
	for (unsigned i = 0; i < READS; i++)
		assert(!f.read[i].used);
	hws_clip_owner_free(f.owner);
	return 0;
}
