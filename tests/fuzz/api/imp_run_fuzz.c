/* A whole take-over of CSV that anybody may have written, into a real database: whatever the rows
 * say, it is done or the form of the file is refused; nothing in a row makes the database fail, and
 * a dry run leaves nothing. */
#include "admin/import/import.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sql_conn *c;
static struct dat_keys *keys;

static void start(void)
{
	static const char *const ends[] = { "-wal", "-shm" };
	static char dir[] = "/tmp/hawser-impfuzz-XXXXXX";
	struct sql_db *db = NULL;
	struct hws_error err = { 0 };
	char path[80];

	assert(hws_crypto_init() == HWS_OK);
	assert(mkdtemp(dir));
	assert(hws_fmt(path, sizeof(path), "%s/keys", dir) == HWS_OK);
	assert(dat_keys_open(path, &keys, &err) == HWS_OK);
	unlink(path);
	assert(hws_fmt(path, sizeof(path), "%s/db", dir) == HWS_OK);
	assert(sql_open(&(struct sql_place){ .path = path, .connections = 1 }, &db, &err) ==
			HWS_OK);
	assert(sql_take(db, &c) == HWS_OK);
	/* open files stay: what is written is of no use to anybody */
	unlink(path);
	for (size_t i = 0; i < HWS_COUNT(ends); i++) {
		assert(hws_fmt(path, sizeof(path), "%s/db%s", dir, ends[i]) == HWS_OK);
		unlink(path);
	}
	rmdir(dir);
}

static void on_line(const struct imp_line *l, void *arg)
{
	*(unsigned *)arg += 1;
	assert(hws_utf8_valid(hws_bytes_str(l->name)));
	for (const char *p = l->name; *p; p++)
		assert((unsigned char)*p >= ' ');
	assert(l->why && l->what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_error err = { 0 };
	struct imp_report report;
	unsigned lines = 0;
	char path[40];
	int64_t left = 0;
	struct imp_job job = { .kind = "csv",
		.file = path,
		.dry_run = true,
		.take_rights = size % 2,
		.now = 1790000000000ll,
		.by = "fuzz",
		.say = on_line,
		.arg = &lines };
	int fd, r;

	if (!c)
		start();
	fd = memfd_create("csv", MFD_CLOEXEC);
	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	assert(hws_fmt(path, sizeof(path), "/proc/self/fd/%d", fd) == HWS_OK);
	r = imp_run(c, keys, &job, &report, &err);
	close(fd);
	assert(r == HWS_OK || (r == HWS_ERR_CORRUPT && *err.text));
	if (r == HWS_OK)
		assert(report.added + report.changed + report.same + report.refused == lines);
	assert(sql_number(c, "SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM device)",
			       SQL_NONE, &left) == HWS_OK &&
			left == 0);
	return 0;
}
