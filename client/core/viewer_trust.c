/* What the viewer takes as the host's key, and what people are told when it does not: always both
 * fingerprints, so that they can compare, and what to do. docs/trust.md has the table of all
 * situations; trust_test walks it. */
#include "client/core/viewer_parts.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include <stdio.h>

#define TEXT_MAX 1000

/* "not told" where there is none. */
static const char *print(const uint8_t *pk, char buf[HWS_FINGERPRINT_TEXT])
{
	return pk ? hws_fingerprint_text(pk, buf) : "not told";
}

enum hws_secure_level hws_viewer_need(const struct hws_viewer *v)
{
	return v->require_v2 ? HWS_LEVEL_V2 : v->pinned_level;
}

unsigned hws_viewer_plain_ok(const struct hws_viewer *v)
{
	const unsigned wrong_keys = HWS_PLAIN_BIT(HWS_PLAIN_BAD_STATEMENT) |
			HWS_PLAIN_BIT(HWS_PLAIN_BAD_SIGNATURE) | HWS_PLAIN_BIT(HWS_PLAIN_OTHER_ID);

	return v->allow_plain ? HWS_PLAIN_ALL : HWS_PLAIN_ALL & ~wrong_keys;
}

/* Another key than the remembered one, or the one that the user gave. */
static void end_other_key(struct hws_viewer *v)
{
	char before[HWS_FINGERPRINT_TEXT], now[HWS_FINGERPRINT_TEXT], text[TEXT_MAX];
	const uint8_t *shown = v->has_host_pk && memcmp(v->host_pk, v->secure.pin, HWS_PK_LEN) != 0
			? v->host_pk
			: NULL;

	print(v->secure.pin, before);
	print(shown, now);
	if (v->pin_given)
		snprintf(text, sizeof(text),
				"the host does not have the key that was given: given is %s, now it is %s. "
				"Compare both with the one that 'hawser-host status' shows there",
				before, now);
	else
		snprintf(text, sizeof(text),
				"the host's key has changed: remembered is %s, now it is %s%s. Somebody may be "
				"pretending to be the host. If it was set up anew, compare the new key with "
				"the one that 'hawser-host status' shows there, and forget the old one first "
				"(hawser peers forget %s, or the bin beside it in the window), or give the new one "
				"by --accept-key",
				before, now,
				v->secure.has_statement ? " by the word of the server" : "",
				v->name);
	hws_viewer_end(v, HWS_ERR_KEY, text, NULL);
}

/* The host showed another key than the server vouches for. */
static void end_bad_signature(struct hws_viewer *v)
{
	char vouched[HWS_FINGERPRINT_TEXT], shown[HWS_FINGERPRINT_TEXT], text[TEXT_MAX];

	snprintf(text, sizeof(text),
			"the host has another key than the server vouches for: the server names %s, the "
			"host shows %s. Somebody may be pretending to be the host; or it has a new key that "
			"the server does not know yet: it has been told to register it, so try again in a "
			"minute. If it stays so, compare the key with the one that 'hawser-host status' shows "
			"there, and give it by --accept-key",
			print(hws_secure_host_pk(&v->secure), vouched),
			print(hws_secure_other_pk(&v->secure), shown));
	hws_viewer_end(v, HWS_ERR_KEY, text, NULL);
}

static void end_other_id(struct hws_viewer *v)
{
	char key[HWS_FINGERPRINT_TEXT], text[TEXT_MAX];

	snprintf(text, sizeof(text),
			"the host that answered has another ID than the one that was asked for, %s. Its key "
			"is %s. If its ID was changed, connect to the new one, as 'hawser-host status' shows "
			"it there",
			v->name, print(hws_secure_host_pk(&v->secure), key));
	hws_viewer_end(v, HWS_ERR_KEY, text, NULL);
}

