/* hawser/account: the user's account at the API server that belongs to a rendezvous server. Who is
 * logged in is known to that rendezvous server, which may want it: the login goes there with each
 * session, over links alone that are encrypted for the key that is set for the server, or by TLS
 * for the name that the settings have for it. These calls block, as long as the server takes; they
 * may be made from any thread. On failure hawser_last_error has a sentence with the remedy. */
#pragma once
#include <hawser/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum hawser_code {
	HAWSER_CODE_APP, /* six digits of an authenticator, or a recovery code */
	HAWSER_CODE_MAIL /* was mailed to `hint` */
};

/* Everything is for the first server of the settings, or that of the context. */
struct hawser_login_config {
	size_t size;
	/* The API server, https://HOST[:PORT]; NULL = the setting "api-server", else http at the
	 * rendezvous server's port less two, where deployed clients look for it. */
	const char *api;
	const char *user, *password;
	/* Log in there instead, in a browser; `user` and `password` are not used. NULL = no. */
	const char *provider;
	/* Passwords go to other machines by https only, unless this is true. The login remembers
	 * it. */
	bool insecure_http;
	/* Asked on this thread when the server wants a second factor. `hint` is a stranger's word,
	 * plain. False gives up: HAWSER_ERR_CANCELED. NULL = there is nobody to ask. */
	bool (*code)(enum hawser_code kind, const char *hint, char *buf, size_t size, void *arg);
	/* With `provider`, called once: the address that is to be opened in a browser. */
	void (*browse)(const char *url, void *arg);
	/* True gives up; asked about every second. May be NULL. */
	bool (*cancelled)(void *arg);
	void *arg;
};
#define HAWSER_LOGIN_CONFIG_INIT                                                                   \
	{                                                                                          \
		.size = sizeof(struct hawser_login_config)                                         \
	}

/* Logs in and keeps the login beside the settings, in place of an earlier one at the same server.
 * HAWSER_ERR_PASSWORD: the server does not take name, password or code; HAWSER_ERR_INSECURE: it
 * would have gone to another machine without TLS, and nothing was sent. */
int hawser_account_login(hawser_context *ctx, const struct hawser_login_config *config);
/* Forgets the login at once, and tells the server; without its answer the login may count there
 * until it ends by itself: that is no failure here. HAWSER_ERR_NOTFOUND: there was none. */
int hawser_account_logout(hawser_context *ctx);

struct hawser_account {
	size_t size;
	const char *api;         /* where it is */
	const char *user;        /* the name one logs in by */
	const char *title;       /* the name for people; may be "" */
	const char *fingerprint; /* of the rendezvous server's key that it belongs to */
	uint64_t since;          /* Unix time in seconds */
};
/* What is kept; nobody is asked. HAWSER_ERR_NOTFOUND: nobody is logged in. Freed by
 * hawser_account_free. */
int hawser_account_get(hawser_context *ctx, struct hawser_account **ret);
void hawser_account_free(struct hawser_account *account);
/* Asks the server whether the login still counts. HAWSER_ERR_DENIED: it has ended there. */
int hawser_account_check(hawser_context *ctx);

#ifdef __cplusplus
}
#endif
