/* The passwords of the system's accounts are the system's to judge: PAM, by the service "hawser"
 * (/etc/pam.d/hawser), whose modules are anybody's. So the question is asked in a process that does
 * nothing else and ends with the answer. It has root's rights where the host has them, for nobody
 * else may read the accounts' passwords. */
#include "client/host/os_login.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/sandbox.h"
#include <errno.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 25 /* hostd has waited longer then */
#define WRONG "Incorrect username or password."

struct question {
	char user[HWS_OS_LOGIN_TEXT_MAX + 1];
	char password_secret[HWS_OS_LOGIN_TEXT_MAX + 1];
	bool given; /* a module asked for it already: to ask again is to ask for something else */
};

static bool read_all(int fd, void *to, size_t n)
{
	uint8_t *at = to;

	while (n) {
		ssize_t got = read(fd, at, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

static bool read_text(int fd, char *to)
{
	uint8_t len[4];

	if (!read_all(fd, len, sizeof(len)))
		return false;
	size_t n = len[0] | (size_t)len[1] << 8 | (size_t)len[2] << 16 | (size_t)len[3] << 24;
	if (n > HWS_OS_LOGIN_TEXT_MAX || !read_all(fd, to, n) || memchr(to, 0, n))
		return false;
	to[n] = 0;
	return true;
}

static void answer(int fd, bool good, const char *text)
{
	char out[300];
	size_t n;

	if (hws_fmt(out, sizeof(out), "%c%s", good ? '1' : '0', text) < 0)
		return;
	n = strlen(out);
	if (write(fd, out, n) != (ssize_t)n)
		hws_debug("os_login.not_told");
}

/* Modules free what they get with free(): it is libc's memory. */
static char *libc_copy(const char *secret)
{
	return strdup(secret);
}

static int reply_to(const struct pam_message *m, struct question *q, struct pam_response *ret)
{
	if (m->msg_style == PAM_TEXT_INFO || m->msg_style == PAM_ERROR_MSG)
		return PAM_SUCCESS; /* words for a person who is not here */
	if (m->msg_style != PAM_PROMPT_ECHO_OFF || q->given)
		return PAM_CONV_ERR;
	q->given = true;
	ret->resp = libc_copy(q->password_secret);
	return ret->resp ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **ret,
		void *arg)
{
	struct pam_response *r;
	int result = PAM_SUCCESS;

	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	r = calloc((size_t)count, sizeof(*r));
	if (!r)
		return PAM_BUF_ERR;
	for (int i = 0; i < count && result == PAM_SUCCESS; i++)
		result = reply_to(messages[i], arg, &r[i]);
	if (result != PAM_SUCCESS) {
		for (int i = 0; i < count; i++) {
			if (r[i].resp)
				hws_wipe(r[i].resp, strlen(r[i].resp));
			free(r[i].resp);
		}
		free(r);
		return result;
	}
	*ret = r;
	return PAM_SUCCESS;
}

/* NULL: it is that account's person. */
static const char *judge(struct question *q)
{
	const struct pam_conv conv = { converse, q };
	pam_handle_t *h = NULL;
	int r;

	/* PAM would ask its service "other", which may let in anybody, root too */
	if (access("/etc/pam.d/hawser", F_OK) < 0 && access("/usr/lib/pam.d/hawser", F_OK) < 0)
		return "This host serves no other accounts: its owner can install "
		       "/etc/pam.d/hawser";
	if (!q->user[0] || q->user[0] == '-')
		return WRONG;
	r = pam_start("hawser", q->user, &conv, &h);
	if (r == PAM_SUCCESS)
		r = pam_authenticate(h, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	if (r == PAM_SUCCESS)
		r = pam_acct_mgmt(h, PAM_SILENT);
	const void *now = NULL; /* a module may have made it another account */
	if (r == PAM_SUCCESS &&
			(pam_get_item(h, PAM_USER, &now) != PAM_SUCCESS || !now ||
					strcmp(now, q->user) != 0))
		r = PAM_AUTH_ERR;
	if (r != PAM_SUCCESS)
		hws_info("os_login.refused", HWS_STR("user", q->user),
				HWS_STR("why", h ? pam_strerror(h, r) : "no PAM"));
	if (h)
		pam_end(h, r);
	if (r == PAM_SUCCESS)
		return NULL;
	if (r == PAM_NEW_AUTHTOK_REQD || r == PAM_ACCT_EXPIRED)
		return "The password of this account has expired, or the account has: renew it at "
		       "the host.";
	return WRONG;
}

int hws_os_login_main(int fd, const char *account)
{
	struct question q = { 0 };
	const char *why = "The host did not ask properly";

	hws_sandbox_conceal();
	alarm(PATIENCE_S);
	if (read_text(fd, q.user) && read_text(fd, q.password_secret))
		why = strcmp(q.user, account) == 0 ? judge(&q) : WRONG;
	hws_wipe(&q, sizeof(q));
	answer(fd, !why, why ? why : "");
	return why ? 0 : HWS_OS_LOGIN_PASSED;
}
