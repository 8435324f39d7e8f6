/* sys/shared_memory: memory that two processes have, one of which trusts the other no further than
 * its content: the size is sealed when it is made, so that reading it cannot fail later. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct hws_shared_memory;

/* New memory of n bytes (zeroed, and only taken from the system where it is written to), which is
 * read here; *ret_fd (close-on-exec, the caller's) is for the one who writes.
 * HWS_ERR_TOOBIG: more than the process may have in one file (RLIMIT_FSIZE). */
int hws_shared_memory_new(size_t n, struct hws_shared_memory **ret, int *ret_fd) HWS_MUST_CHECK;
/* The other side: of a maker that is trusted to have said the right size. `fd` may be closed
 * afterwards. */
int hws_shared_memory_map(
		int fd, size_t n, bool writable, struct hws_shared_memory **ret) HWS_MUST_CHECK;
void *hws_shared_memory_bytes(const struct hws_shared_memory *m);
/* `p` is one, or NULL. */
void hws_shared_memory_free(void *p);
