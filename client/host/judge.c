/* Whether a login opens this host. In the order of deployed hosts, since viewers act on the
 * texts, and with limits before proofs, so that guessing costs a guesser more than us. */
#include "client/host/judge.h"
#include "client/core/target.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_kind.h"
#include <ctype.h>

#define REFUSED_MS 1000u

/* Kinds of session that need a permission of their own, and those this host does not serve yet. */
static const struct {
	enum hws_permission permission; /* HWS_PERM_COUNT = none */
	bool served;
	const char *text;
} kinds[HWS_KIND_COUNT] = {
	[HWS_KIND_REMOTE] = { HWS_PERM_COUNT, true, NULL },
	[HWS_KIND_FILE] = { HWS_PERM_FILE, false, "No permission of file transfer" },
	[HWS_KIND_FORWARD] = { HWS_PERM_TUNNEL, false, "No permission of IP tunneling" },
	[HWS_KIND_CAMERA] = { HWS_PERM_CAMERA, false, "No permission of viewing camera" },
	[HWS_KIND_TERMINAL] = { HWS_PERM_TERMINAL, false, "No permission of terminal" },
};

bool hws_glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == '?' ||
				tolower((unsigned char)*pattern) == tolower((unsigned char)*text)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

struct glob_case {
	const char *id;
	char bare[256]; /* the part before '@' */
	bool found;
};

static int match_one(const char *pattern, void *arg)
{
	struct glob_case *c = arg;

	if (hws_glob_match(pattern, c->id) || hws_glob_match(pattern, c->bare))
		c->found = true;
	return HWS_OK;
}

static bool id_allowed(const char *list, const char *id)
{
	struct glob_case c = { .id = id };
	const char *at = strchr(id, '@');
	size_t len = at ? (size_t)(at - id) : strlen(id);

	if (!*list)
		return true;
	if (len < sizeof(c.bare)) {
		memcpy(c.bare, id, len);
		c.bare[len] = 0;
	}
	return hws_str_each(list, ',', match_one, &c) == HWS_OK && c.found;
}

/* A viewer that came by address gives the address it typed. */
static bool reached_us(const char *username, const char *own_id)
{
	struct hws_target t;

	if (hws_str_equal(username, own_id))
		return true;
	return hws_target_parse(username, &t, NULL) == HWS_OK && t.is_direct;
}

static void close_with(struct hws_judge_result *ret, const char *text, uint32_t after_ms)
{
	ret->result = AGT__LOGIN_VERDICT__RESULT__CLOSED;
	ret->text = text;
	ret->close_after_ms = after_ms;
}

/* false: decided. */
static bool check_kind(const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	unsigned k = (unsigned)c->check->kind; /* the gate's word: any number */

	if (k >= HWS_KIND_COUNT) {
		close_with(ret, "Connection not allowed", REFUSED_MS);
		return false;
	}
	if (kinds[k].served &&
			(kinds[k].permission == HWS_PERM_COUNT ||
					c->permissions & HWS_NEED(kinds[k].permission)))
		return true;
	close_with(ret, kinds[k].text, REFUSED_MS);
	return false;
}

static struct hws_limit_source source_of(const struct hws_judge_case *c)
{
	return (struct hws_limit_source){ c->from, c->from_told, c->check->my_id };
}

static void check_password(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	const Agt__LoginCheck *k = c->check;
	struct hws_bytes proof = hws_bytes(k->proof.data, k->proof.len);
	const struct hws_limit_source source = source_of(c);
	enum hws_vault_match match;
	const char *limit;

	if (!proof.len) { /* nobody at the host can be asked yet, so nothing will come */
		ret->result = AGT__LOGIN_VERDICT__RESULT__WAIT_LOCAL;
		return;
	}
	/* before the recent session too: a claimed session is a guess like any other */
	limit = hws_limits_check(j->passwords, &source, c->now_us);
	if (limit) {
		ret->result = AGT__LOGIN_VERDICT__RESULT__LIMITED;
		ret->text = limit;
		return;
	}
	if (*hws_vault_temporary(j->vault) &&
			hws_recent_return(j->recent, c->conn, k->session_id, k->my_id, k->my_name,
					c->salt, c->challenge, proof, c->now_us)) {
		ret->result = AGT__LOGIN_VERDICT__RESULT__OK;
		ret->by_recent = true;
		return;
	}
	match = hws_vault_check(j->vault, c->salt, c->challenge, proof, &ret->renewed);
	if (match == HWS_MATCH_NONE) {
		hws_limits_failed(j->passwords, &source, c->now_us);
		ret->result = AGT__LOGIN_VERDICT__RESULT__WRONG;
		ret->text = "Wrong Password";
		return;
	}
	hws_limits_succeeded(j->passwords, &source, c->now_us);
	ret->result = AGT__LOGIN_VERDICT__RESULT__OK;
	ret->by_temporary = match == HWS_MATCH_TEMPORARY;
	if (ret->by_temporary)
		hws_recent_opened(j->recent, c->conn, k->session_id, k->my_id, k->my_name, c->salt,
				j->vault->temporary_h1_secret, c->now_us);
}

void hws_judge_login(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	const struct hws_limit_source source = source_of(c);
	const char *limit;

	*ret = (struct hws_judge_result){ .text = "" };
	if (!id_allowed(j->id_whitelist, c->check->my_id)) {
		limit = hws_limits_check(j->ids, &source, c->now_us);
		if (!limit)
			hws_limits_failed(j->ids, &source, c->now_us);
		close_with(ret, limit ? limit : "Your ID is blocked by the peer", REFUSED_MS);
		return;
	}
	if (!check_kind(c, ret))
		return;
	if (!reached_us(c->check->username, j->own_id)) {
		close_with(ret, "Offline", REFUSED_MS);
		return;
	}
	check_password(j, c, ret);
	if (ret->result == AGT__LOGIN_VERDICT__RESULT__OK)
		hws_limits_succeeded(j->ids, &source, c->now_us);
}
