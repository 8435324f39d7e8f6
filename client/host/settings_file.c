/* The configuration file of the host, changed a line at a time: it is its author's, with comments and an order of its own, and
 * a default that nobody wrote down stays free to change with a later version. */
#include "client/host/settings.h"
#include "client/host/state_file.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static int make_folder_of(const char *path, struct hws_error *err)
{
	char dir[PATH_MAX];
	char *slash;
	int r = hws_str_copy(dir, sizeof(dir), path);

	if (r < 0)
		return hws_error_set(err, r, "the name of the configuration file is too long");
	for (slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return hws_error_set(err, hws_err_from_errno(errno), "%s: %s", dir,
					strerror(errno));
		*slash = '/';
	}
	return HWS_OK;
}

/* The file with the change, proven: what it says is what was asked for. */
static int edit(const struct hws_settings *s, const char *name, const char *value,
		struct hws_buf *text, struct hws_error *err)
{
	const struct hws_options *o = &hws_settings_options;
	struct hws_settings wanted, got;
	int r = hws_options_init(o, &wanted);

	if (r == HWS_OK)
		r = hws_options_init(o, &got);
	if (r < 0) { /* nothing of `got` is left by then */
		hws_options_done(o, &wanted);
		return hws_error_set(err, r, "out of memory");
	}
	if (value)
		r = hws_options_set(o, &wanted, name, value, err);
	if (r == HWS_OK)
		r = hws_options_edit(o, s->config, name, value, text, err);
	if (r == HWS_OK)
		r = hws_options_text(o, &got, s->config, hws_buf_bytes(text), err);
	if (r == HWS_OK)
		r = hws_settings_check(&got, err);
	if (r == HWS_OK && value && !hws_options_same(o, &wanted, &got, name))
		r = hws_error_set(err, HWS_ERR_INVAL,
				"%s: this value cannot stand in a configuration file", name);
	hws_options_done(o, &wanted);
	hws_options_done(o, &got);
	return r;
}

/* Without the last newline, which the writing adds. */
static int write_text(const char *path, struct hws_bytes text, struct hws_error *err)
{
	char *copy;
	int r;

	while (text.len && text.ptr[text.len - 1] == '\n')
		text.len--;
	copy = hws_alloc(text.len + 1);
	if (!copy)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	r = hws_state_write(path, copy, err);
	hws_wipe(copy, text.len);
	hws_free(copy);
	return r;
}

int hws_settings_store(const struct hws_settings *s, const char *name, const char *value,
		struct hws_error *err)
{
	struct hws_buf text;
	int r = HWS_OK;

	if (!*s->config)
		return hws_error_set(
				err, HWS_ERR_NOTFOUND, "no configuration file: give --config FILE");
	hws_buf_init(&text, 1u << 20);
	r = edit(s, name, value, &text, err);
	if (r == HWS_OK)
		r = make_folder_of(s->config, err);
	if (r == HWS_OK)
		r = write_text(s->config, hws_buf_bytes(&text), err);
	hws_buf_done_wiped(&text);
	return r;
}
