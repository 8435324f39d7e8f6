/* A file that holds one value, and the words that other programs' images have for settings:
 * whatever stands there is taken as it stands, or refused with a sentence. */
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/conf/option.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct config {
	char *secret;
	bool open;
	int level;
};

static const struct hws_option table[] = {
	{ "", "secret", 0, HWS_OPT_STR, offsetof(struct config, secret), "",
			.flags = HWS_OPT_SECRET },
	{ "", "open", 0, HWS_OPT_BOOL, offsetof(struct config, open), "no" },
	{ "", "log-level", 0, HWS_OPT_ENUM, offsetof(struct config, level), "info",
			.choices = "error|warn|info|debug|trace" },
};
static const struct hws_env_name others[] = {
	{ .name = "FUZZ_CLOSED", .option = "open", hws_options_invert, .takes = "0 or 1" },
	{ .name = "FUZZ_LEVEL", .option = "log-level", hws_options_rust_log, .takes = "a level" },
};
static const struct hws_options options = { .program = "fuzz",
	.env_prefix = "FUZZ_",
	.table = table,
	.count = HWS_COUNT(table),
	.others = others,
	.others_count = HWS_COUNT(others) };

static void must(bool so)
{
	if (!so)
		abort();
}

static int read_env(struct config *c, struct hws_error *err)
{
	int r;

	must(hws_options_init(&options, c) == HWS_OK);
	r = hws_options_env(&options, c, err);
	must(r == HWS_OK || (err->text[0] && hws_utf8_valid(hws_bytes_str(err->text))));
	return r;
}

static void as_file(const uint8_t *data, size_t size)
{
	struct hws_error err = { 0 };
	struct config c;
	char path[40];
	size_t len;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(setenv("FUZZ_SECRET_FILE", path, 1) == 0);
	if (read_env(&c, &err) == HWS_OK) {
		len = strlen(c.secret);
		must(len <= size && memcmp(c.secret, data, len) == 0);
		must(len == size || (data[len] == '\n' && len + 1 == size) ||
				(len + 2 == size && data[len] == '\r' && data[len + 1] == '\n') ||
				(data[len] == '\r' && len + 1 == size));
	} else {
		must(!*c.secret);
	}
	hws_options_done(&options, &c);
	unsetenv("FUZZ_SECRET_FILE");
	close(fd);
}

static void as_word(const char *name, const uint8_t *data, size_t size)
{
	struct hws_error err = { 0 };
	struct config c;
	char word[256];
	size_t n = HWS_MIN(size, sizeof(word) - 1);

	if (n)
		memcpy(word, data, n);
	word[n] = 0;
	must(setenv(name, word, 1) == 0);
	(void)read_env(&c, &err);
	must(c.level >= 0 && c.level <= 4);
	hws_options_done(&options, &c);
	unsetenv(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	must(setenv("HAWSER_CONTAINER", "1", 1) == 0);
	as_file(data, size);
	as_word("FUZZ_LEVEL", data, size);
	as_word("FUZZ_CLOSED", data, size);
	return 0;
}
