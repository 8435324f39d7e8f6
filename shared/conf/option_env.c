/* Settings from the environment: our own names, those of files that hold a secret, and names that
 * programs before ours are given. A container's image says that it is one (HAWSER_CONTAINER): only
 * there are words so common read that they may stand in anybody's shell for something else. */
#include "shared/conf/option.h"
#include "shared/conf/option_value.h"

#include "shared/base/file_error.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 16384u /* bytes of a file that is one value */
#define NAME_MAX_BYTES 136
#define END "_FILE"

/* --- a file that is one value --------------------------------------------------------------- */

/* The content of a descriptor as a text, without the newline that editors and `echo` end it
 * with. */
static int read_text(int fd, char *buf, size_t size)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return hws_err_from_errno(errno);
		if (got == 0)
			break;
		n += (size_t)got;
		if (n == size)
			return HWS_ERR_TOOBIG;
	}
	if (memchr(buf, 0, n))
		return HWS_ERR_CORRUPT;
	if (n && buf[n - 1] == '\n')
		n--;
	if (n && buf[n - 1] == '\r')
		n--;
	buf[n] = 0;
	return n ? HWS_OK : HWS_ERR_SHORT;
}

/* A regular file, which may have come by a link, as Kubernetes has them: a pipe would keep the
 * start waiting for ever. */
static int read_value(const char *path, char *buf, size_t size, struct hws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), r;
	struct stat st;

	if (fd < 0)
		return hws_file_error(path, errno, err);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = hws_error_set(err, HWS_ERR_INVAL, "%s is not a regular file", path);
	else
		r = read_text(fd, buf, size);
	close(fd);
	if (r == HWS_ERR_TOOBIG)
		hws_error_set(err, r, "%s is larger than %u bytes: this is no file of one value",
				path, SECRET_MAX);
	else if (r == HWS_ERR_CORRUPT)
		hws_error_set(err, r, "%s contains a NUL byte; this is no text file", path);
	else if (r == HWS_ERR_SHORT) /* a key would be made, a database begun */
		r = hws_error_set(err, HWS_ERR_INVAL,
				"%s is empty: put the value there, or do not name the file", path);
	else if (r < 0 && !err->text[0])
		hws_error_set(err, r, "cannot read %s: %s", path, hws_err_text(r));
	return r;
}

static int store_file(const struct hws_option *opt, void *cfg, const char *name, const char *path,
		struct hws_error *err)
{
	struct hws_error why = { 0 };
	char text[SECRET_MAX + 1], where[512];
	int r = read_value(path, text, sizeof(text), &why);

	if (r < 0)
		hws_error_set(err, r, "%s: %s", name, why.text);
	else if (hws_fmt(where, sizeof(where), "%s (%s)", name, path) < 0)
		where[0] = 0;
	if (r == HWS_OK)
		r = hws_option_store(opt, cfg, text, where, err);
	hws_wipe(text, sizeof(text));
	return r;
}

/* NAME, or the file that NAME_FILE names; what is set to nothing is not set: templates of
 * containers name everything. HWS_ERR_NOTFOUND: neither is set. */
static int named(const char *name, bool by_file, const char **ret_value, const char **ret_path,
		struct hws_error *err)
{
	char file[NAME_MAX_BYTES + sizeof(END)];
	const char *value = getenv(name), *path = NULL;

	if (by_file && hws_fmt(file, sizeof(file), "%s" END, name) == HWS_OK)
		path = getenv(file);
	if (path && !*path)
		path = NULL;
	if (path && value && *value)
		return hws_error_set(err, HWS_ERR_INVAL,
				"%s and %s are both set: leave one of them out", name, file);
	*ret_value = value;
	*ret_path = path;
	return path || (value && *value) ? HWS_OK : HWS_ERR_NOTFOUND;
}

/* --- our names ------------------------------------------------------------------------------ */

static int own_name(const struct hws_options *o, const struct hws_option *opt, void *cfg,
		struct hws_error *err)
{
	char name[NAME_MAX_BYTES], file[NAME_MAX_BYTES + sizeof(END)];
	const char *value, *path;
	int r = hws_option_env_name(o, opt, name, sizeof(name));

	if (r < 0)
		return hws_error_set(err, r, "the name of option %s is too long", opt->name);
	r = named(name, opt->flags & HWS_OPT_SECRET, &value, &path, err);
	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK;
	if (r < 0)
		return r;
	if (!path)
		return hws_option_store(opt, cfg, value, name, err);
	if (hws_fmt(file, sizeof(file), "%s" END, name) < 0)
		file[0] = 0;
	return store_file(opt, cfg, file, path, err);
}

/* --- names of other programs ---------------------------------------------------------------- */

static bool in_container(void)
{
	const char *text = getenv("HAWSER_CONTAINER");
	bool is;

	return text && hws_parse_bool(text, &is) == HWS_OK && is;
}

/* Ours is set, so that what another program calls it does not count, wherever it would go. */
static bool ours_is_set(const struct hws_options *o, const char *option)
{
	const struct hws_option *opt = hws_option_find(o, option, strlen(option));
	char name[NAME_MAX_BYTES];
	const char *value, *path;

	return opt && hws_option_env_name(o, opt, name, sizeof(name)) == HWS_OK &&
			named(name, opt->flags & HWS_OPT_SECRET, &value, &path, NULL) !=
			HWS_ERR_NOTFOUND;
}