/* `shown`: the host's own word, NULL if it said none. */
static void end_bad_statement(struct hws_viewer *v, const uint8_t *shown)
{
	char server[HWS_FINGERPRINT_TEXT], named[HWS_FINGERPRINT_TEXT], own[HWS_FINGERPRINT_TEXT],
			text[TEXT_MAX];

	snprintf(text, sizeof(text),
			"what the server says of this host's key is not signed by the key that is set for "
			"the server, or not for this host: the server's key here is %s, the host's key as "
			"the server names it is %s, as the host shows it %s. Compare the server's key with the "
			"one line of its id_ed25519.pub and set it (hawser config set key KEY, or --key); or "
			"compare the host's with the one that 'hawser-host status' shows there, and give that by "
			"--accept-key",
			print(v->has_server_pk ? v->server_pk : NULL, server),
			print(hws_secure_other_pk(&v->secure), named), print(shown, own));
	hws_viewer_end(v, HWS_ERR_KEY, text, NULL);
}

/* Less than what is known of the host, or wanted. */
static void end_too_little(struct hws_viewer *v, const char *why)
{
	char key[HWS_FINGERPRINT_TEXT], text[TEXT_MAX];

	if (v->require_v2 && v->pinned_level != HWS_LEVEL_V2)
		snprintf(text, sizeof(text),
				"require-v2 is on, and the host does not speak hawser v2: %s. Install "
				"hawser of this version at the host, or turn require-v2 off for it",
				why);
	else if (v->pin_given)
		snprintf(text, sizeof(text),
				"a key of this host was given (%s), and the host does not show that it has "
				"it: %s. Without --accept-key you are asked what to do",
				print(v->secure.pin, key), why);
	else if (v->pinned_level == HWS_LEVEL_V2)
		snprintf(text, sizeof(text),
				"this host was reached with hawser v2 before (its key is %s), and this time that "
				"could not be had: %s. Somebody on the way may be taking the encryption out. If "
				"the host was replaced by an older program, forget it first (hawser peers "
				"forget %s, or the bin beside it in the window)",
				print(v->secure.pin, key), why, v->name);
	else if (v->pinned_level == HWS_LEVEL_V1)
		snprintf(text, sizeof(text),
				"this host was reached encrypted before (its key is %s), and this time it "
				"would not be: %s. Somebody on the way may be taking the encryption out. If "
				"that is meant, forget it first (hawser peers forget %s, or the bin beside it "
				"in the window)",
				print(v->secure.pin, key), why, v->name);
	else
		snprintf(text, sizeof(text), "the encrypted connection could not be set up: %s",
				why);
	hws_viewer_end(v, HWS_ERR_INSECURE, text, NULL);
}

/* A host that turns us away says so before any handshake. Whoever stands on the way could say
 * it, too, but could as well cut the line. True: that is what this was. */
static bool end_refused(struct hws_viewer *v, struct hws_bytes first)
{
	Ses__Message *m = NULL;
	char text[400], whole[500];
	bool refused = false;
	int err;

	if (hws_secure_reason(&v->secure) != HWS_PLAIN_UNEXPECTED || hws_ses_unpack(first, &m) < 0)
		return false;
	if (m->union_case == SES__MESSAGE__UNION_LOGIN_RESPONSE &&
			m->login_response->union_case == SES__LOGIN_RESPONSE__UNION_ERROR &&
			hws_login_verdict(m->login_response->error, &err, text, sizeof(text)) ==
					HWS_LOGIN_END) {
		refused = true;
		snprintf(whole, sizeof(whole), "%s (nothing proves that the host itself said so)",
				text);
		hws_viewer_end(v, err, whole, m->login_response->error);
	}
	hws_ses_free(m);
	return refused;
}

