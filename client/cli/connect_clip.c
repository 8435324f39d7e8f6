/* Formats of the clipboard as files: all that are given are one copy; those that are waited for may
 * come with different ones. */
#include "client/cli/connect_clip.h"
#include "client/cli/cli.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include "shared/base/output.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define IN "--clipboard-in"
#define OUT "--clipboard-out"
#define FILE_MAX (32u << 20) /* the library takes no more */

static const char *const names[HAWSER_CLIP_FORMATS] = { "text", "html", "rtf", "png", "svg",
	"sheet" };

/* --- the command line ------------------------------------------------------------------------- */

static int take(const char *flag, const char *value, unsigned *set, const char **files)
{
	const char *file = value ? strchr(value, '=') : NULL;
	size_t len = file ? (size_t)(file - value) : 0;

	for (unsigned f = 0; file && f < HAWSER_CLIP_FORMATS; f++) {
		if (strlen(names[f]) != len || strncmp(value, names[f], len) != 0)
			continue;
		if (!file[1])
			break;
		if (*set & 1u << f)
			return cli_fail(CLI_USAGE, "%s %s is given twice", flag, names[f]);
		*set |= 1u << f;
		files[f] = file + 1;
		return CLI_OK;
	}
	return cli_fail(CLI_USAGE,
			"%s takes FORMAT=FILE, where FORMAT is text, html, rtf, png, svg or sheet",
			flag);
}

/* The value of this option at argv[i], which may be its own argument; NULL: it is another one. */
static const char *value_of(const char *flag, int argc, char **argv, int *i, bool *ret_is)
{
	size_t len = strlen(flag);

	*ret_is = strncmp(argv[*i], flag, len) == 0 && (!argv[*i][len] || argv[*i][len] == '=');
	if (!*ret_is)
		return NULL;
	if (argv[*i][len] == '=')
		return argv[*i] + len + 1;
	return *i + 1 < argc ? argv[++*i] : NULL;
}

int connect_clip_take(struct connect_clip_wish *w, int *argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		bool is_in, is_out = false;
		const char *value = value_of(IN, *argc, argv, &i, &is_in);
		int r = CLI_OK;

		if (is_in)
			r = take(IN, value, &w->in, w->file_in);
		else
			value = value_of(OUT, *argc, argv, &i, &is_out);
		if (is_out)
			r = take(OUT, value, &w->out, w->file_out);
		if (r != CLI_OK)
			return r;
		if (!is_in && !is_out)
			argv[kept++] = argv[i];
	}
	*argc = kept;
	return CLI_OK;
}

int connect_clip_check(const struct connect_clip_wish *w)
{
	for (unsigned f = 0; f < HAWSER_CLIP_FORMATS; f++)
		if (w->file_in[f] && access(w->file_in[f], R_OK) < 0)
			return cli_fail(CLI_FILE, "cannot read %s: %s", w->file_in[f],
					strerror(errno));
	return CLI_OK;
}

/* --- to the host ------------------------------------------------------------------------------ */

static int read_file(const char *path, struct hws_buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;

	hws_buf_init(out, FILE_MAX + 1); /* of one byte more is known that it is too much */
	while (n > 0 && hws_buf_len(out) <= FILE_MAX && hws_buf_err(out) == HWS_OK) {
		size_t room = HWS_MIN((size_t)1 << 16, FILE_MAX + 1 - hws_buf_len(out));
		uint8_t *to = hws_buf_reserve(out, room);

		n = to ? read(fd, to, room) : 0;
		if (n > 0)
			hws_buf_commit(out, (size_t)n);
	}
	if (n < 0)
		cli_fail(0, "cannot read %s: %s", path, strerror(errno));
	else if (hws_buf_err(out) < 0 || hws_buf_len(out) > FILE_MAX)
		cli_fail(0, "%s has more than 32 MiB, too much for a clipboard", path);
	else if (!hws_buf_len(out))
		cli_fail(0, "%s is empty: there is nothing to copy", path);
	if (fd >= 0)
		close(fd);
	return n < 0 || hws_buf_err(out) < 0 || !hws_buf_len(out) || hws_buf_len(out) > FILE_MAX
			? HAWSER_ERR_INVAL
			: HAWSER_OK;
}

int connect_clip_send(const struct connect_clip_wish *w, hawser_session *s)
{
	struct hws_buf content[HAWSER_CLIP_FORMATS] = { 0 };
	struct hawser_clip_part parts[HAWSER_CLIP_FORMATS];
	size_t n = 0;
	int r = HAWSER_OK;

	for (unsigned f = 0; f < HAWSER_CLIP_FORMATS && r == HAWSER_OK; f++) {
		if (!w->file_in[f])
			continue;
		r = read_file(w->file_in[f], &content[f]);
		struct hws_bytes b = hws_buf_bytes(&content[f]);
		parts[n++] = (struct hawser_clip_part){ (enum hawser_clip_format)f, b.ptr, b.len };
	}
	if (r == HAWSER_OK) {
		r = hawser_session_send_clip(s, parts, n);
		if (r < 0)
			cli_fail(0, "%s", hawser_last_error());
	}
	for (unsigned f = 0; f < HAWSER_CLIP_FORMATS; f++)
		hws_buf_done(&content[f]);
	return r;
}

/* --- from the host ---------------------------------------------------------------------------- */

static int write_file(const char *path, const struct hawser_clip_part *p)
{
	struct hws_error err = { 0 };
	struct hws_out_file file;

	if (hws_str_equal(path, "-")) {
		fwrite(p->bytes, 1, p->length, stdout);
		return fflush(stdout) == 0 ? CLI_OK : CLI_FILE; /* said at the end of the program */
	}
	int r = hws_out_file_begin(&file, path, &err);
	if (r == HWS_OK)
		r = hws_out_file_end(&file,
				hws_out_file_write(&file, hws_bytes(p->bytes, p->length)), path,
				&err);
	return r < 0 ? cli_fail(CLI_FILE, "%s", err.text) : CLI_OK;
}

int connect_clip_event(struct connect_clip *c, const struct connect_clip_wish *w,
		const struct hawser_event *ev)
{
	for (size_t i = 0; i < ev->u.text.part_count; i++) {
		const struct hawser_clip_part *p = &ev->u.text.parts[i];
		unsigned bit = 1u << p->format;
		int r;

		if (!(w->out & bit) || c->written & bit)
			continue;
		c->written |= bit;
		r = write_file(w->file_out[p->format], p);
		if (r != CLI_OK)
			return r;
	}
	return CLI_OK;
}

bool connect_clip_done(const struct connect_clip *c, const struct connect_clip_wish *w)
{
	return !(w->out & ~c->written);
}

void connect_clip_print(const char *text, size_t length)
{
	bool terminal = isatty(STDOUT_FILENO);
	unsigned char before = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		bool steers = (c < ' ' && c != '\n' && c != '\t') || c == 0x7f;

		steers |= before == 0xc2 && c < 0xa0; /* controls from U+0080 on */
		putchar(terminal && steers ? '?' : c);
		before = c;
	}
	putchar('\n');
}
