/* The decoder process can start nothing, so the process with the driver is started here, and the
 * way to it handed over. A driver reads what a host sends, too: who takes it over has a process
 * that is confined like the decoder, and a device. */
#include "client/decoder/confined_parts.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#define DEATHS_MOST 1u /* with it; then pictures are decoded without it */

static void on_known(const struct hws_hw_report *r, void *arg)
{
	struct hws_confined *c = arg;

	if (!c->report)
		c->report = hws_memdup(r, sizeof(*r));
}

static bool decodes(const struct hws_hw_report *r)
{
	for (enum hws_codec k = HWS_CODEC_NONE; k < HWS_CODEC_COUNT; k++)
		if (hws_hw_known(&r->table.row[HWS_HW_DECODES][k].device))
			return true;
	return false;
}

void hws_confined_device_init(struct hws_confined *c)
{
	c->device = (struct hws_hw_process){ .fd = -1, .memory_fd = -1 };
	if (!c->conf.hardware ||
			hws_str_copy(c->hardware, sizeof(c->hardware), c->conf.hardware) < 0)
		c->hardware[0] = 0;
	c->conf.hardware = NULL; /* it was lent */
}

/* Not before: sessions are made by threads that the loop does not belong to. */
void hws_confined_device_find(struct hws_confined *c)
{
	if (*c->hardware && !c->use &&
			hws_hw_use_new(c->conf.loop, c->hardware, on_known, c, &c->use) < 0)
		c->use = NULL; /* without memory: as without a device */
}

/* It goes before all that waits. */
void hws_confined_device_offer(struct hws_confined *c)
{
	struct hws_confined_job *j;
	struct hws_error err = { 0 };

	if (!c->report || c->deaths > DEATHS_MOST || !decodes(c->report))
		return;
	if (hws_hw_process_start(c->report->backend, c->report->device, &c->device, &err) < 0) {
		hws_debug("decoder.no_device", HWS_STR("why", err.text));
		return;
	}
	if (hws_confined_job_new(c, HWS_DECODE_DEVICE, sizeof(c->report->table), NULL, NULL, &j) <
			0)
		return;
	hws_buf_put(&j->payload, &c->report->table, sizeof(c->report->table));
	hws_list_push(c->waiting.next, &j->node);
	c->count++;
	c->bytes += j->request.size;
}

void hws_confined_device_give(struct hws_confined *c)
{
	if (c->device.fd < 0 || c->out_fd_count)
		return;
	c->out_fds[0] = c->device.fd;
	c->out_fds[1] = c->device.memory_fd;
	c->out_fd_count = 2;
	c->device.fd = c->device.memory_fd = -1; /* closed when they are on their way */
}

void hws_confined_device_end(struct hws_confined *c)
{
	hws_hw_process_end(&c->device);
}

void hws_confined_device_forget(struct hws_confined *c)
{
	hws_confined_device_end(c);
	hws_hw_use_free(c->use);
	hws_free(c->report);
}
