/* A ring of a fixed size, and a small one of the changes between two streams. */
#include "client/services/terminal/history.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"

int hws_history_init(struct hws_history *h, bool apart)
{
	*h = (struct hws_history){ 0 };
	h->ring = hws_pages_alloc(HWS_HISTORY_BYTES);
	if (apart)
		h->run = hws_alloc_array(HWS_HISTORY_RUNS, sizeof(*h->run));
	if (h->ring && (h->run || !apart))
		return HWS_OK;
	hws_history_done(h);
	return HWS_ERR_NOMEM;
}

void hws_history_done(struct hws_history *h)
{
	if (h->ring)
		hws_pages_free(h->ring, HWS_HISTORY_BYTES);
	hws_free(h->run);
	*h = (struct hws_history){ 0 };
}

uint64_t hws_history_begin(const struct hws_history *h)
{
	return h->end > HWS_HISTORY_BYTES ? h->end - HWS_HISTORY_BYTES : 0;
}

uint8_t *hws_history_reserve(struct hws_history *h, size_t max, size_t *ret_size)
{
	size_t at = (size_t)(h->end % HWS_HISTORY_BYTES);

	*ret_size = HWS_MIN(max, HWS_HISTORY_BYTES - at);
	return h->ring + at;
}

static struct hws_history_run *run_at(const struct hws_history *h, size_t i)
{
	return &h->run[(h->first + i) % HWS_HISTORY_RUNS];
}

bool hws_history_has_room(const struct hws_history *h)
{
	return !h->run || h->runs < HWS_HISTORY_RUNS - 1;
}

void hws_history_commit(struct hws_history *h, size_t n, bool errors)
{
	struct hws_history_run *last = h->run && h->runs ? run_at(h, h->runs - 1) : NULL;

	h->end += n;
	if (!h->run || !n)
		return;
	if (!last || last->errors != errors) {
		if (h->runs == HWS_HISTORY_RUNS) {
			h->first = (h->first + 1) % HWS_HISTORY_RUNS;
			h->runs--;
		}
		last = run_at(h, h->runs++);
		last->errors = errors;
	}
	last->end = h->end;
}

void hws_history_release(struct hws_history *h, uint64_t before)
{
	/* the last one may still grow */
	while (h->runs > 1 && run_at(h, 0)->end <= before) {
		h->first = (h->first + 1) % HWS_HISTORY_RUNS;
		h->runs--;
	}
}

struct hws_bytes hws_history_at(
		const struct hws_history *h, uint64_t at, size_t max, bool *ret_errors)
{
	size_t offset = (size_t)(at % HWS_HISTORY_BYTES);
	uint64_t end = h->end;

	*ret_errors = false;
	if (at >= h->end || at < hws_history_begin(h))
		return (struct hws_bytes){ 0 };
	for (size_t i = 0; i < h->runs; i++)
		if (run_at(h, i)->end > at) {
			end = run_at(h, i)->end;
			*ret_errors = run_at(h, i)->errors;
			break;
		}
	size_t n = HWS_MIN(max, HWS_HISTORY_BYTES - offset);
	return hws_bytes(h->ring + offset, (size_t)HWS_MIN((uint64_t)n, end - at));
}
