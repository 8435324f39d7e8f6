/* The probe runs beside what wants it, and whoever comes after has what it found. */
#include "client/hardware/use.h"
#include "client/hardware/devices.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/local_socket.h"
#include "shared/sys/own_folder.h"
#include "shared/sys/private_file.h"
#include "shared/sys/runtime_folder.h"
#include "shared/sys/shared_memory.h"
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME "hawser-hwcodec"
#define LOOK_US (500 * HWS_US_PER_MS)
#define PROBE_US (300 * HWS_US_PER_S) /* all devices and codecs, each with its own limit */

/* --- finding things --- */

int hws_hw_program(char *path, size_t size)
{
	static const char in_tree[] = "../hwcodec/" NAME;
	static const char *const places[] = { HAWSER_HWCODEC_FROM_LIB, HAWSER_HWCODEC_FROM_BIN,
		in_tree, NAME };
	const char *named = secure_getenv("HAWSER_HWCODEC");
	char folder[PATH_MAX];

	if (named && *named)
		return hws_str_copy(path, size, named) == HWS_OK && access(path, X_OK) == 0
				? HWS_OK
				: HWS_ERR_NOTFOUND;
	if (hws_own_folder((const void *)(uintptr_t)&hws_hw_program, folder) < 0)
		return HWS_ERR_NOTFOUND;
	for (size_t i = 0; i < HWS_COUNT(places); i++)
		if (hws_fmt(path, size, "%s/%s", folder, places[i]) == HWS_OK &&
				access(path, X_OK) == 0)
			return HWS_OK;
	return HWS_ERR_NOTFOUND;
}

int hws_hw_report_path(char *path, size_t size)
{
	char folder[PATH_MAX];
	int r = hws_runtime_folder(folder, sizeof(folder), NULL);

	return r < 0 ? r : hws_fmt(path, size, "%s/codecs", folder);
}

int hws_hw_report_load(const char *word, struct hws_hw_report *ret)
{
	char path[PATH_MAX], program[PATH_MAX], key[HWS_HW_KEY_LEN + 1];
	struct hws_hw_devices d;
	struct hws_buf in;
	int r;

	hws_hw_devices_find(word, &d);
	if (!d.count || hws_hw_program(program, sizeof(program)) < 0 ||
			hws_hw_report_path(path, sizeof(path)) < 0)
		return HWS_ERR_UNSUPPORTED;
	hws_hw_devices_key(&d, program, key);
	hws_buf_init(&in, HWS_HW_REPORT_MAX);
	r = hws_private_file_read(path, HWS_PRIVATE_OWN, &in, NULL);
	if (r == HWS_OK)
		r = hws_hw_report_read(hws_buf_bytes(&in), key, ret);
	hws_buf_done(&in);
	return r < 0 ? HWS_ERR_NOTFOUND : HWS_OK;
}

/* --- processes --- */

/* The memory goes with a first byte, which says that it is there. */
static int give_memory(struct hws_hw_process *p)
{
	struct hws_shared_memory *m = NULL;
	int r = hws_shared_memory_new(HWS_HW_MEMORY, &m, &p->memory_fd);

	hws_shared_memory_free(m);
	if (r < 0) {
		p->memory_fd = -1;
		return r;
	}
	return hws_local_send(p->fd, hws_bytes("m", 1), (struct hws_bytes){ 0 }, &p->memory_fd,
			       1) == 1
			? HWS_OK
			: HWS_ERR_EOF;
}

int hws_hw_process_start(const char *backend, const char *device, struct hws_hw_process *ret,
		struct hws_error *err)
{
	const char *const argv[] = { NAME, "serve", backend, device, NULL };
	struct hws_spawn s = { .argv = argv };
	char path[PATH_MAX];
	int pair[2], r = hws_hw_program(path, sizeof(path));

	*ret = (struct hws_hw_process){ .fd = -1, .memory_fd = -1 };
	if (r < 0)
		return hws_error_set(err, r, "the program %s is missing", NAME);
	r = hws_local_pair(pair);
	if (r < 0)
		return hws_error_set(err, r, "%s", hws_err_text(r));
	s.program = path;
	s.ipc_fd = pair[1];
	ret->fd = pair[0];
	r = hws_child_start(&s, &ret->child, err);
	close(pair[1]);
	if (r == HWS_OK)
		r = give_memory(ret);
	if (r < 0)
		hws_hw_process_end(ret);
	return r;
}

void hws_hw_process_end(struct hws_hw_process *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->memory_fd >= 0)
		close(p->memory_fd);
	hws_child_end(&p->child);
	*p = (struct hws_hw_process){ .fd = -1, .memory_fd = -1 };
}

struct own_link {
	struct hws_hw_link base;
	struct hws_hw_process process;
	struct hws_shared_memory *memory;
};

static void own_link_free(struct hws_hw_link *l)
{
	struct own_link *o = hws_container(l, struct own_link, base);

	hws_hw_process_end(&o->process);
	hws_shared_memory_free(o->memory);
	hws_free(o);
}

