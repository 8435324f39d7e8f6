/* The worker's part of a writing job: it looks at places, unpacks blocks and has the writer write
 * them, and notes in each operation what became of it. Of a file that failed the rest is passed
 * over. */
#include "client/services/files/write_ops.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/wire/compress.h"

void hws_write_free_op(struct hws_write_op *o)
{
	hws_free(o->data);
	hws_free(o->found);
	hws_free(o->errors);
	hws_free(o);
}

static void drop_list(struct hws_list *list)
{
	struct hws_list *node;

	while ((node = hws_list_first(list))) {
		hws_list_remove(node);
		hws_write_free_op(hws_container(node, struct hws_write_op, node));
	}
}

void hws_write_drop_ops(struct hws_job *j)
{
	drop_list(&j->ops);
	drop_list(&j->under_way);
}

static void run_find(struct hws_job *j, struct hws_write_op *o)
{
	for (uint32_t i = 0; i < o->count; i++)
		if (hws_writer_find(j->writer, o->file + i, o->parts, &o->found[i], &o->errors[i]) <
						0 &&
				!o->errors[i].code)
			hws_error_set(&o->errors[i], HWS_ERR_SYS, "the folder cannot be read");
}

static void run_write(struct hws_job *j, struct hws_write_op *o)
{
	size_t max = o->extended ? HWS_BLOCK_MAX : HWS_BLOCK_UNPACKED_MAX;
	struct hws_error err = { 0 };
	struct hws_buf plain;

	hws_buf_init(&plain, max);
	o->block.data = hws_bytes(o->data, o->len);
	if (o->result == HWS_OK && o->packed) {
		o->result = hws_decompress(o->block.data, max, &plain);
		o->block.data = hws_buf_bytes(&plain);
		o->len = o->block.data.len;
	}
	/* deployed packers that fail give an empty block, which must not pass for the end */
	if (o->result == HWS_OK && !o->extended && !o->len && !o->block.last)
		o->result = HWS_ERR_CORRUPT;
	if (o->result < 0)
		hws_error_set(&err, o->result, "a packed block cannot be unpacked: %s",
				hws_err_text(o->result));
	else
		o->result = hws_writer_write(j->writer, &o->block, &o->done, &err);
	hws_buf_done(&plain);
	if (o->result == HWS_OK)
		return;
	if (o->result != HWS_ERR_AGAIN) {
		j->bad_file = o->file;
		hws_writer_stop(j->writer, o->file, o->result != HWS_ERR_DISK);
	}
	o->errors = hws_memdup(&err, sizeof(err));
}

int hws_write_run_ops(void *arg)
{
	struct hws_job *j = arg;
	struct hws_list *node;

	hws_list_for (node, &j->under_way) {
		struct hws_write_op *o = hws_container(node, struct hws_write_op, node);

		switch (o->kind) {
		case HWS_OP_FIND:
		case HWS_OP_SCAN:
			run_find(j, o);
			break;
		case HWS_OP_OFFERED:
			hws_writer_offered(j->writer, o->file, o->block.size, o->block.offset);
			break;
		case HWS_OP_STOP:
			hws_writer_stop(j->writer, o->file, o->remove);
			break;
		case HWS_OP_WRITE:
			if (o->file == j->bad_file)
				o->result = HWS_ERR_CANCELED; /* the rest of what failed */
			else
				run_write(j, o);
			/* given back early: a queue may be long */
			hws_free(o->data);
			o->data = NULL;
			break;
		}
	}
	return HWS_OK;
}
