/* Whether a login opens this host. In the order of deployed hosts, since viewers act on the
 * texts, and with limits before proofs, so that guessing costs a guesser more than us. */
#include "client/host/judge.h"
#include "client/core/target.h"
#include "client/host/ipc_caps.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_kind.h"
#include <ctype.h>

#define REFUSED_MS 1000u

static struct hws_bytes bytes_of(const ProtobufCBinaryData *d)
{
	return hws_bytes(d->data, d->len);
}

/* Kinds of session that need a permission of their own. What this host does not serve at all, it
 * has no permission for either. */
static const struct {
	enum hws_permission permission; /* HWS_PERM_COUNT = none */
	const char *text;
} kinds[HWS_KIND_COUNT] = {
	[HWS_KIND_REMOTE] = { HWS_PERM_COUNT, NULL },
	[HWS_KIND_FILE] = { HWS_PERM_FILE, "No permission of file transfer" },
	[HWS_KIND_FORWARD] = { HWS_PERM_TUNNEL, "No permission of IP tunneling" },
	[HWS_KIND_CAMERA] = { HWS_PERM_CAMERA, "No permission of viewing camera" },
	[HWS_KIND_TERMINAL] = { HWS_PERM_TERMINAL, "No permission of terminal" },
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

const char *hws_judge_kind_refusal(unsigned kind, uint32_t permissions)
{
	if (kind >= HWS_KIND_COUNT)
		return "Connection not allowed";
	if (kinds[kind].permission == HWS_PERM_COUNT ||
			permissions & HWS_NEED(kinds[kind].permission))
		return NULL;
	return kinds[kind].text;
}

/* false: decided. */
static bool check_kind(const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	/* the kind is the gate's word: any number */
	const char *text = hws_judge_kind_refusal((unsigned)c->check->kind, c->permissions);

	if (text)
		close_with(ret, text, REFUSED_MS);
	return !text;
}

/* Whose failures and successes are counted. A key that was proven says more than an ID. */
static struct hws_limit_source source_of(
		const struct hws_judge_case *c, const struct hws_judge_result *res)
{
	return (struct hws_limit_source){ c->from, c->from_told,
		res->has_viewer ? res->viewer_text : c->check->my_id, res->has_viewer };
}

static bool is_v2(const struct hws_judge_case *c)
{
	return c->check->level == HWS_LEVEL_V2 && c->check->binding.len == HWS_IPC_KEY_MAX;
}

/* false: decided. The gate refuses the others as well, before they say who they are. */
static bool check_level(const struct hws_judge *j, const struct hws_judge_case *c,
		struct hws_judge_result *ret)
{
	if (!j->v2_only || is_v2(c))
		return true;
	close_with(ret, HWS_JUDGE_V2_ONLY, REFUSED_MS);
	return false;
}

static void close_limited(struct hws_judge *j, const struct hws_judge_case *c, const char *text,
		struct hws_judge_result *ret)
{
	const struct hws_limit_source source = source_of(c, ret);
	const char *limit = hws_limits_check(j->ids, &source, c->now_us);

	if (!limit)
		hws_limits_failed(j->ids, &source, c->now_us);
	close_with(ret, limit ? limit : text, REFUSED_MS);
}

/* false: decided. */
static bool check_viewer(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	const Agt__LoginCheck *k = c->check;

	if (is_v2(c) && k->viewer_pk.len) {
		ret->has_viewer = hws_viewer_key_proves(bytes_of(&k->viewer_pk),
				bytes_of(&k->viewer_signature), k->binding.data, c->word);
		if (!ret->has_viewer) {
			close_limited(j, c, "The viewer did not prove its key", ret);
			return false;
		}
		memcpy(ret->viewer_pk, k->viewer_pk.data, sizeof(ret->viewer_pk));
		hws_key_text(ret->viewer_pk, ret->viewer_text);
	}
	if (!j->viewer_keys->count ||
			(ret->has_viewer && hws_viewer_keys_know(j->viewer_keys, ret->viewer_pk)))
		return true;
	close_limited(j, c,
			ret->has_viewer ? "The host does not know the key of your viewer: its owner "
					  "can add it to 'viewer-keys'"
					: "The host lets in only viewers whose key it knows",
			ret);
	return false;
}

/* false: decided. */
static bool check_limit(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	const struct hws_limit_source source = source_of(c, ret);
	const char *limit = hws_limits_check(j->passwords, &source, c->now_us);

	if (!limit)
		return true;
	ret->result = AGT__LOGIN_VERDICT__RESULT__LIMITED;
	ret->text = limit;
	return false;
}

/* false: it was the wrong one. */
static bool take_match(struct hws_judge *j, const struct hws_judge_case *c,
		enum hws_vault_match match, struct hws_judge_result *ret)
{
	const struct hws_limit_source source = source_of(c, ret);

	if (match == HWS_MATCH_NONE) {
		hws_limits_failed(j->passwords, &source, c->now_us);
		ret->result = AGT__LOGIN_VERDICT__RESULT__WRONG;
		ret->text = "Wrong Password";
		return false;
	}
	hws_limits_succeeded(j->passwords, &source, c->now_us);
	ret->result = AGT__LOGIN_VERDICT__RESULT__OK;
	ret->by_temporary = match == HWS_MATCH_TEMPORARY;
	return true;
}

static void check_password(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	const Agt__LoginCheck *k = c->check;
	enum hws_secure_level level = k->level == HWS_LEVEL_PLAIN ? HWS_LEVEL_PLAIN : HWS_LEVEL_V1;
	struct hws_bytes proof = bytes_of(&k->proof);
	bool temporary = *hws_vault_temporary(j->vault) != 0;
	bool counts = hws_vault_temporary_counts(j->vault, level);
	enum hws_vault_match match;

	if (!proof.len) { /* nobody at the host can be asked yet, so nothing will come */
		ret->result = AGT__LOGIN_VERDICT__RESULT__WAIT_LOCAL;
		return;
	}
	/* before the recent session too: a claimed session is a guess like any other */
	if (!check_limit(j, c, ret))
		return;
	if (counts &&
			hws_recent_return(j->recent, c->conn, k->session_id, k->my_id, k->my_name,
					c->salt, c->challenge, proof, c->now_us)) {
		ret->result = AGT__LOGIN_VERDICT__RESULT__OK;
		ret->by_recent = true;
		return;
	}
	match = hws_vault_check(j->vault, level, c->salt, c->challenge, proof, &ret->renewed);
	if (!take_match(j, c, match, ret))
		ret->weak = temporary && !counts;
	else if (ret->by_temporary)
		hws_recent_opened(j->recent, c->conn, k->session_id, k->my_id, k->my_name, c->salt,
				j->vault->temporary_h1_secret, c->now_us);
}

/* What a hawser viewer proves: that it has a ticket, or knows a password. LoginRequest.password
 * means nothing here. */
static void check_proofs(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	const Agt__LoginCheck *k = c->check;
	const struct hws_vault_proof proof = { .binding = k->binding.data,
		.host_pk = j->host_pk,
		.share = { bytes_of(&k->temporary_share), bytes_of(&k->permanent_share) },
		.confirm = { bytes_of(&k->temporary_confirm), bytes_of(&k->permanent_confirm) } };
	const uint8_t *viewer = ret->has_viewer ? ret->viewer_pk : NULL;
	bool knows = proof.share[0].len || proof.share[1].len, returns = k->resume_id.len;

	if (!knows && !returns) {
		ret->result = AGT__LOGIN_VERDICT__RESULT__WAIT_LOCAL;
		return;
	}
	if (!check_limit(j, c, ret))
		return;
	if (returns &&
			hws_resume_use(j->resume, c->conn, bytes_of(&k->resume_id),
					bytes_of(&k->resume_mac), k->binding.data, viewer,
					c->now_us, &ret->ticket)) {
		ret->result = AGT__LOGIN_VERDICT__RESULT__OK;
		ret->by_recent = ret->has_ticket = true;
	} else if (!knows) { /* too late: no guess, since nobody guesses tickets */
		ret->result = AGT__LOGIN_VERDICT__RESULT__WRONG;
		ret->text = "Wrong Password";
	} else {
		ret->has_confirm = take_match(j, c,
				hws_vault_judge(j->vault, c->offers, &proof, ret->confirm,
						&ret->renewed),
				ret);
	}
	if (ret->result == AGT__LOGIN_VERDICT__RESULT__OK && !ret->by_recent)
		ret->has_ticket = hws_resume_issue(
				j->resume, c->conn, viewer, c->now_us, &ret->ticket);
}

/* The person here has agreed to it beforehand: no password, and no word of what is wrong. */
static void check_switch(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	const Agt__LoginCheck *k = c->check;

	if (k->kind != AGT__SESSION_KIND__SESSION_KIND_REMOTE) {
		close_with(ret, "Connection not allowed", REFUSED_MS);
		return;
	}
	if (!j->switches ||
			!hws_switches_use(j->switches, k->my_id, bytes_of(&k->switch_secret),
					is_v2(c) ? k->binding.data : NULL, c->now_us)) {
		close_with(ret, "", REFUSED_MS);
		return;
	}
	ret->result = AGT__LOGIN_VERDICT__RESULT__OK;
	ret->by_recent = true; /* no password is used up by it */
}

void hws_judge_login(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret)
{
	struct hws_limit_source source;

	*ret = (struct hws_judge_result){ .text = "" };
	if (!id_allowed(j->id_whitelist, c->check->my_id)) {
		close_limited(j, c, "Your ID is blocked by the peer", ret);
		return;
	}
	if (!check_level(j, c, ret) || !check_viewer(j, c, ret) || !check_kind(c, ret))
		return;
	if (!reached_us(c->check->username, j->own_id)) {
		close_with(ret, "Offline", REFUSED_MS);
		return;
	}
	ret->by_v2 = is_v2(c);
	if (c->check->switch_secret.len)
		check_switch(j, c, ret);
	else if (ret->by_v2)
		check_proofs(j, c, ret);
	else
		check_password(j, c, ret);
	if (ret->result != AGT__LOGIN_VERDICT__RESULT__OK)
		return;
	source = source_of(c, ret);
	hws_limits_succeeded(j->ids, &source, c->now_us);
}
