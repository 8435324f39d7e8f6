/* notify/send: a webhook's address is an administrator's word, not the machine owner's: without a
 * setting in the file of hawser-api it leads to the internet alone, so that nobody reaches the
 * inside of a network by it. The mail server is asked on one port with one protocol. */
#include "admin/notify/send.h"
#include "admin/data/smtp.h"
#include "admin/data/webhooks.h"
#include "admin/notify/message.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/web/fetch.h"
#include "shared/web/mail.h"

#include <string.h>

#define TIMEOUT_US 15000000u
#define CONNECT_US 8000000u
#define ANSWER_MAX 4096u

static int64_t now_ms(void)
{
	return (int64_t)(hws_wall_us() / HWS_US_PER_MS);
}

/* --- mail ------------------------------------------------------------------------------------- */

struct mail_place {
	struct dat_smtp smtp;
	char password_secret[DAT_SMTP_PASSWORD_TEXT];
};

static int load_place(const struct ntf_conf *conf, struct mail_place *p, struct hws_error *err)
{
	struct sql_conn *c = NULL;
	int r = sql_take(conf->db, &c);

	if (r == HWS_OK)
		r = dat_smtp_load(c, conf->keys, &p->smtp);
	if (r == HWS_OK)
		r = dat_smtp_password(c, conf->keys, p->password_secret);
	sql_give(c);
	return r < 0 ? hws_error_set(err, r, "the settings for mail cannot be read: %s",
				       hws_err_text(r))
		     : HWS_OK;
}

static int mail(const struct ntf_conf *conf, const struct dat_notice *n, bool must_be_on,
		bool *ret_for_good, struct hws_error *err)
{
	struct mail_place *p = hws_alloc(sizeof(*p));
	struct hws_mail m = { .rcpt = n->rcpt, .timeout_us = TIMEOUT_US, .ca_file = conf->ca_file };
	struct hws_buf message;
	int r = p ? load_place(conf, p, err) : hws_error_set(err, HWS_ERR_NOMEM, "out of memory");

	hws_buf_init(&message, NTF_MESSAGE_MAX);
	if (r == HWS_OK && ((must_be_on && !p->smtp.enabled) || !*p->smtp.host || !*p->smtp.from))
		r = hws_error_set(err, HWS_ERR_UNSUPPORTED, "no mail server is set");
	if (r == HWS_OK)
		r = ntf_message(n, p->smtp.from, conf->server_name, &message);
	if (r < 0 && !*err->text) {
		*ret_for_good = true;
		hws_error_set(err, r, "not a mail that can be sent");
	}
	if (r == HWS_OK) {
		m.host = p->smtp.host;
		m.port = p->smtp.port;
		m.security = p->smtp.security == DAT_SMTP_TLS        ? HWS_MAIL_TLS
				: p->smtp.security == DAT_SMTP_PLAIN ? HWS_MAIL_PLAIN
								     : HWS_MAIL_STARTTLS;
		m.user = p->smtp.user;
		m.password = p->password_secret;
		m.from = p->smtp.from;
		m.message = hws_buf_bytes(&message);
		r = hws_mail_send(&m, err);
		*ret_for_good = r == HWS_ERR_DENIED;
	}
	hws_buf_done_wiped(&message);
	if (p)
		hws_free_wiped(p, sizeof(*p));
	return r;
}

/* --- webhook ---------------------------------------------------------------------------------- */

struct hook_place {
	struct dat_webhook hook;
	char secret[DAT_HOOK_SECRET_TEXT];
};

static int load_hook(const struct ntf_conf *conf, const char *guid, struct hook_place *p,
		struct hws_error *err)
{
	struct sql_conn *c = NULL;
	int r = sql_take(conf->db, &c);

	if (r == HWS_OK)
		r = dat_webhook_get(c, guid, &p->hook);
	if (r == HWS_OK)
		r = dat_webhook_secret(c, conf->keys, guid, p->secret);
	sql_give(c);
	if (r == HWS_ERR_NOTFOUND)
		return hws_error_set(err, r, "the webhook is not there any more");
	return r < 0 ? hws_error_set(err, r, "the webhook cannot be read: %s", hws_err_text(r))
		     : HWS_OK;
}

static int post(const struct ntf_conf *conf, const struct hook_place *p, struct hws_bytes body,
		struct hws_error *err)
{
	char moment[48], signature[NTF_SIGNATURE_TEXT], field[32 + NTF_SIGNATURE_TEXT];
	const char *headers[] = { moment, field, NULL };
	struct hws_fetch ask = {
		.url = p->hook.url,
		.body = body,
		.content_type = "application/json",
		.headers = headers,
		.ca_file = conf->ca_file,
		.timeout_us = TIMEOUT_US,
		.connect_us = CONNECT_US,
		.answer_max = ANSWER_MAX,
		.cancelled = conf->cancelled,
		.arg = conf->arg,
		.flags = conf->private_webhooks ? HWS_FETCH_PLAIN
						: HWS_FETCH_PLAIN | HWS_FETCH_PUBLIC,
	};
	struct hws_fetch_answer answer = { 0 };
	int64_t now_s = now_ms() / 1000;
	int r = ntf_signature(p->secret, now_s, body, signature, sizeof(signature));

