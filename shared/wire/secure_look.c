/* What owners ask a handshake, and the sentence parts for users and logs: nothing foreign is in
 * them. */
#include "shared/wire/secure.h"

enum hws_secure_state hws_secure_state(const struct hws_secure *s)
{
	return s->state;
}

enum hws_secure_level hws_secure_level(const struct hws_secure *s)
{
	return s->level;
}

enum hws_secure_trust hws_secure_trust(const struct hws_secure *s)
{
	return s->level == HWS_LEVEL_PLAIN ? HWS_TRUST_NONE : s->trust;
}

const uint8_t *hws_secure_binding(const struct hws_secure *s)
{
	return s->level == HWS_LEVEL_V2 && s->state == HWS_SECURE_DONE ? s->binding_secret : NULL;
}

const uint8_t *hws_secure_legs_key(const struct hws_secure *s)
{
	return hws_secure_binding(s) && s->legs ? s->legs_secret : NULL;
}

const uint8_t *hws_secure_signed_word(const struct hws_secure *s)
{
	return s->word;
}

enum hws_plain_reason hws_secure_reason(const struct hws_secure *s)
{
	return s->reason;
}

bool hws_secure_frame_unused(const struct hws_secure *s)
{
	return s->frame_unused;
}

int hws_secure_err(const struct hws_secure *s)
{
	return s->err;
}

const uint8_t *hws_secure_host_pk(const struct hws_secure *s)
{
	return s->has_host_pk ? s->host_pk : NULL;
}

const uint8_t *hws_secure_other_pk(const struct hws_secure *s)
{
	return s->has_other_pk ? s->other_pk : NULL;
}

bool hws_secure_bad_statement(const struct hws_secure *s)
{
	return s->bad_statement;
}

const char *hws_secure_host_id(const struct hws_secure *s)
{
	return s->id;
}

const char *hws_secure_text(const struct hws_secure *s)
{
	static const char *const reasons[] = {
		[HWS_PLAIN_NONE] = "encrypted",
		[HWS_PLAIN_NO_STATEMENT] = "the server vouched for no key of the host",
		[HWS_PLAIN_BAD_STATEMENT] =
				("what the server says of the host's key is not signed by the key "
				 "that is set for the server"),
		[HWS_PLAIN_HOST_STARTED] = "the host began without encryption",
		[HWS_PLAIN_OTHER_ID] = "the host that answered has another id",
		[HWS_PLAIN_BAD_SIGNATURE] = "the host could not prove its key",
		[HWS_PLAIN_KEY_REFUSED] = "the other side could not verify our key",
		[HWS_PLAIN_VIEWER_STARTED] = "the viewer began without encryption",
		[HWS_PLAIN_UNEXPECTED] = "the other side did not answer the handshake",
	};

	if (s->state == HWS_SECURE_FAILED && s->err_text)
		return s->err_text;
	if (s->state != HWS_SECURE_FAILED || s->err == HWS_ERR_INSECURE)
		return reasons[s->reason];
	if (s->err == HWS_ERR_KEY && s->reason == HWS_PLAIN_BAD_SIGNATURE)
		return "the host has another key than the server vouches for";
	if (s->err == HWS_ERR_KEY && s->reason == HWS_PLAIN_OTHER_ID)
		return reasons[s->reason];
	if (s->err == HWS_ERR_KEY)
		return "the host's key is not the one remembered for it";
	if (s->err == HWS_ERR_CRYPTO)
		return "the session keys could not be agreed";
	return "the handshake message is malformed";
}
