/* host/os_login: whether a viewer knows the password of an account of this machine. hostd does not
 * ask the system for it: that takes modules of others (PAM), and rights that hostd has not. A
 * process of its own does (hawser-host os-login), started by the launcher for this one question.
 * Loop thread only. */
#pragma once
#include "client/host/child_log.h"
#include "client/host/launcher.h"
#include "client/host/settings.h"

struct hws_os_login;

/* Bytes of a name and of a password. */
#define HWS_OS_LOGIN_TEXT_MAX 256u

/* Asks, and tells once, not inside the call: `text` says why not, for the viewer. The password is
 * copied, and wiped when it has been sent. HWS_ERR_CLOSED and others: it cannot be asked. */
int hws_os_login_start(struct hws_launcher *l, struct hws_loop *loop,
		const struct hws_settings *settings, struct hws_child_logs *logs, const char *user,
		const char *password_secret, void (*done)(bool ok, const char *text, void *arg),
		void *arg, struct hws_os_login **ret) HWS_MUST_CHECK;
/* Nobody wants to know any more. Takes NULL. Not after `done`. */
void hws_os_login_cancel(struct hws_os_login *q);

/* The exit status of the process when they belong together, which the launcher believes: nobody but
 * the process itself can make it. */
#define HWS_OS_LOGIN_PASSED 42

/* The process, for this account alone, as its launcher says, and asked over the stream `fd`: u32
 * little-endian and the name, u32 and the password. It answers one byte, '1' = they belong
 * together, '0' = not, then why as text, and ends with this exit status. */
int hws_os_login_main(int fd, const char *account);
