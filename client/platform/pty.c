/* What every back-end of terminals would have to check is checked here, once. */
#include "client/platform/pty.h"
#include <signal.h>
#include <string.h>

static bool side_valid(uint16_t n)
{
	return n >= 1 && n <= HWS_PTY_SIDE_MAX;
}

static bool argv_valid(const char *const *argv)
{
	unsigned n = 0;

	if (!argv)
		return true;
	while (n <= HWS_PTY_ARGS_MAX && argv[n])
		n++;
	return n >= 1 && n <= HWS_PTY_ARGS_MAX && argv[0][0];
}

static bool env_valid(const char *const *env)
{
	unsigned n = 0;

	for (; env && env[n]; n++)
		if (n == HWS_PTY_ENV_MAX || env[n][0] == '=' || !strchr(env[n], '='))
			return false;
	return true;
}

int hws_pty_open(struct hws_ptys *s, const struct hws_pty_conf *conf, struct hws_pty **ret,
		struct hws_error *err)
{
	if (!conf->pipes && (!side_valid(conf->columns) || !side_valid(conf->rows)))
		return hws_error_set(err, HWS_ERR_INVAL, "a terminal has 1 to %u columns and rows",
				HWS_PTY_SIDE_MAX);
	if (!argv_valid(conf->argv))
		return hws_error_set(err, HWS_ERR_INVAL,
				"a program and at most %u arguments are needed",
				HWS_PTY_ARGS_MAX - 1);
	if (!env_valid(conf->env))
		return hws_error_set(err, HWS_ERR_INVAL,
				"at most %u variables, each as NAME=VALUE, can be set",
				HWS_PTY_ENV_MAX);
	if (!conf->on_readable || !conf->on_exit)
		return HWS_ERR_INVAL;
	int r = s->impl->open(s, conf, ret, err);
	if (r < 0)
		return r;
	(*ret)->owner = s;
	(*ret)->conf = *conf;
	(*ret)->conf.user = (*ret)->conf.directory = (*ret)->conf.term = NULL;
	(*ret)->conf.argv = (*ret)->conf.env = NULL;
	return HWS_OK;
}

int hws_pty_read(struct hws_pty *t, uint8_t *buf, size_t size, size_t *ret_len)
{
	*ret_len = 0;
	return size ? t->owner->impl->read(t, buf, size, ret_len) : HWS_ERR_INVAL;
}

int hws_pty_write(struct hws_pty *t, struct hws_bytes data, size_t *ret_taken)
{
	*ret_taken = 0;
	return data.len ? t->owner->impl->write(t, data, ret_taken) : HWS_OK;
}

int hws_pty_read_errors(struct hws_pty *t, uint8_t *buf, size_t size, size_t *ret_len)
{
	*ret_len = 0;
	if (!t->conf.pipes)
		return HWS_ERR_CLOSED;
	return size ? t->owner->impl->read_errors(t, buf, size, ret_len) : HWS_ERR_INVAL;
}

int hws_pty_end_input(struct hws_pty *t)
{
	return t->owner->impl->end_input(t);
}

bool hws_pty_interrupts(struct hws_pty *t, uint8_t byte, int *ret_signal)
{
	return !t->conf.pipes && t->owner->impl->interrupts(t, byte, ret_signal);
}

int hws_pty_signal(struct hws_pty *t, int number)
{
	if (number < 1 || number >= NSIG)
		return HWS_ERR_INVAL;
	return t->owner->impl->signal(t, number);
}

int hws_pty_resize(struct hws_pty *t, uint16_t columns, uint16_t rows)
{
	if (!side_valid(columns) || !side_valid(rows))
		return HWS_ERR_INVAL;
	if (t->conf.pipes)
		return HWS_ERR_UNSUPPORTED;
	return t->owner->impl->resize(t, columns, rows);
}

int hws_pty_kill(struct hws_pty *t, bool at_once)
{
	return t->owner->impl->kill(t, at_once);
}

void hws_pty_close(struct hws_pty *t)
{
	if (t)
		t->owner->impl->close(t);
}
