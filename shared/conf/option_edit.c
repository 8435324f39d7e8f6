/* One value changed in the text of a configuration file. The file is read line by line as the
 * parser does, and every line that is not about this option is copied as it stands. */
#include "shared/conf/option.h"
#include "shared/conf/option_value.h"

#include "shared/base/str.h"

#include <string.h>

struct line {
	struct hws_bytes all;  /* with its newline */
	struct hws_bytes text; /* without blanks around */
};

static bool next_line(struct hws_bytes *left, struct line *ret)
{
	const uint8_t *end;
	size_t len;

	if (!left->len)
		return false;
	end = memchr(left->ptr, '\n', left->len);
	len = end ? (size_t)(end - left->ptr) + 1 : left->len;
	ret->all = hws_bytes(left->ptr, len);
	ret->text = ret->all;
	while (ret->text.len && strchr(HWS_OPTION_BLANKS "\n", ret->text.ptr[ret->text.len - 1]))
		ret->text.len--;
	while (ret->text.len && strchr(HWS_OPTION_BLANKS, ret->text.ptr[0])) {
		ret->text.ptr++;
		ret->text.len--;
	}
	left->ptr += len;
	left->len -= len;
	return true;
}

/* "[name]": whether it is the section of the option. */
static bool opens(const struct line *l, const struct hws_option *opt)
{
	size_t n = strlen(opt->section);

	return n && l->text.len >= n + 2 && memcmp(l->text.ptr + 1, opt->section, n) == 0 &&
			l->text.ptr[n + 1] == ']';
}

/* Two options of one name in two sections do not exist: the name tells enough. */
static bool is_about(const struct line *l, const struct hws_option *opt)
{
	size_t len = 0;

	if (!l->text.len || strchr("#;[", l->text.ptr[0]))
		return false;
	while (len < l->text.len && l->text.ptr[len] != '=' && l->text.ptr[len] != ':')
		len++;
	if (len == l->text.len)
		return false;
	while (len && strchr(HWS_OPTION_BLANKS, l->text.ptr[len - 1]))
		len--;
	return len && hws_option_is(opt, (const char *)l->text.ptr, len);
}

/* Where a new line goes: the end of the last line in the option's section; SIZE_MAX: there is no
 * such section. *ret_there: there is a line to be replaced. */
static size_t place(struct hws_bytes text, const struct hws_option *opt, bool *ret_there)
{
	bool here = !*opt->section;
	size_t at = here ? 0 : SIZE_MAX;
	const uint8_t *start = text.ptr;
	struct line l;

	*ret_there = false;
	while (next_line(&text, &l)) {
		*ret_there |= is_about(&l, opt);
		if (l.text.len && l.text.ptr[0] == '[')
			here = opens(&l, opt);
		if (here && l.text.len)
			at = (size_t)(text.ptr - start);
	}
	return at;
}

static void end_line(struct hws_buf *out)
{
	struct hws_bytes b = hws_buf_bytes(out);

	if (b.len && b.ptr[b.len - 1] != '\n')
		hws_buf_put_u8(out, '\n');
}

static void put_line(const struct hws_option *opt, const char *value, struct hws_buf *out)
{
	end_line(out);
	hws_buf_fmt(out, "%s = %s\n", opt->name, value);
}

static void change(struct hws_bytes text, const struct hws_option *opt, const char *value,
		struct hws_buf *out)
{
	const uint8_t *start = text.ptr;
	bool there;
	size_t at = place(text, opt, &there);
	struct line l;

	if (!there && value && at == 0) {
		put_line(opt, value, out);
		value = NULL;
	}
	while (next_line(&text, &l)) {
		bool about = is_about(&l, opt);

		if (!about)
			hws_buf_put(out, l.all.ptr, l.all.len);
		if (value && (there ? about : (size_t)(text.ptr - start) == at)) {
			put_line(opt, value, out);
			value = NULL;
		}
	}
	end_line(out);
	if (!value)
		return;
	hws_buf_fmt(out, "%s[%s]\n", start && text.ptr != start ? "\n" : "", opt->section);
	put_line(opt, value, out);
}

static bool is_one_line(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < 0x20 && *value != '\t')
			return false;
	return true;
}

int hws_options_edit(const struct hws_options *o, const char *path, const char *name,
		const char *value, struct hws_buf *out, struct hws_error *err)
{
	const struct hws_option *opt = hws_option_find(o, name, strlen(name));
	struct hws_buf old;
	int r;

	if (!opt)
		return hws_option_unknown(o, name, err);
	if (opt->flags & HWS_OPT_FLAG_ONLY)
		return hws_error_set(err, HWS_ERR_INVAL,
				"'%s' belongs on the command line, not in the file", opt->name);
	if (value && !is_one_line(value))
		return hws_error_set(err, HWS_ERR_INVAL,
				"%s: the value has control characters, which cannot stand in the "
				"file",
				opt->name);
	hws_buf_init(&old, 1u << 20);
	r = hws_option_read(path, &old, err);
	if (r == HWS_OK || r == HWS_ERR_NOTFOUND) {
		change(hws_buf_bytes(&old), opt, value, out);
		r = hws_buf_err(out);
		if (r < 0)
			hws_error_set(err, r, "%s becomes too large", path);
	}
	hws_buf_done_wiped(&old);
	return r;
}
