/* admin/settings: where hawser-admin works: which server, with what token. Options go before the
 * environment (HAWSER_ADMIN_SERVER ...), and that before a profile, a file with the same names. */
#pragma once
#include "shared/conf/option.h"

struct adm_settings {
	char *profile;            /* file; "" = none was read */
	char *server;             /* "https://desk.example.org:21114"; "" = this machine */
	char *token, *token_file; /* "" = none */
	char *ca_file;            /* "" = the system's authorities */
	char *proxy;              /* "" = none */
	uint64_t timeout_us;
	char *socket; /* control socket of the server that is asked; "" = by its settings */
	bool local;   /* this machine, whatever the rest says */
};

extern const struct hws_options adm_options;

/* Reads profile and environment. `profile`: a name (NAME.conf in the user's folder for settings) or
 * a path; NULL = the environment's, else "default" if there is one. Raw memory before, and after an
 * error. */
int adm_settings_read(const char *profile, struct adm_settings *ret,
		struct hws_error *err) HWS_MUST_CHECK;
void adm_settings_done(struct adm_settings *s);
/* Whether verbs of the API go to another machine. */
bool adm_settings_remote(const struct adm_settings *s);
/* The token, from where it is kept, or asked for on the terminal; for the caller to wipe. "" = none
 * is needed. */
int adm_settings_token(const struct adm_settings *s, char *buf, size_t size,
		struct hws_error *err) HWS_MUST_CHECK;
