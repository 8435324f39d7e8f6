/* A configuration file of any bytes: refused with a sentence, or taken, and then what is shown of
 * it reads back as the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/base/str.h"
#include "shared/conf/option.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct config {
	bool flag;
	uint16_t port;
	uint64_t size, idle, count;
	char *name, *secret;
	int mode;
};

static const struct hws_option table[] = {
	{ "", "flag", 0, HWS_OPT_BOOL, offsetof(struct config, flag), "no", .help = "Flag." },
	{ "net", "port", 0, HWS_OPT_U16, offsetof(struct config, port), "1", .help = "Port.",
			.aliases = "p,listen_port" },
	{ "net", "size", 0, HWS_OPT_SIZE, offsetof(struct config, size), "1K", .help = "Size." },
	{ "net", "idle", 0, HWS_OPT_DURATION, offsetof(struct config, idle), "1s",
			.help = "Idle." },
	{ "net", "count", 0, HWS_OPT_U64, offsetof(struct config, count), "5", 1, 10,
			.help = "Count." },
	{ "auth", "name", 0, HWS_OPT_STR, offsetof(struct config, name), "", .help = "Name." },
	{ "auth", "secret", 0, HWS_OPT_STR, offsetof(struct config, secret), "",
			.flags = HWS_OPT_SECRET, .help = "Secret." },
	{ "auth", "mode", 0, HWS_OPT_ENUM, offsetof(struct config, mode), "a", .choices = "a|b|c",
			.help = "Mode." },
};
static const struct hws_options options = { "fuzz", "FUZZ_", "fuzz", NULL, table,
	HWS_COUNT(table) };

static void must(bool claim)
{
	if (!claim)
		abort();
}

static void read_back(struct config *c)
{
	struct hws_error err = { 0 };
	struct hws_buf first, second;
	struct config d;

	hws_buf_init(&first, 1 << 20);
	hws_buf_init(&second, 1 << 20);
	must(hws_options_init(&options, &d) == HWS_OK);
	hws_options_show(&options, c, &first);
	must(hws_options_text(&options, &d, "shown", hws_buf_bytes(&first), &err) == HWS_OK);
	must(hws_options_set(&options, &d, "secret", c->secret, &err) == HWS_OK);
	hws_options_show(&options, &d, &second);
	must(hws_bytes_equal(hws_buf_bytes(&first), hws_buf_bytes(&second)));
	hws_options_done(&options, &d);
	hws_buf_done(&first);
	hws_buf_done(&second);
}

/* One value changed in the text: all others stay what they were. */
static void change(struct hws_bytes text, const struct config *c, const char *value)
{
	struct hws_error err = { 0 };
	struct hws_buf edited;
	struct config d;
	char path[40];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	hws_buf_init(&edited, 1 << 20);
	must(hws_options_init(&options, &d) == HWS_OK);
	must(hws_options_edit(&options, path, "name", value, &edited, &err) == HWS_OK);
	must(hws_options_text(&options, &d, "edited", hws_buf_bytes(&edited), &err) == HWS_OK);
	must(hws_str_equal(d.name, value ? value : ""));
	for (size_t i = 0; i < HWS_COUNT(table); i++)
		must(!strcmp(table[i].name, "name") ||
				hws_options_same(&options, c, &d, table[i].name));
	hws_options_done(&options, &d);
	hws_buf_done(&edited);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_error err = { 0 };
	struct config c;
	int r;

	must(hws_options_init(&options, &c) == HWS_OK);
	r = hws_options_text(&options, &c, "fuzz", hws_bytes(data, size), &err);
	if (r == HWS_OK) {
		read_back(&c);
		change(hws_bytes(data, size), &c, "x y");
		change(hws_bytes(data, size), &c, NULL);
	} else {
		must(err.text[0] && hws_utf8_valid(hws_bytes_str(err.text)));
	}
	must(c.name && c.secret && c.count >= 1 && c.count <= 10 && c.mode >= 0 && c.mode <= 2);
	hws_options_done(&options, &c);
	return 0;
}
