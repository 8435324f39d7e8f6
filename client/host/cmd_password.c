/* hawser-host password: the temporary password and the permanent one. Its words are those of
 * `hawser password`; the flags of earlier versions mean the same. */
#include "client/host/cmd_call.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum what { SHOW, RENEW, SET, REMOVE };

static const struct {
	enum what what;
	const char *word, *flag;
} ways[] = {
	{ SHOW, "show", NULL },
	{ RENEW, "renew", "--rotate" },
	{ SET, "set", "--set-from-stdin" },
	{ REMOVE, "remove", "--clear" },
};

static int read_password(char *buf, size_t size, struct hws_error *err)
{
	size_t used = 0;
	ssize_t n = 1;

	while (n > 0 && used < size - 1 && !memchr(buf, '\n', used)) {
		n = read(0, buf + used, size - 1 - used);
		if (n > 0)
			used += (size_t)n;
	}
	buf[used] = 0;
	buf[strcspn(buf, "\r\n")] = 0;
	if (used == size - 1)
		return hws_error_set(err, HWS_ERR_TOOBIG, "the password is too long");
	return buf[0] ? HWS_OK
		      : hws_error_set(err, HWS_ERR_INVAL, "no password came on standard input");
}

/* Without a running host the file is changed directly. */
static int set_offline(const struct hws_settings *s, const char *password, struct hws_error *err)
{
	struct hws_vault v;
	struct hws_vault_conf vc;
	int r;

	hws_settings_vault(s, &vc);
	r = hws_vault_open(&v, s->state_dir, &vc, err);
	if (r == HWS_ERR_CORRUPT && *password) { /* what is damaged is to be replaced anyway */
		memset(&v, 0, sizeof(v));
		r = hws_str_copy(v.dir, sizeof(v.dir), s->state_dir);
	}
	if (r == HWS_OK)
		r = *password ? hws_vault_set_permanent(&v, password, err)
			      : hws_vault_clear_permanent(&v, err);
	hws_vault_wipe(&v);
	return r;
}

static int set_password(const struct hws_settings *s, const char *password)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	int r;

	if (access(s->control_socket, F_OK) == 0) {
		r = hws_call_ask(s,
				json_pack("{s:s,s:s}", "cmd", "password-set", "password", password),
				&answer, &err);
		json_decref(answer);
		if (r != HWS_ERR_REFUSED && r != HWS_ERR_NOTFOUND)
			return r < 0 ? hws_call_fail(&err) : 0;
	}
	r = set_offline(s, password, &err);
	return r < 0 ? hws_call_fail(&err) : 0;
}

static int show(const struct hws_settings *s, const char *cmd)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;

	if (hws_call_ask(s, json_pack("{s:s}", "cmd", cmd), &answer, &err) < 0)
		return hws_call_fail(&err);
	printf("%s\n", json_string_value(json_object_get(answer, "password")));
	if (json_is_true(json_object_get(answer, "hawser_only")))
		fprintf(stderr,
				HWS_HOST_PROGRAM
				": for hawser viewers only; RustDesk 1.x viewers are not "
				"let in with it, as the settings are\n");
	json_decref(answer);
	return HWS_CALL_OK;
}

static int set_from_stdin(const struct hws_settings *s)
{
	struct hws_error err = { 0 };
	char password[HWS_PASSWORD_LEN_MAX + 3];
	int r = read_password(password, sizeof(password), &err);
	int status = r < 0 ? hws_call_fail(&err) : set_password(s, password);

	if (status == 0)
		printf("the permanent password is set\n");
	hws_wipe(password, sizeof(password));
	return status;
}

/* Who only looks makes no folder. */
static bool changes(enum what what, int argc, char **argv)
{
	bool is = what == SET || what == REMOVE;

	for (int i = 1; i < argc && !is; i++)
		is = !strcmp(argv[i], "set") || !strcmp(argv[i], "remove");
	return is;
}

int hws_cmd_password(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	enum what what = SHOW;
	int said = 0, status;

	for (size_t i = 0; i < HWS_COUNT(ways); i++)
		if (ways[i].flag && hws_call_flag(&argc, argv, ways[i].flag)) {
			what = ways[i].what;
			said++;
		}
	status = hws_call_begin(
			&c, argc, argv, 1, changes(what, argc, argv) ? HWS_CALL_MAKES_STATE : 0);
	if (status != HWS_CALL_OK)
		return status;
	for (size_t i = 0; c.words && i < HWS_COUNT(ways); i++)
		if (!strcmp(c.word[0], ways[i].word)) {
			what = ways[i].what;
			said++;
			c.words = 0;
		}
	if (c.words || said > 1) {
		fprintf(stderr, HWS_HOST_PROGRAM ": password [show | renew | set | remove]\n");
		status = HWS_CALL_USAGE;
	} else if (what == SET) {
		status = set_from_stdin(&c.s);
	} else if (what == REMOVE) {
		status = set_password(&c.s, "");
	} else {
		status = show(&c.s, what == RENEW ? "password-rotate" : "password");
	}
	hws_call_end(&c);
	return status;
}
