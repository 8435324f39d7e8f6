/* The functions that are used of libpulse, found by name once. */
#include "client/platform/pulse/library.h"
#include <dlfcn.h>
#include <pthread.h>

static struct pulse_library library;
static const char *missing; /* what, of it */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct {
	const char *name;
	void **place;
} functions[] = {
#define PULSE_ROW(name) { "pa_" #name, (void **)&library.name },
	PULSE_FUNCTIONS(PULSE_ROW)
#undef PULSE_ROW
};

static void load(void)
{
	void *handle = dlopen("libpulse.so.0", RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		missing = "libpulse.so.0";
		return;
	}
	for (size_t i = 0; i < HWS_COUNT(functions) && !missing; i++) {
		*functions[i].place = dlsym(handle, functions[i].name);
		if (!*functions[i].place)
			missing = functions[i].name;
	}
}

const struct pulse_library *pulse_library(struct hws_error *err)
{
	pthread_once(&once, load);
	if (!missing)
		return &library;
	hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"there is no sound without libpulse (%s is missing): install libpulse0",
			missing);
	return NULL;
}
