/* The look-up by id and what follows from it, the same for all back-ends. */
#include "client/platform/seat.h"
#include "shared/base/str.h"

const struct hws_seat_session *hws_seat_find(struct hws_seat *s, const char *id)
{
	unsigned n;
	const struct hws_seat_session *list = hws_seat_sessions(s, &n);

	for (unsigned i = 0; i < n; i++)
		if (hws_str_equal(list[i].id, id))
			return &list[i];
	return NULL;
}

int hws_seat_bring_front(struct hws_seat *s, const char *id)
{
	const struct hws_seat_session *one = hws_seat_find(s, id);

	if (!one)
		return HWS_ERR_NOTFOUND;
	return one == hws_seat_front(s) ? HWS_OK : s->impl->bring_front(s, one);
}

int hws_seat_set_lock(struct hws_seat *s, const char *id, bool locked)
{
	const struct hws_seat_session *one = hws_seat_find(s, id);

	if (!one)
		return HWS_ERR_NOTFOUND;
	if (one->greeter)
		return HWS_ERR_UNSUPPORTED;
	return one->locked == locked ? HWS_OK : s->impl->set_lock(s, one, locked);
}
