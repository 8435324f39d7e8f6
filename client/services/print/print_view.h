/* print/print_view: print jobs of the host, at the viewer: offered, taken where the user has said
 * where they go, collected and put there. Loop thread only. */
#pragma once
#include "client/core/viewer.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"

struct hws_print_view;

struct hws_print_view_conf {
	struct hws_loop *loop; /* with its workers, outlives the service */
	struct hws_work *work;
	const char *where; /* as print/outlet has it; NULL or "": offers are not answered */
	/* A job has ended. `text`: a sentence part, borrowed: where it is, or what went wrong. */
	void (*on_job)(int r, uint64_t bytes, const char *text, void *arg);
	void *arg;
	uint64_t (*now_us)(void); /* NULL = hws_clock_us */
};

/* `conf` is copied. Fails with a sentence part where `where` cannot be used. */
int hws_print_view_new(const struct hws_print_view_conf *conf, struct hws_print_view **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_print_view_free(struct hws_print_view *pv); /* takes NULL */
struct hws_service *hws_print_view_service(struct hws_print_view *pv);
