/* What a host has packed is unpacked by the decoder process. What it cannot take ends
 * the job: files/files bounds how many are under way. */
#include "client/decoder/confined.h"
#include "client/services/files/view_parts.h"
#include "shared/base/mem.h"

struct unpacking {
	struct hws_list node;
	struct hws_files_view *fv;
	uint64_t token;
};

static void on_unpacked(int r, const struct hws_confined_result *res, void *arg)
{
	struct unpacking *u = arg;
	struct hws_files_view *fv = u->fv;
	uint64_t token = u->token;

	hws_list_remove(&u->node);
	hws_free(u);
	if (fv->files)
		hws_files_unpacked(
				fv->files, token, r, r == HWS_OK ? res->bytes : hws_bytes(NULL, 0));
}

bool fv_unpack(struct hws_bytes packed, size_t max, uint64_t token, void *arg)
{
	struct hws_files_view *fv = arg;
	struct unpacking *u = hws_alloc(sizeof(*u));

	if (!u)
		return false;
	u->fv = fv;
	u->token = token;
	hws_list_push(&fv->unpacking, &u->node);
	if (hws_confined_unpack(fv->conf.decoder, packed, max, on_unpacked, u) == HWS_OK)
		return true;
	hws_list_remove(&u->node);
	hws_free(u);
	return false;
}

void fv_unpack_forget(struct hws_files_view *fv)
{
	struct hws_list *node;

	while ((node = hws_list_first(&fv->unpacking))) {
		struct unpacking *u = hws_container(node, struct unpacking, node);
		hws_confined_cancel(fv->conf.decoder, u);
		hws_list_remove(node);
		hws_free(u);
	}
}
