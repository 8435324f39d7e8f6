/* admin/settings: one table for options, environment and profile. Tokens are never taken from the
 * command line, where others can read them. */
#include "admin/cli/settings.h"
#include "admin/cli/secret.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct adm_settings, field)
#define PROFILE_MAX 65536u

static const struct hws_option table[] = {
	{ "", "profile", 0, HWS_OPT_PATH, AT(profile), "", .flags = HWS_OPT_FLAG_ONLY },
	{ "", "server", 0, HWS_OPT_STR, AT(server), "" },
	{ "", "token", 0, HWS_OPT_STR, AT(token), "", .flags = HWS_OPT_SECRET },
	{ "", "token-file", 0, HWS_OPT_PATH, AT(token_file), "" },
	{ "", "ca-file", 0, HWS_OPT_PATH, AT(ca_file), "" },
	{ "", "proxy", 0, HWS_OPT_STR, AT(proxy), "" },
	{ "", "timeout", 0, HWS_OPT_DURATION, AT(timeout_us), "60s", 1000000, 3600000000ull },
	{ "", "socket", 0, HWS_OPT_PATH, AT(socket), "", .flags = HWS_OPT_FLAG_ONLY },
	{ "", "local", 0, HWS_OPT_BOOL, AT(local), "no", .flags = HWS_OPT_FLAG_ONLY },
};

const struct hws_options adm_options = {
	.program = "hawser-admin",
	.env_prefix = "HAWSER_ADMIN_",
	.table = table,
	.count = HWS_COUNT(table),
};

/* "work" is $XDG_CONFIG_HOME/hawser/admin/work.conf. */
static int profile_path(const char *name, char *buf, size_t size)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (strchr(name, '/'))
		return hws_str_copy(buf, size, name);
	if (config && *config == '/')
		return hws_fmt(buf, size, "%s/hawser/admin/%s.conf", config, name);
	if (home && *home == '/')
		return hws_fmt(buf, size, "%s/.config/hawser/admin/%s.conf", home, name);
	return HWS_ERR_NOTFOUND;
}

/* It may hold a token: nobody else may read it, and nobody else may have written it. */
static int read_profile(struct adm_settings *s, const char *path, bool must, struct hws_error *err)
{
	struct hws_buf text;
	int r;

	hws_buf_init(&text, PROFILE_MAX);
	r = hws_private_file_read(path, HWS_PRIVATE_SECRET, &text, err);
	if (r == HWS_OK)
		r = hws_options_text(&adm_options, s, path, hws_buf_bytes(&text), err);
	if (r == HWS_OK)
		r = hws_options_set(&adm_options, s, "profile", path, err);
	hws_buf_done_wiped(&text);
	if (r == HWS_ERR_NOTFOUND && !must) {
		err->text[0] = 0;
		return HWS_OK;
	}
	return r;
}

int adm_settings_read(const char *profile, struct adm_settings *ret, struct hws_error *err)
{
	const char *name = profile ? profile : getenv("HAWSER_ADMIN_PROFILE");
	bool must = name && *name;
	struct adm_settings s;
	char path[600];
	int r = hws_options_init(&adm_options, &s);

	if (r < 0)
		return hws_error_set(err, r, "%s", hws_err_text(r));
	r = profile_path(must ? name : "default", path, sizeof(path));
	if (r == HWS_OK)
		r = read_profile(&s, path, must, err);
	else if (must)
		hws_error_set(err, r, "there is no folder for profiles: name a file");
	else
		r = HWS_OK;
	if (r == HWS_OK)
		r = hws_options_env(&adm_options, &s, err);
	if (r < 0) {
		hws_options_done(&adm_options, &s);
		return r;
	}
	*ret = s;
	return HWS_OK;
}

void adm_settings_done(struct adm_settings *s)
{
	hws_options_done(&adm_options, s);
}

bool adm_settings_remote(const struct adm_settings *s)
{
	return *s->server && !s->local;
}

int adm_settings_token(const struct adm_settings *s, char *buf, size_t size, struct hws_error *err)
{
	buf[0] = 0;
	if (*s->token_file)
		return adm_secret_file(s->token_file, buf, size, err);
	if (*s->token)
		return hws_str_copy(buf, size, s->token) == HWS_OK
				? HWS_OK
				: hws_error_set(err, HWS_ERR_TOOBIG, "the token is too long");
	if (!adm_settings_remote(s))
		return HWS_OK;
	if (!isatty(STDIN_FILENO))
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"no token for %s: --token-file FILE, HAWSER_ADMIN_TOKEN_FILE or a "
				"profile names one",
				s->server);
	return adm_secret_ask("Token", buf, size, err);
}
