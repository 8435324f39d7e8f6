/* Whatever the other end sends to the transfers of a session, in any order: the first byte says
 * whether we are the host and whether it speaks as hawser; then messages, each behind its length
 * as two bytes, little endian. As a viewer we have a download and an upload under way. All files
 * are in a folder of the fuzzer's own; nothing may appear beside it. */
#include "client/services/files/files.h"
#include "shared/base/log.h"
#include "shared/wire/envelope.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGES_MAX 64

static struct {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_roots *roots;
	char top[64], dir[96], source[128], target[128];
	unsigned open; /* jobs that have begun and not ended */
} fuzz;

static int take(enum hws_files_family family HWS_UNUSED, struct hws_bytes head,
		struct hws_bytes rest, void *arg HWS_UNUSED)
{
	Ses__Message *m = NULL;
	struct hws_buf b;

	/* what we say must be a message */
	hws_buf_init(&b, 32u << 20);
	hws_buf_put(&b, head.ptr, head.len);
	if (rest.len)
		hws_buf_put(&b, rest.ptr, rest.len);
	if (hws_ses_unpack(hws_buf_bytes(&b), &m) < 0)
		abort();
	hws_ses_free(m);
	hws_buf_done(&b);
	return HWS_OK;
}

static bool never(void *arg HWS_UNUSED)
{
	return false;
}

static void on_event(const struct hws_files_event *e, void *arg HWS_UNUSED)
{
	if (!e->text || !e->name)
		abort();
}

static void make_file(const char *name, size_t size)
{
	char path[192];
	uint8_t byte = 7;

	snprintf(path, sizeof(path), "%s/%s", fuzz.source, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || pwrite(fd, &byte, 1, (off_t)size - 1) != 1)
		abort();
	close(fd);
}

static void remove_all(void)
{
	char command[160];

	/* one level is all that jobs with short names make; what is deeper goes by its own name */
	snprintf(command, sizeof(command), "%s/x", fuzz.target);
	unlink(command);
}

static void set_up(void)
{
	hws_log_setup("fuzz", HWS_LOG_TEXT, 2);
	hws_log_set_level(HWS_LOG_ERROR);
	snprintf(fuzz.top, sizeof(fuzz.top), "/tmp/files_fuzzXXXXXX");
	if (!mkdtemp(fuzz.top))
		abort();
	snprintf(fuzz.dir, sizeof(fuzz.dir), "%s/in", fuzz.top);
	snprintf(fuzz.source, sizeof(fuzz.source), "%s/s", fuzz.dir);
	snprintf(fuzz.target, sizeof(fuzz.target), "%s/t", fuzz.dir);
	if (mkdir(fuzz.dir, 0700) < 0 || mkdir(fuzz.source, 0700) < 0 ||
			mkdir(fuzz.target, 0700) < 0)
		abort();
	make_file("a", 10);
	make_file("b", 300000);
	if (hws_loop_new(&fuzz.loop) < 0 || hws_roots_new(fuzz.dir, &fuzz.roots) < 0 ||
			hws_roots_add(fuzz.roots, fuzz.dir, HWS_ROOT_BOTH, NULL) < 0)
		abort();
}

/* The worker has done what there is to do. */
static void turns(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		hws_loop_once(fuzz.loop, i % 2 ? 200 : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_files_conf c = { .send = take, .congested = never, .event = on_event };
	struct hws_files *f = NULL;

	if (!fuzz.loop)
		set_up();
	if (!size || hws_work_new(2, 256, &fuzz.work) < 0)
		return 0;
	c.loop = fuzz.loop;
	c.work = fuzz.work;
	c.roots = fuzz.roots;
	c.host = *data & 1;
	c.extended = (*data & 2) != 0;
	c.peer_windows = (*data & 4) != 0;
	if (hws_files_new(&c, &f) < 0)
		abort();
	struct hws_files_job down = { .id = 7, .local = fuzz.target, .remote = "/there" };
	struct hws_files_job up = { .id = 8, .local = fuzz.source, .remote = "/there" };
	if (!c.host && (hws_files_download(f, &down) < 0 || hws_files_upload(f, &up) < 0))
		abort();
	turns(4);
	data++;
	size--;
	for (unsigned i = 0; i < MESSAGES_MAX && size >= 2; i++) {
		size_t n = data[0] | (size_t)data[1] << 8;
		Ses__Message *m = NULL;

		data += 2;
		size -= 2;
		n = n > size ? size : n;
		if (hws_ses_unpack(hws_bytes(data, n), &m) == HWS_OK) {
			hws_files_message(f, m);
			hws_ses_free(m);
			turns(2);
		}
		data += n;
		size -= n;
	}
	turns(4);
	hws_files_tick(f, hws_loop_now_us(fuzz.loop));
	hws_files_free(f);
	hws_work_free(fuzz.work);
	turns(4);
	remove_all();
	/* the folder above has this one and nothing else */
	struct stat st;
	if (stat(fuzz.top, &st) < 0 || st.st_nlink != 3)
		abort();
	return 0;
}
