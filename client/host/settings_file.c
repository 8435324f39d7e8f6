/* The configuration file of the host, changed a line at a time: it is its author's, with comments
 * and an order of its own, and a default that nobody wrote down stays free to change with a later
 * version. */
#include "client/host/settings.h"
#include "shared/sys/private_file.h"

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
		r = hws_private_file_write(
				s->config, hws_buf_bytes(&text), HWS_PRIVATE_FOLDERS, err);
	hws_buf_done_wiped(&text);
	return r;
}
