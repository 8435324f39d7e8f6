/* api/bulk: lists that are cut at a bound, beside a count that is not. */
#include "admin/api/bulk.h"

int adi_bulk_init(struct adi_bulk *b, const json_t *body)
{
	*b = (struct adi_bulk){ .dry_run = adi_in_bool(body, "dry_run") != 0,
		.changes = json_array(),
		.refused = json_array() };
	return b->changes && b->refused ? HWS_OK : HWS_ERR_NOMEM;
}

void adi_bulk_done(struct adi_bulk *b)
{
	json_decref(b->changes);
	json_decref(b->refused);
}

static bool is_full(struct adi_bulk *b, const json_t *list)
{
	bool full = json_array_size(list) >= ADI_BULK_SHOWN;

	b->cut |= full;
	return full;
}

int adi_bulk_change(struct adi_bulk *b, const char *guid, const char *name, const char *text)
{
	b->count++;
	if (is_full(b, b->changes))
		return HWS_OK;
	return adi_work_add(b->changes,
			json_pack("{s:s,s:s,s:s}", "guid", guid, "name", name, "text", text));
}

int adi_bulk_refuse(struct adi_bulk *b, const char *guid, const char *name, const char *code,
		const char *text)
{
	if (is_full(b, b->refused))
		return HWS_OK;
	return adi_work_add(b->refused,
			json_pack("{s:s,s:s,s:s,s:s}", "guid", guid, "name", name, "code", code,
					"text", text));
}

json_t *adi_bulk_out(const struct adi_bulk *b)
{
	return json_pack("{s:b,s:I,s:O,s:O,s:b}", "dry_run", (int)b->dry_run, "count",
			(json_int_t)b->count, "changes", b->changes, "refused", b->refused, "cut",
			(int)b->cut);
}