static const struct hws_env_name *find_other(const struct hws_options *o, const char *name)
{
	for (size_t i = 0; i < o->others_count; i++) {
		if (strcmp(o->others[i].name, name) == 0)
			return &o->others[i];
	}
	return NULL;
}

/* What is set, by value or file; a file at its usual place counts when nothing is said. */
static int other_value(const struct hws_env_name *n, const char **ret_value, const char **ret_path,
		struct hws_error *err)
{
	int r = named(n->name, n->file != NULL, ret_value, ret_path, err);

	if (r == HWS_ERR_NOTFOUND && n->file && *n->file && access(n->file, F_OK) == 0) {
		*ret_value = NULL;
		*ret_path = n->file;
		r = HWS_OK;
	}
	return r;
}

static int take_other(const struct hws_options *o, const struct hws_env_name *n, void *cfg,
		struct hws_error *err)
{
	const char *value, *path, *option = n->option;
	char text[64];
	int r = n->option && !ours_is_set(o, n->option) ? other_value(n, &value, &path, err)
							: HWS_ERR_NOTFOUND;
	const struct hws_option *opt;

	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK;
	if (r < 0)
		return r;
	if (!path && n->convert) {
		r = n->convert(value, text, sizeof(text), &option, &value);
		if (r < 0)
			return hws_error_set(err, r, "%s takes %s", n->name, n->takes);
	}
	opt = hws_option_find(o, option, strlen(option));
	if (!opt)
		return HWS_OK; /* a part of the program's table */
	return path ? store_file(opt, cfg, n->name, path, err)
		    : hws_option_store(opt, cfg, value, n->name, err);
}

static int take_others(const struct hws_options *o, void *cfg, struct hws_error *err)
{
	for (size_t i = 0; i < o->others_count; i++) {
		int r = take_other(o, &o->others[i], cfg, err);

		if (r < 0)
			return r;
	}
	return HWS_OK;
}

static void lower(char *to, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (char)tolower((unsigned char)from[i]);
	to[n] = 0;
}

/* The part of a filter that is for all modules, in small letters; false: there is none. */
static bool plain_part(const char *filter, char *buf, size_t size)
{
	for (const char *p = filter; *p;) {
		size_t n = strcspn(p, ",");

		if (n < size && !memchr(p, '=', n)) {
			lower(buf, p, n);
			return true;
		}
		p += n + (p[n] != 0);
	}
	return false;
}

int hws_options_rust_log(const char *value, char *buf, size_t size, const char **option HWS_UNUSED,
		const char **ret)
{
	enum hws_log_level level;

	*ret = "info"; /* nothing for all of it: what hbbs takes then */
	if (!plain_part(value, buf, size))
		return HWS_OK;
	*ret = strcmp(buf, "off") == 0 ? "error" : buf;
	return hws_log_level_parse(*ret, &level);
}

int hws_options_invert(const char *value, char *buf HWS_UNUSED, size_t size HWS_UNUSED,
		const char **option HWS_UNUSED, const char **ret)
{
	bool yes;
	int r = hws_parse_bool(value, &yes);

	if (r == HWS_OK)
		*ret = yes ? "no" : "yes";
	return r;
}

void hws_options_env_log(const struct hws_options *o)
{
	for (size_t i = 0; i < o->others_count && in_container(); i++) {
		const struct hws_env_name *n = &o->others[i];
		const char *value, *path;

		if (other_value(n, &value, &path, NULL) < 0)
			continue;
		if (n->option && ours_is_set(o, n->option))
			hws_info("config.ignored", HWS_STR("name", n->name),
					HWS_STR("text", "our own name for it is set, too"));
		else if (!n->option)
			hws_warn("config.ignored", HWS_STR("name", n->name),
					HWS_STR("text", n->text));
		else
			hws_info("config.compat", HWS_STR("name", n->name),
					HWS_STR("option", n->option));
	}
}

static char env_char(char c)
{
	return (char)(c == '-' ? '_' : toupper((unsigned char)c));
}

static int aliases(const struct hws_options *o, const struct hws_option *opt, bool container,
		void *cfg, struct hws_error *err)
{
	for (const char *p = opt->aliases; p;) {
		const char *end = strchrnul(p, ',');
		char name[64];
		const char *value;
		int r;

		/* single letters are flags only */
		if (end - p > 1 && (size_t)(end - p) < sizeof(name)) {
			for (ptrdiff_t i = 0; i < end - p; i++)
				name[i] = env_char(p[i]);
			name[end - p] = 0;
			value = container && find_other(o, name) ? NULL : getenv(name);
			if (value && *value) {
				r = hws_option_store(opt, cfg, value, name, err);
				if (r < 0)
					return r;
			}
		}
		p = *end ? end + 1 : NULL;
	}
	return HWS_OK;
}

int hws_options_env(const struct hws_options *o, void *cfg, struct hws_error *err)
{
	bool container = in_container();
	int r = container ? take_others(o, cfg, err) : HWS_OK;

	for (size_t i = 0; i < o->count && r == HWS_OK; i++) {
		r = aliases(o, &o->table[i], container, cfg, err);
		if (r == HWS_OK)
			r = own_name(o, &o->table[i], cfg, err);
	}
	return r;
}
