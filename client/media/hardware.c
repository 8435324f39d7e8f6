/* One table for the process, behind a lock: it is asked once a picture. */
#include "client/media/hardware.h"
#include <pthread.h>

#define FAILURES_MAX 3u

static struct {
	pthread_mutex_t lock;
	struct hws_hw_table table;
	int (*open)(void *arg, struct hws_hw_link **ret);
	void *arg;
	unsigned failed[HWS_HW_WAYS][HWS_CODEC_COUNT], failures;
	uint64_t pictures[HWS_HW_WAYS];
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct hws_hw_row *row_of(enum hws_hw_way way, enum hws_codec codec)
{
	const struct hws_hw_row *row = &all.table.row[way][codec];

	return all.open && hws_hw_known(&row->device) && all.failed[way][codec] < FAILURES_MAX
			? row
			: NULL;
}

void hws_hardware_set(const struct hws_hw_table *t,
		int (*open)(void *arg, struct hws_hw_link **ret), void *arg)
{
	pthread_mutex_lock(&all.lock);
	all.table = t ? *t : (struct hws_hw_table){ 0 };
	all.open = open;
	all.arg = arg;
	pthread_mutex_unlock(&all.lock);
}

bool hws_hardware_has(enum hws_hw_way way, enum hws_codec codec)
{
	pthread_mutex_lock(&all.lock);
	bool has = row_of(way, codec) != NULL;
	pthread_mutex_unlock(&all.lock);
	return has;
}

bool hws_hardware_wins(enum hws_hw_way way, enum hws_codec codec, int width, int height)
{
	double pixels = (double)width * height;
	bool wins = false;

	if (!hws_hw_fits(width, height))
		return false;
	pthread_mutex_lock(&all.lock);
	const struct hws_hw_row *row = row_of(way, codec);
	if (row)
		wins = !hws_hw_known(&row->processor) ||
				hws_hw_us(&row->device, pixels) <
						hws_hw_us(&row->processor, pixels);
	pthread_mutex_unlock(&all.lock);
	return wins;
}

struct hws_hw_took hws_hardware_took(enum hws_hw_way way, enum hws_codec codec)
{
	struct hws_hw_took took = { 0 };

	pthread_mutex_lock(&all.lock);
	const struct hws_hw_row *row = row_of(way, codec);
	if (row)
		took = row->device;
	pthread_mutex_unlock(&all.lock);
	return took;
}

int hws_hardware_open(struct hws_hw_link **ret)
{
	pthread_mutex_lock(&all.lock);
	int (*open)(void *arg, struct hws_hw_link **link) = all.open;
	void *arg = all.arg;
	pthread_mutex_unlock(&all.lock);
	return open ? open(arg, ret) : HWS_ERR_UNSUPPORTED;
}

void hws_hardware_failed(enum hws_hw_way way, enum hws_codec codec, bool at_once)
{
	pthread_mutex_lock(&all.lock);
	all.failed[way][codec] += at_once ? FAILURES_MAX : 1;
	all.failures++;
	pthread_mutex_unlock(&all.lock);
}

unsigned hws_hardware_failures(void)
{
	pthread_mutex_lock(&all.lock);
	unsigned n = all.failures;
	pthread_mutex_unlock(&all.lock);
	return n;
}

uint64_t hws_hardware_pictures(enum hws_hw_way way)
{
	pthread_mutex_lock(&all.lock);
	uint64_t n = all.pictures[way];
	pthread_mutex_unlock(&all.lock);
	return n;
}

void hws_hardware_count(enum hws_hw_way way)
{
	pthread_mutex_lock(&all.lock);
	all.pictures[way]++;
	pthread_mutex_unlock(&all.lock);
}
