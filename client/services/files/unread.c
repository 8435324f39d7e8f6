/* What of a tree could not be read. It stands in no list, so nothing of a job would ever say that
 * it is missing at the other end: the reading end names it with its list, and both ends count it as
 * failed. Between hawser ends only, for deployed ones have no word for it; what a viewer uploads it
 * knows by itself. */
#include "client/services/files/job.h"
#include "client/services/files/names.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <string.h>

/* Of all names in one list. */
#define NAMES_BYTES (128u << 10)

static void tell(struct hws_job *j, const char *name, uint32_t count, int err)
{
	struct hws_files_event e = {
		.type = HWS_FILES_UNREAD,
		.id = j->id,
		.writes = j->writes,
		.file = UINT32_MAX,
		.name = name,
		.path = j->local,
		.files = count,
		.err = err,
		.text = hws_err_text(err),
	};

	if (!j->f->gone && !j->silent && !j->dead)
		j->f->conf.event(&e, j->f->conf.arg);
}

void hws_job_started(struct hws_job *j)
{
	const struct hws_listing *l = hws_job_list(j);
	uint32_t named = 0;

	/* more than a list may have need not be counted */
	j->unread = (uint32_t)HWS_MIN(l->skipped, (size_t)HWS_FILES_LIST_MAX);
	hws_job_event(j, HWS_FILES_STARTED, 0, HWS_OK, NULL);
	for (; named < l->unread_count && named < j->unread && !j->dead; named++)
		tell(j, l->unread[named].name, 1, l->unread[named].err);
	if (named < j->unread && !j->dead)
		tell(j, "", j->unread - named, HWS_ERR_PERM);
}

void hws_unread_take(struct hws_job *j, uint32_t cut, Ses__FileUnread **unread, size_t n)
{
	char name[HWS_FILE_PATH_MAX + 1];
	const uint32_t all = cut;

	if (j->state != HWS_JOB_LISTS || !j->extended)
		return;
	for (size_t i = 0; i < n && i < HWS_UNREAD_MAX && i < all; i++) {
		const Ses__FileUnread *u = unread[i];
		int err = u->code < 0 ? u->code : HWS_ERR_PERM;

		/* a name that cannot be one is counted below */
		if (hws_name_from_wire(u->name, j->f->conf.peer_windows, name, sizeof(name)) ==
						HWS_OK &&
				!hws_name_refusal(name, false)) {
			hws_listing_unread(&j->list, name, err);
			cut--;
		}
	}
	j->list.skipped += cut;
}

int hws_unread_pack(const struct hws_listing *l, Ses__FileUnread ***ret)
{
	size_t n = l->unread_count, i = 0, bytes = 0;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
	Ses__FileUnread **list = hws_alloc_array(n + 1, sizeof(*list));
	Ses__FileUnread *u = list ? hws_alloc_array(n + 1, sizeof(*u)) : NULL;

	if (!u) {
		hws_free(list);
		return HWS_ERR_NOMEM;
	}
	list[0] = u; /* to be freed; also when there is none */
	for (; i < n; i++) {
		size_t room = 3 * strlen(l->unread[i].name) + 1;

		bytes += room;
		if (bytes > NAMES_BYTES)
			break;
		list[i] = &u[i];
		ses__file_unread__init(&u[i]);
		u[i].code = l->unread[i].err;
		u[i].name = hws_realloc_array(NULL, room, 1);
		if (!u[i].name || hws_name_to_wire(l->unread[i].name, u[i].name, room) < 0) {
			hws_free(u[i].name);
			break;
		}
	}
	*ret = list;
	return (int)i;
}

void hws_unread_free(Ses__FileUnread **list, size_t n)
{
	for (size_t i = 0; list && i < n; i++)
		hws_free(list[i]->name);
	if (list)
		hws_free(list[0]);
	hws_free(list);
}