int hws_hw_link_start(const char *backend, const char *device, struct hws_hw_link **ret)
{
	struct own_link *o = hws_alloc(sizeof(*o));
	int r;

	if (!o)
		return HWS_ERR_NOMEM;
	r = hws_hw_process_start(backend, device, &o->process, NULL);
	if (r == HWS_OK)
		r = hws_shared_memory_map(o->process.memory_fd, HWS_HW_MEMORY, true, &o->memory);
	if (r < 0) {
		own_link_free(&o->base);
		return r;
	}
	o->base.fd = o->process.fd;
	o->base.memory = hws_shared_memory_bytes(o->memory);
	o->base.free = own_link_free;
	*ret = &o->base;
	return HWS_OK;
}

/* --- of this process --- */

static int open_here(void *arg, struct hws_hw_link **ret)
{
	const struct hws_hw_report *r = arg;

	return hws_hw_link_start(r->backend, r->device, ret);
}

void hws_hw_use_here(const struct hws_hw_report *r)
{
	static struct hws_hw_report here; /* for links that are opened later, on any thread */
	static bool set;
	char text[300];

	if (set || !*r->device)
		return;
	set = true;
	here = *r;
	hws_hardware_set(&here.table, open_here, &here);
	hws_info("video.hardware", HWS_STR("device", here.device), HWS_STR("driver", here.vendor),
			HWS_STR("codecs", hws_hw_report_text(&here.table, text, sizeof(text))));
}

/* --- probes that are left alone --- */

/* What one finds is for whoever comes next, so it outlives who began it; but a program that lives
 * for long has to see its end, or a dead process stays for each session. */
#define LEFT_MAX 16u
static struct hws_child left[LEFT_MAX];
static pthread_mutex_t left_lock = PTHREAD_MUTEX_INITIALIZER;

static void see_ends(void)
{
	pthread_mutex_lock(&left_lock);
	for (size_t i = 0; i < LEFT_MAX; i++)
		if (left[i].pid && hws_child_wait(&left[i], 0, NULL))
			left[i] = (struct hws_child){ 0 };
	pthread_mutex_unlock(&left_lock);
}

/* Where there are too many already, something hangs: then it is not left. */
static void leave(struct hws_child *c)
{
	size_t i = 0;

	pthread_mutex_lock(&left_lock);
	while (i < LEFT_MAX && left[i].pid)
		i++;
	if (i < LEFT_MAX)
		left[i] = *c;
	pthread_mutex_unlock(&left_lock);
	if (i == LEFT_MAX)
		hws_child_end(c);
}

/* --- the probe --- */

struct hws_hw_use {
	struct hws_loop *loop;
	char word[108];
	struct hws_child probe;
	struct hws_timer look;
	uint64_t due_us;
	void (*on_known)(const struct hws_hw_report *r, void *arg);
	void *arg;
};

static void tell(struct hws_hw_use *u, const struct hws_hw_report *r)
{
	if (u->on_known && *r->device)
		u->on_known(r, u->arg);
}

static void on_look(void *arg)
{
	struct hws_hw_use *u = arg;
	struct hws_hw_report report;

	if (!hws_child_wait(&u->probe, 0, NULL)) {
		if (hws_loop_now_us(u->loop) < u->due_us)
			return;
		hws_child_end(&u->probe);
	}
	hws_timer_stop(&u->look);
	if (hws_hw_report_load(u->word, &report) == HWS_OK)
		tell(u, &report);
}

static void start_probe(struct hws_hw_use *u)
{
	const char *const argv[] = { NAME, "probe", u->word, NULL };
	struct hws_spawn s = { .argv = argv };
	char path[PATH_MAX];
	int pair[2];

	if (hws_hw_program(path, sizeof(path)) < 0 || hws_local_pair(pair) < 0)
		return;
	s.program = path;
	s.ipc_fd = pair[1];
	if (hws_child_start(&s, &u->probe, NULL) == HWS_OK) {
		u->due_us = hws_loop_now_us(u->loop) + PROBE_US;
		hws_timer_every(u->loop, &u->look, LOOK_US, on_look, u);
	}
	close(pair[0]);
	close(pair[1]);
}

int hws_hw_use_new(struct hws_loop *loop, const char *word,
		void (*on_known)(const struct hws_hw_report *r, void *arg), void *arg,
		struct hws_hw_use **ret)
{
	struct hws_hw_use *u = hws_alloc(sizeof(*u));
	struct hws_hw_report report;

	if (!u)
		return HWS_ERR_NOMEM;
	u->loop = loop;
	u->on_known = on_known;
	u->arg = arg;
	*ret = u;
	see_ends();
	int r = hws_str_copy(u->word, sizeof(u->word), word);
	if (r == HWS_OK)
		r = hws_hw_report_load(word, &report);
	if (r == HWS_OK)
		tell(u, &report);
	else if (r == HWS_ERR_NOTFOUND)
		start_probe(u);
	return HWS_OK;
}

void hws_hw_use_free(struct hws_hw_use *u)
{
	if (!u)
		return;
	hws_timer_stop(&u->look);
	if (!hws_child_wait(&u->probe, 0, NULL))
		leave(&u->probe);
	see_ends();
	hws_free(u);
}
