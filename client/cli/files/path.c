/* Lexical only: what a link there points to, only the host knows. */
#include "client/cli/files/path.h"
#include "shared/base/err.h"
#include "shared/base/str.h"
#include <string.h>

static bool is_sep(char c, bool windows)
{
	return c == '/' || (windows && c == '\\');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of the root that a path begins with: "/", "C:\", "\\server\share\", "\"; 0 = none. */
static size_t root_len(const char *path, bool windows)
{
	size_t n = 0;

	if (!windows)
		return path[0] == '/';
	if (is_letter(path[0]) && path[1] == ':')
		return is_sep(path[2], true) ? 3 : 2;
	if (!is_sep(path[0], true))
		return 0;
	if (!is_sep(path[1], true))
		return 1;
	/* the share and its server cannot be left by ".." */
	n = 2;
	for (int part = 0; part < 2; part++) {
		while (path[n] && !is_sep(path[n], true))
			n++;
		if (path[n])
			n++;
	}
	return n;
}

bool files_path_is_absolute(const char *path, bool windows)
{
	return root_len(path, windows) > 0;
}

struct out {
	char *buf;
	size_t size, len, root; /* `root`: what ".." does not take away */
	char sep;
};

static int put(struct out *o, const char *s, size_t n)
{
	if (n >= o->size - o->len)
		return HWS_ERR_TOOBIG;
	memcpy(o->buf + o->len, s, n);
	o->len += n;
	o->buf[o->len] = 0;
	return HWS_OK;
}

static int put_part(struct out *o, const char *s, size_t n)
{
	if (o->len > 0 && o->buf[o->len - 1] != o->sep && put(o, &o->sep, 1) < 0)
		return HWS_ERR_TOOBIG;
	return put(o, s, n);
}

/* Takes the last part away. */
static int up(struct out *o)
{
	size_t n = o->len;

	if (n <= o->root)
		return o->root ? HWS_OK : HWS_ERR_INVAL;
	while (n > o->root && o->buf[n - 1] != o->sep)
		n--;
	if (n > o->root)
		n--;
	o->len = n;
	o->buf[n] = 0;
	return HWS_OK;
}

static int parts(struct out *o, const char *s, bool windows)
{
	while (*s) {
		size_t n = 0;
		int r = HWS_OK;

		while (s[n] && !is_sep(s[n], windows))
			n++;
		if (windows && memchr(s, ':', n))
			return HWS_ERR_INVAL; /* a drive or a stream, but no name */
		if (n == 2 && memcmp(s, "..", 2) == 0)
			r = up(o);
		else if (n > 0 && !(n == 1 && *s == '.'))
			r = put_part(o, s, n);
		if (r < 0)
			return r;
		s += n;
		while (*s && is_sep(*s, windows))
			s++;
	}
	return HWS_OK;
}

/* The root with the host's separators; "C:" becomes "C:\". */
static int put_root(struct out *o, const char *path, size_t n, bool windows)
{
	int r = put(o, path, n);

	for (size_t i = 0; r == HWS_OK && windows && i < o->len; i++)
		if (o->buf[i] == '/')
			o->buf[i] = '\\';
	if (r == HWS_OK && windows && n == 2 && path[1] == ':')
		r = put(o, "\\", 1);
	o->root = o->len;
	return r;
}

int files_path_resolve(char *buf, size_t size, const char *cwd, const char *arg, bool windows)
{
	struct out o = { .buf = buf, .size = size, .sep = windows ? '\\' : '/' };
	size_t own = root_len(arg, windows), base = root_len(cwd, windows);
	bool drives = windows && strcmp(cwd, "/") == 0; /* the list of them, which has no parent */
	int r = HWS_OK;

	buf[0] = 0;
	if (windows && strcmp(arg, "/") == 0)
		return hws_str_copy(buf, size, "/");
	if (drives)
		base = 0;
	if (own > 1 || (own == 1 && !(windows && base > 1))) {
		r = put_root(&o, arg, own, windows);
	} else {
		r = put_root(&o, cwd, base, windows);
		if (r == HWS_OK && own == 0 && !drives)
			r = parts(&o, cwd + base, windows);
	}
	if (r == HWS_OK)
		r = parts(&o, arg + own, windows);
	if (drives && own == 0 && o.len == 0 && !strchr(arg, ':'))
		return hws_str_copy(buf, size, "/");
	return r;
}

const char *files_path_base(const char *path, bool windows)
{
	size_t root = root_len(path, windows), n = strlen(path);

	while (n > root && !is_sep(path[n - 1], windows))
		n--;
	return path + n;
}

int files_path_parent(char *buf, size_t size, const char *path, bool windows)
{
	size_t root = root_len(path, windows), n = (size_t)(files_path_base(path, windows) - path);

	if (n > root && is_sep(path[n - 1], windows))
		n--;
	if (n >= size)
		return HWS_ERR_TOOBIG;
	memcpy(buf, path, n);
	buf[n] = 0;
	return HWS_OK;
}

int files_path_join(char *buf, size_t size, const char *folder, const char *name, bool windows)
{
	size_t n = strlen(folder);
	const char *sep = n == 0 || is_sep(folder[n - 1], windows) ? "" : windows ? "\\" : "/";

	return hws_fmt(buf, size, "%s%s%s", folder, sep, name);
}

bool files_path_is_name(const char *name, bool windows)
{
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (is_sep(*name, windows))
			return false;
	return true;
}