	if (r == HWS_OK)
		r = hws_fmt(moment, sizeof(moment), "X-Hawser-Time: %lld", (long long)now_s);
	if (r == HWS_OK)
		r = hws_fmt(field, sizeof(field), "X-Hawser-Signature: %s", signature);
	if (r < 0)
		return hws_error_set(err, r, "%s", hws_err_text(r));
	r = hws_fetch(NULL, &ask, &answer, err);
	if (r == HWS_OK)
		hws_fetch_done(&answer);
	else if (r != HWS_ERR_TOOBIG)
		return r;
	/* what else it says, and how much of it, is of no interest */
	if (answer.status >= 200 && answer.status <= 299)
		return HWS_OK;
	return hws_error_set(err, answer.status == 410 ? HWS_ERR_DENIED : HWS_ERR_REFUSED,
			"it answers with status %d", answer.status);
}

static void note_call(const struct ntf_conf *conf, const char *guid, int r, const char *text)
{
	struct sql_conn *c = NULL;

	/* only for people to see: what fails here is missed by nobody */
	if (sql_take(conf->db, &c) == HWS_OK)
		(void)!dat_webhook_called(
				c, guid, r == HWS_OK, r == HWS_OK ? "taken" : text, now_ms());
	sql_give(c);
}

static int call(const struct ntf_conf *conf, const struct dat_notice *n, bool must_be_on,
		bool *ret_for_good, struct hws_error *err)
{
	struct hook_place *p = hws_alloc(sizeof(*p));
	struct hws_buf body;
	int r = p ? load_hook(conf, n->rcpt, p, err)
		  : hws_error_set(err, HWS_ERR_NOMEM, "out of memory");

	hws_buf_init(&body, NTF_MESSAGE_MAX);
	*ret_for_good = r == HWS_ERR_NOTFOUND;
	if (r == HWS_OK && must_be_on && !p->hook.enabled) {
		*ret_for_good = true;
		r = hws_error_set(err, HWS_ERR_UNSUPPORTED, "the webhook is switched off");
	}
	if (r == HWS_OK) {
		r = ntf_json(n, conf->server_name, &body);
		*ret_for_good = r < 0;
		if (r < 0)
			hws_error_set(err, r, "not a notice that can be sent");
	}
	if (r == HWS_OK) {
		r = post(conf, p, hws_buf_bytes(&body), err);
		*ret_for_good = r == HWS_ERR_DENIED || r == HWS_ERR_INVAL;
		note_call(conf, n->rcpt, r, err->text);
	}
	hws_buf_done_wiped(&body);
	if (p)
		hws_free_wiped(p, sizeof(*p));
	return r;
}

/* ---------------------------------------------------------------------------------------------- */

int ntf_send(const struct ntf_conf *conf, const struct dat_notice *n, bool *ret_for_good,
		struct hws_error *err)
{
	*ret_for_good = false;
	return n->way == DAT_BY_MAIL ? mail(conf, n, true, ret_for_good, err)
				     : call(conf, n, true, ret_for_good, err);
}

static struct dat_notice *test_notice(enum dat_notice_way way, const char *rcpt)
{
	struct dat_notice *n = hws_alloc(sizeof(*n));

	if (!n)
		return NULL;
	n->way = way;
	n->created_at = now_ms();
	hws_rand_uuid(n->guid, sizeof(n->guid));
	if (hws_str_copy(n->rcpt, sizeof(n->rcpt), rcpt) < 0 ||
			hws_str_copy(n->kind, sizeof(n->kind), "test") < 0 ||
			hws_str_copy(n->subject, sizeof(n->subject), "A test of hawser's notices") <
					0 ||
			hws_fmt(n->body_secret, sizeof(n->body_secret),
					"%lld\n0\ntest\n\n\n\nThis is a test: notices of alarms "
					"arrive here.",
					(long long)n->created_at) < 0) {
		hws_free(n);
		return NULL;
	}
	return n;
}

int ntf_test_mail(const struct ntf_conf *conf, const char *rcpt, struct hws_error *ret)
{
	struct dat_notice *n = test_notice(DAT_BY_MAIL, rcpt);
	bool for_good;
	int r = n ? mail(conf, n, false, &for_good, ret)
		  : hws_error_set(ret, HWS_ERR_NOMEM, "out of memory");

	hws_free(n);
	return r;
}

int ntf_test_webhook(const struct ntf_conf *conf, const char *guid, struct hws_error *ret)
{
	struct dat_notice *n = test_notice(DAT_BY_WEBHOOK, guid);
	bool for_good;
	int r = n ? call(conf, n, false, &for_good, ret)
		  : hws_error_set(ret, HWS_ERR_NOMEM, "out of memory");

	hws_free(n);
	return r;
}
