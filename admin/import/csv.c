/* import/csv: the text is taken apart in place once; rows are then pointers into it, and every kind
 * of row has its pass. */
#include "admin/import/csv.h"
#include "shared/base/buf.h"
#include "shared/base/file_error.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (64u << 20)
#define COLUMNS_MAX 64u
#define ROWS_MAX 2000000u
#define NO_FIELD IMP_FIELDS

static const char *const names[IMP_FIELDS] = {
	[IMP_F_KEY] = "key",
	[IMP_F_NAME] = "name",
	[IMP_F_DISPLAY] = "display_name",
	[IMP_F_EMAIL] = "email",
	[IMP_F_NOTE] = "note",
	[IMP_F_STATUS] = "status",
	[IMP_F_ADMIN] = "admin",
	[IMP_F_GROUP] = "group",
	[IMP_F_OWNER] = "owner",
	[IMP_F_BOOK] = "book",
	[IMP_F_ID] = "id",
	[IMP_F_UUID] = "uuid",
	[IMP_F_UUID_HEX] = "uuid_hex",
	[IMP_F_HOSTNAME] = "hostname",
	[IMP_F_USERNAME] = "username",
	[IMP_F_OS] = "os",
	[IMP_F_CPU] = "cpu",
	[IMP_F_MEMORY] = "memory",
	[IMP_F_VERSION] = "version",
	[IMP_F_ALIAS] = "alias",
	[IMP_F_PLATFORM] = "platform",
	[IMP_F_HASH] = "hash",
	[IMP_F_PASSWORD] = "password",
	[IMP_F_FORCE_RELAY] = "force_relay",
	[IMP_F_TAGS] = "tags",
	[IMP_F_COLOR] = "color",
	[IMP_F_PERSONAL] = "personal",
	[IMP_F_SUBJECT_KIND] = "subject_kind",
	[IMP_F_SUBJECT] = "subject",
	[IMP_F_RIGHT] = "right",
};

struct line {
	uint32_t at; /* of its first field in `text` */
	uint8_t count;
	uint8_t what;
};

struct imp_csv {
	char *text; /* fields, each with NUL behind it */
	size_t len;
	const char *name;
	char sep;
	enum imp_field field[COLUMNS_MAX];
	size_t columns;
	int what_column; /* -1 = none, then all rows are `all` */
	enum imp_what all;
	struct line *line;
	size_t lines, room;
};

/* --- taking apart ----------------------------------------------------------------------------- */

struct cursor {
	char *in, *end, *out; /* out never passes in: what is written was read */
	unsigned line;
};

/* The field at the cursor, moved together at `out` with a NUL. *ret_last: the line ends with it. */
static int next_field(struct imp_csv *s, struct cursor *c, char **ret, bool *ret_last)
{
	char *start = c->out;
	bool quoted = c->in < c->end && *c->in == '"';

	c->in += quoted;
	for (;; c->in++) {
		if (c->in >= c->end) {
			if (quoted)
				return HWS_ERR_EOF;
			break;
		}
		if (*c->in == '\0')
			return HWS_ERR_INVAL;
		c->line += *c->in == '\n';
		if (quoted && *c->in == '"') {
			if (c->in + 1 < c->end && c->in[1] == '"')
				c->in++;
			else
				break;
		} else if (!quoted && (*c->in == s->sep || *c->in == '\n' || *c->in == '\r')) {
			c->line -= *c->in == '\n';
			break;
		}
		*c->out++ = *c->in;
	}
	c->in += quoted;
	*ret_last = true;
	if (c->in < c->end && *c->in == s->sep) {
		*ret_last = false;
		c->in++;
	} else if (c->in < c->end && *c->in == '\r') {
		c->in++;
		if (c->in < c->end && *c->in == '\n')
			c->in++;
		c->line++;
	} else if (c->in < c->end && *c->in == '\n') {
		c->in++;
		c->line++;
	} else if (c->in < c->end) {
		return HWS_ERR_PROTO; /* signs behind a closing quote */
	}
	/* Whatever ended the field has left room; only at the very end is there none, but for the
	 * one byte that the text has behind it. */
	*c->out++ = '\0';
	*ret = start;
	return HWS_OK;
}

