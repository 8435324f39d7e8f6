/* print/outlet: where a print job ends at the viewer: a folder of the user's, or a queue of CUPS.
 * Blocks: for workers. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_PRINT_CUPS "cups"

struct hws_print_outlet {
	char *folder; /* NULL: CUPS */
	char *queue;  /* of CUPS; NULL: its default */
};

/* `where`: "cups", "cups:QUEUE", else a folder, which must be there and be writable.
 * HWS_ERR_INVAL, HWS_ERR_NOTFOUND ... with a sentence part. */
int hws_print_outlet_init(struct hws_print_outlet *o, const char *where,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_print_outlet_done(struct hws_print_outlet *o); /* takes a zeroed one */
/* A whole job: a new file of the folder, never over another one, named by the time and by what its
 * first bytes are; or to lp(1). `said`: a sentence part: where it is, or why it is nowhere. */
int hws_print_outlet_put(const struct hws_print_outlet *o, struct hws_bytes job, char *said,
		size_t size) HWS_MUST_CHECK;
