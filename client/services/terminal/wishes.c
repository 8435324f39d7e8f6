/* Bytes of a stranger that become arguments and variables of a program: of the right number,
 * without NUL, and variables only by a short list, since some change what a program does. */
#include "client/services/terminal/wishes.h"
#include "client/platform/pty.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define VARIABLE_MAX 256u
#define TERM_MAX 64u

static char *copy(const ProtobufCBinaryData *d)
{
	char *s;

	if (d->len && memchr(d->data, 0, d->len))
		return NULL;
	s = hws_alloc(d->len + 1);
	if (s && d->len)
		memcpy(s, d->data, d->len);
	return s;
}

static void free_list(char **list)
{
	for (char **p = list; p && *p; p++)
		hws_free(*p);
	hws_free(list);
}

void hws_wishes_done(struct hws_wishes *w)
{
	free_list(w->argv);
	free_list(w->env);
	*w = (struct hws_wishes){ 0 };
}

static bool is_printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static bool is_allowed(const char *variable)
{
	return strlen(variable) <= VARIABLE_MAX && is_printable(variable) &&
			(hws_str_starts(variable, "LANG=") ||
					hws_str_starts(variable, "COLORTERM=") ||
					(hws_str_starts(variable, "LC_") && strchr(variable, '=')));
}

static bool is_term(const char *term)
{
	size_t n = strspn(term,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			"+._-");

	return n && n <= TERM_MAX && !term[n] && term[0] != '.';
}

static int read_argv(const Ses__OpenTerminal *o, struct hws_wishes *ret, struct hws_error *err)
{
	if (!o->n_argv)
		return HWS_OK;
	if (o->n_argv > HWS_PTY_ARGS_MAX)
		return hws_error_set(err, HWS_ERR_INVAL, "a command has at most %u words",
				HWS_PTY_ARGS_MAX);
	ret->argv = hws_alloc_array(o->n_argv + 1, sizeof(*ret->argv));
	for (size_t i = 0; ret->argv && i < o->n_argv; i++) {
		ret->argv[i] = copy(&o->argv[i]);
		if (!ret->argv[i])
			return hws_error_set(err, HWS_ERR_INVAL,
					"the words of a command cannot hold the byte 0");
	}
	if (!ret->argv || !ret->argv[0][0])
		return hws_error_set(err, HWS_ERR_INVAL, "the command has no name");
	return HWS_OK;
}

int hws_wishes_read(const Ses__OpenTerminal *o, struct hws_wishes *ret, struct hws_error *err)
{
	int r;

	*ret = (struct hws_wishes){ 0 };
	r = read_argv(o, ret, err);
	if (r == HWS_OK && o->n_env) {
		size_t n = 0;

		ret->env = hws_alloc_array(HWS_PTY_ENV_MAX + 1, sizeof(*ret->env));
		for (size_t i = 0; ret->env && i < o->n_env && n < HWS_PTY_ENV_MAX; i++) {
			char *v = copy(&o->env[i]);

			if (v && is_allowed(v))
				ret->env[n++] = v;
			else
				hws_free(v);
		}
	}
	if (o->term && is_term(o->term))
		ret->term = o->term;
	if (r < 0)
		hws_wishes_done(ret);
	return r;
}
