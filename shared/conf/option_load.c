/* Where a program's settings come from, in which order, and its file. A file that is there and
 * cannot be read is never passed over: the program would run by other rules than those that were
 * written for it. */
#include "shared/conf/option.h"
#include "shared/conf/option_value.h"

#include "shared/base/file_error.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX (1u << 20)

/* --- the file ------------------------------------------------------------------------------- */

static int read_file(int fd, struct hws_buf *buf)
{
	for (;;) {
		uint8_t *to = hws_buf_reserve(buf, 4096);
		ssize_t n;

		if (!to)
			return hws_buf_err(buf);
		n = read(fd, to, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hws_err_from_errno(errno);
		if (n == 0)
			return HWS_OK;
		hws_buf_commit(buf, (size_t)n);
	}
}

int hws_option_read(const char *path, struct hws_buf *buf, struct hws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;

	if (fd < 0)
		return hws_file_error(path, errno, err);
	r = read_file(fd, buf);
	close(fd);
	if (r == HWS_ERR_TOOBIG)
		hws_error_set(err, r, "%s is larger than %u bytes; this is no configuration file",
				path, FILE_MAX);
	else if (r < 0)
		hws_error_set(err, r, "cannot read %s: %s", path, hws_err_text(r));
	return r;
}

int hws_options_file(
		const struct hws_options *o, void *cfg, const char *path, struct hws_error *err)
{
	struct hws_buf buf;
	int r;

	hws_buf_init(&buf, FILE_MAX);
	r = hws_option_read(path, &buf, err);
	if (r == HWS_OK)
		r = hws_options_text(o, cfg, path, hws_buf_bytes(&buf), err);
	hws_buf_done_wiped(&buf); /* may have held secrets */
	return r;
}

/* --- all of it ------------------------------------------------------------------------------ */

static const struct hws_option *config_option(const struct hws_options *o)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->table[i].name, "config") == 0)
			return &o->table[i];
	}
	return NULL;
}

static char **config_field(const struct hws_options *o, void *cfg)
{
	return (char **)((char *)cfg + config_option(o)->offset);
}

/* The file that is named: on the command line, else in the environment. A first pass over the
 * arguments, which are looked at again when the file has been read. */
static int named_file(const struct hws_options *o, void *cfg, int argc, char **argv, char **ret,
		struct hws_error *err)
{
	char name[128];
	const char *path = NULL;
	int rest, r = hws_options_init(o, cfg);

	*ret = NULL;
	if (r < 0)
		return hws_error_set(err, r, "out of memory");
	r = hws_options_args(o, cfg, argc, argv, &rest, err);
	if (r == HWS_OK && **config_field(o, cfg))
		path = *config_field(o, cfg);
	else if (r == HWS_OK && hws_option_env_name(o, config_option(o), name, sizeof(name)) == 0)
		path = getenv(name);
	if (r == HWS_OK && path && *path) {
		*ret = hws_strdup(path);
		if (!*ret)
			r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	hws_options_done(o, cfg);
	return r;
}

static int layers(const struct hws_options *o, void *cfg, const char *path, bool named, int argc,
		char **argv, int *ret_rest, struct hws_error *err)
{
	int r = HWS_OK;

	if (o->adopt)
		o->adopt(cfg);
	if (*path)
		r = hws_options_file(o, cfg, path, err);
	if (r == HWS_ERR_NOTFOUND && !named) {
		if (err)
			err->text[0] = 0; /* a later failure is not about this file */
		r = HWS_OK;
	}
	if (r == HWS_OK)
		r = hws_options_env(o, cfg, err);
	if (r == HWS_OK)
		r = hws_options_args(o, cfg, argc, argv, ret_rest, err);
	return r;
}

static int load(const struct hws_options *o, void *cfg, const char *usual, bool may_make, int argc,
		char **argv, int *ret_rest, struct hws_error *err)
{
	char *path;
	bool named; /* and must be there */
	int r = named_file(o, cfg, argc, argv, &path, err);

	if (r < 0)
		return r;
	named = path && !may_make;
	if (!path)
		path = hws_strdup(usual ? usual : "");
	r = path ? hws_options_init(o, cfg) : HWS_ERR_NOMEM;
	if (r < 0) {
		hws_free(path);
		return hws_error_set(err, r, "out of memory");
	}
	r = layers(o, cfg, path, named, argc, argv, ret_rest, err);
	if (r < 0) {
		hws_free(path);
		hws_options_done(o, cfg);
		return r;
	}
	hws_free(*config_field(o, cfg));
	*config_field(o, cfg) = path;
	return HWS_OK;
}

int hws_options_load(const struct hws_options *o, void *cfg, const char *usual, int argc,
		char **argv, int *ret_rest, struct hws_error *err)
{
	return load(o, cfg, usual, false, argc, argv, ret_rest, err);
}

int hws_options_load_new(const struct hws_options *o, void *cfg, const char *usual, int argc,
		char **argv, int *ret_rest, struct hws_error *err)
{
	return load(o, cfg, usual, true, argc, argv, ret_rest, err);
}

/* --- again ---------------------------------------------------------------------------------- */

static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
		if (strncmp(p, name, len) == 0 && (p[len] == ',' || !p[len]))
			return true;
	}
	return false;
}

int hws_options_keep(const struct hws_options *o, void *fresh, const void *running,
		const char *also, char *names, size_t size)
{
	size_t at = 0;

	names[0] = 0;
	for (size_t i = 0; i < o->count; i++) {
		const struct hws_option *opt = &o->table[i];
		int r;

		if ((opt->flags & HWS_OPT_RELOAD && !is_listed(also, opt->name)) ||
				hws_option_same(opt, fresh, running))
			continue;
		r = hws_option_copy(opt, fresh, running);
		if (r < 0)
			return r;
		r = hws_fmt(names + at, size - at, "%s%s", at ? ", " : "", opt->name);
		if (r < 0)
			names[at] = 0;
		else
			at += strlen(names + at);
	}
	return HWS_OK;
}
