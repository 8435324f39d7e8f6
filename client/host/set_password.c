/* A password on its way into the vault: what is computed of it is dear on purpose, so it is done
 * beside the loop. */
#include "client/host/set_password.h"
#include "shared/base/mem.h"
#include <string.h>

struct hws_set_password {
	struct hws_set_password_conf conf; /* done NULL: given up */
	struct hws_vault_permanent prepared_secret;
	struct hws_error err;
	char password_secret[HWS_PASSWORD_LEN_MAX + 2]; /* one more than allowed: told apart */
};

static int run(void *arg)
{
	struct hws_set_password *s = arg;

	return hws_vault_prepare(s->password_secret, &s->prepared_secret, &s->err);
}

static void tell(struct hws_set_password *s, int r)
{
	void (*done)(int, const struct hws_vault_permanent *, const char *, void *) = s->conf.done;

	s->conf.done = NULL;
	if (done)
		done(r, r == HWS_OK ? &s->prepared_secret : NULL,
				s->err.text[0] ? s->err.text : hws_err_text(r), s->conf.arg);
}

static void on_done(void *arg, int r)
{
	struct hws_set_password *s = arg;

	tell(s, r);
	hws_free_wiped(s, sizeof(*s));
}

int hws_set_password_start(struct hws_work *work, struct hws_loop *loop, const char *password,
		const struct hws_set_password_conf *conf, struct hws_set_password **ret)
{
	struct hws_set_password *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return HWS_ERR_NOMEM;
	s->conf = *conf;
	memcpy(s->password_secret, password, strnlen(password, sizeof(s->password_secret) - 1));
	r = hws_work_submit(work, loop, run, on_done, s);
	if (r < 0)
		hws_free_wiped(s, sizeof(*s));
	else
		*ret = s;
	return r;
}

void hws_set_password_cancel(struct hws_set_password *s)
{
	struct hws_set_password_conf conf;

	if (!s)
		return;
	conf = s->conf;
	s->conf.done = NULL; /* its thread may be at it */
	if (conf.done)
		conf.done(HWS_ERR_CANCELED, NULL, hws_err_text(HWS_ERR_CANCELED), conf.arg);
}
