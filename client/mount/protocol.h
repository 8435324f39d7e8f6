/* mount/protocol: what the program hawser-mount and its owner say to each other over a socket: a
 * head, and as many bytes as it announces. Numbers as this machine has them: both ends are of one
 * build. */
#pragma once
#include <stdint.h>

#define HWS_MOUNT_BODY_MAX (16u << 20)
#define HWS_MOUNT_READ_MAX (1u << 20)
#define HWS_MOUNT_READS_MAX 256u /* under way at once */

enum hws_mount_kind {
	/* to the program */
	HWS_MOUNT_LIST, /* first and once: the list (mount/list.h) */
	HWS_MOUNT_DATA, /* the bytes of a read; `value` < 0: an error in their place */
	/* from the program */
	HWS_MOUNT_READY,  /* body: the path where it shows them, no NUL */
	HWS_MOUNT_FAILED, /* body: why not, a sentence; then it ends */
	HWS_MOUNT_READ,   /* `id`, `index`, `offset`, `value` bytes: to be answered once */
	HWS_MOUNT_CANCEL, /* `id`: the answer is not needed any more */
	HWS_MOUNT_KINDS
};

struct hws_mount_head {
	uint32_t kind;
	uint32_t size; /* of the body */
	uint32_t id, index;
	uint64_t offset;
	int32_t value;
	uint32_t unused; /* 0 */
};