static int say(const struct imp_csv *s, unsigned line, int r, struct hws_error *err)
{
	if (r == HWS_ERR_EOF)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s: a quoted field that begins before the end is never closed",
				s->name);
	if (r == HWS_ERR_INVAL)
		return hws_error_set(
				err, HWS_ERR_CORRUPT, "%s, line %u: a NUL byte", s->name, line);
	if (r == HWS_ERR_PROTO)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s, line %u: signs behind a closing quote", s->name, line);
	return r < 0 ? hws_error_set(err, r, "%s, line %u: %s", s->name, line, hws_err_text(r)) : r;
}

static int take_column(struct imp_csv *s, const char *name, struct hws_error *err)
{
	char shown[80];

	if (s->columns == COLUMNS_MAX)
		return hws_error_set(err, HWS_ERR_CORRUPT, "%s has too many columns", s->name);
	if (hws_str_equal(name, "what")) {
		s->what_column = (int)s->columns;
		s->field[s->columns++] = NO_FIELD;
		return HWS_OK;
	}
	for (size_t i = 0; i < IMP_FIELDS; i++) {
		if (hws_str_equal(name, names[i])) {
			s->field[s->columns++] = (enum imp_field)i;
			return HWS_OK;
		}
	}
	return hws_error_set(err, HWS_ERR_CORRUPT,
			"%s has a column \"%s\", which is not known; the first line must name the "
			"columns (what, name, email, id, uuid, ...)",
			s->name, hws_str_escape(shown, sizeof(shown), hws_bytes_str(name)));
}

static bool has(const struct imp_csv *s, enum imp_field field)
{
	for (size_t i = 0; i < s->columns; i++)
		if (s->field[i] == field)
			return true;
	return false;
}

/* What all lines are, where no column says it. */
static int guess_what(struct imp_csv *s, struct hws_error *err)
{
	if (s->what_column >= 0)
		return HWS_OK;
	if (has(s, IMP_F_ID) && has(s, IMP_F_UUID))
		s->all = IMP_DEVICE;
	else if (has(s, IMP_F_ID) && (has(s, IMP_F_BOOK) || has(s, IMP_F_OWNER)))
		s->all = IMP_ENTRY;
	else if (has(s, IMP_F_NAME) && has(s, IMP_F_EMAIL))
		s->all = IMP_USER;
	else
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s does not say what its lines are: it needs a column \"what\" "
				"(user, group, device-group, device, book, rule, tag, entry)",
				s->name);
	return HWS_OK;
}

static int read_header(struct imp_csv *s, struct cursor *c, struct hws_error *err)
{
	bool last = false;
	char *name;
	int r = HWS_OK;

	if (c->end - c->in >= 3 && memcmp(c->in, "\xef\xbb\xbf", 3) == 0)
		c->in += 3;
	for (const char *p = c->in; p < c->end && *p != '\n'; p++) {
		if (*p == ',' || *p == ';') {
			s->sep = *p;
			break;
		}
	}
	while (!last && r == HWS_OK) {
		r = say(s, c->line, next_field(s, c, &name, &last), err);
		if (r == HWS_OK)
			r = take_column(s, hws_str_trim(name), err);
	}
	return r == HWS_OK ? guess_what(s, err) : r;
}

