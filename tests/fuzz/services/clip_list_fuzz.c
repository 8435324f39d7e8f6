/* Lists of copied files, in both forms that travel: whatever comes, what is taken holds to the
 * promises of mount/list.h, and comes back the same when it is sent on. The first byte says which
 * form. */
#include "client/services/clipfiles/pdu.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(const struct hws_clip_list *l, uint32_t i)
{
	const struct hws_clip_entry *e = hws_clip_list_at(l, i);
	char framed[HWS_CLIP_PATH_MAX + 3];

	assert(*e->path && e->path[0] != '/' && e->size <= INT64_MAX && !(e->mode & ~0777u));
	assert(strlen(e->name) <= HWS_CLIP_NAME_MAX && strlen(e->path) <= HWS_CLIP_PATH_MAX);
	assert(hws_clip_list_find(l, e->path, strlen(e->path)) == i);
	snprintf(framed, sizeof(framed), "/%s/", e->path);
	assert(!strstr(framed, "//") && !strstr(framed, "/./") && !strstr(framed, "/../"));
	if (e->parent == HWS_CLIP_NO_PARENT)
		assert(!strchr(e->path, '/'));
	else
		assert(e->parent < i && hws_clip_list_at(l, e->parent)->is_folder);
}

static void check_again(const struct hws_clip_list *l)
{
	struct hws_clip_list *again = NULL;
	struct hws_buf out, twice;
	int r;

	hws_buf_init(&out, 64u << 20);
	hws_buf_init(&twice, 64u << 20);
	hws_clip_list_put(l, &out);
	r = hws_clip_list_take(hws_buf_bytes(&out), &again, NULL);
	assert(r == HWS_OK);
	hws_clip_list_put(again, &twice);
	assert(hws_bytes_equal(hws_buf_bytes(&out), hws_buf_bytes(&twice)));
	hws_clip_list_unref(again);
	hws_buf_reset(&out);
	uint32_t told = hws_clip_pdu_put(l, HWS_CLIP_EPOCH_TRUE, NULL, &out);
	r = hws_clip_pdu_take(hws_buf_bytes(&out), HWS_CLIP_EPOCH_TRUE, &again, NULL);
	assert(r == HWS_OK && hws_clip_list_count(again) == told);
	hws_clip_list_unref(again);
	hws_buf_done(&out);
	hws_buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_clip_list *l = NULL;
	struct hws_bytes in = hws_bytes(data + 1, size - 1);
	struct hws_error err = { 0 };
	int r;

	if (size == 0)
		return 0;
	if (data[0] & 1)
		r = hws_clip_list_take(in, &l, &err);
	else
		r = hws_clip_pdu_take(in,
				data[0] & 2 ? HWS_CLIP_EPOCH_DEPLOYED_UNIX : HWS_CLIP_EPOCH_TRUE,
				&l, &err);
	if (r < 0) {
		assert(err.text[0] && memchr(err.text, 0, sizeof(err.text)));
		return 0;
	}
	for (uint32_t i = 0; i < hws_clip_list_count(l); i++)
		check_entry(l, i);
	check_again(l);
	hws_clip_list_unref(l);
	return 0;
}
