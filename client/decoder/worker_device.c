/* All decoders share the one link: requests come one at a time. It stays when they go. */
#include "client/decoder/worker_device.h"
#include "shared/base/mem.h"
#include "shared/sys/shared_memory.h"
#include <unistd.h>

struct worker_device {
	struct hws_hw_link link;
	struct hws_shared_memory *memory;
};

static void keep(struct hws_hw_link *l HWS_UNUSED)
{
}

static int open_link(void *arg, struct hws_hw_link **ret)
{
	struct worker_device *d = arg;

	if (d->link.broken)
		return d->link.broken;
	*ret = &d->link;
	return HWS_OK;
}

int worker_device_new(
		int fd, int memory_fd, const struct hws_hw_table *t, struct worker_device **ret)
{
	struct worker_device *d = hws_alloc(sizeof(*d));
	struct hws_hw_table decodes = *t;
	int r;

	if (!d)
		return HWS_ERR_NOMEM;
	r = hws_shared_memory_map(memory_fd, HWS_HW_MEMORY, true, &d->memory);
	if (r < 0) {
		hws_free(d);
		return r;
	}
	d->link = (struct hws_hw_link){
		.fd = fd, .memory = hws_shared_memory_bytes(d->memory), .free = keep
	};
	memset(decodes.row[HWS_HW_ENCODES], 0, sizeof(decodes.row[HWS_HW_ENCODES]));
	hws_hardware_set(&decodes, open_link, d);
	*ret = d;
	return HWS_OK;
}

void worker_device_free(struct worker_device *d)
{
	if (!d)
		return;
	hws_hardware_set(NULL, NULL, NULL);
	close(d->link.fd);
	hws_shared_memory_free(d->memory);
	hws_free(d);
}