static int parse_what(const char *text, enum imp_what *ret)
{
	for (size_t i = 0; i < IMP_WHATS; i++) {
		if (hws_str_equal(text, imp_what_name((enum imp_what)i))) {
			*ret = (enum imp_what)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

static int add_line(struct imp_csv *s, const struct line *l)
{
	if (s->lines == s->room) {
		size_t room = s->room ? 2 * s->room : 256;
		struct line *bigger = hws_realloc_array(s->line, room, sizeof(*bigger));

		if (!bigger)
			return HWS_ERR_NOMEM;
		s->line = bigger;
		s->room = room;
	}
	s->line[s->lines++] = *l;
	return HWS_OK;
}

static int read_line(struct imp_csv *s, struct cursor *c, struct hws_error *err)
{
	struct line l = { .at = (uint32_t)(c->out - s->text) };
	enum imp_what what = s->all;
	unsigned line = c->line;
	bool last = false, empty = true;
	char *text;
	int r = HWS_OK;

	while (!last && r == HWS_OK) {
		r = next_field(s, c, &text, &last);
		if (r < 0)
			return say(s, line, r, err);
		empty = empty && !*text;
		if (l.count == s->columns)
			return hws_error_set(err, HWS_ERR_CORRUPT,
					"%s, line %u: more fields than columns", s->name, line);
		if (l.count == s->what_column && *text && parse_what(text, &what) < 0)
			return hws_error_set(err, HWS_ERR_CORRUPT,
					"%s, line %u: what is neither user, group, device-group, "
					"device, book, rule, tag nor entry",
					s->name, line);
		if (l.count == s->what_column && !*text)
			what = IMP_WHATS;
		l.count++;
	}
	if (empty)
		return HWS_OK;
	if (what == IMP_WHATS)
		return hws_error_set(
				err, HWS_ERR_CORRUPT, "%s, line %u: what is it?", s->name, line);
	if (s->lines == ROWS_MAX)
		return hws_error_set(err, HWS_ERR_TOOBIG, "%s has too many lines", s->name);
	l.what = (uint8_t)what;
	return say(s, line, add_line(s, &l), err);
}

int imp_csv_read(struct hws_bytes text, const char *name, struct imp_csv **ret,
		struct hws_error *err)
{
	struct imp_csv *s = hws_alloc(sizeof(*s));
	struct cursor c;
	int r;

	if (s)
		/* a line of one empty field takes a byte more than it has */
		s->text = hws_alloc(text.len + 2);
	if (!s || !s->text) {
		imp_csv_close(s);
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	s->name = name;
	s->sep = ',';
	s->what_column = -1;
	s->all = IMP_WHATS;
	s->len = text.len;
	memcpy(s->text, text.ptr, text.len);
	c = (struct cursor){ .in = s->text, .end = s->text + text.len, .out = s->text, .line = 1 };
	r = text.len ? read_header(s, &c, err)
		     : hws_error_set(err, HWS_ERR_CORRUPT, "%s is empty", name);
	while (r == HWS_OK && c.in < c.end)
		r = read_line(s, &c, err);
	if (r < 0)
		imp_csv_close(s);
	else
		*ret = s;
	return r;
}

static int read_file(const char *path, struct hws_buf *out, struct hws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = 1;

	if (fd < 0)
		return hws_file_error(path, errno, err);
	while (n > 0) {
		uint8_t *to = hws_buf_reserve(out, 65536);

		if (!to)
			break;
		n = read(fd, to, 65536);
		if (n > 0)
			hws_buf_commit(out, (size_t)n);
	}
	if (n < 0) {
		int sys = errno;

		close(fd);
		return hws_file_error(path, sys, err);
	}
	close(fd);
	if (hws_buf_err(out) < 0)
		return hws_error_set(err, hws_buf_err(out), "%s is larger than %u MiB", path,
				FILE_MAX >> 20);
	return HWS_OK;
}

int imp_csv_open(const char *path, struct imp_csv **ret, struct hws_error *err)
{
	struct hws_buf text;
	int r;

	hws_buf_init(&text, FILE_MAX + 65536);
	r = read_file(path, &text, err);
	if (r == HWS_OK)
		r = imp_csv_read(hws_buf_bytes(&text), path, ret, err);
	hws_buf_done_wiped(&text); /* there may be passwords of address books in it */
	return r;
}

void imp_csv_close(struct imp_csv *s)
{
	if (!s)
		return;
	if (s->text)
		hws_free_wiped(s->text, s->len);
	hws_free(s->line);
	hws_free(s);
}

int imp_csv_each(struct imp_csv *s, enum imp_what what, imp_row_fn fn, void *arg)
{
	struct imp_row row;
	int r = HWS_OK;

	for (size_t i = 0; i < s->lines && r == HWS_OK; i++) {
		const struct line *l = &s->line[i];
		const char *at = s->text + l->at;

		if (l->what != what)
			continue;
		for (size_t k = 0; k < IMP_FIELDS; k++)
			row.v[k] = "";
		for (size_t k = 0; k < l->count; k++) {
			if (s->field[k] != NO_FIELD)
				row.v[s->field[k]] = at;
			at += strlen(at) + 1;
		}
		r = fn(&row, arg);
	}
	return r;
}