void hws_viewer_unsecured(struct hws_viewer *v, struct hws_bytes frame)
{
	int err = hws_secure_err(&v->secure);
	enum hws_plain_reason reason = hws_secure_reason(&v->secure);
	char text[400];

	/* the host's own word is wrong: on another way there may be the right one */
	v->stranger = err == HWS_ERR_KEY && frame.len > 0;
	if (err == HWS_ERR_INSECURE && end_refused(v, frame))
		return;
	if (err == HWS_ERR_KEY && reason == HWS_PLAIN_BAD_SIGNATURE) {
		end_bad_signature(v);
	} else if (err == HWS_ERR_KEY && reason == HWS_PLAIN_OTHER_ID) {
		end_other_id(v);
	} else if (err == HWS_ERR_KEY && v->secure.has_pin) {
		end_other_key(v);
	} else if (err == HWS_ERR_INSECURE && reason == HWS_PLAIN_BAD_STATEMENT &&
			!hws_viewer_need(v)) {
		end_bad_statement(v, NULL);
	} else if (err == HWS_ERR_INSECURE) {
		end_too_little(v, hws_secure_text(&v->secure));
	} else {
		snprintf(text, sizeof(text), "the encrypted connection could not be set up: %s",
				hws_secure_text(&v->secure));
		hws_viewer_end(v, err, text, NULL);
	}
}

bool hws_viewer_secured(struct hws_viewer *v)
{
	/* `need` has told the handshake already; nothing that comes later can undo it */
	if (v->level < hws_viewer_need(v)) {
		end_too_little(v, hws_secure_level_text(v->level));
		return false;
	}
	if (v->trust == HWS_TRUST_FIRST && !v->by_address && !v->allow_plain &&
			hws_secure_bad_statement(&v->secure)) {
		end_bad_statement(v, v->host_pk);
		return false;
	}
	return true;
}

static void ask_plain(struct hws_viewer *v)
{
	v->ops.ask_plain(
			v->by_address ? "this host, reached by its address, does not encrypt: everything, "
					"also what is typed, can be read on the way"
				      : hws_secure_text(&v->secure),
			v->arg);
}

static void ask_key(struct hws_viewer *v)
{
	char key[HWS_FINGERPRINT_TEXT], text[TEXT_MAX];

	snprintf(text, sizeof(text),
			"%s. The host shows the key %s: compare it with the one that 'hawser-host status' "
			"shows there. Nothing has been told to it yet",
			v->has_server_pk
					? "the server does not vouch for this host's key, as it does for "
					  "hosts that have registered theirs"
					: "no key of the server is set here, so nobody can vouch for this "
					  "host's key (hawser config set key KEY, or --key; it is the one "
					  "line of the server's id_ed25519.pub)",
			print(v->host_pk, key));
	if (v->ops.ask_key)
		v->ops.ask_key(text, v->arg);
	else
		hws_viewer_end(v, HWS_ERR_KEY, text, NULL);
}

bool hws_viewer_doubts(struct hws_viewer *v)
{
	bool plain = v->level == HWS_LEVEL_PLAIN;
	bool unknown = v->trust == HWS_TRUST_FIRST && !v->by_address;

	if (v->agreed || v->allow_plain || v->local || !(plain || unknown))
		return false;
	if (v->state == HWS_VIEWER_DOUBT || !hws_viewer_set_state(v, HWS_VIEWER_DOUBT))
		return true;
	if (plain)
		ask_plain(v);
	else
		ask_key(v);
	return true;
}

int hws_viewer_agree(struct hws_viewer *v, bool agree)
{
	if (v->state != HWS_VIEWER_DOUBT)
		return HWS_ERR_DENIED;
	if (agree) {
		v->agreed = true;
		hws_viewer_try_login(v);
		return HWS_OK;
	}
	hws_viewer_leave(v);
	if (v->level == HWS_LEVEL_PLAIN)
		hws_viewer_end(v, HWS_ERR_INSECURE,
				"the connection would not have been encrypted, and that was not agreed to",
				NULL);
	else
		hws_viewer_end(v, HWS_ERR_KEY,
				"nobody vouches for the host's key, and it was not agreed to",
				NULL);
	return HWS_OK;
}

bool hws_viewer_met_stranger(const struct hws_viewer *v)
{
	return v->stranger;
}
